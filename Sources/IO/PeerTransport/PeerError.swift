/// Why a request to another node got no answer: a code to decide by, whether it may have been carried out, and a sentence that
/// names the peer.
package struct PeerError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Too many requests, or bytes, are on their way to that peer already.
        case overloaded
        /// The last dial failed a moment ago, and it is not time for the next.
        case backingOff = "backing_off"
        /// No connection came about: no route, nobody listens, no TLS in time.
        case unreachable
        /// The peer's certificate is not trusted or names another node, or the peer does not trust ours.
        case untrusted
        /// Clear text goes over loopback only.
        case clearText = "clear_text"
        /// The peer's transport refused the request: see `refusal`.
        case refused
        case timedOut = "timed_out"
        case connectionLost = "connection_lost"
        case answerTooLarge = "answer_too_large"
        /// The pool is shut down, or the peer was closed.
        case closed
    }

    /// What may have happened to the request.
    package enum Fate: Sendable {
        /// Nobody has seen it: it may be sent again, here or elsewhere.
        case notSent
        /// It may have been carried out.
        case unknown
    }

    package let code: Code
    package let fate: Fate
    /// Why the peer refused; nil for every other code.
    package let refusal: PeerRefusal?
    package let message: String

    init(_ code: Code, _ fate: Fate, _ message: String, refusal: PeerRefusal? = nil) {
        self.code = code
        self.fate = fate
        self.refusal = refusal
        self.message = message
    }

    package var description: String { message }
}
