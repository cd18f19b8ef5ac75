/// Identity of a node, 128 bits, drawn once per data directory. Little-endian on the wire, `low` first.
package struct MemberID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Stands for "whoever listens there": the destination of a join. Never a member.
    package static let anyone = MemberID(high: 0, low: 0)

    package static func < (left: Self, right: Self) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    package var description: String {
        func hex(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return hex(high) + hex(low)
    }

    /// 64 well mixed bits that are the same in every process (unlike `hashValue`).
    var fingerprint: UInt64 { high.mixed(with: low) }
}

/// Identity of a cluster, 128 bits, drawn when it is formed. Frames of another cluster are refused.
package struct ClusterID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Where a listener of a node is reached.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Name or address in text, 1 to `MembershipLimits.hostBytesMax` bytes.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var description: String { "\(host):\(port)" }
}

extension UInt64 {
    /// The finaliser of SplitMix64 over both words: every bit of the result depends on every bit of them.
    func mixed(with other: UInt64) -> UInt64 {
        var mixed = self &+ 0x9E37_79B9_7F4A_7C15 &* (other | 1) ^ (other << 32 | other >> 32)
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
