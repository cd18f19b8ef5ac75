package import Model

/// What the system shard can be asked to change of the audit history's retention.
package enum RetentionCommand: Hashable, Sendable {
    /// Keeps entries for so many months; nil: for ever.
    case keep(months: Int?, Precondition)
    /// A name that is in use is a conflict. Who and when are set when it is taken.
    case place(LegalHold)
    case release(UUID128)
    /// Begins a clean-up where the time has come for one: the one under way is finished, and entries are older than the
    /// retention that no earlier one has looked at.
    case begin
    /// Every shard has done its part of that clean-up.
    case finish(run: UInt64, removed: UInt64, held: UInt64)
    /// A part of the clean-up of group 0's own history. Only ever asked by the node that leads it.
    case remove(AuditRemoval)
}

/// What a shard can be asked about its own history.
package enum AuditCommand: Hashable, Sendable {
    /// From now on nothing is removed that was decided under holds from before this index of group 0's log.
    case fence(UInt64)
    /// Only ever asked by the node that leads the shard. A part that does not go on where the last one ended, or was decided
    /// under holds from before the fence, is a conflict.
    case remove(AuditRemoval)
}

extension AuditRemoval {
    static let isStale = Outcome.conflict("the holds or the history are not what they were when this was decided")
}

// MARK: - Data shards

extension AuditCleaningProgress {
    /// What the command does to it; nil: nothing.
    func effect(of command: AuditCommand, auditSequence: UInt64) -> (Effect?, Outcome) {
        switch command {
        case .fence(let index): index > fence ? (.auditFenced(index), .updated) : (nil, .unchanged)
        case .remove(let part):
            admits(part) && part.through <= auditSequence
                ? (.auditRemoved(part), .updated) : (nil, AuditRemoval.isStale)
        }
    }

    mutating func note(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .auditFenced(let index): fence = max(fence, index)
            case .auditRemoved(let part): apply(part)
            case .put, .patch, .delete, .audit, .remember, .swept, .graph: break
            }
        }
    }
}
