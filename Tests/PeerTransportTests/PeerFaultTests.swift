import HTTPTransport
import Membership
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import PeerTransport

@Suite("Peers that fail")
struct PeerFaultTests {
    /// Keeps replies until it is told to send them.
    private final class Holding: PeerService {
        private let held = Mutex<[PeerReply]>([])
        let arrived: AsyncStream<Void>
        private let arrival: AsyncStream<Void>.Continuation

        init() { (arrived, arrival) = AsyncStream.makeStream() }

        func respond(to request: PeerRequest, _ reply: PeerReply) {
            if request.path == "/at-once" { return reply.send(PeerResponse()) }
            held.withLock { $0.append(reply) }
            arrival.yield()
        }

        func release() {
            for reply in held.withLock({ replies in
                defer { replies = [] }; return replies
            }) { reply.send(PeerResponse()) }
        }
    }

    @Test("Nobody listens: not sent, and for a while nobody tries again")
    func nobodyListens() async throws {
        try await PeerPair.with(client: {
            $0.limits.backOffMilliseconds = 60_000; $0.limits.backOffMillisecondsMax = 60_000
        }) {
            pair in
            let address = try PeerAddress(
                host: "127.0.0.1", port: UInt16(HTTPListener(host: "127.0.0.1", port: 0).address.port ?? 0))
            let first = try await pair.post("/a", to: address).error
            #expect(first?.code == .unreachable && first?.fate == .notSent)
            let second = try await pair.post("/a", to: address).error
            #expect(second?.code == .backingOff && second?.fate == .notSent)
            #expect(pair.clientMetrics.dials.value == 1 && pair.clientMetrics.dialFailures.value == 1)
        }
    }

