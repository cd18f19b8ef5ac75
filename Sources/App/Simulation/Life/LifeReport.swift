/// What happened in a life, in numbers.
package struct LifeTally: Sendable, Equatable {
    package var events = 0
    package var messages = 0
    package var operations = 0
    /// Operations whose outcome the client never learnt.
    package var unknownOutcomes = 0
    package var faults = 0
    package var restarts = 0
    package var elections = 0
    package var snapshots = 0
    package var memberChanges = 0
    /// Restarts with damage in the log.
    package var damagedLogs = 0
    /// Chunks of snapshots that a bit was flipped in.
    package var damagedChunks = 0
    /// Keys whose history was too large to decide.
    package var undecided = 0
    /// Transactions that PostgreSQL took, and refused.
    package var databaseCommits = 0
    package var databaseRefusals = 0
    /// Answers of PostgreSQL that got lost.
    package var lostAnswers = 0
    package var databaseFaults = 0

    package init() {}

    package static func += (left: inout LifeTally, right: LifeTally) {
        left.events += right.events
        left.messages += right.messages
        left.operations += right.operations
        left.unknownOutcomes += right.unknownOutcomes
        left.faults += right.faults
        left.restarts += right.restarts
        left.elections += right.elections
        left.snapshots += right.snapshots
        left.memberChanges += right.memberChanges
        left.damagedLogs += right.damagedLogs
        left.damagedChunks += right.damagedChunks
        left.undecided += right.undecided
        left.databaseCommits += right.databaseCommits
        left.databaseRefusals += right.databaseRefusals
        left.lostAnswers += right.lostAnswers
        left.databaseFaults += right.databaseFaults
    }
}

/// How a life ended.
package struct LifeReport: Sendable {
    package let plan: LifePlan
    package let violation: Violation?
    /// Depends on everything that happened, in order.
    package let traceHash: UInt64
    package let virtualTime: Microseconds
    package let tally: LifeTally
    /// The last lines of the trace, oldest first.
    package let lines: [Trace.Line]
    /// The last of them that are no messages or writes.
    package let tellingLines: [Trace.Line]
    /// Where a client's history has no explanation: that key's operations.
    package let operations: [ClientHistory.Entry]
}
