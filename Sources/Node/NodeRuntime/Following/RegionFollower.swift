import Logging
import Model
import NIOCore
import PostgresClient
import PostgresSource
import Shard
import Sink

/// The thread of a node that follows another region: reads from the region's own database, a streaming replica, what the followed cluster
/// wrote there, and brings the node's shards forward by it. Its calls block; requests never wait for them.
///
/// Each turn is one snapshot of the database. What changed after a shard's index goes to the shard's event loop in slices, and then the
/// shard is as of the database's progress. A shard is first loaded whole, beside the event loop.
final class RegionFollower {
    struct Parts: Sendable {
        let settings: PostgresSettings
        let board: RegionBoard
        let shards: ShardDirectory
        let system: SystemHost
        let logger: Logger
        let onFatal: @Sendable (NodeFailure) -> Void
    }

    /// Between two turns: so long while something changes, and twice as long each time when nothing did, up to the second.
    private static let pollMillisecondsMin: Int64 = 25
    private static let pollMillisecondsMax: Int64 = 100
    /// An event loop takes so many rows at once: a fraction of a millisecond of its time.
    private static let rowsPerSlice = 250
    /// A shard whose rows cannot be read is tried again after so long.
    private static let damagedMilliseconds: Int64 = 5_000

    private let parts: Parts
    private let cancellation: PostgresCancellation
    private var board: RegionBoard { parts.board }
    private var source: PostgresSource?
    private var delay = ReconnectDelay()
    private var pollMilliseconds = pollMillisecondsMin
    private var incarnation: UUID128
    /// How far each group is here; nil: not loaded.
    private var reached: [Int: UInt64] = [:]
    /// What group 0 keeps, for the next state of it.
    private var items: [UUID128: SystemItem] = [:]
    private var catalogVersion: UInt64?
    /// When a shard is tried again whose rows could not be read.
    private var retries: [Int: NIODeadline] = [:]

    /// A shard that cannot be brought forward, while others can.
    private struct ShardTrouble: Error {
        let group: Int
        let reason: String
    }

    init(_ parts: Parts, _ cancellation: PostgresCancellation) {
        self.parts = parts
        self.cancellation = cancellation
        incarnation = parts.board.incarnation
    }

    /// Returns when it is cancelled.
    func run() {
        while !cancellation.isCancelled {
            do {
                let source = try connected()
                if try turn(source) {
                    pollMilliseconds = Self.pollMillisecondsMin
                } else {
                    pollMilliseconds = min(pollMilliseconds * 2, Self.pollMillisecondsMax)
                }
                worked()
                _ = cancellation.sleep(milliseconds: pollMilliseconds)
            } catch let trouble as ShardTrouble {
                stays(trouble)
            } catch {
                failed(error)
                _ = cancellation.sleep(milliseconds: delay.failed(random: .random(in: 0..<1)))
            }
        }
        source?.close()
    }

    private func connected() throws -> PostgresSource {
        if let source, source.isOpen { return source }
        let opened = try PostgresSource(parts.settings, cancellation)
        board.count { $0.connections += 1 }
        source = opened
        return opened
    }

    // MARK: One turn

    /// True where something changed.
    private func turn(_ source: PostgresSource) throws -> Bool {
        let missing = (0...parts.shards.count).first { reached[$0] == nil && mayTry($0) }
        let changed = try source.reading { snapshot in
            let progress = try snapshot.progress()
            try heed(progress)
            let confirmed = try snapshot.confirmations()
            // While shards are loaded each has a snapshot of its own: the server need not keep one for minutes.
            let groups = missing.map { [$0] } ?? Array(0...parts.shards.count)
            var changed = missing != nil
            for group in groups where mayTry(group) {
                guard let there = progress[group] else {
                    throw SourceError.incomplete("shard \(group) was not sent to the database yet")
                }
                if try bringForward(group, to: there, snapshot) { changed = true }
                let index = reached[group] ?? 0
                // A database that has less than before, as it is sent again, is no newer than what is here.
                guard there.appliedIndex >= index else { continue }
                board.reached(group, index, currentAt: confirmed[group] ?? Timestamp(milliseconds: 0))
            }
            return changed
        }
        board.count { $0.turns += 1 }
        return changed
    }

    private func mayTry(_ group: Int) -> Bool { retries[group].map { $0 <= .now() } ?? true }

    /// Another cluster may have taken the database over: then everything is loaded anew, and served as it is meanwhile.
    private func heed(_ progress: [Int: SinkProgress]) throws {
        let incarnations = Set(progress.values.map(\.incarnation))
        guard incarnations.count == 1, let found = incarnations.first else {
            throw SourceError.incomplete(
                incarnations.isEmpty
                    ? "no cluster has sent anything to the database yet" : "two clusters have written to the database")
        }
        guard found != incarnation else { return }
        parts.logger.notice(
            "another cluster writes to the database; everything is loaded anew",
            metadata: ["region.cluster": "\(found)", "region.cluster.before": "\(incarnation)"])
        incarnation = found
        reached = [:]
        items = [:]
        catalogVersion = nil
        board.replaced(by: found)
    }

    private func bringForward(_ group: Int, to there: SinkProgress, _ snapshot: SourceSnapshot) throws -> Bool {
        let here = reached[group]
        if let here, there.appliedIndex <= here { return false }
        do {
            if group == SystemShard.group {
                try bringSystemForward(from: here ?? 0, to: there, snapshot)
            } else if let here {
                try bringShardForward(group, from: here, to: there, snapshot)
            } else {
                try loadShard(group, to: there, snapshot)
            }
        } catch let error as SourceError {
            guard case .damaged = error else { throw error }
            throw ShardTrouble(group: group, reason: "\(error)")
        } catch let error as CodecError {
            throw ShardTrouble(group: group, reason: error.message)
        }
        reached[group] = there.appliedIndex
        retries[group] = nil
        return true
    }