    @Test("A peer that takes connections and says nothing is unreachable when the time for connecting is up")
    func silent() async throws {
        let server = try await RawServer.start { _, _ in .wait }
        try await PeerPair.with(client: { $0.limits.connectMillisecondsMax = 50 }) { pair in
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(server.port))
            let error = try await pair.post("/a", to: address).error
            #expect(error?.code == .unreachable && error?.fate == .notSent)
        }
        await server.stop()
    }

    @Test("What waits for a connection longer than its own time was not sent")
    func waitingTooLong() async throws {
        let server = try await RawServer.start { _, _ in .wait }
        try await PeerPair.with { pair in
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(server.port))
            let error = try await pair.post("/a", to: address, timeoutMilliseconds: 20).error
            #expect(error?.code == .timedOut && error?.fate == .notSent)
        }
        await server.stop()
    }

    @Test("A peer that stops to answer leaves it open what it did; its connection dies by an unanswered PING")
    func frozen() async throws {
        let server = try await RawServer.start { _, answers in answers == 0 ? .send(RawHTTP2.settings()) : .wait }
        try await PeerPair.with(
            client: {
                $0.limits.pingAfterMilliseconds = 20; $0.limits.pingMillisecondsMax = 20
            }
        ) { pair in
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(server.port))
            let error = try await pair.post("/a", to: address).error
            #expect(error?.code == .connectionLost && error?.fate == .unknown)
            #expect(error?.message.contains("PING") == true)
        }
        await server.stop()
    }

    @Test("A connection that ends under a request leaves it open what became of that")
    func lost() async throws {
        // The answer to the preface is SETTINGS; the first bytes after that are the end.
        let server = try await RawServer.start { _, answers in
            answers == 0 ? .send(RawHTTP2.settings()) : .sendAndClose([])
        }
        try await PeerPair.with { pair in
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(server.port))
            let error = try await pair.post("/a", to: address).error
            #expect(error?.code == .connectionLost && error?.fate == .unknown)
        }
        await server.stop()
    }

    @Test("A request that the peer says it has not looked at was not sent")
    func goneAway() async throws {
        let server = try await RawServer.start { _, answers in
            answers == 0 ? .send(RawHTTP2.settings()) : .send(RawHTTP2.goAway(lastStream: 0))
        }
        try await PeerPair.with { pair in
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(server.port))
            let error = try await pair.post("/a", to: address).error
            #expect(error?.code == .connectionLost && error?.fate == .notSent)
        }
        await server.stop()
    }

    @Test("An answer that does not come in time is unknown, and the connection serves on")
    func lateAnswer() async throws {
        let service = Holding()
        try await PeerPair.with(service: service) { pair in
            let first = try await pair.post("/at-once").error
            #expect(first == nil)
            let error = try await pair.post("/held", timeoutMilliseconds: 30).error
            #expect(error?.code == .timedOut && error?.fate == .unknown)
            let next = try await pair.post("/at-once").error
            #expect(next == nil)
            #expect(pair.clientMetrics.dials.value == 1)
            service.release()
        }
    }

    @Test("Over its limit the pool refuses at once, and takes requests again when others are done")
    func overload() async throws {
        let service = Holding()
        try await PeerPair.with(client: { $0.limits.requestsMax = 2 }, service: service) { pair in
            async let first = pair.post("/held")
            async let second = pair.post("/held")
            var arrivals = service.arrived.makeAsyncIterator()
            _ = await arrivals.next()
            _ = await arrivals.next()
            let error = try await pair.post("/at-once").error
            #expect(error?.code == .overloaded && error?.fate == .notSent)
            service.release()
            _ = try await (first.get(), second.get())
            let next = try await pair.post("/at-once").error
            #expect(next == nil)
        }
    }

    @Test("Over its limit a node answers at once that it is overloaded")
    func serverOverload() async throws {
        let service = Holding()
        try await PeerPair.with(server: { $0.limits.servingMax = 1 }, service: service) { pair in
            async let first = pair.post("/held")
            var arrivals = service.arrived.makeAsyncIterator()
            _ = await arrivals.next()
            let error = try await pair.post("/at-once").error
            #expect(error?.refusal == .overloaded && error?.fate == .notSent)
            service.release()
            _ = try await first.get()
            let next = try await pair.post("/at-once").error
            #expect(next == nil)
            #expect(pair.serverMetrics.refused(.overloaded) == 1)
        }
    }

    @Test("A peer that does not take its answer holds up nothing but its own stream, and not for ever")
    func slowReader() async throws {
        let service = PeerHandler { _, reply in reply.send(PeerResponse(body: [UInt8](repeating: 1, count: 1_000))) }
        try await PeerPair.with(server: { $0.limits.progressMillisecondsMax = 50 }, service: service) { pair in
            let client = try await RawClient.connect(to: pair.listener.port)
            let fields = [
                (":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/a"),
                ("vtag-cluster", PeerPair.cluster.text), ("vtag-protocol", "1-1"), ("content-length", "0"),
            ]
            // No window: not one byte of the answer may be sent.
            try await client.send(
                RawHTTP2.preface + RawHTTP2.settings(4, 0) + RawHTTP2.headers(fields, endsStream: true)
                    + RawHTTP2.goAway(lastStream: 0))
            // The connection ends when its last stream does: by RST_STREAM(CANCEL).
            let bytes = try await client.allBytes()
            let reset = RawHTTP2.frame(3, stream: 1, [0, 0, 0, 8])
            #expect(bytes.indices.contains { bytes[$0...].starts(with: reset) })
        }
    }

    @Test("A peer that was restarted is found again")
    func restart() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let settings = PeerSettings(tls: nil, cluster: PeerCluster(PeerPair.cluster), logger: .silent)
        try await PeerPair.with(client: {
            $0.limits.backOffMilliseconds = 60_000; $0.limits.backOffMillisecondsMax = 60_000
        }) {
            pair in
            let before = try await PeerListener.start(
                on: group, listener: HTTPListener(host: "127.0.0.1", port: 0), settings: settings, service: Echo())
            let address = PeerAddress(host: "127.0.0.1", port: UInt16(before.port))
            let atFirst = try await pair.post("/a", to: address).error
            #expect(atFirst == nil)
            await before.close(gracefullyWithin: .seconds(1))
            let whileGone = try await pair.post("/a", to: address).error
            #expect(whileGone?.fate == .notSent)
            let after = try await PeerListener.start(
                on: group, listener: HTTPListener(host: "127.0.0.1", port: before.port), settings: settings, service: Echo())
            // A dial for its own sake does not wait for the next attempt's time, and serves the requests after it.
            try await pair.freshDial(to: address).get()
            let again = try await pair.post("/a", to: address).error
            #expect(again == nil)
            await after.close(gracefullyWithin: .seconds(1))
        }
    }

    @Test("A fresh dial takes the old connection's place, which finishes what it has")
    func freshDial() async throws {
        let service = Holding()
        try await PeerPair.with(service: service) { pair in
            async let held = pair.post("/held")
            var arrivals = service.arrived.makeAsyncIterator()
            _ = await arrivals.next()
            try await pair.freshDial(to: pair.address).get()
            let next = try await pair.post("/at-once").error
            #expect(next == nil)
            #expect(pair.clientMetrics.connectionsOut.value == 2)
            service.release()
            let late = try await held.error
            #expect(late == nil)
        }
    }

    @Test("A peer that was closed fails what runs, and is dialled again by the next request")
    func close() async throws {
        let service = Holding()
        try await PeerPair.with(service: service) { pair in
            async let held = pair.post("/held")
            var arrivals = service.arrived.makeAsyncIterator()
            _ = await arrivals.next()
            try await pair.loop.submit { pair.pool.value.close(pair.address) }.get()
            let error = try await held.error
            #expect(error?.code == .closed && error?.fate == .unknown)
            let next = try await pair.post("/at-once").error
            #expect(next == nil)
            service.release()
        }
    }
}
