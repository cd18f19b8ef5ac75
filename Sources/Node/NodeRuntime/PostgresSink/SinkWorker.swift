import Checkpoint
import Logging
import Model
import NIOCore
import PostgresClient
import PostgresSink
import Shard
import Sink

/// The sink's thread: one session with the database, over which every group that is led here sends what changed. Its calls block;
/// nothing waits for it.
///
/// What is to happen to each group its `ShardSink` says. What several of them have to send travels in one transaction.
final class SinkWorker {
    struct Parts {
        let settings: PostgresSettings
        let incarnation: UUID128
        let board: SinkBoard
        /// The replica of that group, where there is one here.
        let source: @Sendable (Int) -> (any SinkSource)?
        /// How many data shards the cluster has.
        let shards: Int
        let system: @Sendable () throws -> SystemState
        let checkpoint: Checkpoint
        /// Everything that is applied by now is in the checkpoint when it returns.
        let flush: @Sendable () throws -> Void
        let logger: Logger
    }

    /// Most changes of rows, and audit entries, in one transaction; each brings its tags and findings.
    static let changesMax = 4_000
    private static let changesMin = 50
    /// A transaction ends before the group that would bring its rows above this, in bytes, as they are stored here.
    private static let rowBytesMax = 16 << 20
    /// Rows are fetched from an event loop so many at a time: a fraction of a millisecond of its time.
    private static let rowsPerVisit = 500
    /// What comes within this time shares a transaction.
    private static let gatherMilliseconds: Int64 = 20
    /// A transaction that took longer was too large, one that took less than half of it may be larger, in milliseconds.
    private static let transactionMillisecondsMax: Int64 = 800
    /// Between two looks at whether somebody has mended what stopped a group.
    private static let stoppedMilliseconds: Int64 = 15_000
    /// Between two looks at where the database is with groups that have nothing to send.
    private static let lookTime = TimeAmount.seconds(20)

    private let parts: Parts
    private let cancellation: PostgresCancellation
    private var board: SinkBoard { parts.board }
    private var machines: [Int: ShardSink] = [:]
    /// What each group asked for last, as long as it is not done.
    private var raising: [Int: UInt64] = [:]
    private var sending: [Int: SinkProgress] = [:]
    private var timers: [Int: NIODeadline] = [:]
    private var catchUps: [Int: (at: SinkProgress, rest: SinkCatchUp)] = [:]
    /// Groups of whose contents the server refused something: they go alone, so that the others go on.
    private var secluded: Set<Int> = []
    /// The group that goes first in the next transaction.
    private var turn = 0
    private var changesMax = 500
    /// What the database has of group 0 for sure.
    private var knownSystem: KnownSystem?

    private struct KnownSystem {
        var catalogVersion: UInt64
        var items: [UUID128: SystemItem]
    }

    private var lookAt = NIODeadline.now() + lookTime

    private var session: SinkSession?
    private var delay = ReconnectDelay()
    private var connectAt = NIODeadline.now()
    /// The furthest that the database was seen, by group: less means another database, or one from a back-up.
    private var furthest: [Int: UInt64] = [:]
    /// When that was said last: it is about all groups.
    private var saidGoneAt: NIODeadline?
    /// Why groups are not sent.
    private var stops: [Int: SinkStop] = [:]

    init(_ parts: Parts, _ cancellation: PostgresCancellation) {
        self.parts = parts
        self.cancellation = cancellation
    }

    /// Returns when the board says stop.
    func run() {
        while !board.isStopping {
            heedNews()
            ringTimers()
            if !raising.isEmpty || !sending.isEmpty {
                guard connect() else {
                    board.sleep(until: connectAt)
                    continue
                }
                if raising.isEmpty { send() } else { raise() }
            } else if session == nil {
                // Whether the database is there is to be known before there is something for it.
                if !connect() { board.sleep(until: min(connectAt, timers.values.min() ?? connectAt)) }
            } else {
                board.sleep(until: min(timers.values.min() ?? lookAt, lookAt))
            }
        }
        session?.close()
    }

    // MARK: Events

    private func heedNews() {
        for (group, office) in board.takeNews() {
            guard let office else {
                forget(group)
                continue
            }
            var machine = machines[group] ?? ShardSink(incarnation: parts.incarnation)
            let applied = machine.applied(index: office.appliedIndex, auditSequence: office.auditSequence)
            if machine.term == office.term, machine.isInOffice {
                machines[group] = machine
                perform(applied, for: group)
            } else {
                let elected = machine.elected(term: office.term)
                machines[group] = machine
                perform(elected, for: group)
            }
        }
    }

    private func forget(_ group: Int) {
        machines[group]?.deposed()
        raising[group] = nil
        sending[group] = nil
        timers[group] = nil
        catchUps[group] = nil
        secluded.remove(group)
    }