    // MARK: Shards

    private func loadShard(_ group: Int, to there: SinkProgress, _ snapshot: SourceSnapshot) throws {
        let host = try host(of: group)
        var state = ShardState(
            copying: ShardState.slots(ofShard: group - 1, of: parts.shards.count), appliedIndex: there.appliedIndex,
            auditSequence: there.auditSequence)
        var rows = 0
        try snapshot.resources(of: group, changedAfter: 0) { row in
            try state.bringForward([Self.checked(row)], gone: [])
            rows += 1
            if rows % Self.rowsPerSlice == 0 { try checkCancelled() }
        }
        board.count { $0.rows += rows }
        let loaded = state
        try host.eventLoop.submit { host.install(loaded) }.wait()
        let progress = board.progress
        parts.logger.info(
            "a shard is loaded",
            metadata: [
                "region.shard": "\(group)", "region.rows": "\(rows)", "region.index": "\(there.appliedIndex)",
                "region.shards.before": "\(progress.loaded) of \(progress.of)",
            ])
    }

    private func bringShardForward(
        _ group: Int, from here: UInt64, to there: SinkProgress, _ snapshot: SourceSnapshot
    ) throws {
        let host = try host(of: group)
        var rows: [(ResourceID, [UInt8])] = []
        var gone: [ResourceID] = []
        func hand(over isLast: Bool) throws {
            guard isLast || rows.count + gone.count >= Self.rowsPerSlice else { return }
            let (changed, removed) = (rows, gone)
            let end = isLast ? there : nil
            let result = try host.eventLoop.submit { () -> Result<Void, CodecError> in
                do throws(CodecError) {
                    return .success(
                        try host.bringForward(
                            changed, gone: removed, to: end.map { ($0.appliedIndex, $0.auditSequence) }))
                } catch { return .failure(error) }
            }.wait()
            try result.get()
            board.count { counts in
                counts.rows += changed.count
                counts.deletions += removed.count
            }
            rows.removeAll(keepingCapacity: true)
            gone.removeAll(keepingCapacity: true)
            try checkCancelled()
        }
        // No resource is in both: one that came back is none that is gone.
        try snapshot.deletions(of: group, changedAfter: here) { id, _ in
            gone.append(id)
            try hand(over: false)
        }
        try snapshot.resources(of: group, changedAfter: here) { row in
            rows.append(try Self.checked(row))
            try hand(over: false)
        }
        try hand(over: true)
    }

    /// What is served is read without another look: it is to be whole.
    private static func checked(_ row: SourceResource) throws -> (ResourceID, [UInt8]) {
        do throws(CodecError) {
            _ = try RecordCodec.decode(row.record, id: row.id)
        } catch {
            throw SourceError.damaged(table: "resources", id: "\(row.id)", reason: error.message)
        }
        return (row.id, row.record)
    }

    private func host(of group: Int) throws -> ShardHost {
        guard let host = parts.shards[group - 1] else { throw NodeError.stopping }
        return host
    }

    private func checkCancelled() throws { if cancellation.isCancelled { throw NodeError.stopping } }

    // MARK: Group 0

    private func bringSystemForward(from here: UInt64, to there: SinkProgress, _ snapshot: SourceSnapshot) throws {
        let facts = try snapshot.facts()
        guard !facts.lacksRecords else {
            throw SourceError.incomplete(
                "rows of the database were not sent again since its schema was older: let the cluster send them first")
        }
        guard facts.shards == parts.shards.count else {
            parts.onFatal(
                NodeFailure(
                    .startAgain,
                    "the database is of a cluster of \(facts.shards) shards now, it was one of \(parts.shards.count)"))
            throw NodeError.stopping
        }
        try snapshot.items(changedAfter: here) { item in
            guard let record = item.record else { return items[item.id] = nil }
            do throws(CodecError) {
                items[item.id] = try SystemItem(decoding: record)
            } catch {
                throw SourceError.damaged(table: "system_items", id: "\(item.id)", reason: error.message)
            }
        }
        let state = SystemState(
            copying: items.values, appliedIndex: there.appliedIndex, auditSequence: there.auditSequence,
            catalogVersion: facts.catalogVersion)
        let isChanged = catalogVersion != facts.catalogVersion
        let system = parts.system
        try system.eventLoop.submit { system.install(state, publishing: isChanged) }.wait()
        catalogVersion = facts.catalogVersion
    }

    // MARK: What is said

    private func worked() {
        delay.succeeded()
        guard board.isLoaded, board.set(.following) else { return }
        parts.logger.notice("the region follows", metadata: ["region.database": "\(board.database)"])
    }

    /// Says so once for each reason.
    private func failed(_ error: any Error) {
        guard !cancellation.isCancelled else { return }
        board.count { $0.errors += 1 }
        guard board.set(.stalled(reason: "\(error)")) else { return }
        parts.logger.error(
            "the region does not follow; what is here is served, and grows old; it is tried again",
            metadata: ["region.database": "\(board.database)", "reason": "\(error)"])
    }

    private func stays(_ trouble: ShardTrouble) {
        retries[trouble.group] = .now() + .milliseconds(Self.damagedMilliseconds)
        board.count { $0.errors += 1 }
        guard board.stays(trouble.group, behind: trouble.reason) else { return }
        parts.logger.error(
            "a shard is not brought forward; what is here of it is served, and grows old",
            metadata: ["region.shard": "\(trouble.group)", "reason": "\(trouble.reason)"])
    }
}
