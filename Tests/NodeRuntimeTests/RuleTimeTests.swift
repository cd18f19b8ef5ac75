import Model
import Shard
import Synchronization
import Testing

@testable import NodeRuntime

/// A clock that stands until it is moved.
private final class HandClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_800_000_000_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .sequentiallyConsistent)) }

    func move(bySeconds seconds: Int64) { milliseconds.add(seconds * 1_000, ordering: .sequentiallyConsistent) }
}

@Suite("Rules that start and end")
struct RuleTimeTests {
    private func rule(from start: Timestamp, until end: Timestamp) -> TagRule {
        TagRule(
            id: UUID128(high: 1, low: 2), name: "timed", priority: 1, condition: .all([]),
            actions: [.setTag(key: "team", value: "x")], effectiveStart: start, effectiveEnd: end, createdBy: "",
            createdAt: start, updatedAt: start)
    }

    /// Returns once every row has as many tags.
    private func wait(for count: Int, on node: Node) async throws {
        while try await !node.allRecords().allSatisfy({ $0.tags.count == count }) { await Task.yield() }
    }

    @Test("What passed while the node was down takes effect when it starts, without anyone asking")
    func restart() async throws {
        let bench = Bench()
        let clock = HandClock()
        var node = try await bench.start(now: { clock.now })
        _ = try await node.observe((0..<50).map { instance($0) })
        let (start, end) = (clock.now.milliseconds + 3_600_000, clock.now.milliseconds + 7_200_000)
        let timed = rule(from: Timestamp(milliseconds: start), until: Timestamp(milliseconds: end))
        _ = try await node.submit(.create(.rule(timed)), by: operatorContext)
        try await wait(for: 0, on: node)
        await node.stop()

        clock.move(bySeconds: 3_600)
        node = try await bench.start(now: { clock.now })
        try await wait(for: 1, on: node)
        #expect(try await node.catalog().rule(timed.id)?.state == .inForce)
        await node.stop()

        clock.move(bySeconds: 3_600)
        node = try await bench.start(now: { clock.now })
        try await wait(for: 0, on: node)
        #expect(try await node.catalog().rule(timed.id)?.state == .ended)
        await node.stop()
    }

    @Test("A clock that is set back undoes nothing")
    func backwards() async throws {
        let bench = Bench()
        let clock = HandClock()
        var node = try await bench.start(now: { clock.now })
        _ = try await node.observe([instance(1)])
        let now = clock.now.milliseconds
        let timed = rule(from: Timestamp(milliseconds: now - 1), until: Timestamp(milliseconds: now + 3_600_000))
        _ = try await node.submit(.create(.rule(timed)), by: operatorContext)
        try await wait(for: 1, on: node)
        await node.stop()

        clock.move(bySeconds: -86_400)
        node = try await bench.start(now: { clock.now })
        _ = try await node.submit(.passTime, by: operatorContext)
        #expect(try await node.catalog().rule(timed.id)?.state == .inForce)
        try await wait(for: 1, on: node)
        await node.stop()
    }
}
