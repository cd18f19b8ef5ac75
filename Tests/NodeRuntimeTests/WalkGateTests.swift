import Testing

@testable import NodeRuntime

@Suite("The gate before walks over all rows")
struct WalkGateTests {
    private func gate(atOnce: Int, waiting: Int, patience: Int64 = 600_000) -> WalkGate {
        var limits = WalkGate.Limits()
        (limits.atOnce, limits.waitingMax, limits.waitMillisecondsMax) = (atOnce, waiting, patience)
        return WalkGate(limits)
    }

    @Test("Places go in the order of coming, and no more are taken than there are")
    func order() async throws {
        let gate = gate(atOnce: 1, waiting: 8)
        try await gate.enter(for: "a")
        var waiters: [Task<Int, any Error>] = []
        for number in 0..<8 {
            waiters.append(
                Task {
                    try await gate.enter(for: "a")
                    #expect(gate.counts.running == 1)
                    let position = gate.counts.admitted
                    gate.leave(for: "a")
                    return position - number
                })
            while gate.counts.waiting <= number { await Task.yield() }
        }
        await #expect(throws: WalkRefusal.self) { try await gate.enter(for: "a") }
        gate.leave(for: "a")
        for waiter in waiters { #expect(try await waiter.value == 2) }
        #expect(gate.counts.running == 0 && gate.counts.admitted == 9 && gate.counts.refused == 1)
    }

    @Test("Who asks again and again waits behind those who ask once, and makes room for them")
    func fairShares() async throws {
        let gate = gate(atOnce: 2, waiting: 3)
        try await gate.enter(for: "greedy")
        try await gate.enter(for: "greedy")
        func waiter(_ subject: String) async -> Task<Bool, Never> {
            let before = gate.counts.waiting
            let refused = gate.counts.refused
            let task = Task { (try? await gate.enter(for: subject)) != nil }
            while gate.counts.waiting == before && gate.counts.refused == refused { await Task.yield() }
            return task
        }
        let first = await waiter("greedy")
        let second = await waiter("greedy")
        let third = await waiter("greedy")
        let modest = await waiter("modest")
        #expect(await third.value == false)
        #expect(await waiter("greedy").value == false)
        gate.leave(for: "greedy")
        #expect(await modest.value)
        gate.leave(for: "modest")
        #expect(await first.value)
        gate.leave(for: "greedy")
        #expect(await second.value)
        gate.leave(for: "greedy")
        gate.leave(for: "greedy")
        #expect(gate.counts.running == 0 && gate.counts.waiting == 0)
    }

    @Test("Who is cancelled waits no longer, and takes nobody's place")
    func cancelled() async throws {
        let gate = gate(atOnce: 1, waiting: 2)
        try await gate.enter(for: "a")
        let first = Task { try await gate.enter(for: "a") }
        while gate.counts.waiting == 0 { await Task.yield() }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        let before = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await gate.enter(for: "a")
        }
        await #expect(throws: CancellationError.self) { try await before.value }
        gate.leave(for: "a")
        #expect(gate.counts.running == 0 && gate.counts.waiting == 0)
    }

    @Test("Who has waited too long is refused")
    func patience() async throws {
        let gate = gate(atOnce: 1, waiting: 2, patience: 1)
        try await gate.enter(for: "a")
        await #expect(throws: WalkRefusal.full(gate.limits)) { try await gate.enter(for: "a") }
        #expect(gate.counts.waiting == 0 && gate.counts.refused == 1)
    }

    @Test("A walk is free for its first rows, then takes one place, and gives it back once")
    func walk() async throws {
        let gate = gate(atOnce: 1, waiting: 0)
        let walk = Walk(gate)
        try await walk.goOn(for: Walk.freeRowsMax)
        #expect(gate.counts.running == 0)
        try await walk.goOn(for: 1)
        try await walk.begin()
        #expect(gate.counts.running == 1 && walk.hasBegun)
        await #expect(throws: WalkRefusal.self) { try await Walk(gate).begin() }
        walk.end()
        walk.end()
        #expect(gate.counts.running == 0)
        do {
            let dropped = Walk(gate)
            try await dropped.begin()
        }
        #expect(gate.counts.running == 0)
    }

    @Test("A walk ends when its task is cancelled")
    func ends() async throws {
        let gate = gate(atOnce: 1, waiting: 0)
        let task = Task {
            let walk = Walk(gate)
            try await walk.begin()
            withUnsafeCurrentTask { $0?.cancel() }
            try walk.goOn()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(gate.counts.running == 0)
    }
}
