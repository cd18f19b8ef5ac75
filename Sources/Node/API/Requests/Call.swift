import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime

/// A request that was routed, authenticated and checked for what its route declares; what handlers get.
struct Call: Sendable {
    let api: API
    let route: Route
    let request: HTTPRequest
    /// The varying parts of the path.
    let parameters: [String]
    let query: Query
    let principal: Principal
    let requestID: String
    /// From `Read-Consistency`.
    let consistency: ReadConsistency
    /// Its way over the rows, where it looks at many.
    let walk: Walk

    /// The `{id}` of the path. Throws 404: what is no UUID is the id of nothing.
    func id(_ noun: String) throws(Problem) -> UUID128 {
        guard let text = parameters.first, let id = UUID128(text) else {
            throw .notFound("There is no \(noun) with this id; ids are UUIDs.")
        }
        return id
    }

    /// `?limit=`.
    func limit() throws(Problem) -> Int { try query.integer("limit", in: 1...Self.limitMax) ?? Self.limitDefault }

    /// Most items of one page.
    static let limitMax = 1_000
    static let limitDefault = 100

    // MARK: Cursors

    /// What a cursor of this request is bound to.
    private var cursorScope: String { "\(route.template)?\(query.canonical)" }

    /// The position in `?cursor=`; nil for the first page.
    func cursorPosition() throws(Problem) -> [UInt8]? {
        guard let text = query["cursor"] else { return nil }
        guard let position = api.cursors.open(text, query: cursorScope) else { throw .badCursor }
        return position
    }

    func cursor(at position: [UInt8]) -> String { api.cursors.seal(position, query: cursorScope) }

    // MARK: Answers

    /// An answer in JSON.
    func json(
        _ status: Int = 200, headers: [Problem.Header] = [], _ write: (inout JSONWriter) -> Void
    ) -> HTTPResponse {
        var json = JSONWriter(reserving: 1024)
        write(&json)
        return bytes(status, contentType: "application/json", headers: headers, json.bytes)
    }

    func bytes(
        _ status: Int = 200, contentType: String, headers: [Problem.Header] = [], _ bytes: [UInt8]
    ) -> HTTPResponse {
        var fields = headers.contains { $0.name == "etag" } ? ResponseHeaders.validated : ResponseHeaders.standard
        for header in headers { fields.append(header.name, header.value) }
        fields.append("x-request-id", requestID)
        return .bytes(status, contentType: contentType, headers: fields, bytes)
    }

    func empty(_ status: Int, headers: [Problem.Header] = []) -> HTTPResponse {
        // A 304 says what the 200 would have said, or caches drop what it confirms (RFC 9110, 15.4.5).
        var fields = headers.contains { $0.name == "etag" } ? ResponseHeaders.validated : ResponseHeaders.standard
        for header in headers { fields.append(header.name, header.value) }
        fields.append("x-request-id", requestID)
        return HTTPResponse(status: status, headers: fields)
    }

    /// One thing with its ETag, or 304 where the caller has it already.
    func entity(_ status: Int = 200, tag: EntityTag, headers: [Problem.Header] = [], _ write: (inout JSONWriter) -> Void)
        -> HTTPResponse
    {
        if status == 200, ConditionalRequest.ifNoneMatch(of: request.head)?.contains(tag) == true {
            return empty(304, headers: [.init(name: "etag", value: tag.text)])
        }
        return json(status, headers: headers + [.init(name: "etag", value: tag.text)], write)
    }
}
