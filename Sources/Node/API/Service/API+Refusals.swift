package import HTTPTransport
import Logging

/// What the transport refuses before a route is found, in the form of every other problem.
extension API {
    package func answer(to refusal: HTTPRefusal) -> HTTPResponse {
        let requestID = RequestID.make()
        if refusal.status == 500 {
            logger.error("A request was left unanswered", metadata: ["request.id": "\(requestID)"])
        }
        return secured(Problem(refusal).response(requestID: requestID))
    }
}

extension Problem {
    init(_ refusal: HTTPRefusal) {
        let detail = refusal.detail
        switch refusal.status {
        case 408: self.init(408, "request-timeout", "Request timeout", detail: detail)
        case 413: self.init(413, "content-too-large", "Content too large", detail: detail)
        case 414: self.init(414, "target-too-long", "Target too long", detail: detail)
        case 431: self.init(431, "headers-too-long", "Header fields too long", detail: detail)
        case 500: self = .insideError
        case 501: self.init(501, "not-implemented", "Not implemented", detail: detail)
        case 503: self = .unavailable(detail)
        case 505: self.init(505, "version-not-supported", "HTTP version not supported", detail: detail)
        default: self.init(refusal.status, "bad-request", "Bad request", detail: detail)
        }
    }
}