    private func ringTimers() {
        let now = NIODeadline.now()
        for (group, at) in timers where at <= now {
            timers[group] = nil
            change(group) { $0.timePassed() }
        }
        guard lookAt <= now else { return }
        lookAt = now + Self.lookTime
        for group in machines.keys.sorted() { change(group) { $0.lookDue() } }
    }

    private func change(_ group: Int, _ body: (inout ShardSink) -> ShardSink.Action) {
        guard var machine = machines[group] else { return }
        let action = body(&machine)
        machines[group] = machine
        perform(action, for: group)
    }

    private func perform(_ action: ShardSink.Action, for group: Int) {
        switch action {
        case .nothing: break
        case .raiseTerm(_, let term):
            forgetActions(of: group)
            raising[group] = term
        case .send(let progress): sending[group] = progress
        case .wait(let milliseconds):
            forgetActions(of: group)
            timers[group] = .now() + .milliseconds(milliseconds)
        case .stop(let reason):
            forgetActions(of: group)
            timers[group] = .now() + .milliseconds(Self.stoppedMilliseconds)
            board.stopped(group, reason)
            say(reason, group)
        }
    }

    private func forgetActions(of group: Int) {
        raising[group] = nil
        sending[group] = nil
        catchUps[group] = nil
        if group == SystemShard.group { knownSystem = nil }
    }

    // MARK: The session

    /// False where there is none, and it is not time yet to try again.
    private func connect() -> Bool {
        if let session, session.isOpen { return true }
        session = nil
        guard connectAt <= .now() else { return false }
        do throws(SinkError) {
            let opened = try SinkSession(parts.settings, incarnation: parts.incarnation, cancellation)
            board.count { $0.connections += 1 }
            for step in opened.migrated {
                parts.logger.notice("PostgreSQL's schema was brought forward", metadata: ["postgres.step": "\(step)"])
            }
            session = opened
            // What waited because the database was away waits no longer.
            for group in timers.keys where stops[group] == nil { timers[group] = .now() }
            // Where something is to be sent, that tells whether all is well.
            if raising.isEmpty, sending.isEmpty, timers.isEmpty { worked() }
            return true
        } catch {
            connectAt = .now() + .milliseconds(delay.failed(random: .random(in: 0..<1)))
            failed(error)
            return false
        }
    }

    private func worked() {
        delay.succeeded()
        if board.set(.up) {
            parts.logger.notice("results go to PostgreSQL", metadata: ["postgres.database": "\(parts.settings)"])
        }
    }

    /// Says so once for each reason.
    private func failed(_ error: SinkError) {
        guard let trouble = error.trouble, !cancellation.isCancelled else { return }
        board.count { $0.errors[trouble, default: 0] += 1 }
        guard board.set(.down(trouble)) else { return }
        parts.logger.error(
            "results do not get to PostgreSQL; it is tried again, and nothing is lost",
            metadata: [
                "postgres.database": "\(parts.settings)", "postgres.trouble": "\(trouble.rawValue)",
                "reason": "\(error.message)",
            ])
    }

    /// After an error that says nothing of what was sent.
    private func lost(_ error: SinkError) {
        failed(error)
        // A schema that is not as it should be, or gone, is looked at again by a new session.
        if error.trouble == .schema || error.trouble == .readOnly { session?.close() }
        if session?.isOpen != true {
            session = nil
            connectAt = .now() + .milliseconds(delay.failed(random: .random(in: 0..<1)))
        }
    }

    // MARK: Terms

    private func raise() {
        guard let session else { return }
        let terms = raising.map { (shard: $0.key, term: $0.value) }.sorted { $0.shard < $1.shard }
        let result: Result<[SinkProgress], SinkError>
        do throws(SinkError) {
            result = .success(try session.raise(terms))
        } catch {
            result = .failure(error)
            lost(error)
        }
        // What was applied meanwhile may be in the database already.
        heedNews()
        for (position, (group, term)) in terms.enumerated() where raising[group] == term {
            let roll = Double.random(in: 0..<1)
            switch result {
            case .success(let found):
                raising[group] = nil
                change(group) { $0.raised(term: term, .success(found[position]), random: roll) }
                if let progress = machines[group]?.progress { noteProgress(group, progress) }
            case .failure(let error):
                change(group) { $0.raised(term: term, .failure(error.failure), random: roll) }
            }
        }
        if case .success = result, sending.isEmpty || board.link == .connecting { worked() }
    }

    private func noteProgress(_ group: Int, _ progress: SinkProgress, since: NIODeadline? = nil) {
        board.reached(group, progress, since: since)
        if progress.appliedIndex < furthest[group] ?? 0, saidGoneAt.map({ $0 + Self.lookTime < .now() }) ?? true {
            saidGoneAt = .now()
            parts.logger.warning(
                "PostgreSQL has less than before: it was emptied, replaced or restored; what it lacks is sent again",
                metadata: [
                    "postgres.shard": "\(group)", "postgres.index": "\(progress.appliedIndex)",
                    "postgres.index.before": "\(furthest[group] ?? 0)",
                ])
        }
        furthest[group] = progress.appliedIndex
        stops[group] = nil
    }

