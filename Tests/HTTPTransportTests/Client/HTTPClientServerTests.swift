import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPTransport

/// Client and server of this module, over real sockets, in each combination of protocol and TLS.
@Suite("HTTP client and server")
struct HTTPClientServerTests {
    enum Transport: CaseIterable, Sendable { case clearHTTP2, clearHTTP1, tlsHTTP2, tlsHTTP1 }

    /// Answers as the paths ask for.
    private struct Service: HTTPService {
        func respond(to exchange: HTTPExchange) {
            switch exchange.head.path {
            case "/echo":
                exchange.run { request in
                    .stream(200, contentType: "application/octet-stream") { writer in
                        for try await piece in request.body { try await writer.write(piece) }
                    }
                }
            case "/who":
                exchange.respond(.text(200, exchange.peerCertificateSubjectAltNames.joined(separator: " ")))
            case "/never":
                exchange.run { _ in
                    try await Task.sleep(for: .seconds(3_600))
                    return HTTPResponse(status: 204)
                }
            default:
                exchange.respond(.text(200, "\(exchange.head.method.name) \(exchange.head.path) \(exchange.isTLS)"))
            }
        }
    }

    private func with(
        _ transport: Transport, identity: TestCertificates.Files? = nil, clientCA: String? = nil,
        _ body: (HTTPClient, String) async throws -> Void
    ) async throws {
        var configuration = HTTPClientConfiguration()
        var installer: HTTPServer.TLSInstaller?
        switch transport {
        case .clearHTTP2: break
        case .clearHTTP1: configuration.version = .http1Only
        case .tlsHTTP2, .tlsHTTP1:
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            installer = try TLSServerContext.test(clientCA: clientCA).installer(logger: logger)
            configuration.tls = try TLSClientContext.test(
                identity, applicationProtocols: transport == .tlsHTTP2 ? ["h2", "http/1.1"] : ["http/1.1"])
        }
        let server = try await HTTPServer.start(
            on: .singletonMultiThreadedEventLoopGroup, host: "127.0.0.1", port: 0, tls: installer, service: Service())
        let client = HTTPClient(group: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
        let scheme = installer == nil ? "http" : "https"
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(client, "\(scheme)://127.0.0.1:\(server.address.port ?? 0)")) } catch {
            outcome = .failure(error)
        }
        await client.shutDown()
        await server.stop(gracefullyWithin: .seconds(1))
        try outcome.get()
    }

    @Test("Requests without and with bodies get their answers", arguments: Transport.allCases)
    func requests(_ transport: Transport) async throws {
        try await with(transport) { client, url in
            let isTLS = transport == .tlsHTTP1 || transport == .tlsHTTP2
            for _ in 0..<3 {
                let response = try await client.execute(HTTPClientRequest(url: url + "/a/b"))
                #expect(response.status == 200)
                #expect(response.version == (transport == .clearHTTP2 || transport == .tlsHTTP2 ? .http2 : .http11))
                #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
                #expect(String(buffer: try await response.body.collect(upTo: 100)) == "GET /a/b \(isTLS)")
            }
            let head = try await client.execute(HTTPClientRequest(method: .head, url: url + "/a"))
            #expect(try await head.body.collect(upTo: 0).readableBytes == 0)
            let body = ByteBuffer(string: "body")
            let echo = try await client.execute(HTTPClientRequest(method: .post, url: url + "/echo", body: .bytes(body)))
            #expect(try await echo.body.collect(upTo: 10) == body)
        }
    }

    @Test("Megabytes stream up and down at once, with and without an announced length", arguments: Transport.allCases)
    func streaming(_ transport: Transport) async throws {
        try await with(transport) { client, url in
            let pieces = 200
            let size = 16_000
            for length in [nil, pieces * size] {
                let body = Pieces(count: pieces, size: size)
                let response = try await client.execute(
                    HTTPClientRequest(method: .post, url: url + "/echo", body: .stream(length: length, body)))
                var received = 0
                var wrong = 0
                for try await piece in response.body {
                    // Every hundredth byte tells by its value which piece it belongs to.
                    for offset in stride(from: 0, to: piece.readableBytes, by: 100) {
                        let byte = piece.getInteger(at: piece.readerIndex + offset, as: UInt8.self)
                        if byte != UInt8(truncatingIfNeeded: (received + offset) / size) { wrong += 1 }
                    }
                    received += piece.readableBytes
                }
                #expect(received == pieces * size)
                #expect(wrong == 0)
            }
        }
    }

    @Test("Many requests at once all get their own answers", arguments: Transport.allCases)
    func concurrency(_ transport: Transport) async throws {
        try await with(transport) { client, url in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let response = try await client.execute(HTTPClientRequest(url: "\(url)/\(number)"))
                        let text = String(buffer: try await response.body.collect(upTo: 100))
                        return text.hasPrefix("GET /\(number) ")
                    }
                }
                for try await matches in group { #expect(matches) }
            }
        }
    }

    @Test(
        "A streamed body that is not as long as announced, or that throws, fails the request", arguments: Transport.allCases)
    func wrongLength(_ transport: Transport) async throws {
        struct Broken: Error {}
        try await with(transport) { client, url in
            let throwing = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                continuation.yield(ByteBuffer(string: "x"))
                continuation.finish(throwing: Broken())
            }
            let bodies: [HTTPClientRequest.Body] = [
                .stream(length: 3, Pieces(count: 1, size: 2)), .stream(length: 1, Pieces(count: 1, size: 2)),
                .stream(length: nil, throwing),
            ]
            for body in bodies {
                do {
                    let response = try await client.execute(HTTPClientRequest(method: .post, url: url + "/echo", body: body))
                    _ = try await response.body.collect(upTo: 100)
                    Issue.record("a broken body was taken for a whole one")
                } catch let error as HTTPClientError {
                    #expect(error.code == .requestBodyFailed)
                }
            }
            #expect(try await client.execute(HTTPClientRequest(url: url + "/next")).status == 200)
        }
    }

    @Test("An answer longer than the caller takes is an error", arguments: Transport.allCases)
    func tooLong(_ transport: Transport) async throws {
        try await with(transport) { client, url in
            let response = try await client.execute(
                HTTPClientRequest(method: .post, url: url + "/echo", body: .bytes(ByteBuffer(repeating: 1, count: 1_000))))
            await #expect(throws: HTTPClientError.self) { try await response.body.collect(upTo: 999) }
        }
    }

    @Test("The server learns the names in the client's certificate", arguments: [Transport.tlsHTTP1, .tlsHTTP2])
    func mutualTLS(_ transport: Transport) async throws {
        let certificates = TestCertificates.shared
        try await with(transport, identity: certificates.client, clientCA: certificates.ca) { client, url in
            let response = try await client.execute(HTTPClientRequest(url: url + "/who"))
            #expect(String(buffer: try await response.body.collect(upTo: 100)) == "node-a.vtag.internal vtag://node/a")
        }
    }

    @Test("A client that trusts another CA gets a TLS error that says so, at once")
    func untrusted() async throws {
        try await with(.tlsHTTP2) { _, url in
            var configuration = HTTPClientConfiguration()
            configuration.tls = try TLSClientContext(trust: .file(TestCertificates.shared.strangerCA))
            let client = HTTPClient(group: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
            do {
                _ = try await client.execute(HTTPClientRequest(url: url))
                Issue.record("the server is not to be trusted")
            } catch let error as HTTPClientError {
                #expect(error.code == .tlsFailed)
                #expect(error.message.contains("is not trusted"), "\(error)")
            }
            await client.shutDown()
        }
    }

    @Test("TLS towards a clear-text port, and none at all, are clear errors")
    func schemeMismatch() async throws {
        try await with(.clearHTTP2) { client, url in
            await #expect(throws: HTTPClientError.self) {
                try await client.execute(HTTPClientRequest(url: "https" + url.dropFirst("http".count)))
            }
            var configuration = HTTPClientConfiguration()
            configuration.tls = try TLSClientContext.test()
            let client = HTTPClient(group: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
            do {
                _ = try await client.execute(HTTPClientRequest(url: "https" + url.dropFirst("http".count)))
                Issue.record("that port speaks no TLS")
            } catch let error as HTTPClientError {
                #expect(error.code == .tlsFailed)
            }
            await client.shutDown()
        }
    }
}

/// A body of `count` pieces, each filled with its number.
private struct Pieces: AsyncSequence, Sendable {
    typealias Failure = any Error
    let count: Int
    let size: Int

    struct Iterator: AsyncIteratorProtocol {
        typealias Failure = any Error
        var number = 0
        let pieces: Pieces

        mutating func next() async throws -> ByteBuffer? {
            guard number < pieces.count else { return nil }
            defer { number += 1 }
            return ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: pieces.size)
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }
}
