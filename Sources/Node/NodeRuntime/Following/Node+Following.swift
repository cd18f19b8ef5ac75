import Consensus
import Founding
import LogStorage
package import Logging
import Membership
package import Model
package import NIOCore
import NIOPosix
import Placement
import PostgresClient
import PostgresSource
import Shard
import Sink
import WriteAheadLog

extension Node {
    /// A node of a region that follows another one: without log and checkpoint, its shards are copies of what the region's database
    /// has, `options.follows`. Returns once the database could be read; shards are loaded afterwards (`region`).
    ///
    /// Where it was promoted it is the cluster of its region, and writes to that database.
    package static func follow(
        _ options: NodeOptions, on group: any EventLoopGroup, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = wallClock, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) async throws -> Node {
        guard let settings = options.follows else { preconditionFailure("no database to follow is named") }
        let home = try await NIOThreadPool.singleton.runIfActive { try NodeHome(options) }
        do {
            switch try await home.promotion(settings, logger: logger) {
            case .none: break
            case .primary(let former):
                return try await start(
                    in: home, options.promoted(from: former), on: group, logger: logger, now: now, onFatal: onFatal)
            case .late:
                home.lock.release()
                return try await follow(options, on: group, logger: logger, now: now, onFatal: onFatal)
            }
            guard home.record == nil else {
                throw NodeStartError(
                    .configuration,
                    "\(options.dataDirectory) belongs to a node of a cluster; a node that follows needs a directory of its own"
                )
            }
            let found = try await FollowedCluster.find(settings, logger: logger)
            return try await FollowerAssembly(
                home: home, found: found, settings: settings, options: options, logger: logger, now: now, onFatal: onFatal
            ).start(on: Array(group.makeIterator()))
        } catch {
            home.lock.release()
            throw error
        }
    }

    /// The cluster that is followed, as of this node: all its shards are here, and lead nowhere.
    func overview(of region: RegionBoard) async -> ClusterOverview {
        let replicas = await replicas()
        var node = ClusterOverview.Node(
            name: identity.nodeID, region: options.region, zone: options.zone, isEdge: false, state: .active,
            health: "alive",
            peerAddress: "", apiAddress: options.apiAddress?.description ?? "")
        node.replicas = replicas.count
        return ClusterOverview(
            clusterID: region.incarnation, replicationFactor: founding.replicationFactor, nodes: [node],
            shards: replicas.map { replica in
                ClusterOverview.Shard(
                    number: replica.number, slots: replica.slots, leader: nil, replicas: [identity.nodeID], learners: [],
                    wanted: [], term: 0, appliedIndex: replica.appliedIndex, resources: replica.resources, lag: 0, sink: nil)
            })
    }

    /// What a following region is counted by; nothing elsewhere.
    package var regionMetrics: [ClusterMetrics.Family] {
        typealias Family = ClusterMetrics.Family
        guard let region else { return [] }
        let counts = region.counts
        let shards = (0...shardCount).compactMap { group in region.shard(group).map { (group, $0) } }
        func perShard(_ value: (RegionBoard.Shard) -> Double) -> [(labels: [(String, String)], value: Double)] {
            shards.map { ([("shard", "\($0.0)")], value($0.1)) }
        }
        func counter(_ name: String, _ help: String, _ value: Int) -> Family {
            Family(name: name, kind: "counter", help: help, samples: [([], Double(value))])
        }
        return [
            Family(
                name: "vtag_follow_up", kind: "gauge", help: "1 while the region's database can be read and followed",
                samples: [([], region.condition == .following ? 1 : 0)]),
            Family(
                name: "vtag_follow_loaded", kind: "gauge", help: "1 once all shards are here",
                samples: [([], region.isLoaded ? 1 : 0)]),
            Family(
                name: "vtag_follow_lag_seconds", kind: "gauge", help: "How old what is here of a shard may be",
                samples: perShard { Double($0.stalenessMilliseconds) / 1000 }),
            Family(
                name: "vtag_follow_as_of_index", kind: "counter", help: "Index of the last entry of a shard that is here",
                samples: perShard { Double($0.asOfIndex) }),
            Family(
                name: "vtag_follow_stopped", kind: "gauge", help: "1 for a shard whose rows in the database cannot be read",
                samples: region.troubles.keys.sorted().map { ([("shard", "\($0)")], 1) }),
            counter("vtag_follow_turns_total", "Looks at the database", counts.turns),
            counter("vtag_follow_rows_total", "Rows that were taken from it", counts.rows),
            counter("vtag_follow_deletions_total", "Rows that were deleted as it says", counts.deletions),
            counter("vtag_follow_connections_total", "Connections that were made", counts.connections),
            counter("vtag_follow_errors_total", "Looks that came to nothing", counts.errors),
        ]
    }
}

