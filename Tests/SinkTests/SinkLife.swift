import Model
import Sink

/// A shard with changing leaders that writes to a database with changing luck. Leaders share one log, as consensus sees to;
/// a deposed one may go on for a while.
struct SinkLife {
    private var random: Generator
    private var database = FakeDatabase()
    private var replicas = [Replica(), Replica(), Replica()]
    private var term: UInt64 = 0
    private var leader = 0
    /// Of each row, the index that last changed it; of each index, the row.
    private var log: [Int] = []

    private struct Replica {
        var sink = ShardSink(incarnation: ShardSinkTests.us)
        var action = ShardSink.Action.nothing
        var applied: UInt64 = 0
    }

    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 1
            return StableHash.mix(state)
        }
    }

    init(seed: UInt64) { random = Generator(state: seed << 32) }

    private var truth: [Int: UInt64] {
        Dictionary(log.enumerated().map { ($1, UInt64($0 + 1)) }, uniquingKeysWith: { $1 })
    }

    /// What went wrong; nil where all is well.
    mutating func run() -> String? {
        elect(0)
        for _ in 0..<200 { step() }
        // Peace: the last leader alone, nothing fails.
        database.isAway = false
        for number in replicas.indices { replicas[number].sink.deposed() }
        elect(0)
        for _ in 0..<400 { act(0, luck: 0) }
        if let late = database.late { _ = database.commit(late) }
        if database.rows != truth { return "rows are \(database.rows), not \(truth)" }
        if database.audit.values.contains(where: { $0 != 1 }) { return "an audit entry counts twice" }
        return database.audit.count == log.count ? nil : "\(database.audit.count) audit entries of \(log.count)"
    }

    private mutating func step() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: elect(Int.random(in: replicas.indices, using: &random))
        case 1: database.isAway.toggle()
        case 2:
            if let late = database.late { _ = database.commit(late) }
            database.late = nil
        case 3, 4, 5:
            log.append(Int.random(in: 0..<6, using: &random))
            catchUp(Int.random(in: replicas.indices, using: &random))
        case 6: replicas[Int.random(in: replicas.indices, using: &random)].sink.deposed()
        default: act(Int.random(in: replicas.indices, using: &random), luck: Int.random(in: 0..<4, using: &random))
        }
    }

    private mutating func elect(_ number: Int) {
        term += 1
        leader = number
        catchUp(number)
        let action = replicas[number].sink.elected(term: term)
        replicas[number].action = action
    }

    private mutating func catchUp(_ number: Int) {
        // Whoever applies what another leader wrote has heard of that leader; until then a deposed one goes on.
        if number != leader { replicas[number].sink.deposed() }
        replicas[number].applied = UInt64(log.count)
        let action = replicas[number].sink.applied(index: UInt64(log.count), auditSequence: UInt64(log.count))
        if action != .nothing { replicas[number].action = action }
    }

    /// Carries out what the replica wants. `luck`: 0 all goes well, 1 the answer is lost, 2 the transaction comes late, 3 it never
    /// comes.
    private mutating func act(_ number: Int, luck: Int) {
        let roll = Double.random(in: 0..<1, using: &random)
        let action = replicas[number].action
        replicas[number].action = .nothing
        switch action {
        case .nothing, .stop: return
        case .wait: replicas[number].action = replicas[number].sink.timePassed()
        case .raiseTerm(let incarnation, let term):
            let result: Result<SinkProgress, SinkFailure>
            if database.isAway {
                result = .failure(.unavailable)
            } else {
                let found = database.raise(incarnation, term: term)
                result = luck == 1 ? .failure(.outcomeUnknown) : .success(found)
            }
            replicas[number].action = replicas[number].sink.raised(term: term, result, random: roll)
        case .send(let after):
            let result = send(number, after, luck)
            replicas[number].action = replicas[number].sink.sent(after: after, result, random: roll)
        }
    }

    private mutating func send(_ number: Int, _ after: SinkProgress, _ luck: Int) -> Result<SinkProgress, SinkFailure> {
        guard !database.isAway else { return .failure(.unavailable) }
        let applied = replicas[number].applied
        let end = min(applied, after.appliedIndex + UInt64.random(in: 1...3, using: &random))
        var next = after
        next.appliedIndex = end
        next.auditSequence = end
        // Rows as the replica has them, by the index that last changed them.
        var rows: [Int: UInt64] = [:]
        for (position, row) in log.prefix(Int(applied)).enumerated() { rows[row] = UInt64(position + 1) }
        let batch = FakeDatabase.Transaction(
            after: after, next: next, rows: rows.filter { $0.value > after.appliedIndex && $0.value <= end })
        switch luck {
        case 2:
            database.late = batch
            return .failure(.outcomeUnknown)
        case 3: return .failure(.outcomeUnknown)
        default:
            guard database.commit(batch) else { return .failure(.conflict) }
            return luck == 1 ? .failure(.outcomeUnknown) : .success(next)
        }
    }
}
