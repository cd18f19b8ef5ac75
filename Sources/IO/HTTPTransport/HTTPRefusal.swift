import NIOCore

/// Why the transport answers a request by itself, without a service having answered it.
package struct HTTPRefusal: Error, Equatable, Sendable {
    /// 400 to 599.
    package let status: Int
    /// What is wrong and which limit was passed, in a sentence or two, for people.
    package let detail: String

    package init(_ status: Int, _ detail: String) {
        precondition((400...599).contains(status), "A refusal has a status of 400 to 599, not \(status)")
        self.status = status
        self.detail = detail
    }
}

extension HTTPRefusal {
    static func malformed(_ detail: String) -> HTTPRefusal { HTTPRefusal(400, detail) }

    /// The input ended, by the client's will, before the request did.
    static let cutShort = malformed("The connection ended in the middle of the request.")

    /// RFC 9112 section 2.2 allows to take a bare LF for a line's end; two readers that do not agree on it see two requests.
    static let bareLineFeed = malformed("A line ends with LF alone; lines of a request end with CR LF.")

    static func targetTooLong(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(414, "The request target is longer than the \(limits.targetBytesMax) bytes of targetBytesMax.")
    }

    static func headersTooLong(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(431, "The header fields are longer than the \(limits.headerBytesMax) bytes of headerBytesMax.")
    }

    static func tooManyHeaders(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(431, "The request has more header fields than the \(limits.headerCountMax) of headerCountMax.")
    }

    static func bodyTooLarge(limit: Int) -> HTTPRefusal {
        HTTPRefusal(413, "The body is longer than the \(limit) bytes that are accepted here.")
    }

    static func headTooSlow(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(
            408,
            "The request's head did not arrive within the \(limits.headerTimeout.nanoseconds / 1_000_000) ms of headerTimeout."
        )
    }

    static func bodyTooSlow(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(
            408,
            "Fewer than the \(limits.progressBytesMin) bytes of progressBytesMin arrived of the body in the \(limits.progressTimeout.nanoseconds / 1_000_000) ms of progressTimeout."
        )
    }

    static func tooManyConnections(_ limits: HTTPLimits) -> HTTPRefusal {
        HTTPRefusal(
            503,
            "The server has all the \(limits.connectionsMax) connections of connectionsMax, or is stopping. Try again later."
        )
    }

    static let tunnel = HTTPRefusal(501, "CONNECT is not implemented: this server is no proxy.")
    static let unanswered = HTTPRefusal(500, "The request was not answered because of an error inside the server.")
}
