import Checkpoint
import Consensus
import Founding
import HTTPTransport
import Logging
import Membership
import Model
import NIOConcurrencyHelpers
import NIOCore
import PeerTransport
import Shard

/// What connects a node to the others: its listener, its connections, and who answers on them.
final class ClusterLinks: Sendable {
    private let home: NodeHome
    private let options: NodeOptions
    private let peer: NodeOptions.Peer
    private let eventLoops: [any EventLoop]
    private let settings: PeerSettings
    private let directory = PeerDirectory()
    private let dispatch: PeerDispatch
    private let listener: PeerListener
    private let pools: [NIOLoopBound<PeerPool>]
    private let foundingHost: FoundingHost
    private let logger: Logger

    /// Begins to listen.
    init(
        _ home: NodeHome, _ options: NodeOptions, _ peer: NodeOptions.Peer, listener: HTTPListener,
        on group: any EventLoopGroup, _ eventLoops: [any EventLoop], logger: Logger
    ) async throws {
        self.home = home
        self.options = options
        self.peer = peer
        self.eventLoops = eventLoops
        self.logger = logger
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let tls = try Self.certificates(peer, home)
        let settings = PeerSettings(
            tls: tls, cluster: PeerCluster(home.record?.cluster), metrics: peer.metrics, logger: quiet)
        self.settings = settings
        dispatch = PeerDispatch()
        do {
            self.listener = try await PeerListener.start(
                on: group, listener: listener, settings: settings, service: dispatch)
        } catch let error as PeerError {
            throw NodeStartError(.configuration, error.message)
        }
        var pools: [NIOLoopBound<PeerPool>] = []
        for loop in eventLoops {
            pools.append(
                try await loop.submit { NIOLoopBound(PeerPool(on: loop, settings: settings), eventLoop: loop) }.get())
        }
        self.pools = pools
        let info = options.info(home.identity)
        let terms = peer.bootstrapExpect.map {
            FoundingTerms(
                founders: $0, shards: options.shards, replicationFactor: options.replicationFactor,
                isRestored: options.restore != nil)
        }
        let core = Founding(
            me: info, terms: peer.isEdge ? nil : terms, joins: peer.joins, pledge: home.pledge, record: home.record,
            seed: UInt64.random(in: .min ... .max))
        foundingHost = FoundingHost(
            core, on: eventLoops[0], transport: PoolGossip(pools[0], isSecure: peer.tls != nil),
            store: DirectoryFoundingStore(directory: home.directory), logger: logger)
        let foundingHost = foundingHost
        dispatch.change { $0.founding = foundingHost }
    }

    private static func certificates(_ peer: NodeOptions.Peer, _ home: NodeHome) throws(NodeStartError) -> PeerTLS? {
        guard let files = peer.tls else { return nil }
        guard let name = PeerName(home.identity.nodeID) else {
            throw NodeStartError(.configuration, "\(home.identity.nodeID) is no name that a certificate can bear")
        }
        do throws(TLSError) {
            return try PeerTLS(files: files, name: name)
        } catch {
            throw NodeStartError(.configuration, "\(error)")
        }
    }

    /// Takes new certificates from the files, if they are usable; else the old ones stay. Blocks.
    func reloadCertificates() {
        guard let tls = settings.tls else { return }
        do throws(TLSError) {
            try tls.reload()
            logger.notice("certificates between nodes read again")
        } catch {
            logger.error("certificates between nodes not usable; the old ones stay", metadata: ["error": "\(error)"])
        }
    }

    /// What is counted of requests between nodes.
    var metrics: PeerMetrics { settings.metrics }
    var foundingStatistics: FoundingStatistics { foundingHost.statistics }

    /// Waits until there is a cluster that this node belongs to.
    func findCluster() async throws -> ClusterFounding {
        let founding: ClusterFounding
        let outcome = try await withTaskCancellationHandler {
            try await foundingHost.start().get()
        } onCancel: {
            foundingHost.stop()
        }
        switch outcome {
        case .founded(let record), .resumed(let record): founding = record
        case .joined(let record, let peers):
            founding = record
            joinedThrough.withLockedValue { $0 = peers }
        }
        settings.cluster.joined(founding.cluster)
        directory.founded(founding)
        return founding
    }

