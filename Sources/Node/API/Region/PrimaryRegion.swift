package import HTTPTransport
import Logging
package import NIOCore
import Synchronization

/// Why the followed region cannot be asked as it is configured.
package struct PrimaryRegionError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The region that this one follows, reached by its URLs: takes whole requests that only it can answer.
///
/// Requests go to the URL that answered last; where it cannot be reached the next one is tried. Nothing is sent twice that may have
/// happened, unless it is idempotent or has an `Idempotency-Key`.
package final class PrimaryRegion: Sendable {
    /// Longest time for a request with a body of known limits, and for one whose body streams through, in milliseconds.
    private static let requestMillisecondsMax: Int64 = 65_000
    private static let streamMillisecondsMax: Int64 = 900_000
    /// For a query of a graph, which may be given two minutes, in milliseconds.
    private static let longRequestMillisecondsMax: Int64 = 180_000
    private static let connectMillisecondsMax: Int64 = 3_000
    /// A connection that was silent for so long is probed, and dead where no answer comes in time, in milliseconds: a region that is
    /// cut off closes none.
    private static let silenceMillisecondsMax: Int64 = 2_000
    private static let probeMillisecondsMax: Int64 = 3_000
    private static let urlsMax = 16
    /// An answer that is not longer than this is passed on in one piece, in bytes.
    private static let wholeBytesMax = 256 << 10
    /// By this field a node of a following region tells that the request was passed on already.
    private static let passedOn = "vtag-passed-on"

    /// As they were given.
    package let urls: [String]
    private let origins: [HTTPOrigin]
    private let client: HTTPClient
    private let preferred = Atomic<Int>(0)

    /// - Parameters:
    ///   - urls: `https://HOST[:PORT]`, with commas between; `http` on this machine alone.
    ///   - trust: the CAs that their certificates may come from.
    package init(urls text: String, trust: TLSTrust = .system, on group: any EventLoopGroup) throws {
        var origins: [HTTPOrigin] = []
        urls = text.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init)
        guard (1...Self.urlsMax).contains(urls.count) else {
            throw PrimaryRegionError(description: "1 to \(Self.urlsMax) URLs are needed, with commas between")
        }
        for url in urls {
            let request: HTTPClientRequest
            do { request = try HTTPClientRequest(url: url) } catch {
                throw PrimaryRegionError(description: "\(error)")
            }
            guard request.target == "/" else {
                throw PrimaryRegionError(description: "\(url): a path does not belong there")
            }
            guard request.origin.scheme == .https || Self.isLoopback(request.origin.host) else {
                throw PrimaryRegionError(description: "\(url): requests hold tokens; http is for this machine alone")
            }
            origins.append(request.origin)
        }
        guard Set(origins.map(\.scheme)).count == 1 else {
            throw PrimaryRegionError(description: "the URLs are all https or all http")
        }
        self.origins = origins
        var configuration = HTTPClientConfiguration()
        if origins[0].scheme == .https {
            do { configuration.tls = try TLSClientContext(trust: trust) } catch {
                throw PrimaryRegionError(description: "\(error)")
            }
        } else {
            configuration.version = .http1Only
            configuration.connectionsPerOriginMax = 64
        }
        configuration.connectMillisecondsMax = Self.connectMillisecondsMax
        configuration.attemptsMax = 2
        configuration.pingAfterMilliseconds = Self.silenceMillisecondsMax
        configuration.pingMillisecondsMax = Self.probeMillisecondsMax
        client = HTTPClient(group: group, configuration: configuration)
    }

    package func close() async { await client.shutDown() }

    /// Has the request answered there. Throws the problem to answer with where nobody there does.
    ///
    /// - Parameter taken: the request's body, where it was read already.
    func answer(
        _ request: HTTPRequest, _ body: Route.Body, taken: ByteBuffer? = nil, requestID: String
    ) async throws -> HTTPResponse {
        guard request.head.headers.values(of: Self.passedOn).isEmpty else {
            throw Problem.followsToo
        }
        let sent = try await outgoing(request, body, taken, requestID)
        let first = preferred.load(ordering: .relaxed) % origins.count
        var mayHaveHappened = false
        for attempt in 0..<origins.count {
            let position = (first + attempt) % origins.count
            let request = HTTPClientRequest(
                method: sent.method, origin: origins[position], target: sent.target, headers: sent.headers, body: sent.body,
                deadline: sent.deadline)
            do {
                let answer = try await client.execute(request)
                // One that takes nothing now may take nothing for long.
                preferred.store(answer.status == 503 ? position + 1 : position, ordering: .relaxed)
                if let reason = answer.noPrimary, !sent.isStream {
                    // What a superseded one says of its successor is worth telling where nobody else is there.
                    if attempt + 1 < origins.count || reason == Problem.following.value {
                        _ = try await answer.body.collect(upTo: Self.wholeBytesMax)
                        continue
                    }
                }
                return try await passedBack(answer, isHead: sent.method == .head)
            } catch let error as HTTPClientError {
                preferred.store(position + 1, ordering: .relaxed)
                if !error.code.saysNothingHappened {
                    mayHaveHappened = true
                    guard sent.isRepeatable else { throw Problem.outcomeUnknownElsewhere }
                }
                if sent.isStream { break }
            }
        }
        if mayHaveHappened, !sent.isRead { throw Problem.outcomeUnknownElsewhere }
        throw Problem.unavailable(
            "The primary region, which alone can answer this, cannot be reached; nothing of the request happened. Reads of what this region has go on."
        )
    }

    // MARK: The request

    private struct Outgoing {
        let method: HTTPMethod
        let target: String
        let headers: HTTPFields
        let body: HTTPClientRequest.Body
        let deadline: NIODeadline

        var isStream: Bool { if case .stream = body { true } else { false } }
        var isRead: Bool { method == .get || method == .head }
        var isRepeatable: Bool { !isStream && (method.isIdempotent || headers.contains("idempotency-key")) }
    }

    private func outgoing(
        _ request: HTTPRequest, _ body: Route.Body, _ taken: ByteBuffer?, _ requestID: String
    ) async throws -> Outgoing {
        let head = request.head
        var headers = HTTPFields()
        for (name, value) in head.headers where !Self.ofTheConnection.contains(name) { headers.append(name, value) }
        headers.set("x-request-id", requestID)
        headers.set(Self.passedOn, "1")
        let sent: HTTPClientRequest.Body
        var time = Self.requestMillisecondsMax
        switch (body, taken) {
        case (_, let taken?):
            sent = .bytes(taken)
            time = Self.longRequestMillisecondsMax
        case (.none, nil): sent = .none
        case (.json(let limit), nil): sent = .bytes(try await request.body.collect(upTo: limit))
        case (.stream, nil):
            sent = .stream(length: head.contentLength, request.body)
            time = Self.streamMillisecondsMax
        }
        return Outgoing(
            method: head.method, target: head.query.map { "\(head.path)?\($0)" } ?? head.path, headers: headers, body: sent,
            deadline: .now() + .milliseconds(time))
    }

    /// Fields that concern one connection (RFC 9110 section 7.6.1), or that either transport sets itself.
    private static let ofTheConnection: Set = [
        "connection", "content-length", "date", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "strict-transport-security", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    // MARK: The answer

    private func passedBack(_ answer: HTTPClientResponse, isHead: Bool) async throws -> HTTPResponse {
        var headers = HTTPFields()
        for (name, value) in answer.headers where !Self.ofTheConnection.contains(name) { headers.append(name, value) }
        if isHead || answer.status == 204 || answer.status == 304 {
            return HTTPResponse(status: answer.status, headers: headers)
        }
        let length = answer.headers["content-length"].flatMap { Int($0) }
        guard let length, length <= Self.wholeBytesMax else {
            let body = answer.body
            return HTTPResponse(
                status: answer.status, headers: headers,
                body: .stream { writer in for try await piece in body { try await writer.write(piece) } })
        }
        return HTTPResponse(
            status: answer.status, headers: headers, body: .bytes(try await answer.body.collect(upTo: length)))
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }
}

