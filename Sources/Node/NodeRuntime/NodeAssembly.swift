import Checkpoint
import Consensus
import Founding
import LogStorage
import Logging
import Model
import NIOCore
import NIOPosix
import Placement
import Shard
import WriteAheadLog

/// Puts a node together from what was read back: replicas on event loops, and in a cluster what connects them to others.
struct NodeAssembly: Sendable {
    let home: NodeHome
    let founding: ClusterFounding
    let recovered: Recovered
    let options: NodeOptions
    let links: ClusterLinks?
    let logger: Logger
    let now: @Sendable () -> Timestamp
    let onFatal: @Sendable (NodeFailure) -> Void

    private var here: ReplicaID { home.identity.replicaID }

    func start(on eventLoops: [any EventLoop]) async throws -> Node {
        let catalog = Catalog(recovered.system.state)
        let pressure = CheckpointPressure()
        let sinkPart = options.postgres.map {
            LoopHost.Sink(settings: $0, board: SinkBoard(), limits: SinkFeedLimits(groups: founding.shards + 1))
        }
        let loops = eventLoops.map {
            LoopHost(
                eventLoop: $0, catalog: catalog, pressure: pressure, sink: sinkPart, logger: logger, now: now,
                onFatal: onFatal)
        }
        let storage = try startLog(loops)
        for (position, loop) in loops.enumerated() {
            try await loop.eventLoop.submit {
                loop.connect(to: storage, as: here, over: links?.transport(position) ?? NoTransport())
            }.get()
        }
        try await finishSnapshots(storage, loops)
        try await finishRemovals()
        let checkpoint = recovered.checkpoint
        let shards = ShardDirectory(count: founding.shards)
        let snapshots = SnapshotCourier(
            from: here, checkpoint, directory: try SnapshotDirectory(in: options.dataDirectory), logger: logger)
        let system = makeSystem(catalog, loops, snapshots)
        let checkpointer = Checkpointer(
            shards: shards, system: system, checkpoint: checkpoint, log: storage,
            pressure: pressure, ageMax: .milliseconds(options.checkpointIntervalMilliseconds), logger: logger,
            onFatal: onFatal)
        snapshots.use(checkpointer)
        makeShards(shards, loops, snapshots)
        let residence = ShardResidence(
            here: here, loops: loops, shards: shards, checkpoint: checkpoint, limits: options, snapshots: snapshots,
            tombstones: recovered.tombstones, logger: logger)
        let membership = try await links?.join(
            founding, system: system, loops: loops, shards: shards, residence: residence,
            installer: SnapshotInstaller(checkpoint, checkpointer, shards, system, logger: logger, onFatal: onFatal),
            snapshots: snapshots.directory, onFatal: onFatal)
        let sink = sinkPart.map {
            PostgresReplication(
                $0, incarnation: founding.settings.id, shards: shards, system: system, checkpoint: checkpoint,
                checkpointer: checkpointer, logger: logger)
        }
        let node = Node(
            identity: home.identity, options: options, founding: founding, loops: loops, shards: shards, system: system,
            cluster: membership, storage: .init(checkpoint: checkpoint, log: storage, checkpointer: checkpointer),
            sink: sink, lock: home.lock, logger: logger, now: now)
        links?.serveAudit { [weak node] query in
            guard let node else { return .failure(.stopping) }
            do { return .success(try await node.auditHere(query)) } catch {
                return .failure(error as? NodeError ?? .damaged("\(error)"))
            }
        }
        links?.serveHistory { [weak node] query in
            guard let node else { return .failure(.stopping) }
            do { return .success(try await node.historyHere(query)) } catch {
                return .failure(error as? NodeError ?? .damaged("\(error)"))
            }
        }
        links?.serveGraphs { [weak node] request in
            guard let node else { return .failure(.stopping) }
            return await node.answer(request)
        }
        try await run(node)
        return node
    }

