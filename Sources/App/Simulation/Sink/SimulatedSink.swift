import Model
import Shard
import Sink

/// What a node's sink thread knows: the coordinator of the node's `SinkWorker`, and one session with the database.
struct SimulatedSink {
    /// What is asked of the database, one thing at a time.
    enum Question {
        case raise([(group: Int, term: UInt64)])
        case send(SimulatedTransaction)
    }

    enum Answer {
        case raised([SinkProgress])
        case committed
        case failed(SinkFailure, isAboutContents: Bool)
    }

    /// The number of a question, and what it was; nil: rows are still being read for it.
    struct Call {
        let number: Int
        var question: Question?
        /// What the transaction is to hold, until its rows are read.
        var portions: [(part: SinkPart, portion: SinkFeed.Portion)] = []
    }

    /// The cluster that all nodes belong to.
    static let incarnation = UUID128(high: 1, low: 1)

    var coordinator: SinkCoordinator
    /// Groups of which there is news.
    var news: Set<Int> = []
    /// Groups that it knows to be led here.
    var led: Set<Int> = []
    var isConnected = false
    var call: Call?
    var wakeAt: Microseconds = .max
    /// For planted bugs: by group, where it left the database; and what was not taken last.
    var memory: [Int: SinkProgress] = [:]
    var failed: SimulatedTransaction?

    init(_ plan: SinkPlan?, _ bugs: SinkBugs, at now: Microseconds) {
        var settings = SinkCoordinator.Settings()
        settings.lookMilliseconds = plan?.lookMilliseconds ?? settings.lookMilliseconds
        settings.stoppedMilliseconds = settings.lookMilliseconds
        settings.bugs = bugs
        coordinator = SinkCoordinator(incarnation: Self.incarnation, settings: settings, at: now / 1_000)
    }
}

/// A question on its way to the database.
struct SinkQuestion {
    let node: Int
    let life: Int
    let server: Int
    let askedAt: Microseconds
    let question: SimulatedSink.Question
    /// Nobody waits for an answer any more.
    var isAbandoned = false
}

/// What a replica has to send, for the coordinator.
struct SimulatedHistory: SinkHistory {
    struct Unreadable: Error {}

    let shard: SimulatedShard
    let leadsEarly: Bool
    let isUnreadable: Bool
    let audit: [AuditEntry]

    func supply(after progress: SinkProgress, limit: Int) throws -> SinkSupply? {
        if isUnreadable { throw Unreadable() }
        guard shard.office.sinkTerm(early: leadsEarly) == progress.term else { return nil }
        return shard.tap?.supply(after: progress, limit: limit, shard.shard.state)
    }

    func audit(after sequence: UInt64, upTo last: UInt64, limit: Int) throws -> [AuditEntry] {
        if isUnreadable { throw Unreadable() }
        precondition(last <= audit.count, "entry \(last) of the audit history is to be read, \(audit.count) were written")
        return Array(audit[Int(sequence)..<min(Int(last), Int(sequence) + limit)])
    }
}

extension Office {
    /// The term in which the sink sends; `early`: also before it leads, a planted bug.
    func sinkTerm(early: Bool) -> UInt64? {
        switch self {
        case .leading(let term): term
        case .elected(let term, _): early ? term : nil
        case .following: nil
        }
    }
}
