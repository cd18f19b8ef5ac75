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
/// What is to be asked of the database, and what follows from its answers, the `SinkCoordinator` says; here it is carried out.
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
    /// Between two warnings that the database has less than before.
    private static let goneTime = TimeAmount.seconds(20)
    /// So often the database is told that it has everything, by which others know how new it is.
    private static let confirmTime = TimeAmount.milliseconds(250)

    private let parts: Parts
    private let cancellation: PostgresCancellation
    private var board: SinkBoard { parts.board }
    private var coordinator: SinkCoordinator
    private var changesMax = 500
    /// What the database has of group 0 for sure.
    private var knownSystem: KnownSystem?

    private struct KnownSystem {
        var catalogVersion: UInt64
        var items: [UUID128: SystemItem]
    }

    /// When it was last heard how far the groups are here, by the wall clock.
    private var heardAt = Timestamp(milliseconds: 0)
    private var confirmAt = NIODeadline.now()

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
        coordinator = SinkCoordinator(incarnation: parts.incarnation, at: Self.milliseconds)
    }

    /// The coordinator's time.
    private static var milliseconds: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    private static func deadline(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(UInt64(milliseconds) * 1_000_000)
    }

    private static func roll() -> Double { .random(in: 0..<1) }

    /// Returns when the board says stop.
    func run() {
        while !board.isStopping {
            heedNews()
            coordinator.timePassed(at: Self.milliseconds)
            confirm()
            if coordinator.wantsSession {
                guard connect() else {
                    board.sleep(until: connectAt)
                    continue
                }
                let terms = coordinator.raises
                if terms.isEmpty { send() } else { raise(terms) }
            } else if session == nil {
                // Whether the database is there is to be known before there is something for it.
                if !connect() { board.sleep(until: min(connectAt, Self.deadline(coordinator.nextDeadline))) }
            } else {
                board.sleep(until: min(Self.deadline(coordinator.nextDeadline), confirmAt))
            }
        }
        session?.close()
    }

    private func heedNews() {
        heardAt = wallClock()
        for (group, office) in board.takeNews() {
            guard let office else {
                coordinator.follows(group)
                continue
            }
            coordinator.leads(
                group, term: office.term, appliedIndex: office.appliedIndex, auditSequence: office.auditSequence,
                at: Self.milliseconds)
        }
    }

    private func note(_ notices: [SinkCoordinator.Notice], since: NIODeadline? = nil) {
        for notice in notices {
            switch notice {
            case .reached(let group, let progress): noteProgress(group, progress, since: since)
            case .stopped(let group, let reason):
                board.stopped(group, reason)
                say(reason, group)
            }
        }
    }

    /// Of the groups that have nothing to send: what the database has of them was all that there was when their news was heard.
    private func confirm() {
        guard confirmAt <= .now(), let session, session.isOpen else { return }
        confirmAt = .now() + Self.confirmTime
        let complete = coordinator.complete
        guard !complete.isEmpty else { return }
        do throws(SinkError) { try session.confirm(complete, at: heardAt) } catch { lost(error) }
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
            coordinator.connected(at: Self.milliseconds)
            // Where something is to be sent, that tells whether all is well.
            if !coordinator.wantsSession, !coordinator.isWaiting { worked() }
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

    private func raise(_ terms: [(group: Int, term: UInt64)]) {
        guard let session else { return }
        let result: Result<[SinkProgress], SinkError>
        do throws(SinkError) {
            result = .success(try session.raise(terms.map { (shard: $0.group, term: $0.term) }))
        } catch {
            result = .failure(error)
            lost(error)
        }
        // What was applied meanwhile may be in the database already.
        heedNews()
        note(coordinator.raised(terms, result.mapError(\.failure), at: Self.milliseconds, random: Self.roll))
        if case .success = result, !coordinator.isSending || board.link == .connecting { worked() }
    }

    private func noteProgress(_ group: Int, _ progress: SinkProgress, since: NIODeadline? = nil) {
        board.reached(group, progress, since: since)
        if progress.appliedIndex < furthest[group] ?? 0, saidGoneAt.map({ $0 + Self.goneTime < .now() }) ?? true {
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
        for (group, progress) in coordinator.takeTurn() where budget.changes > 0 && budget.bytes > 0 {
            do {
                guard let portion = try portion(of: group, after: progress, limit: budget.changes) else { continue }
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

    private func portion(of group: Int, after progress: SinkProgress, limit: Int) throws -> SinkFeed.Portion? {
        guard let source = parts.source(group) else {
            coordinator.follows(group)
            return nil
        }
        let history = SourceHistory(group: group, source: source, checkpoint: parts.checkpoint, flush: parts.flush)
        return try coordinator.portion(of: group, after: progress, limit: limit, from: history)
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
        if coordinator.isComplete(group, at: next) { transaction.confirm(group, at: heardAt) }
        for entry in portion.audit { transaction.add(entry, shard: group) }
        budget.changes -= portion.audit.count + portion.changes.count
        guard group != SystemShard.group else { return try addSystem(to: &transaction, changedIndex: next.appliedIndex) }
        let changes = portion.lastChanges
        for start in stride(from: 0, to: changes.count, by: Self.rowsPerVisit) {
            let visit = changes[start..<min(changes.count, start + Self.rowsPerVisit)]
            guard let source = parts.source(group) else { throw NodeError.notLeader(nil) }
            let rows = try source.eventLoop.submit { source.rows(visit.map(\.id)) }.wait()
            for (change, row) in zip(visit, rows) {
                guard let row else {
                    transaction.delete(change.id, changedIndex: change.index, shard: group)
                    continue
                }
                // As it is now: what is there is never older than the progress says. One that changed since comes again in its turn.
                budget.bytes -= row.count
                try transaction.put(change.id, row, shard: group)
            }
        }
        return nil
    }

    private func addSystem(to transaction: inout SinkTransaction, changedIndex: UInt64) throws -> KnownSystem? {
        // Whoever came between may have written something else.
        if !coordinator.isContinued(SystemShard.group) { knownSystem = nil }
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
            if let source = parts.source(part.shard) { source.eventLoop.execute { source.sent(part.after) } }
        }
        note(coordinator.sent(transaction.parts, .success(()), at: Self.milliseconds, random: Self.roll), since: taken)
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
        note(
            coordinator.sent(
                transaction.parts, .failure(error.failure), at: Self.milliseconds, random: Self.roll))
    }

    /// The groups try one by one; one that is refused alone is the one.
    private func contentsRefused(_ transaction: SinkTransaction, _ error: SinkError) {
        let groups = transaction.parts.map(\.shard)
        board.count { $0.errors[.refused, default: 0] += 1 }
        guard coordinator.contentsRefused(groups) else { return }
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
        coordinator.unreadable(group, after: progress, at: Self.milliseconds, random: Self.roll())
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
