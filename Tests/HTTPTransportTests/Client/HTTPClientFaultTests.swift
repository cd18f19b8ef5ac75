import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPTransport

/// What the client makes of peers that refuse, reset, go away, stall and die.
@Suite("HTTP client and faulty peers")
struct HTTPClientFaultTests {
    private func withClient<Result>(
        _ adjust: (inout HTTPClientConfiguration) -> Void = { _ in }, _ body: (HTTPClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClientConfiguration()
        configuration.retryDelayMilliseconds = 1
        adjust(&configuration)
        let client = HTTPClient(group: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
        do {
            let result = try await body(client)
            await client.shutDown()
            return result
        } catch {
            await client.shutDown()
            throw error
        }
    }

    private func code(_ body: () async throws -> Void) async -> HTTPClientError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? HTTPClientError)?.code }
    }

    @Test("A refused connection names the address and asks whether the node is running")
    func connectionRefused() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(
            host: "127.0.0.1", port: 0
        ).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        try await withClient { client in
            do {
                _ = try await client.execute(HTTPClientRequest(method: .post, url: "http://127.0.0.1:\(port)/"))
                Issue.record("nobody listens there")
            } catch let error as HTTPClientError {
                #expect(error.code == .connectionRefused)
                #expect(error.message == "connection refused by 127.0.0.1:\(port)")
            }
        }
    }

    @Test("A stream refused before processing is sent again, even a POST")
    func refusedStream() async throws {
        let refusals = Mutex(2)
        let server = try await ScriptedServer.start { _, frame in
            guard frame.type == .headers else { return [] }
            let refuse = refusals.withLock { left in
                defer { left -= 1 }; return left > 0
            }
            return [.send(refuse ? .reset(frame.stream, code: 7) : .ok(frame.stream))]
        }
        let status = try await withClient {
            try await $0.execute(HTTPClientRequest(method: .post, url: server.url, body: .bytes(ByteBuffer(string: "x"))))
                .status
        }
        #expect(status == 200)
        #expect(server.frames.count { $0.type == .headers } == 3)
        await server.stop()
    }

    @Test("A stream above GOAWAY's last one is sent again on a new connection, even a POST")
    func goAwayUnprocessed() async throws {
        let server = try await ScriptedServer.start { connection, frame in
            guard frame.type == .headers else { return [] }
            return [.send(connection == 0 ? .goAway(last: 0) : .ok(frame.stream))]
        }
        let status = try await withClient {
            try await $0.execute(HTTPClientRequest(method: .post, url: server.url)).status
        }
        #expect(status == 200)
        await server.stop()
    }

    @Test("A stream that GOAWAY leaves standing still gets its answer")
    func goAwayProcessed() async throws {
        let server = try await ScriptedServer.start { connection, frame in
            guard frame.type == .headers else { return [] }
            return connection == 0 ? [.send(.goAway(last: 1)), .send(.ok(frame.stream))] : [.close]
        }
        let status = try await withClient {
            try await $0.execute(HTTPClientRequest(method: .post, url: server.url)).status
        }
        #expect(status == 200)
        await server.stop()
    }

    @Test("A connection lost after the request was sent fails a POST and repeats a GET")
    func lostConnection() async throws {
        let script: ScriptedServer.Script = { connection, frame in
            guard frame.type == .headers else { return [] }
            return connection == 0 ? [.close] : [.send(.ok(frame.stream))]
        }
        for (method, expected) in [(HTTPMethod.post, HTTPClientError.Code.connectionLost), (.get, nil), (.put, nil)] {
            let server = try await ScriptedServer.start(script)
            let failure = await code {
                _ = try await withClient { try await $0.execute(HTTPClientRequest(method: method, url: server.url)).status }
            }
            #expect(failure == expected)
            await server.stop()
        }
    }

    @Test("A POST with an Idempotency-Key is repeated too, a streamed body never")
    func idempotencyKey() async throws {
        let script: ScriptedServer.Script = { connection, frame in
            guard frame.type == .headers else { return [] }
            return connection == 0 ? [.close] : [.send(.ok(frame.stream))]
        }
        let server = try await ScriptedServer.start(script)
        try await withClient {
            let request = try HTTPClientRequest(method: .post, url: server.url, headers: ["idempotency-key": "k"])
            #expect(try await $0.execute(request).status == 200)
        }
        await server.stop()

        let second = try await ScriptedServer.start(script)
        let failure = await code {
            try await withClient {
                let body = AsyncThrowingStream<ByteBuffer, any Error> { $0.yield(ByteBuffer(string: "part")) }
                _ = try await $0.execute(HTTPClientRequest(method: .put, url: second.url, body: .stream(length: nil, body)))
            }
        }
        #expect(failure == .connectionLost)
        await second.stop()
    }

    @Test("An answer that does not come by the deadline fails")
    func deadline() async throws {
        let server = try await ScriptedServer.start { _, _ in [] }
        try await withClient { client in
            let failure = await code {
                _ = try await client.execute(HTTPClientRequest(url: server.url, deadline: .now() + .milliseconds(50)))
            }
            #expect(failure == .deadlineExceeded)
        }
        await server.stop()
    }

    @Test("A body that stops half-way fails at the deadline while it is read")
    func stalledBody() async throws {
        let server = try await ScriptedServer.start { _, frame in
            guard frame.type == .headers else { return [] }
            return [
                .send(.ok(frame.stream, ends: false)),
                .send(.init(type: .data, stream: frame.stream, payload: Array("half".utf8))),
            ]
        }
        try await withClient { client in
            let response = try await client.execute(HTTPClientRequest(url: server.url, deadline: .now() + .seconds(2)))
            #expect(response.status == 200)
            #expect(await code { _ = try await response.body.collect(upTo: 100) } == .deadlineExceeded)
        }
        await server.stop()
    }

    @Test("Cancelling the task, or letting go of an unread answer, resets the stream")
    func cancellation() async throws {
        let server = try await ScriptedServer.start { _, frame in
            frame.type == .headers && frame.stream == 3 ? [.send(.ok(frame.stream, ends: false))] : []
        }
        func resets() -> Int { server.frames.count { $0.type == .resetStream && $0.payload == [0, 0, 0, 8] } }
        try await withClient { client in
            let task = Task { try await client.execute(HTTPClientRequest(url: server.url)).status }
            try await until { server.frames.contains { $0.type == .headers } }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await until { resets() == 1 }
            #expect(try await client.execute(HTTPClientRequest(url: server.url)).status == 200)
            try await until { resets() == 2 }
        }
        await server.stop()
    }

    @Test("The peer's limit on concurrent streams is obeyed on the wire")
    func concurrentStreams() async throws {
        let running = Mutex((now: 0, most: 0, queue: [Int32]()))
        let server = try await ScriptedServer.start(settings: [(3, 2)]) { _, frame in
            // Each second request answers the one before and itself, so that two are open whenever two may be.
            guard frame.type == .headers else { return [] }
            return running.withLock { state in
                state.queue.append(frame.stream)
                state.most = max(state.most, state.queue.count)
                guard state.queue.count == 2 else { return [] }
                defer { state.queue = [] }
                return state.queue.map { .send(.ok($0)) }
            }
        }
        try await withClient({ $0.connectionsPerOriginMax = 1 }) { client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<40 { group.addTask { try await client.execute(HTTPClientRequest(url: server.url)).status } }
                for try await status in group { #expect(status == 200) }
            }
        }
        #expect(running.withLock { $0.most } == 2)
        await server.stop()
    }

    @Test("A peer that answers no PING is given up")
    func deadPeer() async throws {
        let server = try await ScriptedServer.start { _, _ in [] }
        let failure = await code {
            try await withClient({
                $0.pingAfterMilliseconds = 20
                $0.pingMillisecondsMax = 20
            }) { _ = try await $0.execute(HTTPClientRequest(method: .post, url: server.url)) }
        }
        #expect(failure == .connectionLost)
        #expect(server.frames.contains { $0.type == .ping })
        await server.stop()
    }

    @Test("Headers beyond the limit fail the request and leave the connection usable")
    func hugeHeaders() async throws {
        let server = try await ScriptedServer.start { _, frame in
            guard frame.type == .headers else { return [] }
            if frame.stream > 1 { return [.send(.ok(frame.stream))] }
            // A literal field without indexing: name "a", value of 120 bytes; a hundred of them.
            let field: [UInt8] = [0x00, 1, UInt8(ascii: "a"), 120] + Array(repeating: UInt8(ascii: "v"), count: 120)
            let block = [0x88] + Array(repeatElement(field, count: 100).joined())
            return [.send(.init(type: .headers, flags: 5, stream: frame.stream, payload: block))]
        }
        try await withClient({ $0.responseHeaderBytesMax = 4_096 }) { client in
            let failure = await code { _ = try await client.execute(HTTPClientRequest(url: server.url)) }
            #expect(failure == .responseHeadersTooLarge)
            let next = try await client.execute(HTTPClientRequest(url: server.url))
            #expect(next.status == 200)
        }
        await server.stop()
    }

    @Test("A peer gets no more credit than the reader took")
    func flowControl() async throws {
        let window = 65_536
        let server = try await ScriptedServer.start { _, frame in
            guard frame.type == .headers else { return [] }
            let piece = ScriptedServer.Step.send(
                .init(type: .data, stream: frame.stream, payload: Array(repeating: 1, count: 16_384)))
            return [.send(.ok(frame.stream, ends: false))] + Array(repeating: piece, count: window / 16_384) + [
                .send(.init(type: .ping, payload: Array(0..<8)))
            ]
        }
        func credits() -> Int { server.frames.count { $0.type == .windowUpdate && $0.stream != 0 } }
        try await withClient({ $0.receiveWindowBytesPerStream = window }) { client in
            let response = try await client.execute(HTTPClientRequest(url: server.url))
            // The answer to a PING sent behind the data proves that the client has seen all of it.
            try await until { server.frames.contains { $0.type == .ping && $0.flags == 1 } }
            #expect(credits() == 0)
            var iterator = response.body.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            try await until { credits() > 0 }
        }
        await server.stop()
    }

    @Test("A peer that speaks something else is a clear error")
    func notHTTP2() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Greeter()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await withClient { client in
            #expect(
                await code { _ = try await client.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/")) }
                    == .protocolViolation)
        }
        try await listener.close()
    }

    @Test("A shut-down client fails what runs and what comes")
    func shutDown() async throws {
        let server = try await ScriptedServer.start { _, _ in [] }
        try await withClient { client in
            let task = Task { try await client.execute(HTTPClientRequest(url: server.url)).status }
            try await until { server.frames.contains { $0.type == .headers } }
            await client.shutDown()
            #expect(await code { _ = try await task.value } == .shutDown)
            #expect(await code { _ = try await client.execute(HTTPClientRequest(url: server.url)) } == .shutDown)
        }
        await server.stop()
    }
}

/// Waits until a condition that another thread brings about holds.
func until(_ condition: () -> Bool) async throws {
    while !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

extension EventLoopGroup where Self == MultiThreadedEventLoopGroup {
    static var singletonMultiThreadedEventLoopGroup: MultiThreadedEventLoopGroup { .singleton }
}

/// Speaks first, and something else than HTTP.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let greeting = ByteBuffer(string: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
        context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
    }
}
