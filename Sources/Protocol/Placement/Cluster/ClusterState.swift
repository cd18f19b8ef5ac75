package import Model

/// What all nodes know of their cluster: a part of the system shard's state, changed by its entries alone.
package struct ClusterState: Hashable, Sendable {
    /// Nil until the cluster is founded.
    package private(set) var settings: ClusterSettings?
    /// By replica id.
    package private(set) var members: [UInt64: Member] = [:]
    /// By shard.
    package private(set) var placements: [Int: ShardPlacement] = [:]
    /// Nil until the first node asks for it.
    package private(set) var cursorKey: CursorKey?
    /// Nil while this cluster is in charge.
    package private(set) var succession: Succession?

    package init(_ items: some Sequence<ClusterItem> = []) {
        for item in items { apply(.put(item)) }
    }

    package mutating func apply(_ change: ClusterChange) {
        switch change {
        case .put(.settings(let settings)): self.settings = settings
        case .put(.member(let member)): members[member.replica] = member
        case .put(.placement(let placement)): placements[placement.shard] = placement
        case .put(.cursorKey(let key)): cursorKey = key
        case .put(.succession(let succession)): self.succession = succession
        case .removeMember(let replica): members[replica] = nil
        }
    }

    // MARK: Queries

    /// Ascending by name, then id.
    package var sortedMembers: [Member] {
        members.values.sorted { ($0.name, $0.replica) < ($1.name, $1.replica) }
    }

    /// Ascending by shard.
    package var sortedPlacements: [ShardPlacement] { placements.values.sorted { $0.shard < $1.shard } }

    /// The member that has the name now; nil when nobody that is present has it.
    package func present(named name: String) -> Member? {
        members.values.first { $0.name == name && $0.state.isPresent }
    }

    /// The shards whose placement names that replica, ascending.
    package func shards(placedOn replica: UInt64) -> [Int] {
        placements.values.filter { $0.replicas.contains(replica) }.map(\.shard).sorted()
    }

    /// What is stored under that id.
    package func item(_ id: UUID128) -> ClusterItem? {
        guard let key = ClusterItem.Key(id) else { return nil }
        switch key {
        case .settings: return settings.map(ClusterItem.settings)
        case .member(let replica): return members[replica].map(ClusterItem.member)
        case .placement(let shard): return placements[shard].map(ClusterItem.placement)
        case .cursorKey: return cursorKey.map(ClusterItem.cursorKey)
        case .succession: return succession.map(ClusterItem.succession)
        }
    }

    /// Everything, in an order that depends on the contents alone.
    package var items: [ClusterItem] {
        (settings.map { [ClusterItem.settings($0)] } ?? []) + sortedMembers.map(ClusterItem.member)
            + sortedPlacements.map(ClusterItem.placement) + (cursorKey.map { [ClusterItem.cursorKey($0)] } ?? [])
            + (succession.map { [ClusterItem.succession($0)] } ?? [])
    }
}

/// One physical change of the cluster's state.
package enum ClusterChange: Hashable, Sendable {
    case put(ClusterItem)
    case removeMember(UInt64)

    /// What it is stored under.
    package var id: UUID128 {
        switch self {
        case .put(let item): item.id
        case .removeMember(let replica): ClusterItem.Key.member(replica).id
        }
    }
}
