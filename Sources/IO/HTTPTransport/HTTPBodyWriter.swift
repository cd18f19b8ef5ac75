package import NIOCore

/// Writes a response's body piece by piece; see ``HTTPResponse/Body/stream(_:)``.
package struct HTTPBodyWriter: Sendable {
    private let body: OutgoingBody

    init(_ body: OutgoingBody) { self.body = body }

    /// Sends `piece`, and suspends while more than the limits' `writerHighWaterBytes` wait for a client that does not read.
    ///
    /// Pieces of a few kilobytes serve best. Throws ``HTTPWriteError`` when the client has gone, `CancellationError` when the
    /// task was cancelled.
    package func write(_ piece: ByteBuffer) async throws {
        try await body.write(piece)
    }
}
