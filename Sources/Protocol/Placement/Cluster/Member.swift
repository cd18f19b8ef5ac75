package import Model

/// A node as the cluster knows it: one data directory, and where it is reached.
package struct Member: Hashable, Sendable {
    package enum State: UInt8, CaseIterable, Hashable, Sendable {
        /// Holds shards, unless it is an edge node.
        case active = 0
        /// Serves, but is to be emptied: it leads nothing that another can lead and takes no more replicas.
        case draining = 1
        /// Went on purpose. Takes no part until somebody says otherwise.
        case left = 2
        /// Was gone for longer than the grace period. Back when it is heard again.
        case dead = 3

        /// What people call it.
        package var name: String {
            switch self {
            case .active: "active"
            case .draining: "draining"
            case .left: "left"
            case .dead: "dead"
            }
        }

        /// Whether the member takes part: its name is taken then.
        package var isPresent: Bool { self == .active || self == .draining }
    }

    /// Its replica id in all groups: one for each data directory, never 0.
    package let replica: UInt64
    /// Unique among the members that are present; a wiped node comes back under its name with another replica id.
    package var name: String
    /// Where other nodes reach it: `host:port`.
    package var peerAddress: String
    /// Where clients reach it: `host:port`.
    package var apiAddress: String
    package var region: String
    package var zone: String
    /// Serves and forwards only; holds no shard and has no vote.
    package var isEdge: Bool
    package var state: State
    /// Since when it is in that state.
    package var since: Timestamp

    package init(
        replica: UInt64, name: String, peerAddress: String, apiAddress: String, region: String, zone: String, isEdge: Bool,
        state: State = .active, since: Timestamp
    ) {
        self.replica = replica
        self.name = name
        self.peerAddress = peerAddress
        self.apiAddress = apiAddress
        self.region = region
        self.zone = zone
        self.isEdge = isEdge
        self.state = state
        self.since = since
    }
}

extension Member {
    /// Longest name in bytes.
    package static let nameBytesMax = 64
    /// Longest address in bytes: a host of 255, a colon and a port, and brackets around IPv6.
    package static let addressBytesMax = 263
    /// Longest region or zone in bytes.
    package static let placeBytesMax = 64

    /// What is wrong with it, for people; nil when every field is within its limits.
    package var fault: String? {
        if replica == 0 { return "a replica id is not 0" }
        if !Self.isName(name) { return "a node's name has 1 to \(Self.nameBytesMax) of the characters A-Z a-z 0-9 . _ -" }
        for address in [peerAddress, apiAddress] where !(1...Self.addressBytesMax).contains(address.utf8.count) {
            return "an address has 1 to \(Self.addressBytesMax) bytes"
        }
        for place in [region, zone] where place.utf8.count > Self.placeBytesMax {
            return "a region or zone has at most \(Self.placeBytesMax) bytes"
        }
        return nil
    }

    private static func isName(_ text: String) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
