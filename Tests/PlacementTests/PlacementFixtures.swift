import Model

@testable import Placement

let start = Timestamp(milliseconds: 1_770_000_000_000)

func member(
    _ replica: UInt64, zone: String = "a", isEdge: Bool = false, state: Member.State = .active
) -> Member {
    Member(
        replica: replica, name: "node-\(replica)", peerAddress: "127.0.0.1:7001", apiAddress: "127.0.0.1:8001",
        region: "eu", zone: zone, isEdge: isEdge, state: state, since: start)
}

/// SplitMix64: the same numbers on every machine from one seed.
struct Lot: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