    private func startLog(_ loops: [LoopHost]) throws(NodeStartError) -> LogStorage {
        do throws(LogError) {
            return try recovered.log.start(logger: logger, onTrimmed: { bases in loops.forEach { $0.trimmed(bases) } }) {
                onFatal(NodeFailure(.startAgain, "the disk failed under the log: \($0); what it holds is unknown"))
            }
        } catch {
            throw NodeStartError(error)
        }
    }

    private func makeSystem(_ catalog: Catalog, _ loops: [LoopHost], _ snapshots: SnapshotCourier) -> SystemHost {
        let first = founding.founder(here.rawValue) == nil ? nil : founding.firstSystemVoters
        let part = recovered.system
        return SystemHost(
            state: part.state, replica: replica(0, part.start ?? ReplicaStart(newIn: first), on: loops[0]),
            host: loops[0], backlog: part.backlog, catalog: catalog, snapshots: snapshots,
            publish: { catalog in
                for loop in loops { loop.eventLoop.runNowOrSoon { loop.use(catalog) } }
            },
            superseded: { succession in
                for loop in loops { loop.eventLoop.runNowOrSoon { loop.superseded(by: succession.successor) } }
            })
    }

    /// Those that the log knows, and in a new cluster those that its founding puts here.
    private func makeShards(_ shards: ShardDirectory, _ loops: [LoopHost], _ snapshots: SnapshotCourier) {
        let first = founding.firstState.placements
        for (position, part) in recovered.shards.enumerated() {
            let shard = position + 1
            let founders = first[shard]?.replicas.map(ReplicaID.init) ?? []
            let start: ReplicaStart
            if let found = part.start {
                start = found
            } else if founders.contains(here), recovered.tombstones[shard] == nil {
                start = ReplicaStart(newIn: Configuration(voters: founders))
            } else {
                continue
            }
            let loop = loops[LoopHost.position(of: GroupID(shard), among: loops.count)]
            let host = ShardHost(
                number: shard, state: part.state, replica: replica(shard, start, on: loop), host: loop, limits: options,
                backlog: part.backlog, snapshots: snapshots)
            shards.set(host, at: position)
        }
    }

    /// Seeds differ between lives, so that no two replicas stand for election in step.
    private func replica(_ group: Int, _ start: ReplicaStart, on loop: LoopHost) -> RaftReplica {
        RaftReplica(
            group: GroupID(group), id: here, start: start, seed: UInt64.random(in: .min ... .max), at: loop.instant)
    }

    /// The log starts again where snapshots were taken over before a crash.
    private func finishSnapshots(_ storage: LogStorage, _ loops: [LoopHost]) async throws {
        for (group, snapshot) in recovered.restarts {
            let loop = loops[LoopHost.position(of: GroupID(group), among: loops.count)]
            let term = max(recovered.log.hardStates[GroupID(group)]?.term ?? 0, snapshot.point.term)
            let old = recovered.log.hardStates[GroupID(group)]
            let state = old?.term == term ? old : LogHardState(term: term)
            try await loop.restartLog(GroupID(group), at: snapshot.point, state ?? LogHardState(term: term)).get()
        }
    }

    /// What the log has forgotten, the checkpoint forgets too: a crash may have come between.
    private func finishRemovals() async throws {
        let (checkpoint, removed) = (recovered.checkpoint, recovered.tombstones.keys)
        try await NIOThreadPool.singleton.runIfActive {
            let known = try checkpoint.watermarks()
            for shard in removed where known[shard] != nil { try checkpoint.remove(shard: shard) }
        }
    }

    private func run(_ node: Node) async throws {
        let system = node.system
        let loops = node.loops
        try await system.eventLoop.submit { loops[0].adopt(system) }.get()
        for host in node.shards.held {
            let loop = loops[LoopHost.position(of: host.group, among: loops.count)]
            try await loop.eventLoop.submit { loop.adopt(host) }.get()
        }
        node.startBackground()
        do {
            try await node.waitUntilReady()
        } catch {
            await node.stop()
            throw NodeStartError(.unavailable, "the log of \(options.dataDirectory) takes no entries: \(error)")
        }
    }
}
