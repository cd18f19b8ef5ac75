import Checkpoint
import Consensus
import Dispatch
import Founding
import Logging
import Model
import Placement
import PostgresClient
import PostgresSource
import Shard
import Sink
import Synchronization

/// Makes the checkpoint of a founder from what another cluster left in PostgreSQL. Every founder makes the same.
///
/// First the database is taken over, so that the other cluster writes there no more: from then on it holds still. Then a few
/// connections read it shard by shard. The logs of the new cluster begin where the old ones' progress ended, so that its own sink
/// goes on from there. Its functions block.
struct DatabaseRestore: Sendable {
    let database: PostgresSettings
    /// The cluster to take over from, where no other will do.
    let former: UUID128?
    let founding: ClusterFounding
    let here: ReplicaID
    let directory: String
    let logger: Logger
    let cancellation: PostgresCancellation

    /// Connections that read side by side.
    private static let readersMax = 2

    func run() throws {
        let source = try PostgresSource(database, cancellation)
        let begun = try source.takeOver(as: founding.settings.id, from: former)
        logger.notice(
            "the database was taken over from its former cluster, which writes there no more",
            metadata: ["postgres.database": "\(database)", "cluster.id": "\(founding.settings.id)"])
        let facts = try source.reading { try $0.facts() }
        guard begun.count == founding.shards + 1, facts.shards == founding.shards else {
            throw SourceError.damaged(
                table: "takeovers", id: "\(founding.settings.id)", reason: "the cluster has \(founding.shards) shards")
        }
        guard try source.reading({ try $0.isStill(begun) }) else { return try leaveToLeaders() }
        let shards = held
        let audit = ([SystemShard.group] + shards).reduce(0) { $0 + Int(clamping: begun[$1]?.auditSequence ?? 0) }
        let progress = RestoreProgress(
            resources: try source.reading { try $0.resourceCount() } * shards.count / founding.shards, auditEntries: audit,
            logger: logger)
        let builder = try CheckpointBuilder(path: "\(directory)/checkpoint.sqlite")
        guard let system = begun[SystemShard.group] else { preconditionFailure("a takeover without the system shard") }
        try source.reading { snapshot in
            try restoreSystem(snapshot, system, facts, into: builder, progress)
        }
        source.close()
        try restore(shards, begun, into: builder, progress)
        try builder.finish()
        progress.finish()
    }

    /// Shards of which this node gets a replica.
    private var held: [Int] {
        founding.firstState.placements.values.filter { $0.replicas.contains(here.rawValue) }.map(\.shard).sorted()
    }

    /// Other founders were faster: the cluster lives, and the database has gone on with it. This node's replicas begin empty, as after
    /// the loss of a disk, and their leaders send them what there is. Alone there is nobody who could.
    private func leaveToLeaders() throws {
        guard founding.founders.count > 1 else {
            throw SourceError.takenOver(
                "the database has gone on since this cluster took it over: start with an empty data directory to restore from it"
            )
        }
        logger.notice("the cluster lives already: this node gets its shards from the others")
    }

    // MARK: Shards

    private func restore(
        _ shards: [Int], _ begun: [Int: SinkProgress], into builder: CheckpointBuilder, _ progress: RestoreProgress
    ) throws {
        let waiting = Mutex(shards[...])
        let readers = ConcurrentSlots<Result<Void, any Error>>(count: min(Self.readersMax, shards.count))
        readers.fill { _ in
            Result {
                let source = try PostgresSource(database, cancellation)
                try source.reading { snapshot in
                    guard try snapshot.isStill(begun) else { throw Self.moved }
                    while let shard = waiting.withLock({ $0.popFirst() }) {
                        guard let start = begun[shard] else { preconditionFailure("a takeover without shard \(shard)") }
                        do { try restore(shard, start, snapshot, into: builder, progress) } catch {
                            // The other reader need not go on.
                            waiting.withLock { $0 = [] }
                            throw error
                        }
                    }
                }
                source.close()
            }
        }
        for result in readers.values { try result.get() }
    }

