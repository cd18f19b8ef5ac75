import JSON
import Model
import NodeRuntime

/// Every problem that the API answers with, by status.
extension Problem {
    // MARK: 400: the request cannot be understood

    static func badRequest(_ detail: String, _ errors: [FieldError] = []) -> Problem {
        Problem(400, "bad-request", "Bad request", detail: detail, errors: errors)
    }

    static func badParameter(_ name: String, _ message: String) -> Problem {
        badRequest("The query parameter \"\(name)\" \(message).", [FieldError("?\(name)", message)])
    }

    static func malformedJSON(_ message: String) -> Problem {
        Problem(400, "malformed-json", "Malformed JSON", detail: "The body is not JSON that is accepted: \(message).")
    }

    static let badCursor = Problem(
        400, "bad-cursor", "Bad cursor",
        detail:
            "The cursor was not given out for this query. Start again without one, or repeat the parameters it came with.",
        errors: [FieldError("?cursor", "is not a cursor of this query")])

    // MARK: 401, 403: who asks

    static func unauthorized(_ error: TokenError) -> Problem {
        var challenge = "Bearer realm=\"virtual-tagger\""
        if let code = error.code { challenge += ", error=\"\(code)\", error_description=\"\(error.quotable)\"" }
        var problem = Problem(
            401, "unauthorized", "Unauthorized", detail: "Not authenticated: \(error.message).",
            headers: [Header(name: "www-authenticate", value: challenge)])
        problem.mayComeWithKeys = error == .unknownKey
        return problem
    }

    static func forbidden(needs role: Role, has: Role) -> Problem {
        Problem(
            403, "forbidden", "Forbidden",
            detail: "This needs the role \(role.rawValue); the token's role is \(has.rawValue).",
            headers: [
                Header(
                    name: "www-authenticate",
                    value: "Bearer realm=\"virtual-tagger\", error=\"insufficient_scope\", scope=\"\(role.rawValue)\"")
            ])
    }

    /// Of a request that is about all resources.
    static let beyondScope = Problem(
        403, "beyond-scope", "Forbidden",
        detail: "This is about all resources; the token is limited to some of them (\"vtag_scope\").")

    /// Of a write; the same words whether there is such a resource or not.
    static let outsideScope = Problem(
        403, "outside-scope", "Forbidden",
        detail: "Not permitted: the resource lies, or would lie, outside what the token is limited to (\"vtag_scope\").")

    // MARK: 404 to 406: what is asked for

    static func notFound(_ detail: String) -> Problem {
        Problem(404, "not-found", "Not found", detail: detail)
    }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> Problem {
        let allow = allowed.joined(separator: ", ")
        return Problem(
            405, "method-not-allowed", "Method not allowed", detail: "This path answers \(allow) only.",
            headers: [Header(name: "allow", value: allow)])
    }

    static func notAcceptable(_ offered: String) -> Problem {
        Problem(
            406, "not-acceptable", "Not acceptable", detail: "This is available as \(offered) only; see the Accept field.")
    }

    // MARK: 408 to 428: the state of things and the shape of the body

    static let timedOut = Problem(
        408, "request-timeout", "Request timeout", detail: "The body did not arrive in time. Send it again.")

    static func conflict(_ detail: String) -> Problem { Problem(409, "conflict", "Conflict", detail: detail) }

    static func historyRemoved(until earliest: String) -> Problem {
        Problem(
            410, "history-removed", "Gone",
            detail:
                "The retention of the audit history has removed what would tell the tags of that time. The earliest time that can be asked for is \(earliest).",
            errors: [FieldError("?at", "must not be before \(earliest)")])
    }

    static let stale = Problem(
        412, "precondition-failed", "Precondition failed",
        detail: "It was changed since you read it: If-Match does not name its present ETag. Read it again, then decide.")

    static func tooLarge(_ detail: String) -> Problem {
        Problem(413, "content-too-large", "Content too large", detail: detail)
    }

    static func tooLarge(limit: Int) -> Problem {
        tooLarge("The body is longer than the \(limit) bytes that are accepted here. Send it in parts.")
    }

    static func unsupportedMediaType(_ accepted: String) -> Problem {
        Problem(
            415, "unsupported-media-type", "Unsupported media type", detail: "Content-Type must be \(accepted) here.",
            headers: [Header(name: "accept", value: accepted)])
    }

    static func invalid(_ errors: [FieldError]) -> Problem {
        let first = errors.first.map { "\($0.pointer.isEmpty ? "the document" : $0.pointer): \($0.message)" } ?? "see errors"
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        return Problem(422, "validation-failed", "Validation failed", detail: "Not valid: \(first)\(more).", errors: errors)
    }

