import Foundation
import Logging
import Model
import NIOConcurrencyHelpers
import NIOCore
import Shard
import TaggingRules
import Testing

@testable import NodeRuntime

/// A clock that is set by hand.
private final class HandClock: Sendable {
    private let value: NIOLockedValueBox<Timestamp>
    init(_ start: String) { value = NIOLockedValueBox(Timestamp(start) ?? Timestamp(milliseconds: 0)) }
    var now: Timestamp { value.withLockedValue { $0 } }
    func set(_ text: String) { value.withLockedValue { $0 = Timestamp(text) ?? $0 } }
}

extension Bench {
    fileprivate func start(_ clock: HandClock) async throws -> Node {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        var options = NodeOptions(
            dataDirectory: directory, shards: 4, logSegmentBytes: 1 << 20, checkpointIntervalMilliseconds: 20)
        options.scoreIntervalMilliseconds = 3_600_000
        return try await Node.start(options, on: group, logger: logger, now: { clock.now }) {
            Issue.record("the log failed: \($0)")
        }
    }
}

extension Node {
    /// Waits, looking again and again, until all rows are judged under a catalogue later than `version`.
    fileprivate func judged(after version: UInt64) async throws {
        while true {
            let statistics = try await statistics()
            if statistics.catalogVersion > version, statistics.pending == 0 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

@Suite("Governance on a node")
struct NodeGovernanceTests {
    private let policy = CompliancePolicy(
        id: UUID128(high: 1, low: 1), name: "owned", severity: .high, rules: .requiredTags(["owner"]), createdBy: "",
        createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0))

    private func waiver(until text: String) -> ComplianceWaiver {
        ComplianceWaiver(
            id: UUID128(high: 2, low: 2), name: "w", reason: "because", policies: [policy.id],
            expiresAt: Timestamp(text) ?? Timestamp(milliseconds: 0), approver: "", createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0))
    }

    @Test("A waiver that expires while the node is down counts no more soon after its start, without anybody asking")
    func expiryAcrossRestart() async throws {
        let bench = Bench()
        let clock = HandClock("2026-03-01")
        var node = try await bench.start(clock)
        _ = try await node.observe([instance(1), instance(2)])
        _ = try await node.submit(.create(.policy(policy)), by: operatorContext)
        let version = try await node.catalog().version
        _ = try await node.submit(.create(.waiver(waiver(until: "2026-03-02"))), by: operatorContext)
        try await node.judged(after: version)
        var totals = try await node.statistics().totals
        #expect(totals.compliantResources == 2 && totals.waivedResources == 2)
        #expect(totals.byPolicy[policy.id]?.waived == 2 && totals.byPolicy[policy.id]?.violations == 0)
        await node.stop()

        clock.set("2026-03-03")
        node = try await bench.start(clock)
        try await node.judged(after: version + 1)
        totals = try await node.statistics().totals
        #expect(totals.compliantResources == 0 && totals.waivedResources == 0)
        #expect(totals.byPolicy[policy.id]?.violations == 2)
        #expect(try await node.catalog().waivers.map(\.isExpired) == [true])
        await node.stop()

        // Once is enough: the next start finds nothing that has its moment.
        node = try await bench.start(clock)
        #expect(try await node.catalog().version == version + 2)
        await node.stop()
    }

    @Test("The score of each day is kept as it last was, over restarts, from the checkpoint and from the log")
    func history() async throws {
        let bench = Bench()
        let clock = HandClock("2026-03-01T10:00:00Z")
        var node = try await bench.start(clock)
        _ = try await node.observe([instance(1), instance(2)])
        let version = try await node.catalog().version
        _ = try await node.submit(.create(.policy(policy)), by: operatorContext)
        try await node.judged(after: version)
        await node.keepScore()
        _ = try await node.applyTag("owner", "ann", to: instance(1).id)
        clock.set("2026-03-01T20:00:00Z")
        await node.keepScore()
        clock.set("2026-03-02T08:00:00Z")
        await node.keepScore()
        let days = try await node.governance().days
        #expect(days.map(\.text) == ["2026-03-01", "2026-03-02"])
        #expect(days.map(\.score.score) == [50, 50])
        #expect(days[0].policies == [.init(id: policy.id, evaluated: 2, compliant: 1)])
        await node.stop()
        node = try await bench.start(clock)
        #expect(try await node.governance().days == days)
        await node.stop()
    }

    @Test("The learner reads all shards, and forgets nothing of a tag's value on the way")
    func aliases() async throws {
        let bench = Bench()
        let node = try await bench.start(HandClock("2026-03-01"))
        _ = try await node.observe((0..<60).map { instance($0, tags: [Model.Tag("environment", "production")]) })
        _ = try await node.observe((60..<62).map { instance($0, tags: [Model.Tag("Enviroment", "production")]) })
        let found = try await node.learnAliases(under: try await node.catalog(), in: Walk(node.walks))
        #expect(found.map(\.alias) == ["enviroment"] && found.first?.tagKey == "environment")
        #expect(found.first?.aliasResources == 2 && found.first?.resources == 60 && found.first?.together == 0)
        await node.stop()
    }
}
