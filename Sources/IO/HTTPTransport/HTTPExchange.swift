package import NIOCore

/// One request and the answer to it.
///
/// Confined to the connection's event loop: keep it there, or carry it in a `NIOLoopBound`. The answer may be given before,
/// while or after the body arrives, once; what is called after the answer, or after the client went away, has no effect.
package final class HTTPExchange {
    /// The connection's event loop; everything here happens on it.
    package var eventLoop: any EventLoop { connection.eventLoop }
    // Read by services, written between requests: never both at once, so the check at run time would only cost.
    @exclusivity(unchecked) package internal(set) var head: HTTPRequestHead
    /// The client's address; nil for a socket without one.
    package var remoteAddress: SocketAddress? { connection.information.remoteAddress }
    package var isTLS: Bool { connection.information.isTLS }
    /// DNS names and URIs of the client's verified certificate; empty without one.
    package var peerCertificateSubjectAltNames: [String] { connection.information.peerSubjectAltNames }
    /// What the service gave the connection when it admitted it.
    package var connectionContext: (any AnyObject & Sendable)? { connection.information.context }
    /// Whether the response was handed over, or nobody is left to take one.
    package private(set) var isAnswered = false

    let connection: any HTTPServerConnection
    private(set) var stream: HTTPStreamKey

    init(connection: any HTTPServerConnection) {
        self.connection = connection
        head = HTTPRequestHead()
        stream = HTTPStreamKey(slot: 0, id: 0)
        isAnswered = true
    }

    deinit {
        guard !isAnswered else { return }
        // Whoever carried the exchange to another thread may also release it there.
        HTTPExchangeTask(connection: connection, stream: stream).fail()
    }

    /// Begins another exchange; the head has been filled by the connection.
    func begin(_ stream: HTTPStreamKey) {
        self.stream = stream
        isAnswered = false
    }

    /// Nobody holds the exchange any more: without an answer by now there will be none.
    func endUnanswered() {
        guard !isAnswered else { return }
        isAnswered = true
        connection.exchangeFailed(stream, .unanswered)
    }

    // MARK: Answering at once

    /// Answers with `response`.
    package func respond(_ response: HTTPResponse) {
        guard takeAnswer() else { return }
        switch response.body {
        case .none:
            connection.respond(to: stream, HTTPResponseParts(response.head), body: ByteBuffer())
        case .bytes(let body):
            connection.respond(to: stream, HTTPResponseParts(response.head), body: body)
        case .stream(let write):
            let head = response.head
            startTask { task in
                try await task.stream(head, write)
            }
        }
    }

    /// Answers without a body.
    package func respond(status: Int, headers: HTTPFields = [:]) {
        guard takeAnswer() else { return }
        connection.respond(
            to: stream, HTTPResponseParts(HTTPResponseHead(status: status, headers: headers)), body: ByteBuffer())
    }

    /// Answers with a body that is serialised already; `body` is not copied until it is framed.
    ///
    /// - Parameter entityTag: the ETag field's value, quotes included.
    package func respond(
        status: Int = 200, contentType: StaticString, entityTag: String? = nil, headers: HTTPFields = [:], body: ByteBuffer
    ) {
        guard takeAnswer() else { return }
        connection.respond(
            to: stream,
            HTTPResponseParts(status: status, contentType: contentType, entityTag: entityTag, headers: headers), body: body)
    }

    /// Answers with a body that `write` appends to a buffer of the connection, which is used again and again: the fastest way.
    @inlinable
    package func respond(
        status: Int = 200, contentType: StaticString, entityTag: String? = nil, headers: HTTPFields = [:],
        writing write: (inout ByteBuffer) -> Void
    ) {
        guard takeAnswer() else { return }
        var body = connection.takeBodyBuffer(for: stream)
        write(&body)
        connection.respond(
            to: stream,
            HTTPResponseParts(status: status, contentType: contentType, entityTag: entityTag, headers: headers), body: body)
    }

    // MARK: The request's body

    /// Gathers the whole body and calls `completion` with it on the event loop, at once if it is there already.
    ///
    /// - Parameter limit: longest accepted body in bytes; a longer one gives `tooLarge`.
    package func collectBody(upTo limit: Int, _ completion: @escaping (Result<ByteBuffer, HTTPBodyError>) -> Void) {
        guard let body = connection.incomingBody(of: stream) else { return completion(.success(ByteBuffer())) }
        body.collect(upTo: limit, declared: head.contentLength, completion)
    }

    // MARK: The asynchronous door

    /// Answers with what `operation` returns. It runs in a task on the connection's event loop, which is cancelled when the
    /// client goes away. An error it throws is answered with 500, without details; of ``HTTPBodyError``, `tooLarge` gives 413 and
    /// `timedOut` 408.
    package func run(_ operation: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse) {
        guard takeAnswer() else { return }
        let incoming = connection.incomingBody(of: stream)
        let body = HTTPBody(incoming, declaredBytes: incoming == nil ? nil : head.contentLength)
        let request = HTTPRequest(
            head: head, body: body, remoteAddress: remoteAddress, isTLS: isTLS,
            peerCertificateSubjectAltNames: peerCertificateSubjectAltNames)
        startTask { task in
            try await task.answer(try await operation(request))
        }
    }

    private func takeAnswer() -> Bool {
        assert(connection.eventLoop.inEventLoop, "An exchange was used outside of its event loop")
        if isAnswered { return false }
        isAnswered = true
        return true
    }

    private func startTask(_ operation: @escaping @Sendable (HTTPExchangeTask) async throws -> Void) {
        let task = HTTPExchangeTask(connection: connection, stream: stream)
        connection.adopt(task.start(operation), for: stream)
    }
}
