package import NIOCore

/// An answer: its head, and a body that is fetched as it is read.
package struct HTTPClientResponse: Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let version: HTTPVersion
    package let body: HTTPClientBody
}

/// An answer's body, piece by piece, for one reader.
///
/// The peer may send as much as the reader took, plus a window, so a body of any length needs little memory. Letting go of
/// the body, or cancelling the task that reads it, resets the stream. Iteration throws `HTTPClientError` or
/// `CancellationError`.
package struct HTTPClientBody: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    private let handle: Handle

    init(_ exchange: HTTPClientExchange) { handle = Handle(exchange) }

    package func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    /// The whole body in one buffer. Throws `responseBodyTooLarge` above `limit` bytes.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        for try await var piece in self {
            guard whole.readableBytes + piece.readableBytes <= limit else {
                handle.exchange.abandon()
                throw HTTPClientError(
                    .responseBodyTooLarge,
                    "the answer of \(handle.exchange.request.origin.address) is longer than \(limit) bytes")
            }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
        }
        return whole
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        package mutating func next() async throws -> ByteBuffer? { try await handle.exchange.next() }
    }

    /// Notices when nobody can read the body any more.
    fileprivate final class Handle: Sendable {
        let exchange: HTTPClientExchange

        init(_ exchange: HTTPClientExchange) { self.exchange = exchange }

        deinit { exchange.abandon() }
    }
}
