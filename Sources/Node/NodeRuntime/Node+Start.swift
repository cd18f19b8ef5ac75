import Checkpoint
import Consensus
import Founding
package import HTTPTransport
import LogStorage
package import Logging
import Membership
package import Model
package import NIOCore
import NIOPosix
import PeerTransport
import Placement
import PostgresClient
import Shard
import WriteAheadLog

extension Node {
    /// Takes the data directory, finds or founds the cluster, reads checkpoint and log, and takes part in its groups.
    /// Returns when the node may serve: in a cluster, once a majority is there.
    ///
    /// - Parameters:
    ///   - peerListener: where other nodes reach this one; needed where `options.peer` is set.
    ///   - onFatal: called when this node must not go on, for instance as the disk failed under the log: the process must
    ///     end.
    package static func start(
        _ options: NodeOptions, on group: any EventLoopGroup, peerListener: HTTPListener? = nil, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = wallClock, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) async throws -> Node {
        let home = try await NIOThreadPool.singleton.runIfActive { try NodeHome(options) }
        return try await start(
            in: home, options, on: group, peerListener: peerListener, logger: logger, now: now, onFatal: onFatal)
    }

    /// The same in a data directory that is taken already.
    static func start(
        in home: NodeHome, _ options: NodeOptions, on group: any EventLoopGroup, peerListener: HTTPListener? = nil,
        logger: Logger, now: @escaping @Sendable () -> Timestamp, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) async throws -> Node {
        let eventLoops = Array(group.makeIterator())
        let given = options
        let options = try await NIOThreadPool.singleton.runIfActive { try home.prepareRestore(given) }
        let links: ClusterLinks?
        let founding: ClusterFounding
        if let peer = options.peer, let peerListener {
            let made = try await ClusterLinks(
                home, options, peer, listener: peerListener, on: group, eventLoops, logger: logger)
            do {
                founding = try await made.findCluster()
            } catch {
                await made.stop()
                throw error
            }
            links = made
        } else {
            guard (home.record?.founders.count ?? 1) == 1 else {
                throw NodeStartError(
                    .configuration,
                    "\(options.dataDirectory) belongs to a cluster of several nodes; start it with --peer and --join")
            }
            founding = try await NIOThreadPool.singleton.runIfActive { try home.foundAlone(options) }
            links = nil
        }
        do {
            try await restore(home, founding, options, logger: logger)
            let recovered = try await NIOThreadPool.singleton.runIfActive {
                try Recovered(home, options, founding, logger: logger)
            }
            let assembly = NodeAssembly(
                home: home, founding: founding, recovered: recovered, options: options, links: links, logger: logger,
                now: now, onFatal: onFatal)
            return try await assembly.start(on: eventLoops)
        } catch {
            await links?.stop()
            throw error
        }
    }
}

extension Node {
    /// Nothing where the node is not to be made from a database.
    private static func restore(
        _ home: NodeHome, _ founding: ClusterFounding, _ options: NodeOptions, logger: Logger
    ) async throws {
        let cancellation = PostgresCancellation()
        try await withTaskCancellationHandler {
            try await NIOThreadPool.singleton.runIfActive {
                try home.finishRestore(founding, options) { database in
                    try DatabaseRestore(
                        database: database, former: options.restoreFrom, founding: founding, here: home.identity.replicaID,
                        directory: home.directory,
                        logger: logger, cancellation: cancellation
                    ).run()
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Returns once the catalogue and every replica here can be read: each has a leader that a majority follows; and there is a
    /// key for cursors.
    func waitUntilReady() async throws {
        let system = self.system
        try await settled(0) { completion in
            system.eventLoop.runNowOrSoon { system.confirmRead(completion) }
        }
        for host in shards.held {
            try await settled(host.number) { completion in
                host.eventLoop.runNowOrSoon {
                    // Of one that stands still the others are asked.
                    if host.driver.isStill { completion(.success(())) } else { host.confirmRead(completion) }
                }
            }
        }
        _ = try await cursorKey()
    }

    /// The secret under which all nodes of the cluster seal cursors. The first of them that starts makes it; of two that do so at
    /// once one is heeded.
    package func cursorKey() async throws -> [UInt8] {
        if let region { return CursorKey(of: region.incarnation).bytes }
        while true {
            let system = self.system
            let key = try await system.eventLoop.submit { system.shard.state.cluster.cursorKey }.get()
            if let key { return key.bytes }
            var generator = SystemRandomNumberGenerator()
            do throws(NodeError) {
                _ = try await submit(
                    .setCursorKey(CursorKey(drawnFrom: &generator)), by: WriteContext(actor: "system"))
            } catch {
                guard error == .unavailable || error.mayTryAgain(isRepeatable: true) else { throw error }
                logger.notice("waiting for the leader of the system shard", metadata: ["reason": "\(error)"])
                try await Task.sleep(nanoseconds: 100_000_000)
            }
        }
    }

    /// Tries until the group has a leader: in a cluster that starts, that is when a majority of its nodes is up.
    private func settled(
        _ group: Int, _ confirm: @Sendable (@escaping @Sendable (Result<Void, NodeError>) -> Void) -> Void
    ) async throws {
        let started = NIODeadline.now()
        var nextWord = started + .seconds(5)
        while true {
            let result: Result<Void, NodeError> = await withCheckedContinuation { continuation in
                confirm { continuation.resume(returning: $0) }
            }
            switch result {
            case .success: return
            case .failure(.notLeader): break
            case .failure(let error): throw error
            }
            if NIODeadline.now() > nextWord {
                nextWord = nextWord + .seconds(5)
                logger.notice("waiting for a majority of the replicas", metadata: ["raft.group": "\(group)"])
            }
            try await Task.sleep(nanoseconds: 2_000_000)
        }
    }
}
