/// A property that must hold in every life.
package enum Property: String, CaseIterable, Sendable {
    case oneLeader = "one leader a term"
    case electedByMajority = "a leader has the votes of a majority"
    case leaderCompleteness = "a leader holds every committed entry"
    case persistBeforeSend = "what is promised is on disk"
    case ownTermFirst = "a leader commits by counting only what its own term proposed"
    case membersOfLog = "the members in force are those of the log"
    case logMatching = "log matching"
    case committedIsFinal = "committed entries never change"
    case stateMachineSafety = "equal states at equal indexes"
    case acknowledgedIsKept = "acknowledged writes are never lost"
    case exactlyOnce = "exactly once by idempotency key"
    case promisedIndex = "an entry stands where its leader said"
    case auditTrail = "the audit trail has no gaps"
    case newestRules = "rows are never judged by older rules again"
    case framesAreRead = "what is said can be read"
    case databaseFence = "a leader that was succeeded changes nothing in the database"
    case databaseOrder = "nothing in the database goes back"
    case databaseContent = "the database has what its progress says, as the shard had it"
    case databaseAudit = "every audit entry is in the database once"
    case linearizability = "linearizability"
    case termNeverFalls = "terms and votes are kept"
    case convergence = "a healed majority converges"
    case determinism = "same seed, same trace"
}

/// A property that did not hold.
package struct Violation: Error, Equatable, Sendable {
    package let property: Property
    package let time: Microseconds
    package let group: Int
    /// What was seen, for people.
    package let detail: String
}
