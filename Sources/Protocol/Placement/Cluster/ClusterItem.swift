package import Model

/// One thing that is stored of the cluster's state.
package enum ClusterItem: Hashable, Sendable {
    case settings(ClusterSettings)
    case member(Member)
    case placement(ShardPlacement)
    case cursorKey(CursorKey)
    case succession(Succession)

    package enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        case settings = 1
        case member = 2
        case placement = 3
        case cursorKey = 4
        case succession = 5
    }

    /// What tells one from another.
    package enum Key: Hashable, Sendable {
        case settings
        case member(UInt64)
        case placement(Int)
        case cursorKey
        case succession
    }

    package var kind: Kind {
        switch self {
        case .settings: .settings
        case .member: .member
        case .placement: .placement
        case .cursorKey: .cursorKey
        case .succession: .succession
        }
    }

    package var key: Key {
        switch self {
        case .settings: .settings
        case .member(let member): .member(member.replica)
        case .placement(let placement): .placement(placement.shard)
        case .cursorKey: .cursorKey
        case .succession: .succession
        }
    }

    package var id: UUID128 { key.id }
}

extension ClusterItem.Key {
    /// UUIDv8 (RFC 9562, section 5.8): the number's upper 48 bits, the kind in the 12 bits behind the version, the
    /// number's lower 16 bits. Ids of rules and the like are random, version 4.
    package var id: UUID128 {
        let (kind, number): (ClusterItem.Kind, UInt64) =
            switch self {
            case .settings: (.settings, 0)
            case .member(let replica): (.member, replica)
            case .placement(let shard): (.placement, UInt64(shard))
            case .cursorKey: (.cursorKey, 0)
            case .succession: (.succession, 0)
            }
        return .stamped(high: number & ~0xFFFF | UInt64(kind.rawValue), low: number & 0xFFFF, version: 8)
    }

    /// Nil for an id that is none of these.
    package init?(_ id: UUID128) {
        let number = id.high & ~0xFFFF | id.low & 0xFFFF
        switch ClusterItem.Kind(rawValue: UInt8(truncatingIfNeeded: id.high)) {
        case .settings: self = .settings
        case .member: self = .member(number)
        case .placement:
            guard let shard = Int(exactly: number) else { return nil }
            self = .placement(shard)
        case .cursorKey: self = .cursorKey
        case .succession: self = .succession
        case nil: return nil
        }
        guard self.id == id else { return nil }
    }
}
