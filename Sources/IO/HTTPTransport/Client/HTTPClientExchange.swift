import NIOCore

/// One attempt of one request: stands between the caller's task and the connection.
///
/// All state is touched on `eventLoop` only; the reference may travel. Ends exactly once, by the answer's last byte or by a
/// failure, and then tells whoever carries it.
final class HTTPClientExchange: @unchecked Sendable {
    let eventLoop: any EventLoop
    let request: HTTPClientRequest
    let deadline: NIODeadline
    private let configuration: HTTPClientConfiguration

    private enum Phase {
        /// In the pool's queue; the closure takes it out of there.
        case waiting(leave: () -> Void)
        case running(any HTTPClientConnection)
        case ended
    }

    private var phase: Phase?
    private var timer: Scheduled<Void>?
    private var headWaiter: CheckedContinuation<HTTPClientResponse, any Error>?
    private var failure: (any Error)?

    // The answer's body
    private var unread = ByteBuffer()
    private var receivedBytes = 0
    private var reader: CheckedContinuation<ByteBuffer?, any Error>?
    private var isAnswerWhole = false

    // The request's body
    private var pieces = CircularBuffer<ByteBuffer>()
    private var writer: CheckedContinuation<Void, any Error>?
    private var uploadTask: Task<Void, Never>?
    private var uploadedBytes = 0
    private var waitingBytes = 0
    private(set) var isUploadEnded = false
    /// Whether a piece of a streamed body was asked for.
    private(set) var isBodyUsed = false
    /// The HTTP/2 stream that carries the exchange; 0 while none does.
    var streamID: Int32 = 0

    init(
        _ request: HTTPClientRequest, deadline: NIODeadline, on eventLoop: any EventLoop,
        configuration: HTTPClientConfiguration
    ) {
        self.request = request
        self.deadline = deadline
        self.eventLoop = eventLoop
        self.configuration = configuration
    }

    // MARK: The caller's task

    /// Hands the exchange to `submit` on the event loop and waits for the answer's head.
    func head(submit: @escaping @Sendable (HTTPClientExchange) -> Void) async throws -> HTTPClientResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                eventLoop.runInLoop {
                    if let failure = self.failure { return continuation.resume(throwing: failure) }
                    self.headWaiter = continuation
                    self.startTimer()
                    submit(self)
                }
            }
        } onCancel: {
            eventLoop.execute { self.fail(CancellationError()) }
        }
    }

    /// The next piece of the answer's body, or nil at its end.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                eventLoop.runInLoop { self.read(continuation) }
            }
        } onCancel: {
            eventLoop.execute { self.fail(CancellationError()) }
        }
    }

    /// Nobody wants the answer any more.
    func abandon() {
        eventLoop.execute { self.fail(CancellationError()) }
    }

    // MARK: The pool and the connection, on the loop

    /// The pool has no connection yet.
    func queued(leave: @escaping () -> Void) { phase = .waiting(leave: leave) }

    /// The connection sends the request now.
    func started(on connection: any HTTPClientConnection) {
        phase = .running(connection)
        switch request.body {
        case .none:
            isUploadEnded = true
        case .bytes(let bytes):
            if bytes.readableBytes > 0 { pieces.append(bytes) }
            waitingBytes = bytes.readableBytes
            isUploadEnded = true
        case .stream(_, let body):
            isBodyUsed = true
            startUpload(body)
        }
    }

    var hasEnded: Bool { if case .ended = phase { true } else { failure != nil } }

    func received(status: Int, headers: HTTPFields, version: HTTPVersion) {
        guard let waiter = headWaiter else { return }
        headWaiter = nil
        waiter.resume(
            returning: HTTPClientResponse(status: status, headers: headers, version: version, body: HTTPClientBody(self)))
    }

    /// Takes a piece of the answer's body; credit goes to the connection when the reader takes it.
    func received(_ bytes: ByteBuffer) {
        guard failure == nil, !isAnswerWhole else { return }
        receivedBytes += bytes.readableBytes
        guard receivedBytes <= configuration.responseBodyBytesMax else {
            consumed(bytes.readableBytes)
            return fail(
                HTTPClientError(
                    .responseBodyTooLarge,
                    "the answer of \(request.origin.address) is longer than \(configuration.responseBodyBytesMax) bytes"))
        }
        if let reader {
            self.reader = nil
            consumed(bytes.readableBytes)
            reader.resume(returning: bytes)
        } else if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.writeImmutableBuffer(bytes)
        }
    }

    var unreadBytes: Int { unread.readableBytes }

    /// The answer is whole. What lies unread can still be read; it is less than a window, and its credit is given now.
    func completed() {
        guard failure == nil, !isAnswerWhole else { return }
        isAnswerWhole = true
        consumed(unread.readableBytes)
        stop()
        if unread.readableBytes == 0, let reader {
            self.reader = nil
            reader.resume(returning: nil)
        }
    }

    /// The answer will never be whole.
    func fail(_ error: any Error) {
        guard failure == nil, !isAnswerWhole else { return }
        failure = error
        let before = phase
        consumed(unread.readableBytes)
        stop()
        unread = ByteBuffer()
        headWaiter?.resume(throwing: error)
        headWaiter = nil
        reader?.resume(throwing: error)
        reader = nil
        switch before {
        case .waiting(let leave): leave()
        case .running(let connection): connection.exchangeFailed(self)
        case nil, .ended: break
        }
    }

    // MARK: The request's body, for the connection

    /// Takes the next bytes of the request's body, at most `count`; empty when none are there now.
    func takeUpload(upTo count: Int) -> ByteBuffer {
        guard var piece = pieces.first, count > 0 else { return ByteBuffer() }
        let taken: ByteBuffer
        if piece.readableBytes > count {
            guard let slice = piece.readSlice(length: count) else { return ByteBuffer() }
            taken = slice
            pieces[pieces.startIndex] = piece
        } else {
            taken = piece
            pieces.removeFirst()
        }
        waitingBytes -= taken.readableBytes
        if waitingBytes <= configuration.sendBufferBytesMax / 2, let writer {
            self.writer = nil
            writer.resume()
        }
        return taken
    }

    /// Whether everything that will come has been taken.
    var isUploadTaken: Bool { isUploadEnded && pieces.isEmpty }

    // MARK: Private helpers

    private func startTimer() {
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.fail(
                HTTPClientError(
                    .deadlineExceeded, "\(self.request.origin.address) had not answered when the request's deadline passed"))
        }
    }

    /// Lets go of everything that keeps the exchange busy.
    private func stop() {
        phase = .ended
        timer?.cancel()
        timer = nil
        uploadTask?.cancel()
        uploadTask = nil
        pieces.removeAll()
        writer?.resume(throwing: CancellationError())
        writer = nil
    }

    private func read(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        if unread.readableBytes > 0 {
            let piece = unread
            unread = ByteBuffer()
            consumed(piece.readableBytes)
            return continuation.resume(returning: piece)
        }
        if let failure { return continuation.resume(throwing: failure) }
        if isAnswerWhole { return continuation.resume(returning: nil) }
        guard reader == nil else {
            return continuation.resume(
                throwing: HTTPClientError(
                    .bodyAlreadyTaken, "the answer of \(request.origin.address) is being read by another task"))
        }
        reader = continuation
    }

    private func consumed(_ count: Int) {
        if count > 0, case .running(let connection) = phase { connection.consumed(self, bytes: count) }
    }
}

