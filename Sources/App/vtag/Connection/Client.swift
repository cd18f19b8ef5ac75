import Foundation
import JSON

/// The server's API as the commands use it: JSON in, JSON out, refusals as `Failure`.
struct Client: Sendable {
    let address: ServerAddress
    let token: String?
    let transport: any Transport

    /// How often a busy server (429, 503) is asked again before its refusal counts.
    static let busyRetriesMax = 5
    /// Longest wait that a server may ask for, in seconds.
    static let busyWaitSecondsMax = 30

    // MARK: Requests

    func get(_ target: Target) async throws -> JSONValue {
        try await json(Request(method: "GET", target: target.text))
    }

    /// The thing and its ETag, for a change that must not overwrite somebody else's.
    func getWithTag(_ target: Target) async throws -> (value: JSONValue, tag: String?) {
        let answer = try accepted(await exchange(Request(method: "GET", target: target.text)))
        return (try decode(answer), answer.header("etag"))
    }

    func send(_ method: String, _ target: Target, _ body: JSONValue? = nil, ifMatch tag: String? = nil) async throws
        -> JSONValue
    {
        var request = Request(method: method, target: target.text)
        if let body {
            request.headers.append(("content-type", "application/json"))
            request.body = .bytes(body.serialised)
        }
        if let tag { request.headers.append(("if-match", tag)) }
        return try await json(request)
    }

    func json(_ request: Request) async throws -> JSONValue { try decode(accepted(await exchange(request))) }

    /// The answer as comma-separated values, and the cursor of the page after it.
    func csv(_ target: Target) async throws -> (text: String, next: String?) {
        let page = try await text(target, as: "text/csv")
        return (String(decoding: page.bytes, as: UTF8.self), page.next)
    }

    /// The answer in that media type, and the cursor of the page after it.
    func text(_ target: Target, as mediaType: String) async throws -> (bytes: [UInt8], next: String?) {
        let request = Request(
            method: "GET", target: target.text, headers: [("accept", "\(mediaType), application/problem+json")], body: .none)
        let answer = try accepted(await exchange(request))
        return (answer.body, answer.header("x-next-cursor"))
    }

    // MARK: Pages

    /// Calls `body` with each page of a list until `limit` items have come or the list ends. Returns the cursor after them.
    @discardableResult
    func pages(_ target: Target, limit: Int?, _ body: ([JSONValue]) throws -> Void) async throws -> String? {
        let pageItemsMax = 1_000
        var left = limit ?? .max
        var cursor: String?
        repeat {
            let page = try await get(target.adding("limit", String(min(left, pageItemsMax))).adding("cursor", cursor))
            let items = try items(of: page)
            try body(items)
            left -= items.count
            let next = page["next_cursor"]?.string
            guard next != cursor else { return nil }
            cursor = next
        } while cursor != nil && left > 0
        return cursor
    }

    /// A list that comes whole, and takes neither limit nor cursor.
    func whole(_ target: Target) async throws -> [JSONValue] { try items(of: await get(target)) }

    private func items(of page: JSONValue) throws -> [JSONValue] {
        guard let items = page["items"]?.array else {
            throw Failure.refused("the server's list has no items; is \(address.text) a Virtual Tagger?")
        }
        return items
    }

    func all(_ target: Target) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        try await pages(target, limit: nil) { items += $0 }
        return items
    }

    // MARK: One exchange

    /// Sends the request with credentials, again while the server is busy. Any status is an answer.
    func exchange(_ request: Request) async throws -> Answer {
        var request = request
        request.target = address.prefix + request.target
        if !request.headers.contains(where: { $0.0 == "accept" }) {
            request.headers.append(("accept", "application/json, application/problem+json"))
        }
        request.headers.append(("user-agent", "vtag/\(Vtag.version)"))
        if let token { request.headers.append(("authorization", "Bearer \(token)")) }
        // So that a creation may be sent again when its answer was lost. Payloads need none: the same again changes nothing.
        if request.method == "POST", case .bytes = request.body {
            request.headers.append(("idempotency-key", UUID().uuidString.lowercased()))
        }
        for attempt in 0... {
            let answer: Answer
            do {
                answer = try await transport.send(request)
            } catch {
                throw Failure(.unreachable, "cannot reach \(address.text): \(Terminal.clean(error.reason))\(hint)")
            }
            guard answer.status == 429 || answer.status == 503, attempt < Self.busyRetriesMax, request.body.canBeSentAgain
            else { return answer }
            let seconds = answer.header("retry-after").flatMap(Int.init) ?? (1 << attempt)
            try await Task.sleep(for: .seconds(min(max(seconds, 1), Self.busyWaitSecondsMax)))
        }
        preconditionFailure("the attempts ended without an answer")
    }

    private var hint: String {
        address.isLoopback ? ". Is the node running? `make run` starts one; --url or `vtag context use` names another." : ""
    }

    private func accepted(_ answer: Answer) throws -> Answer {
        guard (200..<300).contains(answer.status) else { throw Problem(answer).failure }
        return answer
    }

    private func decode(_ answer: Answer) throws -> JSONValue {
        if answer.body.isEmpty { return .null }
        do {
            return try answer.json()
        } catch {
            throw Failure.refused(
                "\(address.text) answered \(answer.status) with something that is not JSON; is it a Virtual Tagger?")
        }
    }
}

extension RequestBody {
    /// Standard input can be read only once.
    var canBeSentAgain: Bool {
        switch self {
        case .none, .bytes: true
        case .file(let file): file.isRegular
        }
    }
}