    private let joinedThrough = NIOLockedValueBox<[PeerAddress]>([])

    func transport(_ position: Int) -> any ReplicaTransport { PoolTransport(pools[position].value, directory) }

    /// Takes part: answers the others, gossips, and keeps the cluster as it should be.
    func join(
        _ founding: ClusterFounding, system: SystemHost, loops: [LoopHost], shards: ShardDirectory,
        residence: ShardResidence, installer: SnapshotInstaller, snapshots: SnapshotDirectory,
        onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) async throws -> ClusterMembership {
        let here = home.identity.replicaID
        var receptions: [NIOLoopBound<SnapshotReception>] = []
        for loop in loops {
            receptions.append(
                try await loop.eventLoop.submit {
                    let reception = SnapshotReception(on: loop, directory: snapshots) { offer, file in
                        installer.install(offer, file, on: loop)
                    }
                    return NIOLoopBound(reception, eventLoop: loop.eventLoop)
                }.get())
        }
        let replicas = PeerDispatch.Replicas(
            here: here, loops: loops, shards: shards, system: system, directory: directory, receptions: receptions)
        let seeds = peer.joins + joinedThrough.withLockedValue { $0 } + founding.founders.map(\.peer)
        let description = MemberDescription(
            options.info(home.identity), isEdge: peer.isEdge,
            startedAtMilliseconds: UInt64(max(0, wallClock().milliseconds)))
        let gossip = GossipHost(
            GossipSettings(
                id: home.identity.memberID, generation: home.generation, cluster: founding.cluster,
                description: description, seeds: seeds, seed: UInt64.random(in: .min ... .max)),
            in: home.directory, on: eventLoops[0], transport: PoolGossip(pools[0], isSecure: peer.tls != nil),
            observer: GossipObserver(
                viewChanged: { [directory] in directory.heard($0) }, failed: { onFatal(NodeFailure(.notAMember, $0)) }),
            logger: logger)
        dispatch.change { parts in
            parts.gossip = gossip
            parts.replicas = replicas
        }
        let peers = Peers(loops)
        let host = ClusterHost(
            founding: founding, here: here, system: system, loops: loops, residence: residence, directory: directory,
            peers: peers, gossip: gossip, foundingHost: foundingHost, logger: logger)
        return ClusterMembership(host: host, peers: peers, gossip: gossip, links: self)
    }

    /// From now on others may ask for parts of the audit history.
    func serveAudit(_ audit: @escaping @Sendable (AuditQuery) async -> Result<AuditAnswer, NodeError>) {
        dispatch.change { $0.audit = audit }
    }

    /// From now on others may ask about histories.
    func serveHistory(_ history: @escaping @Sendable (HistoryQuery) async -> Result<HistoryAnswer, NodeError>) {
        dispatch.change { $0.history = history }
    }

    /// From now on others may send queries of named graphs.
    func serveGraphs(
        _ graphs: @escaping @Sendable (NamedGraphRequest) async -> Result<NamedGraphOutcome, NodeError>
    ) {
        dispatch.change { $0.graphs = graphs }
    }

    /// Answers nobody any more and closes all connections.
    func stop() async {
        dispatch.change { $0 = PeerDispatch.Parts() }
        foundingHost.stop()
        await listener.close(gracefullyWithin: .seconds(1))
        for pool in pools {
            try? await pool.eventLoop.submit { pool.value.shutDown() }.get()
        }
    }
}

/// A node's place in its cluster while it runs.
struct ClusterMembership: Sendable {
    let host: ClusterHost
    let peers: Peers
    let gossip: GossipHost
    let links: ClusterLinks

    func start() {
        gossip.start()
        host.start()
    }

    /// Says goodbye, so that the others need not find out.
    func leave() async {
        host.stop()
        try? await gossip.leave().get()
        gossip.stop()
    }
}
