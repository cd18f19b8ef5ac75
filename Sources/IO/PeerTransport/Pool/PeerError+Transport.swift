import HTTPTransport
import Membership

extension PeerError {
    /// A connection that did not come about.
    init(dialling address: PeerAddress, _ error: HTTPClientError) {
        switch error.code {
        case .tlsFailed: self.init(.untrusted, .notSent, error.description)
        case .shutDown: self.init(.closed, .notSent, error.description)
        case .invalidURL: self.init(.clearText, .notSent, error.description)
        default: self.init(.unreachable, .notSent, error.description)
        }
    }

    /// A call that got no answer.
    init(calling address: PeerAddress, _ error: HTTPClientError, wasSent: Bool) {
        let fate = wasSent ? Fate.unknown : .notSent
        switch error.code {
        case .deadlineExceeded: self.init(.timedOut, fate, error.description)
        case .refusedByPeer: self.init(.connectionLost, .notSent, error.description)
        case .responseBodyTooLarge, .responseHeadersTooLarge: self.init(.answerTooLarge, fate, error.description)
        case .shutDown: self.init(.closed, fate, error.description)
        default: self.init(.connectionLost, fate, error.description)
        }
    }

    /// The peer's transport refused a call.
    init(refusedBy address: PeerAddress, _ reason: PeerRefusal, _ body: [UInt8]) {
        let detail = String(decoding: body, as: UTF8.self).split(separator: "\n").first ?? ""
        self.init(.refused, .notSent, "\(address) refused the request: \(detail)", refusal: reason)
    }
}

extension HTTPClientError {
    static func timedOut(_ origin: HTTPOrigin) -> HTTPClientError {
        HTTPClientError(.deadlineExceeded, "\(origin.host):\(origin.port) did not answer in time")
    }

    static func closed(_ origin: HTTPOrigin) -> HTTPClientError {
        HTTPClientError(.shutDown, "the connection to \(origin.host):\(origin.port) was given up")
    }

    static func clearText(_ origin: HTTPOrigin) -> HTTPClientError {
        HTTPClientError(
            .invalidURL,
            "nodes speak in clear text over loopback only: give certificates to connect to \(origin.host):\(origin.port)")
    }
}

extension HTTPOrigin {
    /// Whether the host is this machine's own by its spelling.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
