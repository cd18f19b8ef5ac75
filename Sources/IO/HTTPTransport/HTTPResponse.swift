package import NIOCore

/// A response's status and header fields. `date`, `content-length`, `connection` and
/// `transfer-encoding` are the transport's to set.
package struct HTTPResponseHead: Sendable {
    /// 200 to 599.
    package var status: Int
    package var headers: HTTPFields

    package init(status: Int, headers: HTTPFields = [:]) {
        self.status = status
        self.headers = headers
    }
}

/// A whole answer to one request.
package struct HTTPResponse: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Written piece by piece by a closure, which runs in a task on the connection's event loop. Its return ends the
        /// body; an error it throws breaks the exchange off, so that the client never takes a part for the whole.
        case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
    }

    package var head: HTTPResponseHead
    package var body: Body

    package init(head: HTTPResponseHead, body: Body = .none) {
        self.head = head
        self.body = body
    }

    package init(status: Int, headers: HTTPFields = [:], body: Body = .none) {
        self.init(head: HTTPResponseHead(status: status, headers: headers), body: body)
    }

    package var status: Int {
        get { head.status }
        set { head.status = newValue }
    }

    package var headers: HTTPFields {
        get { head.headers }
        set { head.headers = newValue }
    }

    /// The body in memory; empty when there is none, or when it is written as a stream.
    var wholeBody: ByteBuffer {
        if case .bytes(let body) = body { body } else { ByteBuffer() }
    }

    /// A body held in memory.
    package static func bytes(
        _ status: Int, contentType: String, headers: HTTPFields = [:], _ bytes: some Sequence<UInt8>
    ) -> HTTPResponse {
        var headers = headers
        headers.append("content-type", contentType)
        return HTTPResponse(status: status, headers: headers, body: .bytes(ByteBuffer(bytes: bytes)))
    }

    /// A body of plain text.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        bytes(status, contentType: "text/plain; charset=utf-8", text.utf8)
    }

    /// A body written while it is sent; see ``Body/stream(_:)``.
    package static func stream(
        _ status: Int, contentType: String, headers: HTTPFields = [:],
        _ write: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) -> HTTPResponse {
        var headers = headers
        headers.append("content-type", contentType)
        return HTTPResponse(status: status, headers: headers, body: .stream(write))
    }
}
