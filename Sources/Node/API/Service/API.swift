package import HTTPTransport
package import Logging
import Model
package import NIOCore
package import NodeRuntime
import Synchronization

/// The public API of a node: answers the requests that the HTTP transport brings.
package final class API: HTTPService {
    /// What a node may set.
    package struct Configuration: Sendable {
        /// Longest body of `POST /ingest/{provider}` as one JSON document, in bytes; NDJSON and CSV have no such limit.
        package var ingestDocumentBytesMax = 100 << 20
        /// What the node calls itself in `GET /cluster`.
        package var nodeName = "local"
        package var region = "local"
        package var zone = "local"
        package var version = "0.1.0"
        /// Of each subject of tokens, on this node; nil: none.
        package var rateLimit: RateLimit?
        /// The public listener speaks TLS.
        package var isSecure = false
        /// The region that this node's follows; set where the node does (`Node.region`).
        package var primary: PrimaryRegion?
        /// Ends the process in order, and starts it again as it was started; asked for once.
        package var startAgain: @Sendable () -> Void = {}

        package init() {}
    }

    let node: Node
    let configuration: Configuration
    let clock: WallClock
    let cursors: CursorSealer
    let logger: Logger
    let routes: [Route]
    let router: Router
    let loops: LoopStates
    let learned = LearnedAliases()
    /// Plans that are worked out.
    let executions = ExecutionWatch()
    /// Fields of point reads.
    let pointReadHeaders: HTTPFields
    /// The node's region, where it follows another one.
    let region: FollowingRegion?
    /// What fetches keys that tokens name and nobody knows; nil where nothing does.
    private let keys: RotatingKeys?
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - eventLoops: all that requests may come on.
    ///   - keys: where the verifier's keys come from, if they may be fetched again when one is unknown.
    package init(
        node: Node, eventLoops: [any EventLoop], verifier: TokenVerifier, keys: RotatingKeys? = nil,
        configuration: Configuration = Configuration(), clock: WallClock = .system, logger: Logger = Logger(label: "api")
    ) async throws {
        let routes = Route.all
        self.node = node
        self.configuration = configuration
        self.clock = clock
        cursors = CursorSealer(key: try await node.cursorKey())
        self.logger = logger
        self.routes = routes
        router = Router(routes)
        self.keys = keys
        region = node.region.flatMap { board in
            configuration.primary.map { FollowingRegion(board: board, primary: $0) }
        }
        var fields = ResponseHeaders.pointRead
        if configuration.isSecure {
            fields.append(ResponseHeaders.strictTransport.name, ResponseHeaders.strictTransport.value)
        }
        pointReadHeaders = fields
        let rates = configuration.rateLimit.map(RateTable.init)
        loops = try await LoopStates(eventLoops) {
            LoopState(verifier: verifier, rates: rates, routes: routes.count)
        }
    }

    /// Takes new keys for tokens.
    package func replace(_ verifier: TokenVerifier) async throws {
        _ = try await loops.forEach { $0.replace(verifier) }
    }

    /// From now on `GET /health/ready` answers 503, so that whoever spreads the requests leaves this node out.
    package func beginStop() { stopping.store(true, ordering: .relaxed) }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    // MARK: Requests

    package func respond(to exchange: HTTPExchange) {
        let state = loops.here(exchange.eventLoop)
        if answerPointRead(exchange, state) { return }
        respondInGeneral(to: exchange)
    }

    /// The way that every request can go.
    func respondInGeneral(to exchange: HTTPExchange) {
        let state = loops.here(exchange.eventLoop)
        let started = NIODeadline.now()
        let requestID = RequestID.of(exchange.head)
        do throws(Problem) {
            let call = try admit(exchange.head, requestID, state)
            let loop = exchange.eventLoop
            exchange.run { request in
                let response = await self.answer(call, request)
                self.record(call.route, response.status, since: started, on: loop)
                return self.secured(response)
            }
        } catch {
            if error.mayComeWithKeys, let keys, keys.isWorthWaiting {
                return respond(to: exchange, requestID, after: keys, since: started)
            }
            state.metrics.answered(route: nil, status: error.status, nanoseconds: (NIODeadline.now() - started).nanoseconds)
            exchange.respond(secured(error.response(requestID: requestID)))
        }
    }

    /// Answers once the keys were fetched again, whether that brought the token's key or not.
    private func respond(
        to exchange: HTTPExchange, _ requestID: String, after keys: RotatingKeys, since started: NIODeadline
    ) {
        let loop = exchange.eventLoop
        exchange.run { request in
            await keys.keyWasUnknown()
            let admission = try await loop.submit { () -> Result<Admission, Problem> in
                do throws(Problem) {
                    return .success(try self.admit(request.head, requestID, self.loops.here(loop)))
                } catch {
                    return .failure(error)
                }
            }.get()
            let response: HTTPResponse
            var route: Int?
            switch admission {
            case .success(let call):
                route = call.route
                response = await self.answer(call, request)
            case .failure(let problem): response = problem.response(requestID: requestID)
            }
            self.record(route, response.status, since: started, on: loop)
            return self.secured(response)
        }
    }

    /// The answer with what goes with every answer under TLS.
    func secured(_ response: HTTPResponse) -> HTTPResponse {
        guard configuration.isSecure else { return response }
        var response = response
        response.headers.append(ResponseHeaders.strictTransport.name, ResponseHeaders.strictTransport.value)
        return response
    }

    /// What is known of a request once its head is checked.
    struct Admission: Sendable {
        let route: Int
        let parameters: [String]
        let query: Query
        let principal: Principal
        let requestID: String
        let consistency: ReadConsistency
        /// From `Min-Revision`, of a read.
        let revision: Revision?
    }

    /// All checks that need no body: path, method, token, role, query, media types. Throws the problem to answer with.
    private func admit(_ head: HTTPRequestHead, _ requestID: String, _ state: LoopState) throws(Problem) -> Admission {
        let (position, parameters) = try matchedRoute(head)
        let route = routes[position]
        let query = try Self.query(of: head)
        let principal = try authenticate(head, route, query, state)
        if let role = route.role, principal.role < role { throw .forbidden(needs: role, has: principal.role) }
        if route.reach == .whole, principal.scope != nil { throw .beyondScope }
        try query.check(known: route.query)
        let accept = head.headers.values(of: "accept")
        guard accept.isEmpty || ContentNegotiation.choose(accept: accept, offered: route.produces) != nil else {
            throw .notAcceptable(route.produces.joined(separator: " or "))
        }
        try checkMediaType(head, route)
        return Admission(
            route: position, parameters: parameters, query: query, principal: principal, requestID: requestID,
            consistency: try Self.consistency(of: head), revision: try Self.revision(of: head, route))
    }

    private static func consistency(of head: HTTPRequestHead) throws(Problem) -> ReadConsistency {
        switch head.headers.values(of: "read-consistency") {
        case [], ["linearizable"]: .linearizable
        // Of a write, what it reads on its way is never stale.
        case ["stale"]: head.method == .get || head.method == .head ? .stale : .linearizable
        default: throw .badRequest("Read-Consistency must be \"stale\" or \"linearizable\".")
        }
    }

    private static func revision(of head: HTTPRequestHead, _ route: Route) throws(Problem) -> Revision? {
        let fields = head.headers.values(of: "min-revision")
        guard let text = fields.first else { return nil }
        guard fields.count == 1, let revision = Revision(text) else {
            throw .badRequest("Min-Revision must be one Revision field of an answer: SHARD:INDEX,…, as 0:17,3:2241.")
        }
        // A write meets the newest state anyway.
        return route.writes ? nil : revision
    }

    private func matchedRoute(_ head: HTTPRequestHead) throws(Problem) -> (Int, [String]) {
        switch head.withPathBytes({ router.match(head.method, $0) }) {
        case .found(let route, let parameters): return (route, parameters)
        case .wrongMethod(let allowed): throw .methodNotAllowed(head.method.name, allowed: allowed)
        case .notFound: throw .notFound("There is nothing at this path. GET /openapi.yaml describes what there is.")
        }
    }

    private static func query(of head: HTTPRequestHead) throws(Problem) -> Query {
        let result: Result<Query, Problem> = head.withQueryBytes { bytes in
            do throws(Problem) { return .success(try Query(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// - Returns: for open routes somebody who may do nothing.
    private func authenticate(
        _ head: HTTPRequestHead, _ route: Route, _ query: Query, _ state: LoopState
    ) throws(Problem) -> Principal {
        guard route.role != nil else { return Principal(subject: "anonymous", role: .viewer, expiresAt: .max) }
        let now = clock.milliseconds
        let caller = try caller(of: head, route, query, state, at: now)
        if let bucket = caller.bucket, let limit = configuration.rateLimit, !bucket.take(at: now) {
            throw .rateLimited(limit, retryAfter: bucket.retryAfter(at: now))
        }
        return caller.principal
    }

    private func caller(
        of head: HTTPRequestHead, _ route: Route, _ query: Query, _ state: LoopState, at now: Int64
    ) throws(Problem) -> Caller {
        let result: Result<Caller, TokenError>? = head.headers.withValue(of: "authorization") { header in
            do throws(TokenError) { return .success(try state.caller(header: header, at: now)) } catch {
                return .failure(error)
            }
        }
        let hasToken = query["access_token"] != nil && route.query.contains { $0.name == "access_token" }
        if let result {
            // RFC 6750 section 2: one way of sending a token, not two.
            guard !hasToken else { throw .badParameter("access_token", "comes beside an Authorization header") }
            switch result {
            case .success(let caller): return caller
            case .failure(let error): throw .unauthorized(error)
            }
        }
        // RFC 6750 section 2.3, for webhooks of providers that cannot send header fields of ours.
        guard hasToken, let token = query["access_token"] else { throw .unauthorized(.missing) }
        var bytes = Array("Bearer \(token)".utf8)
        let verified: Result<Caller, TokenError> = bytes.withUnsafeMutableBytes { raw in
            do throws(TokenError) {
                return .success(try state.caller(header: UnsafeRawBufferPointer(raw), at: now))
            } catch {
                return .failure(error)
            }
        }
        do throws(TokenError) { return try verified.get() } catch { throw .unauthorized(error) }
    }

    private func checkMediaType(_ head: HTTPRequestHead, _ route: Route) throws(Problem) {
        switch route.body {
        case .none: return
        case .json(let limit):
            guard Call.mediaType(of: head) == "application/json" else { throw .unsupportedMediaType("application/json") }
            if let length = head.contentLength, length > limit { throw .tooLarge(limit: limit) }
        case .stream(let types):
            guard let type = Call.mediaType(of: head), types.contains(type) else {
                throw .unsupportedMediaType(types.joined(separator: ", "))
            }
        }
    }

    // MARK: Answers

    private func answer(_ admission: Admission, _ request: HTTPRequest) async -> HTTPResponse {
        let route = routes[admission.route]
        let walk = Walk(node.walks, for: admission.principal.subject, isLimited: !route.writesWhileItReads)
        defer { walk.end() }
        var consistency = admission.consistency
        // What is not here is asked of a node that may be behind, too; a leader has everything that has a revision.
        if consistency == .stale, let revision = admission.revision, !node.holds(revision) { consistency = .linearizable }
        let call = Call(
            api: self, route: route, request: request, parameters: admission.parameters, query: admission.query,
            principal: admission.principal, requestID: admission.requestID, consistency: consistency, walk: walk)
        do {
            if let region { return try await answer(call, in: region, after: admission.revision) }
            if let revision = admission.revision { try await wait(for: revision, call) }
            if route.writes { return try await answerWithRevision(call) }
            guard call.consistency == .stale else { return try await call.route.handler(call) }
            let staleness = await node.staleness()
            var response = try await call.route.handler(call)
            response.head.headers.append("staleness-ms", String(staleness))
            return response
        } catch {
            return problem(for: error, call).response(requestID: call.requestID)
        }
    }

    /// Returns once what is here holds the revision. Throws the problem that says what it holds where that takes too long.
    func wait(for revision: Revision, _ call: Call) async throws {
        let has = await node.wait(for: revision, milliseconds: Self.patience(call.request.head))
        if let has { throw Problem.behind(revision, has: has) }
    }

    /// How long the caller would wait at most, in milliseconds: `Prefer: wait=SECONDS` (RFC 7240 section 4.3).
    private static func patience(_ head: HTTPRequestHead) -> Int64 {
        let preferences = head.headers.values(of: "prefer").flatMap { $0.split(separator: ",") }
        let wait = preferences.lazy.map { $0.filter { $0 != " " } }.first { $0.hasPrefix("wait=") }
        guard let seconds = wait.flatMap({ Int64($0.dropFirst(5)) }), seconds >= 0 else {
            return Node.revisionMillisecondsMax
        }
        return min(seconds, Node.revisionMillisecondsMax / 1000) * 1000
    }

    /// Of a write: whoever has the answer can have reads elsewhere wait for it.
    private func answerWithRevision(_ call: Call) async throws -> HTTPResponse {
        let writes = RequestWrites()
        var response = try await RequestWrites.$current.withValue(writes) { try await call.route.handler(call) }
        let revision = writes.revision
        if !revision.isEmpty { response.head.headers.append("revision", revision.text) }
        return response
    }

    /// The problem that tells the caller of an error; what is no fault of the caller's is logged.
    func problem(for error: any Error, _ call: Call) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case HTTPBodyError.tooLarge(let limit): return .tooLarge(limit: limit)
        case is HTTPBodyError: return .timedOut
        case let error as NodeError: return Problem(error)
        case let refusal as WalkRefusal: return Problem(refusal)
        case let refusal as GraphRefusal: return Problem(refusal)
        case is CancellationError: return .unavailable("The request was broken off.")
        default:
            logger.error(
                "A request failed",
                metadata: [
                    "request.id": "\(call.requestID)", "request.route": "\(call.route.template)", "error": "\(error)",
                ])
            return .insideError
        }
    }

    private func record(_ route: Int?, _ status: Int, since started: NIODeadline, on loop: any EventLoop) {
        let nanoseconds = (NIODeadline.now() - started).nanoseconds
        let note: @Sendable () -> Void = {
            self.loops.here(loop).metrics.answered(route: route, status: status, nanoseconds: nanoseconds)
        }
        if loop.inEventLoop { note() } else { loop.execute(note) }
    }
}
