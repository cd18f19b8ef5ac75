package import NIOCore

/// A request's body, piece by piece, in the order of arrival; for one reader.
///
/// Only what was taken is acknowledged to the sender (HTTP/2 flow control, or TCP's for HTTP/1.1), so a body of any length
/// needs no more memory than the limits' `receiveWindowBytesPerStream`. Iteration throws ``HTTPBodyError``.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    private let source: IncomingBody?
    /// What the request says of its body's length.
    private let declaredBytes: Int?

    init(_ source: IncomingBody?, declaredBytes: Int?) {
        self.source = source
        self.declaredBytes = declaredBytes
    }

    package func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let source: IncomingBody?

        package mutating func next() async throws -> ByteBuffer? {
            try await source?.next()
        }
    }

    /// The whole body in one buffer. Throws `tooLarge` above `limit` bytes: at once when the request declares more, else as soon
    /// as more has come.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        if let declaredBytes, declaredBytes > limit { throw HTTPBodyError.tooLarge(limit: limit) }
        var whole = ByteBuffer()
        for try await var piece in self {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw HTTPBodyError.tooLarge(limit: limit) }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
        }
        return whole
    }
}
