package import NIOCore

/// Names one stream of a connection: the slot that holds its state, and an id that is never used twice, so that a late caller
/// cannot reach the slot's next tenant.
struct HTTPStreamKey: Sendable, Equatable {
    var slot: Int
    var id: Int
}

/// What is known of a connection before its first request.
package struct HTTPConnectionInformation: Sendable {
    package var remoteAddress: SocketAddress?
    package var isTLS: Bool
    /// DNS names and URIs of the client's verified certificate; empty without one.
    package var peerSubjectAltNames: [String]
    /// What the service said of the connection when it admitted it.
    var context: (any AnyObject & Sendable)?
}

/// A response's head as connections take it: the frequent fields apart, so that none of them needs an allocation. Not copyable,
/// so that none is copied by accident on the way.
struct HTTPResponseParts: ~Copyable {
    var status: Int
    var contentType: StaticString?
    var entityTag: String?
    var headers: HTTPFields

    init(status: Int, contentType: StaticString?, entityTag: String?, headers: HTTPFields) {
        precondition((200...599).contains(status), "A final response has a status of 200 to 599, not \(status)")
        self.status = status
        self.contentType = contentType
        self.entityTag = entityTag
        self.headers = headers
    }

    init(_ head: HTTPResponseHead) {
        self.init(status: head.status, contentType: nil, entityTag: nil, headers: head.headers)
    }

    /// Whether a field, named in lower case, is the transport's to set: Date, and what describes the connection or the framing.
    static func isTransportField(_ name: UnsafeRawBufferPointer) -> Bool {
        for field in transportFields where field.utf8CodeUnitCount == name.count {
            if name.elementsEqual(UnsafeRawBufferPointer(start: field.utf8Start, count: name.count)) { return true }
        }
        return false
    }

    private static let transportFields: [StaticString] = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "date",
    ]
}

/// What exchanges, bodies and writers ask of their connection, whichever protocol it speaks.
///
/// Every call is made on `eventLoop`. A call for a stream that is over has no effect.
protocol HTTPServerConnection: AnyObject {
    var loop: HTTPServerLoop { get }
    var eventLoop: any EventLoop { get }
    var executor: EventLoopExecutor { get }
    var information: HTTPConnectionInformation { get }
    var limits: HTTPLimits { get }
    /// The time of the last tick: coarse, and free to read.
    var now: NIODeadline { get }

    // MARK: Whole responses

    /// An empty buffer for a body, with storage that was used before.
    func takeBodyBuffer(for stream: HTTPStreamKey) -> ByteBuffer
    func respond(to stream: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: ByteBuffer)

    // MARK: Responses in pieces

    func beginResponse(to stream: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: OutgoingBody)
    /// The writer has more bytes, or has ended.
    func outgoingBodyChanged(_ stream: HTTPStreamKey)

    // MARK: Requests

    /// The request's body; nil when it has none.
    func incomingBody(of stream: HTTPStreamKey) -> IncomingBody?
    /// Somebody waits for the body's first bytes: a client that expects `100 Continue` is told to go on.
    func bodyWanted(_ stream: HTTPStreamKey)
    /// So many bytes were taken and may be sent anew.
    func bodyConsumed(_ stream: HTTPStreamKey, bytes: Int)
    /// A task works on the answer; it is to be cancelled when the stream ends.
    func adopt(_ task: Task<Void, Never>, for stream: HTTPStreamKey)
    /// An adopted task has returned.
    func taskEnded()
    /// The exchange was released without an answer, or its task threw: `refusal` if the response has not begun, else the stream is
    /// broken off, so that the client sees that the response is not whole.
    func exchangeFailed(_ stream: HTTPStreamKey, _ refusal: HTTPRefusal)
}

extension HTTPServerConnection {
    /// Answers in the service's stead, in the service's form.
    func refuse(_ stream: HTTPStreamKey, _ refusal: HTTPRefusal) {
        let answer = loop.refuse(refusal)
        respond(
            to: stream, HTTPResponseParts(HTTPResponseHead(status: refusal.status, headers: answer.headers)),
            body: answer.wholeBody)
    }
}
