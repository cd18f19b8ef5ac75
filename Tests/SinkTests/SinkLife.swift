import Model
import Sink

/// A shard with changing leaders that writes to a database with changing luck. Leaders share one log, as consensus sees to;
/// a deposed one may go on for a while. Each keeps a feed that is too short for an outage.
struct SinkLife {
    private var random: Generator
    private var database = FakeDatabase()
    private var replicas = [Replica(), Replica(), Replica()]
    private var term: UInt64 = 0
    private var leader = 0
    /// Each entry writes some rows and an audit entry for each.
    private var log: [[Write]] = []

    private struct Write {
        let id: ResourceID
        let isDeletion: Bool
    }

    private struct Replica {
        var sink = ShardSink(incarnation: ShardSinkTests.us)
        var action = ShardSink.Action.nothing
        var rows: [ResourceID: UInt64] = [:]
        var tombstones: [ResourceID: UInt64] = [:]
        var applied: UInt64 = 0
        var sequence: UInt64 = 0
        var feed = SinkFeed(appliedIndex: 0, auditSequence: 0, changesMax: 5, auditBytesMax: 1_500)

        mutating func apply(_ entry: [Write]) {
            applied += 1
            var audit: [AuditEntry] = []
            for write in entry {
                rows[write.id] = write.isDeletion ? nil : applied
                tombstones[write.id] = write.isDeletion ? applied : nil
                sequence += 1
                audit.append(
                    AuditEntry(
                        id: write.id.uuid, sequence: sequence, resourceID: write.id, action: .tagAdded, actor: "",
                        at: Timestamp(milliseconds: 0)))
            }
            feed.applied(entry.map(\.id), audit, at: applied)
        }
    }

    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 1
            return StableHash.mix(state)
        }
    }

    init(seed: UInt64) { random = Generator(state: seed << 32) }

    /// What went wrong; nil where all is well.
    mutating func run() -> String? {
        elect(0)
        for _ in 0..<200 { step() }
        // Peace: the last leader alone, nothing fails.
        database.isAway = false
        for number in replicas.indices { replicas[number].sink.deposed() }
        elect(0)
        for _ in 0..<600 { act(0, luck: 0) }
        if let late = database.late { _ = database.commit(late) }
        if database.rows != replicas[0].rows {
            return "rows are \(database.rows), not \(replicas[0].rows); \(replicas[0].sink)"
        }
        if database.audit.values.contains(where: { $0 != 1 }) { return "an audit entry counts twice" }
        let entries = log.reduce(0) { $0 + $1.count }
        return database.audit.count == entries ? nil : "\(database.audit.count) audit entries of \(entries)"
    }

    private mutating func step() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: elect(Int.random(in: replicas.indices, using: &random))
        case 1: database.isAway.toggle()
        case 2:
            if let late = database.late { _ = database.commit(late) }
            database.late = nil
        case 3, 4, 5:
            log.append(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    let id = ResourceID(UUID128(high: UInt64.random(in: 0..<6, using: &random), low: 1))
                    return Write(id: id, isDeletion: Int.random(in: 0..<3, using: &random) == 0)
                })
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
        while replicas[number].applied < log.count { replicas[number].apply(log[Int(replicas[number].applied)]) }
        let action = replicas[number].sink.applied(
            index: replicas[number].applied, auditSequence: replicas[number].sequence)
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
            // What is sent is taken from the replica while it leads.
            guard replicas[number].sink.progress == after else { return }
            let result = send(number, after, luck)
            if case .success(let progress) = result {
                replicas[number].feed.sent(
                    appliedIndex: progress.appliedIndex, auditSequence: progress.auditSequence)
            }
            replicas[number].action = replicas[number].sink.sent(after: after, result, random: roll)
        }
    }

    private mutating func send(_ number: Int, _ after: SinkProgress, _ luck: Int) -> Result<SinkProgress, SinkFailure> {
        guard !database.isAway else { return .failure(.unavailable) }
        let batch = batch(of: replicas[number], after)
        switch luck {
        case 2:
            database.late = batch
            return .failure(.outcomeUnknown)
        case 3: return .failure(.outcomeUnknown)
        default:
            guard database.commit(batch) else { return .failure(.conflict) }
            return luck == 1 ? .failure(.outcomeUnknown) : .success(batch.next)
        }
    }

    private mutating func batch(of replica: Replica, _ after: SinkProgress) -> FakeDatabase.Transaction {
        let limit = Int.random(in: 1...4, using: &random)
        var next = after
        if let portion = replica.feed.portion(
            afterIndex: after.appliedIndex, sequence: after.auditSequence, limit: limit)
        {
            (next.appliedIndex, next.auditSequence) = (portion.appliedIndex, portion.auditSequence)
            var batch = FakeDatabase.Transaction(after: after, next: next, audit: portion.audit.map(\.sequence))
            for change in portion.changes {
                if let index = replica.rows[change.id] {
                    // One that changed again comes again.
                    if index <= next.appliedIndex { batch.rows[change.id] = index }
                } else {
                    batch.deleted.insert(change.id)
                }
            }
            return batch
        }
        // What the feed forgot: rows and tombstones by the index of their last change.
        next.appliedIndex = min(replica.applied, after.appliedIndex + UInt64(limit))
        next.auditSequence = min(replica.sequence, after.auditSequence + UInt64(limit))
        func isNew(_ index: UInt64) -> Bool { index > after.appliedIndex && index <= next.appliedIndex }
        return FakeDatabase.Transaction(
            after: after, next: next, rows: replica.rows.filter { isNew($0.value) },
            deleted: Set(replica.tombstones.filter { isNew($0.value) }.keys),
            audit: after.auditSequence < next.auditSequence ? Array(after.auditSequence + 1...next.auditSequence) : [])
    }
}
