/// Bounds that every message is held to.
package enum FoundingLimits {
    /// Longest message in bytes.
    package static let messageBytesMax = 64 << 10
    /// Longest name of a node in bytes.
    package static let nameBytesMax = 64
    /// Longest host of an address in UTF-8 bytes.
    package static let hostBytesMax = 255
    /// Longest region or zone in UTF-8 bytes.
    package static let placeBytesMax = 64
    /// Most nodes that found a cluster together; more join it.
    package static let foundersMax = 32
    package static let shardsMax = 1_024
    package static let replicationFactorMax = 9
    /// Most addresses that one message tells of.
    package static let addressesMax = 64
    /// Highest round: room to count up from any round that a peer may claim.
    package static let roundMax: UInt64 = 1 << 48

    /// Whether `text` may name a node.
    package static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// How fast. None of these numbers decides whether there are two clusters.
package struct FoundingParameters: Hashable, Sendable {
    /// Every known address is asked about so often; each time between half and all of it.
    package var pollMilliseconds: UInt64 = 500
    /// A node counts as there for so long after it was last heard.
    package var presenceMilliseconds: UInt64 = 3_000
    /// Nobody proposes before the nodes that are there have stayed the same for so long.
    package var settleMilliseconds: UInt64 = 1_000
    /// What waits longer than this is told to people, and again after each `noticeMilliseconds`.
    package var patienceMilliseconds: UInt64 = 5_000
    package var noticeMilliseconds: UInt64 = 60_000
    /// A node of a cluster asks those it was told to join that are not of it so often like any other, then so slowly.
    package var checksMax = 20
    package var checkMilliseconds: UInt64 = 10_000
    /// Most addresses remembered from what others tell; each for `addressMilliseconds` after it was last told.
    package var addressesMax = 256
    package var addressMilliseconds: UInt64 = 60_000
    /// Most nodes remembered.
    package var nodesMax = 256

    package init() {}
}