/// What is to be known of the followed cluster before there can be a node.
struct FollowedCluster: Sendable {
    let incarnation: UUID128
    let shards: Int

    /// Waits for a database that has it.
    static func find(_ settings: PostgresSettings, logger: Logger) async throws -> FollowedCluster {
        var delay = ReconnectDelay()
        var said: String?
        while true {
            try Task.checkCancellation()
            do {
                return try await NIOThreadPool.singleton.runIfActive { try FollowedCluster(readingFrom: settings) }
            } catch let error where !(error is CancellationError) {
                if said != "\(error)" {
                    logger.warning(
                        "waiting for the database of the region",
                        metadata: ["region.database": "\(settings)", "reason": "\(error)"])
                }
                said = "\(error)"
                try await Task.sleep(for: .milliseconds(delay.failed(random: .random(in: 0..<1))))
            }
        }
    }

    private init(readingFrom settings: PostgresSettings) throws {
        let source = try PostgresSource(settings)
        defer { source.close() }
        (incarnation, shards) = try source.reading { snapshot in
            let facts = try snapshot.facts()
            guard let cluster = try snapshot.progress()[SystemShard.group]?.incarnation,
                (1...NodeOptions.shardsMax).contains(facts.shards)
            else { throw SourceError.incomplete("no cluster has sent anything to the database yet") }
            return (cluster, facts.shards)
        }
    }
}

/// Puts a node together that follows another region.
private struct FollowerAssembly: Sendable {
    let home: NodeHome
    let found: FollowedCluster
    let settings: PostgresSettings
    let options: NodeOptions
    let logger: Logger
    let now: @Sendable () -> Timestamp
    let onFatal: @Sendable (NodeFailure) -> Void

    func start(on eventLoops: [any EventLoop]) async throws -> Node {
        let catalog = Catalog(SystemState())
        let pressure = CheckpointPressure()
        let loops = eventLoops.map {
            LoopHost(eventLoop: $0, catalog: catalog, pressure: pressure, logger: logger, now: now, onFatal: onFatal)
        }
        let system = SystemHost(
            state: SystemState(), replica: stillReplica(0, on: loops[0]), host: loops[0],
            backlog: SystemBacklog(GroupPosition(.none), state: SystemState()), catalog: catalog, snapshots: NoSnapshots(),
            isCopy: true,
            publish: { catalog in
                for loop in loops { loop.eventLoop.runNowOrSoon { loop.use(catalog) } }
            }, superseded: { _ in })
        let shards = ShardDirectory(count: found.shards)
        for position in 0..<found.shards {
            let group = GroupID(position + 1)
            let loop = loops[LoopHost.position(of: group, among: loops.count)]
            let host = ShardHost(
                number: position + 1,
                state: ShardState(
                    copying: ShardState.slots(ofShard: position, of: found.shards), appliedIndex: 0, auditSequence: 0),
                replica: stillReplica(position + 1, on: loop), host: loop, limits: options,
                backlog: CheckpointBacklog(GroupPosition(.none)), snapshots: NoSnapshots(), isCopy: true)
            shards.set(host, at: position)
            try await loop.eventLoop.submit { loop.adopt(copy: host) }.get()
        }
        try await loops[0].eventLoop.submit { loops[0].adopt(copy: system) }.get()
        let board = RegionBoard(
            database: "\(settings)", incarnation: found.incarnation, groups: found.shards + 1, now: now)
        let following = RegionFollowing(
            RegionFollower.Parts(
                settings: settings, board: board, shards: shards, system: system, logger: logger, onFatal: onFatal))
        let node = Node(
            identity: home.identity, options: options, founding: founding, loops: loops, shards: shards, system: system,
            following: following, lock: home.lock, logger: logger, now: now)
        node.startBackground()
        return node
    }

    /// One that takes part in nothing, as nobody starts it.
    private func stillReplica(_ group: Int, on loop: LoopHost) -> RaftReplica {
        RaftReplica(
            group: GroupID(group), id: home.identity.replicaID, start: ReplicaStart(newIn: nil), seed: 0, at: loop.instant)
    }

    /// Of the cluster that is followed no more is known, and no more asked.
    private var founding: ClusterFounding {
        ClusterFounding(
            cluster: ClusterID(high: found.incarnation.high, low: found.incarnation.low),
            founders: [options.info(home.identity)], shards: found.shards, replicationFactor: 1)
    }
}

extension CursorKey {
    /// The same on all nodes that follow a cluster, which have no secret in common: cursors are proof there against slips, not against
    /// somebody who makes them up, and positions are checked like any input.
    init(of cluster: UUID128) {
        var generator = Mixer(state: cluster.high ^ StableHash.mix(cluster.low))
        self.init(drawnFrom: &generator)
    }

    private struct Mixer: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            return StableHash.mix(state)
        }
    }
}