    private func say(_ reason: SinkStop, _ group: Int) {
        let words: String
        switch reason {
        case .belongsToOther(let other):
            words = "the database belongs to another cluster, \(other); name another database, or empty this one"
        case .databaseIsAhead(let found):
            words =
                "the database has entry \(found.appliedIndex), which this cluster never had: it was brought back from a "
                + "back-up; name an empty database"
        }
        let isSaid = stops.values.contains { $0.isSameKind(as: reason) }
        stops[group] = reason
        guard !isSaid else { return }
        parts.logger.error(
            "results are not sent to PostgreSQL until somebody acts",
            metadata: [
                "postgres.database": "\(parts.settings)", "postgres.shard": "\(group)", "reason": "\(words)",
            ])
    }
}

// MARK: - Sending

extension SinkWorker {
    /// One transaction with what some of the groups have.
    private func send() {
        var transaction = SinkTransaction()
        let taken = NIODeadline.now()
        var budget = (changes: changesMax, bytes: Self.rowBytesMax)
        var sent: KnownSystem?
        for group in inTurn() where budget.changes > 0 && budget.bytes > 0 {
            guard let progress = sending[group] else { continue }
            do {
                guard let portion = try portion(of: group, after: progress, limit: budget.changes),
                    portion.appliedIndex > progress.appliedIndex || portion.auditSequence > progress.auditSequence
                else {
                    // It leads no more, and news of that is on the way.
                    forget(group)
                    continue
                }
                sent = try add(portion, of: group, after: progress, to: &transaction, &budget) ?? sent
            } catch {
                unreadable(group, progress, error)
                // What was added of it must not be sent.
                return
            }
        }
        guard !transaction.isEmpty, let session else { return }
        let outcome: Result<Void, SinkError>
        do throws(SinkError) { outcome = .success(try session.commit(transaction)) } catch { outcome = .failure(error) }
        switch outcome {
        case .success:
            if let sent { knownSystem = sent }
            arrived(transaction, taken: taken, isFull: budget.changes <= 0)
        case .failure(let error): refused(transaction, error)
        }
    }

    /// All groups that have something to send, another one first each time; one of whose contents something was refused goes alone.
    private func inTurn() -> [Int] {
        let groups = sending.keys.sorted()
        let ordered = groups.filter { $0 >= turn } + groups.filter { $0 < turn }
        guard let first = ordered.first else { return [] }
        turn = first + 1
        return secluded.contains(first) ? [first] : ordered.filter { !secluded.contains($0) }
    }

    private func portion(of group: Int, after progress: SinkProgress, limit: Int) throws -> SinkFeed.Portion? {
        if let (at, rest) = catchUps[group], at == progress {
            var rest = rest
            if let portion = try rest.portion(after: progress, limit: limit) {
                catchUps[group] = (at, rest)
                return portion
            }
        }
        catchUps[group] = nil
        guard let source = parts.source(group) else { return nil }
        switch try source.eventLoop.submit({ source.supply(after: progress, limit: limit) }).wait() {
        case .none: return nil
        case .portion(let portion): return portion
        case .behind(let rows, let appliedIndex, let auditSequence):
            try parts.flush()
            var rest = try SinkCatchUp(
                group, after: progress, rows: rows, appliedIndex: appliedIndex, auditSequence: auditSequence,
                parts.checkpoint)
            let portion = try rest.portion(after: progress, limit: limit)
            catchUps[group] = (progress, rest)
            return portion
        }
    }

    /// What the database has of group 0 once it is sent, where that is in it.
    private func add(
        _ portion: SinkFeed.Portion, of group: Int, after progress: SinkProgress, to transaction: inout SinkTransaction,
        _ budget: inout (changes: Int, bytes: Int)
    ) throws -> KnownSystem? {
        var next = progress
        next.appliedIndex = portion.appliedIndex
        next.auditSequence = portion.auditSequence
        transaction.begin(group, from: progress, to: next)
        for entry in portion.audit { transaction.add(entry, shard: group) }
        budget.changes -= portion.audit.count + portion.changes.count
        guard group != SystemShard.group else { return try addSystem(to: &transaction, changedIndex: next.appliedIndex) }
        // The last change of each row.
        var indexes: [ResourceID: UInt64] = [:]
        for change in portion.changes { indexes[change.id] = change.index }
        let ids = indexes.keys.sorted()
        for start in stride(from: 0, to: ids.count, by: Self.rowsPerVisit) {
            let visit = ids[start..<min(ids.count, start + Self.rowsPerVisit)]
            guard let source = parts.source(group) else { throw NodeError.notLeader(nil) }
            let rows = try source.eventLoop.submit { source.rows(visit) }.wait()
            for (id, row) in zip(visit, rows) {
                guard let row else {
                    transaction.delete(id, changedIndex: indexes[id] ?? next.appliedIndex, shard: group)
                    continue
                }
                // As it is now: what is there is never older than the progress says. One that changed since comes again in its turn.
                budget.bytes -= row.count
                try transaction.put(id, row, shard: group)
            }
        }
        return nil
    }

