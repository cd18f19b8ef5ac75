import Consensus

/// Whether this replica leads its group, from the state machine's point of view.
enum Leadership: Hashable, Sendable {
    /// Somebody else leads, or nobody that it knows of.
    case following(leader: ReplicaID?)
    /// It leads, but what earlier leaders left, up to `upTo`, is not applied yet.
    case elected(term: UInt64, upTo: UInt64)
    case leading(term: UInt64)

    /// `last` is the last entry of the replica's log, the new leader's own first one included. True when an office ended.
    mutating func changed(_ change: RoleChange, last: UInt64) -> Bool {
        let old = term
        if case .leader = change.role {
            if old == change.term { return false }
            self = .elected(term: change.term, upTo: last)
        } else {
            self = .following(leader: change.leader)
        }
        return old != nil
    }

    /// Entries up to `index` are applied. True when it begins to lead with that.
    mutating func applied(upTo index: UInt64) -> Bool {
        guard case .elected(let term, let upTo) = self, index >= upTo else { return false }
        self = .leading(term: term)
        return true
    }

    /// Of its own office; nil while it follows.
    var term: UInt64? {
        switch self {
        case .following: nil
        case .elected(let term, _), .leading(let term): term
        }
    }
}
