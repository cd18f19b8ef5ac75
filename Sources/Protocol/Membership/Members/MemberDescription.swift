/// What a member says of itself. Fixed for a generation, except for `metadata`.
package struct MemberDescription: Equatable, Sendable {
    /// Whether a node may hold shards.
    package enum Role: UInt8, Sendable {
        /// Holds replicas of shards.
        case node = 0
        /// Serves and forwards only.
        case edge = 1
    }

    /// A label for people, 1 to `MembershipLimits.nameBytesMax` bytes. Ids decide, names do not.
    package var name: String
    /// Where other nodes reach this one.
    package var peer: PeerAddress
    /// Where clients reach this node.
    package var client: PeerAddress
    package var region: String
    package var zone: String
    package var role: Role
    /// When the process started, milliseconds since 1970; for people, nothing is decided by it.
    package var startedAtMilliseconds: UInt64
    package var protocols: ProtocolRange
    /// What others should know, at most `MembershipLimits.metadataBytesMax` bytes.
    package var metadata: [UInt8]

    package init(
        name: String, peer: PeerAddress, client: PeerAddress, region: String, zone: String, role: Role,
        startedAtMilliseconds: UInt64, protocols: ProtocolRange = .current, metadata: [UInt8] = []
    ) {
        self.name = name
        self.peer = peer
        self.client = client
        self.region = region
        self.zone = zone
        self.role = role
        self.startedAtMilliseconds = startedAtMilliseconds
        self.protocols = protocols
        self.metadata = metadata
    }

    /// Whether every part is within its limit.
    package var isWithinLimits: Bool {
        func fits(_ text: String, _ range: ClosedRange<Int>) -> Bool { range.contains(text.utf8.count) }
        return fits(name, 1...MembershipLimits.nameBytesMax)
            && fits(peer.host, 1...MembershipLimits.hostBytesMax) && fits(client.host, 1...MembershipLimits.hostBytesMax)
            && fits(region, 0...MembershipLimits.placeBytesMax) && fits(zone, 0...MembershipLimits.placeBytesMax)
            && metadata.count <= MembershipLimits.metadataBytesMax && protocols.oldest <= protocols.newest
            && startedAtMilliseconds <= MembershipLimits.numberMax
    }
}

/// Versions of the gossip protocol that a node speaks, both ends included.
package struct ProtocolRange: Equatable, Sendable {
    package var oldest: UInt8
    package var newest: UInt8

    package init(oldest: UInt8, newest: UInt8) {
        self.oldest = oldest
        self.newest = newest
    }

    /// What this code speaks.
    package static let current = ProtocolRange(oldest: 1, newest: 1)

    package func overlaps(_ other: ProtocolRange) -> Bool { oldest <= other.newest && other.oldest <= newest }
}
