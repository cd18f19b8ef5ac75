import NIOCore

/// The request in progress on an HTTP/1.1 connection, and its response.
struct HTTP1Exchange {
    /// Counts the connection's requests from 1; 0 while none is in progress.
    var id = 0
    var isHead = false
    var isHTTP10 = false
    /// Whether the connection is to stay open after the response.
    var keepsAlive = true

    // The request
    var isRequestEnded = false
    /// The body's length, if it was declared.
    var declaredBytes: Int?
    var isRequestChunked = false
    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue = false
    var incoming: IncomingBody?
    var skippedBytes = 0
    var task: Task<Void, Never>?

    // The response
    var isResponseBegun = false
    var isResponseEnded = false
    /// What is left of a whole body.
    var body = ByteBuffer()
    var outgoing: OutgoingBody?
    var isResponseChunked = false

    var key: HTTPStreamKey { HTTPStreamKey(slot: 0, id: id) }
    var isIdle: Bool { id == 0 }
    var hasRequestBody: Bool { isRequestChunked || (declaredBytes ?? 0) > 0 }

    /// Response bytes that wait to be written.
    var waitingBytes: Int { outgoing?.waitingBytes ?? body.readableBytes }
}