    private func addSystem(to transaction: inout SinkTransaction, changedIndex: UInt64) throws -> KnownSystem? {
        let state = try parts.system()
        let now = KnownSystem(catalogVersion: state.catalogVersion, items: state.replicated)
        if now.catalogVersion != knownSystem?.catalogVersion {
            var catalog = SinkCatalog()
            for item in state.items.values.sorted(by: { $0.id < $1.id }) {
                guard let table = item.sinkTable else { continue }
                catalog.add(SinkCatalog.Row(id: item.id, columns: item.columns), to: table)
            }
            transaction.replace(catalog, changedIndex: changedIndex)
        }
        let known = knownSystem?.items ?? [:]
        var changes = SinkItems(
            isWhole: knownSystem == nil, shards: parts.shards, catalogVersion: now.catalogVersion,
            removed: known.keys.filter { now.items[$0] == nil }.sorted())
        for (id, item) in now.items.sorted(by: { $0.key < $1.key }) where known[id] != item { changes.put(item.sinkItem) }
        transaction.change(changes, changedIndex: changedIndex)
        return now
    }

    private func arrived(_ transaction: SinkTransaction, taken: NIODeadline, isFull: Bool) {
        let took = (.now() - taken).nanoseconds / 1_000_000
        worked()
        board.count { counts in
            counts.batches += 1
            counts.rows += transaction.rowCount
        }
        for part in transaction.parts {
            let group = part.shard
            noteProgress(group, part.after, since: taken)
            secluded.remove(group)
            sending[group] = nil
            if let (_, rest) = catchUps[group] { catchUps[group] = (part.after, rest) }
            if let source = parts.source(group) { source.eventLoop.execute { source.sent(part.after) } }
            change(group) { machine in
                // It may have applied more by now than it was told of.
                _ = machine.applied(index: part.after.appliedIndex, auditSequence: part.after.auditSequence)
                return machine.sent(after: part.before, .success(part.after), random: 0)
            }
        }
        if took > Self.transactionMillisecondsMax {
            changesMax = max(Self.changesMin, changesMax / 2)
        } else if isFull, took < Self.transactionMillisecondsMax / 2 {
            changesMax = min(Self.changesMax, changesMax * 2)
        }
        if !isFull { _ = cancellation.sleep(milliseconds: Self.gatherMilliseconds) }
    }

    private func refused(_ transaction: SinkTransaction, _ error: SinkError) {
        if error.isAboutContents {
            contentsRefused(transaction, error)
        } else {
            lost(error)
            if error.failure == .conflict { board.count { $0.conflicts += 1 } }
            if error.trouble == .timedOut { changesMax = max(Self.changesMin, changesMax / 2) }
        }
        for part in transaction.parts {
            change(part.shard) { $0.sent(after: part.before, .failure(error.failure), random: .random(in: 0..<1)) }
        }
    }

    /// The groups try one by one; one that is refused alone is the one.
    private func contentsRefused(_ transaction: SinkTransaction, _ error: SinkError) {
        let groups = transaction.parts.map(\.shard)
        board.count { $0.errors[.refused, default: 0] += 1 }
        guard secluded.intersection(groups).isEmpty else { return }
        secluded.formUnion(groups)
        parts.logger.error(
            "PostgreSQL refuses what is sent; it is tried shard by shard, so that the others go on",
            metadata: [
                "postgres.shards": "\(groups.map(String.init).joined(separator: ","))", "reason": "\(error.message)",
            ])
    }

    private func unreadable(_ group: Int, _ progress: SinkProgress, _ error: any Error) {
        board.count { $0.errors[.unreadable, default: 0] += 1 }
        if !board.isStopping {
            parts.logger.warning(
                "what a shard has to send to PostgreSQL cannot be read now",
                metadata: ["postgres.shard": "\(group)", "reason": "\(error)"])
        }
        change(group) { $0.sent(after: progress, .failure(.unavailable), random: .random(in: 0..<1)) }
    }
}

extension SinkStop {
    fileprivate func isSameKind(as other: SinkStop) -> Bool {
        switch (self, other) {
        case (.belongsToOther, .belongsToOther), (.databaseIsAhead, .databaseIsAhead): true
        case (.belongsToOther, _), (.databaseIsAhead, _): false
        }
    }
}
