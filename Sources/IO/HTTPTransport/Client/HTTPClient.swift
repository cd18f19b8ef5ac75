package import Logging
package import NIOCore
import Synchronization

/// An HTTP client with a pool of connections per origin. Any thread may use it.
///
/// Requests of one origin share one event loop. A request that fails is sent again, within its deadline, if the peer has
/// certainly not processed it, or if it is idempotent (by its method or an `Idempotency-Key`); never after a piece of a
/// streamed body was taken.
package final class HTTPClient: Sendable {
    private struct State {
        var pools: [HTTPOrigin: ConnectionPool] = [:]
        var isShutDown = false
    }

    private let group: any EventLoopGroup
    private let configuration: HTTPClientConfiguration
    private let logger: Logger
    private let retries: HTTPClientRetryPolicy
    private let state = Mutex(State())

    package init(
        group: any EventLoopGroup, configuration: HTTPClientConfiguration = HTTPClientConfiguration(),
        logger: Logger = Logger(label: "vtag.http.client")
    ) {
        self.group = group
        self.configuration = configuration
        self.logger = logger
        retries = HTTPClientRetryPolicy(
            attemptsMax: configuration.attemptsMax, delayMilliseconds: configuration.retryDelayMilliseconds,
            delayMillisecondsMax: configuration.retryDelayMillisecondsMax)
    }

    /// Sends a request; returns when the answer's head has come. Cancelling the task resets the stream.
    ///
    /// - Throws: `HTTPClientError`, or `CancellationError`. An answer of any status is an answer.
    package func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let deadline = request.deadline ?? .now() + .milliseconds(configuration.requestMillisecondsMax)
        var random = SystemRandomNumberGenerator()
        var attempts = 0
        while true {
            try Task.checkCancellation()
            let pool = try pool(for: request.origin)
            let exchange = HTTPClientExchange(request, deadline: deadline, on: pool.eventLoop, configuration: configuration)
            do {
                return try await exchange.head { pool.submit($0) }
            } catch let error as HTTPClientError {
                attempts += 1
                let remaining = (deadline - .now()).nanoseconds / 1_000_000
                let delay = retries.delay(
                    after: error, attempts: attempts, isIdempotent: request.isIdempotent, bodyIsUsed: exchange.isBodyUsed,
                    remainingMilliseconds: remaining, random: &random)
                guard let delay else { throw error }
                logger.debug(
                    "request is sent again",
                    metadata: [
                        "http.peer": "\(request.origin.address)", "http.attempt": "\(attempts + 1)", "reason": "\(error)",
                    ])
                try await Task.sleep(for: .milliseconds(delay))
            }
        }
    }

    /// Closes all connections; requests that run or wait fail with `shutDown`, later ones too.
    package func shutDown() async {
        let pools = state.withLock { state in
            state.isShutDown = true
            defer { state.pools = [:] }
            return Array(state.pools.values)
        }
        for pool in pools { try? await pool.shutDown().get() }
    }

    private func pool(for origin: HTTPOrigin) throws(HTTPClientError) -> ConnectionPool {
        let pool = state.withLock { state -> ConnectionPool? in
            if state.isShutDown { return nil }
            if let pool = state.pools[origin] { return pool }
            let pool = ConnectionPool(origin: origin, eventLoop: group.next(), configuration: configuration, logger: logger)
            state.pools[origin] = pool
            return pool
        }
        guard let pool else { throw .shutDown(origin) }
        return pool
    }
}