    static let keyReused = Problem(
        422, "idempotency-key-reused", "Idempotency key reused",
        detail: "This Idempotency-Key was used with another body or precondition. Use a new key for a new request.")

    // MARK: 429, 5xx: the node's own state

    static func tooManyRequests(retryAfter seconds: Int) -> Problem {
        Problem(
            429, "too-many-requests", "Too many requests",
            detail: "The node is taking in more than it can. Try again later.",
            headers: [Header(name: "retry-after", value: String(seconds))])
    }

    /// Of one caller, who sends more than anybody may.
    static func rateLimited(_ limit: RateLimit, retryAfter seconds: Int) -> Problem {
        Problem(
            429, "rate-limited", "Too many requests",
            detail:
                "The token's subject sends more than the \(limit.perSecond) requests a second that this node takes from one. Nothing of the request happened.",
            headers: [Header(name: "retry-after", value: String(seconds))])
    }

    init(_ refusal: WalkRefusal) {
        switch refusal {
        case .full(let limits):
            self.init(
                503, "walks-full", "Service unavailable",
                detail:
                    "Nothing of the request happened: it reads the whole inventory, \(limits.atOnce) requests that do so are under way and no more than \(limits.waitingMax) may wait, \(limits.waitMillisecondsMax / 1000) s at most. Send fewer side by side, ask for less (one resource, a narrower filter), or try again.",
                headers: [Header(name: "retry-after", value: "5")])
        case .tookTooLong(let limits):
            self.init(
                503, "walk-too-long", "Service unavailable",
                detail:
                    "The request was ended: it read the whole inventory for more than \(limits.walkMillisecondsMax / 1000) s. It changed nothing. Ask for less (a narrower filter, a shorter time), or try again when less is going on.",
                headers: [Header(name: "retry-after", value: "60")])
        }
    }

    static func unavailable(_ detail: String, retryAfter seconds: Int = 1) -> Problem {
        Problem(
            503, "unavailable", "Service unavailable", detail: detail,
            headers: [Header(name: "retry-after", value: String(seconds))])
    }

    /// Not to be tried again here: it is for another region.
    static func superseded(by successor: UUID128) -> Problem {
        Problem(
            503, "superseded", "Superseded",
            detail:
                "Cluster \(successor) took this one's place, and this one takes no more changes; nothing of the request happened. Send it to the region that was promoted. GET /audit/trail?unsent=true lists what this cluster acknowledged and its successor never had.",
            headers: [isSuperseded])
    }

    /// It may have happened, or not; every other 503 says that nothing did. Programs tell them apart by the type.
    static let outcomeUnknown = Problem(
        503, "outcome-unknown", "Outcome unknown",
        detail:
            "Outcome unknown: the shard's leader was lost while the request was under way; it may have happened, or not. Look, or send it again with the same Idempotency-Key.",
        headers: [Header(name: "retry-after", value: "1")])

    /// Of a request that takes several commands, some of which were carried out before one could not be.
    static func partlyDone(_ error: NodeError) -> Problem {
        Problem(
            503, "outcome-unknown", "Outcome unknown",
            detail:
                "Outcome unknown: a part of the request was carried out, and another was not: \(error). Look, or send it again with the same Idempotency-Key.",
            headers: [Header(name: "retry-after", value: "1")])
    }

    /// A hold or a retention is in force for every part of a clean-up that is decided from now on, but not all shards know.
    static func notFenced(_ noun: String) -> Problem {
        Problem(
            503, "outcome-unknown", "Outcome unknown",
            detail:
                "The \(noun) is kept, but not every shard could be told: a part of a clean-up that was decided before may still be carried out there. Send the request again with the same Idempotency-Key until it is answered.",
            headers: [Header(name: "retry-after", value: "1")])
    }

    /// A read named a revision that is not here in time.
    static func behind(_ wanted: Revision, has: Revision) -> Problem {
        var problem = Problem(
            504, "revision-not-reached", "Revision not reached",
            detail:
                "The read was to wait for revision \(wanted.text); in time this node had only \(has.text) of it. Try again, or ask with Read-Consistency: linearizable and no Min-Revision.",
            headers: [Header(name: "retry-after", value: "1")])
        problem.members = [
            JSONValue.Member("wanted_revision", .string(wanted.text)),
            JSONValue.Member("revision", .string(has.text)),
        ]
        return problem
    }

    static let insideError = Problem(
        500, "internal-error", "Internal error",
        detail: "Something went wrong here. The log of the node has the details under this request id.")
}

extension TokenError {
    /// The message inside a quoted string of a header field (RFC 9110 section 5.6.4).
    fileprivate var quotable: String { String(message.map { $0 == "\"" || $0 == "\\" ? "'" : $0 }) }
}
