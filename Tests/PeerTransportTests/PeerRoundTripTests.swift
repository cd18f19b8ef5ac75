import Membership
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
