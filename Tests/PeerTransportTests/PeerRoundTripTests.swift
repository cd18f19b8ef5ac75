import Membership
import NIOCore
import Synchronization
import Testing

@testable import PeerTransport

@Suite("Requests between nodes")
struct PeerRoundTripTests {
    @Test("A request of any size comes back", arguments: [0, 1, 1_000, 100_000, 5_000_000])
    func roundTrip(_ size: Int) async throws {
        try await PeerPair.with { pair in
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for lane in PeerLane.allCases {
                let answer = try await pair.post("/echo", body, lane: lane).get()
                #expect(answer == PeerResponse(status: 200, body: body))
            }
            #expect(pair.serverMetrics.requestsIn.value == 3)
            #expect(pair.clientMetrics.dials.value == 3)
        }
    }

    @Test("Any status of the service is an answer")
    func status() async throws {
        try await PeerPair.with { pair in
            let answer = try await pair.post("/teapot").get()
            #expect(answer.status == 418)
        }
    }
}

@Suite("The order of requests")
struct PeerOrderTests {
    @Test("Small requests of a lane arrive in the order in which they were posted")
    func order() async throws {
        let seen = Mutex<[Int]>([])
        let service = PeerHandler { request, reply in
            seen.withLock { $0.append(Int(request.body[0]) << 8 | Int(request.body[1])) }
            reply.send(PeerResponse())
        }
        try await PeerPair.with(tls: (TestNodes.shared.b, TestNodes.shared.a), service: service) { pair in
            let count = 5_000
            let promise = pair.loop.makePromise(of: Void.self)
            pair.loop.execute {
                let left = NIOLoopBoundBox(count, eventLoop: pair.loop)
                for number in 0..<count {
                    var body = [UInt8(number >> 8), UInt8(number & 0xFF)]
                    body += [UInt8](repeating: 0, count: number % 2_000)
                    pair.pool.value.post(
                        "/raft", to: pair.address, expecting: TestNodes.b, body: body, timeoutMilliseconds: 300_000
                    ) { _ in
                        left.value -= 1
                        if left.value == 0 { promise.succeed() }
                    }
                }
            }
            try await promise.futureResult.get()
            #expect(seen.withLock { $0 } == Array(0..<count))
            #expect(pair.clientMetrics.failures.value == 0)
        }
    }

    @Test("Answers may come late and from any thread")
    func late() async throws {
        let service = PeerHandler { request, reply in
            Task.detached { reply.send(PeerResponse(body: request.body)) }
        }
        try await PeerPair.with(service: service) { pair in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask { try await pair.post("/a", [UInt8(number)]).get().body == [UInt8(number)] }
                }
                for try await matches in group { #expect(matches) }
            }
        }
    }

    @Test("A request that nobody answers is answered with 500")
    func unanswered() async throws {
        try await PeerPair.with(service: PeerHandler { _, _ in }) { pair in
            let answer = try await pair.post("/a").get()
            #expect(answer.status == 500)
        }
    }
}
