import Consensus

/// Whether a replica leads its group, from the state machine's point of view: the rules of the node's `Leadership`.
enum Office: Equatable {
    case following
    /// It leads, but what earlier leaders left, up to `upTo`, is not applied yet.
    case elected(term: UInt64, upTo: UInt64)
    case leading(term: UInt64)

    private var term: UInt64? {
        switch self {
        case .following: nil
        case .elected(let term, _), .leading(let term): term
        }
    }

    /// `last` is the last entry of the replica's log, the new leader's own first one included. True when an office ended.
    mutating func changed(_ change: RoleChange, last: UInt64) -> Bool {
        let old = term
        if change.role == .leader {
            if old == change.term { return false }
            self = .elected(term: change.term, upTo: last)
        } else {
            self = .following
        }
        return old != nil
    }

    /// Entries up to `index` are applied. True when it begins to lead with that.
    mutating func applied(upTo index: UInt64) -> Bool {
        guard case .elected(let term, let upTo) = self, index >= upTo else { return false }
        self = .leading(term: term)
        return true
    }
}
