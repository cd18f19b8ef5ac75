import NIOCore

/// One slot of a connection's streams: the state of a request in progress, used again for later ones.
///
/// The connection keeps each slot at an address of its own, for as long as it lives: reference counting on every touch of a
/// stream took a tenth of the time of small requests.
struct HTTP2Stream {
    /// The stream's identifier; 0 while the slot is free.
    private(set) var id: Int32 = 0
    let slot: Int

    // The request
    private(set) var isHead = false
    var isRequestEnded = false
    /// The client waits for `100 Continue` before it sends the body.
    var expectsContinue = false
    var incoming: IncomingBody?
    var task: Task<Void, Never>?

    // The response
    var isResponseBegun = false
    /// Its last frame was handed to the session.
    var isResponseEnded = false
    /// The server itself broke the stream off; not the peer's fault.
    var isResetHere = false
    /// nghttp2 asked for data when there was none, and waits to be told of more.
    var isDeferred = false
    /// A whole body, from its reader index on.
    var body = ByteBuffer()
    /// Whether the body's storage came from the loop's spare ones, and goes back there.
    var hasSpareStorage = false
    var outgoing: OutgoingBody?
    /// When the peer last took bytes of the response, or bytes began to wait.
    var lastProgress = NIODeadline.uptimeNanoseconds(0)

    init(slot: Int) { self.slot = slot }

    var key: HTTPStreamKey { HTTPStreamKey(slot: slot, id: Int(id)) }
    var isFree: Bool { id == 0 }

    /// Response bytes that wait to be framed.
    var waitingBytes: Int { outgoing?.waitingBytes ?? body.readableBytes }

    mutating func begin(id: Int32, isHead: Bool, isRequestEnded: Bool) {
        self.id = id
        self.isHead = isHead
        self.isRequestEnded = isRequestEnded
    }

    /// Frees the slot. Returns the body, which the caller may use again.
    mutating func end() -> ByteBuffer {
        id = 0
        expectsContinue = false
        isResponseBegun = false
        isResponseEnded = false
        isResetHere = false
        isDeferred = false
        task = nil
        incoming = nil
        outgoing = nil
        hasSpareStorage = false
        var left = ByteBuffer()
        swap(&left, &body)
        return left
    }
}