    private static let moved = SourceError.takenOver(
        "the database has changed since it was taken over: start again")

    private func restore(
        _ shard: Int, _ start: SinkProgress, _ snapshot: SourceSnapshot, into builder: CheckpointBuilder,
        _ progress: RestoreProgress
    ) throws {
        let voters = founding.firstState.placements[shard]?.replicas.map(ReplicaID.init) ?? []
        var draft = try draft(of: shard, start, Configuration(voters: voters), into: builder)
        try audit(of: shard, start, snapshot, &draft, progress)
        let ids = ShardState.slots(ofShard: shard - 1, of: founding.shards).ids
        try snapshot.resources(of: shard, changedAfter: 0) { resource in
            guard ids.contains(resource.id.uuid) else {
                throw SourceError.damaged(table: "resources", id: "\(resource.id)", reason: "it is in another shard")
            }
            do { try draft.put(resource.id, resource.record) } catch let error as CodecError {
                throw SourceError.damaged(table: "resources", id: "\(resource.id)", reason: error.message)
            }
            progress.restoredResource()
        }
        try snapshot.deletions(of: shard, changedAfter: 0) { id, index in try draft.delete(id, changedIndex: index) }
        try draft.finish()
    }

    private func draft(
        of shard: Int, _ start: SinkProgress, _ configuration: Configuration, into builder: CheckpointBuilder
    ) throws -> CheckpointDraft {
        let watermark = Watermark(term: start.term, appliedIndex: start.appliedIndex, auditSequence: start.auditSequence)
        return try CheckpointDraft(shard: shard, watermark, configuration: configuration.encoded, into: builder)
    }

    private func audit(
        of shard: Int, _ start: SinkProgress, _ snapshot: SourceSnapshot, _ draft: inout CheckpointDraft,
        _ progress: RestoreProgress
    ) throws {
        var last: UInt64 = 0
        try snapshot.audit(of: shard, after: 0) { entry in
            guard entry.sequence > last, entry.sequence <= start.auditSequence else {
                throw SourceError.damaged(
                    table: "tag_audit", id: "\(entry.sequence) of shard \(shard)",
                    reason: "it follows \(last), and the shard ends at \(start.auditSequence)")
            }
            last = entry.sequence
            try draft.append(entry)
            progress.restoredEntry()
        }
    }

    // MARK: The system shard

    private func restoreSystem(
        _ snapshot: SourceSnapshot, _ start: SinkProgress, _ facts: SourceFacts, into builder: CheckpointBuilder,
        _ progress: RestoreProgress
    ) throws {
        var draft = try draft(of: SystemShard.group, start, founding.firstSystemVoters, into: builder)
        try audit(of: SystemShard.group, start, snapshot, &draft, progress)
        try snapshot.items(changedAfter: 0) { stored in
            guard let record = stored.record else { return }
            let item: SystemItem
            do throws(CodecError) { item = try SystemItem(decoding: record) } catch {
                throw SourceError.damaged(table: "system_items", id: "\(stored.id)", reason: error.message)
            }
            guard item.id == stored.id else {
                throw SourceError.damaged(table: "system_items", id: "\(stored.id)", reason: "its record is of \(item.id)")
            }
            switch item {
            case .cluster:
                throw SourceError.damaged(
                    table: "system_items", id: "\(stored.id)", reason: "a part of another cluster")
            // The database has entries too that clean-ups removed: the new cluster's first one is to see to them.
            case .governance(.cleaning): break
            case .governance, .catalog, .plan: try draft.put(item.checkpointItem, changedIndex: stored.changedIndex)
            }
        }
        // Rows may have been judged under rules that did not arrive: under a new version all of them are judged again.
        try draft.set(StateKey.catalogVersion, StateKey.encode(facts.catalogVersion + 1))
        try draft.finish()
    }
}
