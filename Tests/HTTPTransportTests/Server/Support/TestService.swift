import HTTPTransport
import NIOCore
import Synchronization

/// A service made of a closure.
struct TestService: HTTPService {
    let answer: @Sendable (HTTPExchange) -> Void

    init(_ answer: @escaping @Sendable (HTTPExchange) -> Void) { self.answer = answer }
    func respond(to exchange: HTTPExchange) { answer(exchange) }

    /// The words of the transport, in a form of this service's own.
    func answer(to refusal: HTTPRefusal) -> HTTPResponse {
        .bytes(
            refusal.status, contentType: "application/problem+json", headers: ["x-refused": "yes"],
            "{\"status\":\(refusal.status),\"detail\":\"\(refusal.detail)\"}".utf8)
    }

    /// Answers with the request's method and target.
    static let echoTarget = TestService { exchange in
        let query = exchange.head.query.map { "?" + $0 } ?? ""
        exchange.respond(.text(200, "\(exchange.head.method) \(exchange.head.path)\(query)"))
    }

    /// Answers with the request's body, or with the status that says why there is none.
    static func echoBody(upTo limit: Int = 1 << 20) -> TestService {
        TestService { exchange in
            exchange.collectBody(upTo: limit) { result in
                switch result {
                case .success(let body): exchange.respond(contentType: "application/octet-stream", body: body)
                case .failure(.tooLarge): exchange.respond(status: 413)
                case .failure(.timedOut): exchange.respond(status: 408)
                case .failure(let error): exchange.respond(.text(500, "\(error)"))
                }
            }
        }
    }
}

/// A value that several threads look at.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    func update<Result: Sendable>(_ body: @Sendable (inout sending Value) -> sending Result) -> Result {
        mutex.withLock(body)
    }
}

/// Exchanges that a test keeps, to answer them when it likes; on one thread.
final class Kept: @unchecked Sendable {
    var exchanges: [HTTPExchange] = []
}
