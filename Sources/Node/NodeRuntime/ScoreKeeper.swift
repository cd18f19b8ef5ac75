import Logging
import Model
import NIOConcurrencyHelpers
import NIOCore
import Shard

/// Keeps the compliance score of each day in group 0, while its leader is here. Nobody waits for it: a look that fails is
/// made again after the interval.
final class ScoreKeeper: Sendable {
    private let task = NIOLockedValueBox<Task<Void, Never>?>(nil)

    /// The first look comes sooner, for a node that does not run long.
    private static let firstLookMilliseconds: Int64 = 10_000

    func start(_ node: Node) {
        let interval = node.options.scoreIntervalMilliseconds
        let first = min(interval, Self.firstLookMilliseconds)
        let loop = Task { [weak node] in
            var pause = first
            while (try? await Task.sleep(for: .milliseconds(pause))) != nil, let node {
                await node.keepScore()
                pause = interval
            }
        }
        task.withLockedValue { $0 = loop }
    }

    func stop() async {
        let loop = task.withLockedValue { task in
            defer { task = nil }
            return task
        }
        loop?.cancel()
        await loop?.value
    }
}

extension Node {
    /// Takes down the score as it is now, if this node leads group 0.
    package func keepScore() async {
        let system = self.system
        guard (try? await system.eventLoop.submit({ system.driver.isLeader }).get()) == true else { return }
        do {
            let day = try await scoreNow(in: Walk(walks))
            _ = try await submit(.keep(.score(day)), by: WriteContext(actor: "system"))
        } catch {
            logger.debug("the compliance score is not taken down", metadata: ["reason": "\(error)"])
        }
    }
}
