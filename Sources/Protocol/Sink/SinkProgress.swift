package import Model

/// How far a shard has been written to the database: the row that is written in one transaction with the data.
package struct SinkProgress: Hashable, Sendable {
    /// The cluster that writes.
    package var incarnation: UUID128
    /// Term of the leader that may write.
    package var term: UInt64
    /// Which `raiseTerm` found it: each one for the shard, of whatever leader, has another. What was sent before a later one is
    /// refused, however late it arrives and wherever the rest of the row is by then (a fencing token).
    package var epoch: UInt64
    /// What changed up to this index of the shard's log is there; while the sink catches up from the rows, what has changed again
    /// since may come with its newer index alone.
    package var appliedIndex: UInt64
    /// Every audit entry up to this one is there.
    package var auditSequence: UInt64

    package init(
        incarnation: UUID128, term: UInt64, epoch: UInt64 = 0, appliedIndex: UInt64 = 0, auditSequence: UInt64 = 0
    ) {
        self.incarnation = incarnation
        self.term = term
        self.epoch = epoch
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
    }

    /// Whether nothing of `other` is missing here.
    func covers(_ other: SinkProgress) -> Bool {
        appliedIndex >= other.appliedIndex && auditSequence >= other.auditSequence
    }
}

/// What became of something asked of the database.
package enum SinkFailure: Error, Hashable, Sendable {
    /// It did not happen. Worth another try.
    case unavailable
    /// The connection ended before the answer: it may have happened.
    case outcomeUnknown
    /// The progress row was not as expected. It did not happen.
    case conflict
}

/// Why a shard is not written any more until somebody acts.
package enum SinkStop: Hashable, Sendable {
    /// Another cluster writes to this database.
    case belongsToOther(UUID128)
    /// The database has what this cluster never had: it was restored from a back-up older than the database, or is another's.
    case databaseIsAhead(SinkProgress)
}
