import NIOCore

/// A response's body between the task that writes it and the connection, which takes bytes as the client reads.
///
/// All state is touched on `eventLoop` only; the reference may travel.
final class OutgoingBody: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let stream: HTTPStreamKey
    private let highWaterBytes: Int

    /// Nil once the stream is over.
    private var connection: (any HTTPServerConnection)?
    private var pieces = CircularBuffer<ByteBuffer>()
    private var writers: [CheckedContinuation<Void, any Error>] = []
    private var failure: HTTPWriteError?

    /// Bytes that the connection has not taken.
    private(set) var waitingBytes = 0
    /// Whether the writer has said that nothing follows.
    private(set) var isEnded = false
    private var isDiscarding = false

    init(connection: any HTTPServerConnection, stream: HTTPStreamKey) {
        eventLoop = connection.eventLoop
        self.connection = connection
        self.stream = stream
        highWaterBytes = connection.limits.writerHighWaterBytes
    }

    // MARK: The writer, on any thread

    /// Queues a piece and returns when there is room for the next one.
    func write(_ piece: ByteBuffer) async throws {
        if eventLoop.inEventLoop, try enqueue(piece) { return }
        let isQueued = eventLoop.inEventLoop
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                eventLoop.runInLoop { self.wait(toWrite: isQueued ? nil : piece, continuation) }
            }
        } onCancel: {
            eventLoop.execute { self.resumeWriters(throwing: nil) }
        }
        try Task.checkCancellation()
    }

    /// Nothing follows.
    func finish() {
        eventLoop.runInLoop {
            self.isEnded = true
            self.connection?.outgoingBodyChanged(self.stream)
        }
    }

    // MARK: The connection, on its loop

    /// Moves up to `count` bytes, in order, to the end of `buffer`; returns how many.
    func take(upTo count: Int, into buffer: inout ByteBuffer) -> Int {
        var taken = 0
        while taken < count, var piece = pieces.first {
            let length = min(count - taken, piece.readableBytes)
            piece.withUnsafeReadableBytes { _ = buffer.writeBytes(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
            taken += length
            if length == piece.readableBytes {
                pieces.removeFirst()
            } else {
                piece.moveReaderIndex(forwardBy: length)
                pieces[pieces.startIndex] = piece
            }
        }
        waitingBytes -= taken
        if waitingBytes <= highWaterBytes / 2 { resumeWriters(throwing: nil) }
        return taken
    }

    /// The stream is over; writers learn it by an error.
    func failed(_ error: HTTPWriteError) {
        guard failure == nil else { return }
        failure = error
        connection = nil
        pieces.removeAll()
        waitingBytes = 0
        resumeWriters(throwing: error)
    }

    /// The last byte was taken.
    func completed() { connection = nil }

    /// The response has no body (its request was HEAD, for instance): what is written goes nowhere.
    func discardEverything() {
        isDiscarding = true
        connection = nil
    }

    // MARK: Private helpers

    /// Returns whether there is room for more.
    private func enqueue(_ piece: ByteBuffer) throws -> Bool {
        if let failure { throw failure }
        guard !isEnded, !isDiscarding, piece.readableBytes > 0 else { return true }
        pieces.append(piece)
        waitingBytes += piece.readableBytes
        connection?.outgoingBodyChanged(stream)
        return waitingBytes <= highWaterBytes
    }

    private func wait(toWrite piece: ByteBuffer?, _ continuation: CheckedContinuation<Void, any Error>) {
        do {
            if let failure { throw failure }
            if let piece { _ = try enqueue(piece) }
        } catch {
            return continuation.resume(throwing: error)
        }
        if waitingBytes <= highWaterBytes {
            continuation.resume()
        } else {
            writers.append(continuation)
        }
    }

    private func resumeWriters(throwing error: (any Error)?) {
        guard !writers.isEmpty else { return }
        let resumed = writers
        writers.removeAll()
        for writer in resumed {
            if let error { writer.resume(throwing: error) } else { writer.resume() }
        }
    }
}