// MARK: - Uploading a stream

extension HTTPClientExchange {
    private func startUpload(_ body: any AsyncSequence<ByteBuffer, any Error> & Sendable) {
        uploadTask = Task {
            do {
                for try await piece in body { try await self.write(piece) }
                self.eventLoop.execute { self.uploadEnded() }
            } catch {
                self.eventLoop.execute { self.uploadFailed(error) }
            }
        }
    }

    /// Queues a piece and waits until there is room for another.
    private func write(_ piece: ByteBuffer) async throws {
        try await withCheckedThrowingContinuation { continuation in
            eventLoop.execute { self.enqueue(piece, continuation) }
        }
    }

    private func enqueue(_ piece: ByteBuffer, _ continuation: CheckedContinuation<Void, any Error>) {
        guard case .running(let connection) = phase else { return continuation.resume(throwing: CancellationError()) }
        guard piece.readableBytes > 0 else { return continuation.resume() }
        uploadedBytes += piece.readableBytes
        if let length = request.contentLength, uploadedBytes > length {
            continuation.resume(throwing: CancellationError())
            return failUpload("it is longer than the \(length) bytes that were announced")
        }
        pieces.append(piece)
        waitingBytes += piece.readableBytes
        if waitingBytes > configuration.sendBufferBytesMax { writer = continuation } else { continuation.resume() }
        connection.uploadChanged(self)
    }

    private func uploadEnded() {
        guard case .running(let connection) = phase else { return }
        if let length = request.contentLength, uploadedBytes < length {
            return failUpload("it ended after \(uploadedBytes) of the \(length) bytes that were announced")
        }
        isUploadEnded = true
        connection.uploadChanged(self)
    }

    private func uploadFailed(_ error: any Error) {
        guard case .running = phase, !isUploadEnded else { return }
        failUpload("it threw an error", cause: "\(error)")
    }

    private func failUpload(_ why: String, cause: String = "") {
        fail(
            HTTPClientError(
                .requestBodyFailed, "the body of a request to \(request.origin.address) failed: \(why)", cause: cause))
    }
}
