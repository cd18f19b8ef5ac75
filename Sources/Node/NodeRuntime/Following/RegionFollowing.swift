import Logging
import NIOCore
import NIOPosix
import PostgresClient

/// The follower as long as the node runs, on a thread of its own.
final class RegionFollowing: Sendable {
    let board: RegionBoard
    private let parts: RegionFollower.Parts
    private let cancellation = PostgresCancellation()
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let ended: EventLoopPromise<Void>

    /// How long a node that stops waits for what is under way, which can then only be that a connection is being made.
    private static let stopTime = TimeAmount.seconds(1)

    init(_ parts: RegionFollower.Parts) {
        self.parts = parts
        board = parts.board
        ended = parts.system.eventLoop.makePromise(of: Void.self)
    }

    func start() {
        thread.start()
        let (parts, cancellation, ended) = (parts, cancellation, ended)
        thread.submit { state in
            if case .active = state { RegionFollower(parts, cancellation).run() }
            ended.succeed(())
        }
    }

    func stop() async {
        cancellation.cancel()
        let loop = ended.futureResult.eventLoop
        let late = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: Self.stopTime) { late.succeed(()) }
        ended.futureResult.whenComplete { _ in
            timer.cancel()
            late.succeed(())
        }
        try? await late.futureResult.get()
        thread.shutdownGracefully { _ in }
    }
}
