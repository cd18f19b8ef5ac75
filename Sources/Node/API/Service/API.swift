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
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - eventLoops: all that requests may come on.
    package init(
        node: Node, eventLoops: [any EventLoop], verifier: TokenVerifier,
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
        loops = try await LoopStates(eventLoops) { LoopState(verifier: verifier, routes: routes.count) }
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
                return response
            }
        } catch {
            state.metrics.answered(route: nil, status: error.status, nanoseconds: (NIODeadline.now() - started).nanoseconds)
            exchange.respond(error.response(requestID: requestID))
        }
    }

    /// What is known of a request once its head is checked.
    struct Admission: Sendable {
        let route: Int
        let parameters: [String]
        let query: Query
        let principal: Principal
        let requestID: String
        let consistency: ReadConsistency
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
            consistency: try Self.consistency(of: head))
    }

    private static func consistency(of head: HTTPRequestHead) throws(Problem) -> ReadConsistency {
        switch head.headers.values(of: "read-consistency") {
        case [], ["linearizable"]: .linearizable
        // Of a write, what it reads on its way is never stale.
        case ["stale"]: head.method == .get || head.method == .head ? .stale : .linearizable
        default: throw .badRequest("Read-Consistency must be \"stale\" or \"linearizable\".")
        }
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
        let result: Result<Principal, TokenError>? = head.headers.withValue(of: "authorization") { header in
            do throws(TokenError) { return .success(try state.principal(header: header, at: now)) } catch {
                return .failure(error)
            }
        }
        let hasToken = query["access_token"] != nil && route.query.contains { $0.name == "access_token" }
        if let result {
            // RFC 6750 section 2: one way of sending a token, not two.
            guard !hasToken else { throw .badParameter("access_token", "comes beside an Authorization header") }
            switch result {
            case .success(let principal): return principal
            case .failure(let error): throw .unauthorized(error)
            }
        }
        // RFC 6750 section 2.3, for webhooks of providers that cannot send header fields of ours.
        guard hasToken, let token = query["access_token"] else { throw .unauthorized(.missing) }
        var bytes = Array("Bearer \(token)".utf8)
        let verified: Result<Principal, TokenError> = bytes.withUnsafeMutableBytes { raw in
            do throws(TokenError) {
                return .success(try state.principal(header: UnsafeRawBufferPointer(raw), at: now))
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
        let call = Call(
            api: self, route: routes[admission.route], request: request, parameters: admission.parameters,
            query: admission.query, principal: admission.principal, requestID: admission.requestID,
            consistency: admission.consistency)
        do {
            guard call.consistency == .stale else { return try await call.route.handler(call) }
            let staleness = await node.staleness()
            var response = try await call.route.handler(call)
            response.head.headers.append("staleness-ms", String(staleness))
            return response
        } catch {
            return problem(for: error, call).response(requestID: call.requestID)
        }
    }

    /// The problem that tells the caller of an error; what is no fault of the caller's is logged.
    private func problem(for error: any Error, _ call: Call) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case HTTPBodyError.tooLarge(let limit): return .tooLarge(limit: limit)
        case is HTTPBodyError: return .timedOut
        case let error as NodeError: return Problem(error)
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

    private func record(_ route: Int, _ status: Int, since started: NIODeadline, on loop: any EventLoop) {
        let nanoseconds = (NIODeadline.now() - started).nanoseconds
        let note: @Sendable () -> Void = {
            self.loops.here(loop).metrics.answered(route: route, status: status, nanoseconds: nanoseconds)
        }
        if loop.inEventLoop { note() } else { loop.execute(note) }
    }
}