extension HTTPClientResponse {
    /// Why who answered takes no changes, where that is so, and has done nothing: another one may be the primary region by now.
    fileprivate var noPrimary: String? { status == 503 ? headers[Problem.following.name] : nil }
}

extension HTTPClientError.Code {
    /// Nobody can have acted on the request.
    fileprivate var saysNothingHappened: Bool {
        switch self {
        case .invalidURL, .nameNotResolved, .connectionRefused, .connectTimedOut, .connectFailed, .tlsFailed,
            .tooManyWaiting, .refusedByPeer, .shutDown:
            true
        case .deadlineExceeded, .streamReset, .connectionLost, .responseHeadersTooLarge, .responseBodyTooLarge,
            .protocolViolation, .requestBodyFailed, .bodyAlreadyTaken:
            false
        }
    }
}

extension Problem {
    /// Goes with the answers of those who are not, or no longer, the primary region, and did nothing: tells those that pass requests
    /// on to try the next one.
    fileprivate static let following = Header(name: "vtag-no-primary", value: "following")
    static let isSuperseded = Header(name: "vtag-no-primary", value: "superseded")

    static let followsToo = Problem(
        503, "unavailable", "Service unavailable",
        detail:
            "The request was passed on to a node that follows another region itself: --primary-url must lead to the primary region.",
        headers: [Header(name: "retry-after", value: "30"), following])

    static let outcomeUnknownElsewhere = Problem(
        503, "outcome-unknown", "Outcome unknown",
        detail:
            "Outcome unknown: the request was sent to the primary region, and the connection was lost before its answer; it may have happened, or not. Look, or send it again with the same Idempotency-Key.",
        headers: [Header(name: "retry-after", value: "1")])
}
