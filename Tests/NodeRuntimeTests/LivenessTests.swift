import Foundation
import Model
import NIOCore
import NIOPosix
import Shard
import Synchronization
import Testing

@testable import Checkpoint
@testable import NodeRuntime

/// A rule that tags every web instance with `role`.
func roleRule(_ value: String, id: UInt64 = 1, name: String = "role") -> CatalogItem {
    .rule(
        TagRule(
            id: UUID128(high: 0x1111_2222_3333_4444, low: id), name: name, priority: 10,
            condition: .test(FieldTest(.name, .startsWith, .text("web"))), actions: [.setTag(key: "role", value: value)],
            createdBy: "tester", createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0)))
}

extension Node {
    /// Returns when every row is judged under the catalogue in force.
    func settled() async throws {
        while try await statistics().pending > 0 { await Task.yield() }
    }
}

/// A value that tasks share.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
}

/// Changes a checkpoint's file behind its node's back.
private func alter(_ sql: String, in path: String) throws {
    try SQLiteConnection(path: path, readOnly: false).execute(sql)
}

@Suite("A node under load")
struct LivenessTests {
    @Test("A sweep ends although writes never cease")
    func sweepBesideWrites() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 2)
        _ = try await node.observe((0..<1000).map { instance($0) })
        let isSwept = Shared(false)
        let writers = (0..<8).map { writer in
            Task {
                var round = 0
                while !isSwept.withLock({ $0 }) {
                    round += 1
                    _ = try await node.applyTag("round", "\(writer)-\(round)", to: instance(writer).id)
                }
                return round
            }
        }
        #expect(try await node.submit(.create(roleRule("front")), by: operatorContext).outcomes == [.created])
        try await node.settled()
        isSwept.withLock { $0 = true }
        for writer in writers { #expect(try await writer.value > 0) }
        #expect(try await node.allRecords().allSatisfy { $0.tag("role")?.value == "front" })
        await node.stop()
    }

    @Test("A sweep whose slices do not fit one entry of the log takes smaller ones")
    func sweepOfLargeRows() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 1)
        // 64 of these rows exceed a quarter of the 1 MiB segment.
        let metadata = JSONText(trusted: Array("{\"text\":\"\(String(repeating: "x", count: 20_000))\"}".utf8))
        for number in 0..<80 {
            var large = instance(number)
            large.metadata = metadata
            #expect(try await node.observe([large]) == [.created])
        }
        _ = try await node.submit(.create(roleRule("front")), by: operatorContext)
        try await node.settled()
        #expect(try await node.allRecords().allSatisfy { $0.tag("role")?.value == "front" })
        await node.stop()
    }

    @Test("A command whose entry would be too large is refused as a whole and leaves no trace")
    func tooLarge() async throws {
        let bench = Bench()
        var node = try await bench.start(shards: 1)
        var large = instance(1)
        large.metadata = JSONText(trusted: Array("{\"text\":\"\(String(repeating: "x", count: 300_000))\"}".utf8))
        let key = WriteContext.Idempotency(key: IdempotencyKey(high: 1, low: 2), bodyDigest: 3)
        let context = WriteContext(actor: "a", idempotency: key)
        let command = ShardCommand.observe([instance(0), large])
        await #expect(throws: NodeError.tooLarge) { try await node.submit(command, shard: 0, by: context) }
        #expect(try await node.allRecords().isEmpty)
        // The key is free, the audit trail has no gap, and the index goes on.
        #expect(try await node.submit(.observe([instance(0)]), shard: 0, by: context).outcomes == [.created])
        let before = try await node.allRecords()
        await node.stop()
        node = try await bench.start(shards: 1)
        #expect(try await node.allRecords() == before)
        let trail = try node.checkpoint.auditTrail(AuditFilter(), before: nil, limit: 10)
        #expect(trail.entries.map(\.sequence) == [1])
        await node.stop()
    }

    @Test("Writes that wait for the checkpoint keep their order; over the bound they are refused")
    func backPressure() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 1, checkpointEvery: 3_600_000, backlogMax: 10, waitingMax: 5)
        _ = try await node.observe((0..<20).map { instance($0) })
        let host = try #require(node.shards[0])
        let answers = Shared<[Result<ShardReply, NodeError>]>([])
        try await host.eventLoop.submit {
            for number in 0..<7 {
                let tag = TagApplication(resource: instance(0).id, tags: [Model.Tag("step", "\(number)")])
                host.submit(.applyTags([tag]), by: operatorContext) { answer in answers.withLock { $0.append(answer) } }
            }
        }.get()
        #expect(answers.withLock { $0 } == [.failure(.overloaded), .failure(.overloaded)])
        try await node.flushCheckpoint()
        #expect(try await node.applyTag("last", "1", to: instance(0).id) == .created)
        let indexes = answers.withLock { $0 }.compactMap { try? $0.get().index }
        #expect(indexes.count == 5)
        #expect(indexes == indexes.sorted())
        #expect(try await node.record(instance(0).id)?.tag("step")?.value == "4")
        await node.stop()
    }

    @Test("Every request has exactly one answer when the node stops, and what was acknowledged is there again")
    func stopUnderLoad() async throws {
        let bench = Bench()
        var node = try await bench.start(shards: 2, checkpointEvery: 5, backlogMax: 20, waitingMax: 50)
        let acknowledged = Shared<Set<Int>>([])
        let answers = Shared(0)
        let running = node
        let requests = (0..<400).map { number in
            Task {
                let outcome = try? await running.observe([instance(number)])
                answers.withLock { $0 += 1 }
                if outcome == [.created] { acknowledged.withLock { _ = $0.insert(number) } }
            }
        }
        while answers.withLock({ $0 }) < 50 { await Task.yield() }
        await node.stop()
        for request in requests { await request.value }
        await #expect(throws: NodeError.stopping) { try await running.observe([instance(1)]) }
        await #expect(throws: (any Error).self) { try await running.flushCheckpoint() }
        node = try await bench.start(shards: 2)
        let stored = Set(try await node.allRecords().map(\.resource.id))
        #expect(acknowledged.withLock { $0 }.allSatisfy { stored.contains(instance($0).id) })
        await node.stop()
    }

    @Test("A stop does not wait for a checkpoint that cannot be written; the log has everything")
    func stopWhileCheckpointFails() async throws {
        let bench = Bench()
        var node = try await bench.start(shards: 1, checkpointEvery: 5)
        let path = bench.directory + "/checkpoint.sqlite"
        try alter("CREATE TRIGGER full BEFORE INSERT ON watermarks BEGIN SELECT RAISE(ABORT, 'full'); END", in: path)
        _ = try await node.observe((0..<50).map { instance($0) })
        let before = try await node.allRecords()
        await node.stop()
        try alter("DROP TRIGGER full", in: path)
        node = try await bench.start(shards: 1)
        #expect(try await node.allRecords() == before)
        try await node.flushCheckpoint()
        await node.stop()
    }

    @Test("Many who ask for a flush at once all get one that covers what they wrote")
    func flushes() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 2, checkpointEvery: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    _ = try await node.observe([instance(number)])
                    try await node.flushCheckpoint()
                    var filter = AuditFilter()
                    filter.resource = instance(number).id
                    let trail = try node.checkpoint.auditTrail(filter, before: nil, limit: 10)
                    #expect(trail.entries.map(\.action) == [.resourceCreated])
                }
            }
            try await group.waitForAll()
        }
        await node.stop()
    }

    @Test("A stopped node is freed")
    func freed() async throws {
        let bench = Bench()
        weak var freed: Node?
        weak var freedHost: ShardHost?
        do {
            let node = try await bench.start()
            _ = try await node.observe([instance(1)])
            freed = node
            freedHost = node.shards[0]
            await node.stop()
        }
        // What the loops still had to do for it goes with their next turn.
        for loop in bench.group.makeIterator() { try await loop.submit {}.get() }
        #expect(freed == nil)
        #expect(freedHost == nil)
    }
}
