package import NIOCore

/// A request for `HTTPClient`.
package struct HTTPClientRequest: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Pieces that are asked for as the peer takes them. `length` is announced where it is known, and then kept to.
        /// Such a request is sent again only if not one piece was asked for.
        case stream(length: Int?, any AsyncSequence<ByteBuffer, any Error> & Sendable)
    }

    package let origin: HTTPOrigin
    package var method: HTTPMethod
    /// Path and query, percent-encoded.
    package var target: String
    /// `host`, `content-length`, `connection` and `transfer-encoding` are the transport's to set.
    package var headers: HTTPFields
    package var body: Body
    /// When to give up, from the queue to the last byte of the answer; nil for the configuration's `requestMillisecondsMax`.
    package var deadline: NIODeadline?

    /// - Parameter url: absolute, `http` or `https`.
    /// - Throws: `HTTPClientError` with code `invalidURL`.
    package init(
        method: HTTPMethod = .get, url: String, headers: HTTPFields = [:], body: Body = .none, deadline: NIODeadline? = nil
    ) throws {
        let (origin, target) = try HTTPOrigin.parse(url: url)
        self.init(method: method, origin: origin, target: target, headers: headers, body: body, deadline: deadline)
    }

    package init(
        method: HTTPMethod = .get, origin: HTTPOrigin, target: String, headers: HTTPFields = [:], body: Body = .none,
        deadline: NIODeadline? = nil
    ) {
        self.origin = origin
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.deadline = deadline
    }

    /// Whether sending it twice has the effect of sending it once.
    var isIdempotent: Bool { method.isIdempotent || headers.contains("idempotency-key") }

    /// The body's length in bytes; nil when it is not known before its end.
    var contentLength: Int? {
        switch body {
        case .none: 0
        case .bytes(let bytes): bytes.readableBytes
        case .stream(let length, _): length
        }
    }

    var hasBody: Bool {
        if case .none = body { false } else { true }
    }

    /// Whether the length is worth announcing: a body, or a method whose request usually has one (RFC 9110, section 8.6).
    var announcesLength: Bool {
        switch method {
        case .post, .put, .patch: true
        case .get, .head, .delete, .options, .connect, .trace, .other: hasBody
        }
    }
}
