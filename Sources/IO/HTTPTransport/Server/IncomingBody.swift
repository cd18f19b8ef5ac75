import NIOCore

/// A request's body between the connection, which puts bytes in, and its one reader.
///
/// All state is touched on `eventLoop` only; the reference may travel. The connection keeps the sum of what lies here bounded:
/// it gives the sender credit for what the reader took, no more.
final class IncomingBody: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let stream: HTTPStreamKey
    private let bytesMax: Int

    /// Nil once nothing can be asked of the connection any more.
    private var connection: (any HTTPServerConnection)?
    private var reader = Reader.none
    private var unread = ByteBuffer()
    private var receivedBytes = 0
    private var withheldBytes = 0
    private var end: Result<Void, HTTPBodyError>?
    private var isCancelled = false

    /// When a byte last came, or the reader began to wait: the start of the progress timeout.
    private var lastProgress: NIODeadline
    /// Since when the reader has waited at every tick, and what came since.
    private var awaitedSince: NIODeadline
    private var awaitedBytes = 0

    private enum Reader {
        case none
        case collector(limit: Int, (Result<ByteBuffer, HTTPBodyError>) -> Void)
        /// An iterator; waiting when there is a continuation.
        case iterator(CheckedContinuation<ByteBuffer?, any Error>?)
    }

    init(connection: any HTTPServerConnection, stream: HTTPStreamKey, bytesMax: Int, now: NIODeadline) {
        self.eventLoop = connection.eventLoop
        self.connection = connection
        self.stream = stream
        self.bytesMax = bytesMax
        lastProgress = now
        awaitedSince = now
    }

    // MARK: Events of the connection

    /// Takes bytes that arrived. For those that nobody will read there is no credit before the exchange is over, so that a
    /// client cannot go on sending them for ever.
    func received(_ bytes: UnsafeRawBufferPointer, now: NIODeadline) {
        lastProgress = now
        awaitedBytes += bytes.count
        guard end == nil, !isCancelled else {
            withheldBytes += bytes.count
            return
        }
        receivedBytes += bytes.count
        var limit = bytesMax
        if case .collector(let wanted, _) = reader { limit = min(limit, wanted) }
        guard receivedBytes <= limit else {
            withheldBytes += bytes.count
            return failed(.tooLarge(limit: limit))
        }
        switch reader {
        case .none, .iterator(nil):
            unread.writeBytes(bytes)
        case .collector:
            unread.writeBytes(bytes)
            credit(bytes.count)
        case .iterator(let waiting?):
            reader = .iterator(nil)
            credit(bytes.count)
            waiting.resume(returning: ByteBuffer(bytes: bytes))
        }
    }

    /// The body is whole.
    func ended() { finish(.success(())) }

    /// The body will never be whole.
    func failed(_ error: HTTPBodyError) { finish(.failure(error)) }

    /// Time has passed: gives up a body that stands still, or trickles, while somebody waits for it.
    func tick(now: NIODeadline, limits: HTTPLimits) {
        guard isAwaited else {
            awaitedSince = now
            awaitedBytes = 0
            return
        }
        if now - lastProgress > limits.progressTimeout { return failed(.timedOut) }
        guard now - awaitedSince > limits.progressTimeout else { return }
        if awaitedBytes < limits.progressBytesMin { return failed(.timedOut) }
        awaitedSince = now
        awaitedBytes = 0
    }

    /// The exchange is over: what nobody took is credited, and a reader of a body that is not whole learns it.
    func streamEnded() {
        credit(unreadBytes)
        withheldBytes = 0
        connection = nil
        failed(.disconnected)
    }

    // MARK: Queries of the connection

    /// Bytes that arrived and for which the sender was given no credit.
    var unreadBytes: Int {
        if case .collector = reader { withheldBytes } else { withheldBytes + unread.readableBytes }
    }
    var isEnded: Bool { end != nil }

    /// Whether somebody waits for the next byte, so that a silent client holds him up.
    private var isAwaited: Bool {
        guard end == nil else { return false }
        return switch reader {
        case .none, .iterator(nil): false
        case .collector, .iterator(.some): true
        }
    }

    // MARK: The readers

    /// Gathers the body; see ``HTTPExchange/collectBody(upTo:_:)``.
    func collect(upTo limit: Int, declared: Int?, _ completion: @escaping (Result<ByteBuffer, HTTPBodyError>) -> Void) {
        guard case .none = reader else { return completion(.failure(.alreadyTaken)) }
        let limit = min(limit, bytesMax)
        if let declared, declared > limit { failed(.tooLarge(limit: limit)) }
        if case .failure(let error) = end { return completion(.failure(error)) }
        guard unread.readableBytes <= limit else {
            failed(.tooLarge(limit: limit))
            return completion(.failure(.tooLarge(limit: limit)))
        }
        reader = .collector(limit: limit, completion)
        credit(unread.readableBytes)
        if end != nil {
            completeCollection()
        } else {
            beginWaiting()
        }
    }

    /// The next piece, or nil at the end. May be called on any thread.
    func next() async throws -> ByteBuffer? {
        if eventLoop.inEventLoop, let ready = takeReady() { return try ready.get() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                eventLoop.runInLoop { self.wait(continuation) }
            }
        } onCancel: {
            eventLoop.execute { self.cancelled() }
        }
    }

    // MARK: Private helpers

    private func wait(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        if let ready = takeReady() { return continuation.resume(with: ready) }
        switch reader {
        case .none, .iterator(nil):
            reader = .iterator(continuation)
            beginWaiting()
        case .collector, .iterator(.some):
            continuation.resume(throwing: HTTPBodyError.alreadyTaken)
        }
    }

    /// What can be had without waiting; nil when nothing can.
    private func takeReady() -> Result<ByteBuffer?, any Error>? {
        if case .collector = reader { return .failure(HTTPBodyError.alreadyTaken) }
        if isCancelled { return .failure(CancellationError()) }
        if case .failure(let error) = end { return .failure(error) }
        if unread.readableBytes > 0 {
            let piece = unread
            unread = ByteBuffer()
            credit(piece.readableBytes)
            return .success(piece)
        }
        return end == nil ? nil : .success(nil)
    }

    /// A reader that gave up once does not come back; what follows is thrown away.
    private func cancelled() {
        isCancelled = true
        withheldBytes += unread.readableBytes
        unread = ByteBuffer()
        if case .iterator(let waiting?) = reader {
            reader = .iterator(nil)
            waiting.resume(throwing: CancellationError())
        }
    }

    private func finish(_ result: Result<Void, HTTPBodyError>) {
        guard end == nil else { return }
        end = result
        if case .failure = result {
            if case .collector = reader {} else { withheldBytes += unread.readableBytes }
            unread = ByteBuffer()
        }
        switch reader {
        case .none, .iterator(nil): break
        case .collector: completeCollection()
        case .iterator(let waiting?):
            reader = .iterator(nil)
            waiting.resume(with: result.map { nil }.mapError { $0 })
        }
    }

    private func completeCollection() {
        guard case .collector(_, let completion) = reader, let end else { return }
        let whole = unread
        unread = ByteBuffer()
        reader = .iterator(nil)
        completion(end.map { whole })
    }

    private func beginWaiting() {
        guard let connection else { return }
        lastProgress = connection.now
        connection.bodyWanted(stream)
    }

    private func credit(_ count: Int) {
        if count > 0 { connection?.bodyConsumed(stream, bytes: count) }
    }
}
