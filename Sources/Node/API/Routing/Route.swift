import HTTPTransport

/// One operation of the API: where it is, who may call it, what it takes, and what carries it out.
struct Route: Sendable {
    /// What a request to it may carry.
    enum Body: Equatable, Sendable {
        case none
        /// A JSON document of at most so many bytes.
        case json(bytesMax: Int)
        /// Any of these media types; the handler reads the body itself.
        case stream([String])
    }

    /// What a token gets that is limited to some resources (`vtag_scope`).
    enum Reach: Sendable {
        /// The same as everybody: nothing in it is about anybody's resources.
        case everybody
        /// What lies within: for this route, the handler reaches resources through the caller's scope alone.
        case scoped
        /// Nothing: it is about all resources at once.
        case whole
    }

    /// Who answers a request that comes to a node of a region that follows another one.
    enum Place: Sendable {
        /// The node itself: it is about the node.
        case node
        /// The node, from what its region has.
        case region
        /// The region that is followed: it writes, or is about what only that region has.
        case primary
    }

    typealias Handler = @Sendable (Call) async throws -> HTTPResponse

    let method: HTTPMethod
    /// With `{…}` for the parts that vary: `/tag-rules/{id}/execute`.
    let template: String
    /// The least role that may call it; nil: anybody, without a token.
    let role: Role?
    let reach: Reach
    let place: Place
    let query: [QueryParameter]
    let body: Body
    /// What it answers with, in order of preference.
    let produces: [String]
    let handler: Handler
    var writes: Bool { place == .primary && method != .get }
    /// A condition says what it writes: it is not ended in the middle because it has taken long.
    var writesWhileItReads: Bool { method == .post && template == "/virtual-tags/bulk-apply" }

    /// Longest JSON body of a write in bytes, unless the route says otherwise.
    static let jsonBytesMax = 1 << 20

    /// A route that does not say otherwise is closed to limited tokens, and writes unless it is a GET.
    init(
        _ method: HTTPMethod, _ template: String, _ role: Role?, reach: Reach = .whole, place: Place? = nil,
        query: [QueryParameter] = [], body: Body = .none,
        produces: [String] = ["application/json"], _ handler: @escaping Handler
    ) {
        self.method = method
        self.template = template
        self.role = role
        self.reach = role == nil ? .everybody : reach
        self.place = place ?? (method == .get ? .region : .primary)
        self.query = query
        self.body = body
        self.produces = produces
        self.handler = handler
    }
}
