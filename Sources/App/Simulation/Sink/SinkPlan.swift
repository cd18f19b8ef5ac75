/// What a life's PostgreSQL is like, where it has one.
package struct SinkPlan: Sendable, Equatable {
    /// Mean time between two faults of the database or of the way there.
    package var faultInterval: Microseconds
    package var faultWeights: [DatabaseFault: Int]
    /// How long a request takes to get there, or an answer back, on average.
    package var delayMean: Microseconds
    /// After this long without an answer a session is given up.
    package var answerTimeout: Microseconds
    /// Limits of each replica's feed, small enough that much is forgotten in a short life.
    package var feedChangesMax: Int
    package var feedAuditBytesMax: Int
    /// Most changes in a transaction, about.
    package var batchMax: Int
    /// Between two looks at a database that nothing is to be sent to.
    package var lookMilliseconds: Int64
    /// How often rows are read a while after it was decided which, of a hundred.
    package var readsLatePercent: Int

    static func drawn(from random: inout RandomStream) -> SinkPlan {
        var weights: [DatabaseFault: Int] = [:]
        for fault in DatabaseFault.allCases where random.chance(percent: 55) {
            weights[fault] = random.number(in: 1...fault.weightMax)
        }
        return SinkPlan(
            faultInterval: random.duration(in: .milliseconds(100)...(.milliseconds(1_000))), faultWeights: weights,
            delayMean: random.duration(in: .milliseconds(1)...(.milliseconds(15))),
            answerTimeout: random.duration(in: .milliseconds(50)...(.milliseconds(600))),
            feedChangesMax: random.element(of: [1, 3, 10, 1_000]),
            feedAuditBytesMax: random.element(of: [300, 1_500, 5_000, 1_000_000]),
            batchMax: random.element(of: [1, 2, 5, 20, 500]), lookMilliseconds: Int64(random.number(in: 200...2_000)),
            readsLatePercent: random.element(of: [0, 30, 80]))
    }
}

/// What can happen to the database and on the way there.
package enum DatabaseFault: Int, CaseIterable, Sendable {
    /// One node's session ends, or everybody's; what was under way comes late, soon or never, and is not answered.
    case sessionEnds, allSessionsEnd
    /// Nobody gets there for a while.
    case outage
    /// Nothing may be written for a while.
    case readOnly
    /// Something in the contents is refused for a while.
    case refusal
    /// Everything takes long for a while.
    case slowness
    /// The server ends with what is under way, and comes back.
    case restart
    /// Its state is put aside; that takes its place again.
    case backUp, restore
    /// Another one takes its place that has nothing.
    case emptied
    /// A standby takes its place that has not got the last transactions, although they were confirmed.
    case promotion
    /// Somebody sets the progress of a shard back to have it sent again.
    case reset

    /// How often it may be drawn against others.
    var weightMax: Int {
        switch self {
        case .sessionEnds, .allSessionsEnd: 6
        case .outage, .slowness, .restart, .promotion, .backUp: 3
        case .readOnly, .refusal, .restore: 2
        case .emptied, .reset: 1
        }
    }
}
