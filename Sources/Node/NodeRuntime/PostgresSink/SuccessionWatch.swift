import Logging
import Model
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
package import Placement
import PostgresClient
import PostgresSource
import Shard

/// Looks, on the leader of group 0, whether another cluster took over the results: on every server that the connection string names,
/// as the one that results go to may be the old primary that came back.
///
/// What it finds becomes an entry of group 0, and from then on no node of this cluster takes changes.
final class SuccessionWatch: Sendable {
    private let settings: PostgresSettings
    private let cancellation = PostgresCancellation()
    /// Its looks block.
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let task = NIOLockedValueBox<Task<Void, Never>?>(nil)

    /// Between two looks.
    private static let interval = Duration.seconds(2)

    init(_ settings: PostgresSettings) {
        var settings = settings
        settings.statementTimeoutMilliseconds = 5_000
        self.settings = settings
    }

    func start(_ node: Node) {
        thread.start()
        let loop = Task { [weak node, self] in
            repeat {
                guard let node else { return }
                if let succession = await look(for: node) { await node.heed(succession) }
            } while (try? await Task.sleep(for: Self.interval)) != nil
        }
        task.withLockedValue { $0 = loop }
    }

    func stop() async {
        cancellation.cancel()
        let loop = task.withLockedValue { task in
            defer { task = nil }
            return task
        }
        loop?.cancel()
        await loop?.value
        try? await thread.shutdownGracefully()
    }

    private func look(for node: Node) async -> Succession? {
        guard await node.leadsUnsuperseded() else { return nil }
        let (settings, cancellation, incarnation) = (settings, cancellation, node.founding.settings.id)
        return try? await thread.runIfActive {
            for server in settings.eachHost {
                // One that is away, or has no such table, says nothing; the sink says what is wrong with its own.
                if let found = try? SuccessionLookup.successor(of: incarnation, at: server, cancellation) { return found }
            }
            return nil
        }
    }
}

extension Node {
    /// What this node knows of a cluster that took this one's place.
    package func succession() async -> Succession? {
        try? await system.eventLoop.submit { [system] in system.shard.state.cluster.succession }.get()
    }

    fileprivate func leadsUnsuperseded() async -> Bool {
        let leads = try? await system.eventLoop.submit { [system] in
            system.driver.isLeader && system.shard.state.cluster.succession == nil
        }.get()
        return leads == true
    }

    fileprivate func heed(_ succession: Succession) async {
        logger.critical(
            "another cluster took this one's place: no changes are taken any more",
            metadata: [
                "successor": "\(succession.successor)", "since": "\(succession.at)",
                "way.out": "send changes to the region that was promoted; see what it lacks with vtag region unsent",
            ])
        do throws(NodeError) {
            _ = try await submit(.supersede(succession), by: WriteContext(actor: "system"))
        } catch {
            // Looked at again, by this leader or the next.
            logger.warning("that is not written down yet", metadata: ["reason": "\(error)"])
        }
    }
}
