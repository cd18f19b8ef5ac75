package import Checkpoint
package import Founding
import Glibc
package import LogStorage
import Logging
package import Model
import NIOCore
import NIOPosix
import Shard
import WriteAheadLog

/// One node: its shards on its event loops, its log, its checkpoint.
///
/// `Node.start` brings back everything that was acknowledged; requests come through the methods in `Node+Requests.swift`.
package final class Node: Sendable {
    package let identity: NodeIdentity
    package let options: NodeOptions
    package let loops: [LoopHost]
    package let shards: ShardDirectory
    let system: SystemHost
    /// Nil where it only keeps a copy of what its region has.
    let storage: Storage?
    let now: @Sendable () -> Timestamp
    package let founding: ClusterFounding
    /// Its place in the cluster; nil where it is alone.
    let cluster: ClusterMembership?
    var peers: Peers? { cluster?.peers }
    /// Brings the copy of what its region has forward; nil where the node is of a cluster.
    private let following: RegionFollowing?
    /// Replicates results to PostgreSQL; nil where they go nowhere.
    let sink: PostgresReplication?
    /// Looks whether another cluster took over; nil where results go nowhere.
    private let successionWatch: SuccessionWatch?
    private let lock: DirectoryLock
    let logger: Logger
    private let scoreKeeper = ScoreKeeper()
    private let retentionKeeper = RetentionKeeper()
    /// Who may read all rows now.
    package let walks: WalkGate
    /// Who may query the graph now.
    package let graphQueries: WalkGate
    let graph: GraphKeepers
    package let preparedQueries: PreparedQueries
    let leaders: LeaderSearch
    let relations: RelationKeeper
    let relationBoard = RelationBoard()
    let graphWriters = GraphWriters()

    package var shardCount: Int { shards.count }

    /// How far this node's region is with what it follows; nil where it follows none.
    package var region: RegionBoard? { following?.board }

    /// What a node has on its disk.
    struct Storage: Sendable {
        let checkpoint: Checkpoint
        let log: LogStorage
        let checkpointer: Checkpointer
    }

    init(
        identity: NodeIdentity, options: NodeOptions, founding: ClusterFounding, loops: [LoopHost], shards: ShardDirectory,
        system: SystemHost, cluster: ClusterMembership? = nil, storage: Storage? = nil, following: RegionFollowing? = nil,
        sink: PostgresReplication? = nil, lock: DirectoryLock, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        self.identity = identity
        self.options = options
        self.founding = founding
        self.loops = loops
        self.shards = shards
        self.system = system
        self.cluster = cluster
        self.storage = storage
        self.following = following
        self.sink = sink
        successionWatch = options.postgres.map(SuccessionWatch.init)
        self.lock = lock
        self.logger = logger
        self.now = now
        walks = WalkGate(options.walks)
        graphQueries = WalkGate(options.graphQueries)
        leaders = LeaderSearch(shards: shards, peers: cluster?.peers)
        let here = identity.replicaID
        let distant = cluster.map { DistantRows(peers: $0.peers, here: here) }
        preparedQueries = PreparedQueries(procedures: options.queries.procedures)
        graph = GraphKeepers(leaders, distant, logger: logger)
        relations = RelationKeeper(leaders, distant, relationBoard, logger: logger)
    }

    /// How the log fares, for measurements. Throws `inPrimaryRegion` where there is none.
    package func logStatus() throws(NodeError) -> LogStatus { try durable().log.status }

    /// Writes are refused, as the disk is full: true from the first one until there is room again.
    package var refusesForSpace: Bool { storage?.log.status.refusesForSpace ?? false }

    /// Reads the certificates between nodes again.
    package func reloadCertificates() async {
        guard let links = cluster?.links else { return }
        try? await NIOThreadPool.singleton.runIfActive { links.reloadCertificates() }
    }

    /// Everything acknowledged before this call can be read from the checkpoint's tables when it returns, as far as it
    /// concerns shards that have a replica here.
    package func flushCheckpoint() async throws {
        for host in shards.held {
            _ = try await ask(.totals, shard: host.number - 1)
        }
        _ = try await catalog()
        try await flushCheckpointHere()
    }

    /// The same for what is applied here.
    func flushCheckpointHere() async throws { try await durable().checkpointer.flush().get() }

    /// Throws where this node only keeps a copy.
    package var checkpoint: Checkpoint {
        get throws(NodeError) { try durable().checkpoint }
    }

    /// Throws where this node only keeps a copy.
    func durable() throws(NodeError) -> Storage {
        guard let storage else { throw .inPrimaryRegion }
        return storage
    }

    func startBackground() {
        cluster?.start()
        if let following { return following.start() }
        Task { [weak self] in if let self { await relations.start(self) } }
        storage?.checkpointer.start()
        scoreKeeper.start(self)
        retentionKeeper.start(self)
        sink?.start()
        successionWatch?.start(self)
    }

    /// Stops in order: no more commands, a last checkpoint, what is under way finishes, the log's mark of an orderly stop.
    ///
    /// Every request that was taken has its answer when this returns. Event loops must still run; they are the caller's to
    /// stop afterwards.
    package func stop() async {
        await successionWatch?.stop()
        await following?.stop()
        await sink?.stop()
        await scoreKeeper.stop()
        await retentionKeeper.stop()
        await relations.stop()
        await graph.stop()
        await handOver()
        await cluster?.leave()
        for host in shards.held { try? await host.eventLoop.submit { host.stop() }.get() }
        try? await system.eventLoop.submit { self.system.stop() }.get()
        do {
            try await storage?.checkpointer.stop().get()
        } catch {
            logger.warning(
                "last checkpoint not written; the log holds everything", metadata: ["checkpoint.error": "\(error)"])
        }
        // The pool lets go of its work a moment after it is done: it must not be what keeps the node.
        try? await NIOThreadPool.singleton.runIfActive { [storage] in storage?.log.close() }
        for loop in loops { try? await loop.eventLoop.submit { loop.logClosed() }.get() }
        await cluster?.links.stop()
        try? await NIOThreadPool.singleton.runIfActive { [storage, lock] in
            storage?.checkpoint.close()
            lock.release()
        }
    }
}

extension Node {
    /// Gives the groups that it leads to others, so that writes go on elsewhere before this node is gone.
    private func handOver() async {
        guard cluster != nil else { return }
        let deadline = NIODeadline.now() + Self.handOverTime
        while NIODeadline.now() < deadline {
            var led = 0
            for loop in loops {
                led += (try? await loop.eventLoop.submit { loop.handOver() }.get()) ?? 0
            }
            guard led > 0 else { return }
            try? await Task.sleep(nanoseconds: 20_000_000)
        }
    }

    /// Longest time for that: a little more than a transfer of leadership takes.
    private static var handOverTime: TimeAmount { .seconds(2) }
}

/// The clock of the real world.
package func wallClock() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
}
