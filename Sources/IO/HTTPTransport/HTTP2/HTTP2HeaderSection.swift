import NIOCore

/// The header section that is being received: at most one at a time, for its frames are contiguous.
struct HTTP2HeaderSection {
    enum Kind {
        case none
        case request
        /// Trailers carry nothing that a service asks for; they are measured and dropped.
        case trailers
    }

    var kind = Kind.none
    var bytes = 0
    var count = 0
    var continuations = 0
    /// A limit that was passed: the request is answered so, without reaching a service.
    var excess: HTTPRefusal?
    /// When the section began; nil between sections.
    var startedAt: NIODeadline?

    mutating func begin(_ kind: Kind, now: NIODeadline) {
        self.kind = kind
        bytes = 0
        count = 0
        continuations = 0
        excess = nil
        startedAt = now
    }

    mutating func end() {
        kind = .none
        startedAt = nil
    }
}
