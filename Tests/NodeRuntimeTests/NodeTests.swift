import Checkpoint
import Foundation
import Logging
import Model
import NIOCore
import NIOPosix
import Shard
import Testing

@testable import NodeRuntime

/// A node in a directory of its own, with a hand on its life.
struct Bench: ~Copyable {
    let directory: String
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    init() { directory = NSTemporaryDirectory() + "node-\(UUID().uuidString)" }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
        try? group.syncShutdownGracefully()
    }

    func start(
        shards: Int = 4, checkpointEvery milliseconds: Int64 = 20, backlogMax: Int = 100_000, waitingMax: Int = 10_000,
        now: @escaping @Sendable () -> Timestamp = wallClock
    ) async throws -> Node {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let options = NodeOptions(
            dataDirectory: directory, shards: shards, logSegmentBytes: 1 << 20,
            checkpointIntervalMilliseconds: milliseconds, checkpointBacklogMax: backlogMax, waitingWritesMax: waitingMax)
        return try await Node.start(options, on: group, logger: logger, now: now) { Issue.record("the log failed: \($0)") }
    }
}

let operatorContext = WriteContext(actor: "tester", requestID: "request-1")

func instance(_ number: Int, name: String = "web", tags: [Model.Tag] = []) -> Observation {
    Observation(
        provider: .aws, resourceID: "i-\(number)", resourceType: "ec2.instance", name: name, accountID: "111122223333",
        region: "us-east-1", nativeTags: TagList(tags))
}

extension Node {
    func observe(_ observations: [Observation], by context: WriteContext = operatorContext) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for (shard, part) in Dictionary(grouping: observations, by: { shard(of: $0.id.slot) }).sorted(by: { $0.key < $1.key }
        ) {
            outcomes += try await submit(.observe(part), shard: shard, by: context).outcomes
        }
        return outcomes
    }

    func applyTag(_ key: String, _ value: String, to id: ResourceID, by context: WriteContext = operatorContext) async throws
        -> Outcome
    {
        let command = ShardCommand.applyTags([TagApplication(resource: id, tags: [Model.Tag(key, value)])])
        return try await submit(command, shard: shard(of: id.slot), by: context).outcomes[0]
    }

    func allRecords() async throws -> [ResourceRecord] {
        try await scan(after: nil, limit: .max, in: Walk(walks)) { _ in true }
    }
}

@Suite("A node")
struct NodeTests {
    @Test("What was acknowledged is there after an orderly stop and a new start")
    func restartAfterStop() async throws {
        let bench = Bench()
        var node = try await bench.start()
        #expect(try await node.observe((0..<500).map { instance($0) }).allSatisfy { $0 == .created })
        #expect(try await node.applyTag("owner", "ann", to: instance(7).id) == .created)
        let before = try await node.allRecords()
        let key = try await node.cursorKey()
        await node.stop()

        node = try await bench.start()
        let after = try await node.allRecords()
        #expect(after == before)
        #expect(after.count == 500)
        #expect(try await node.cursorKey() == key)
        #expect(try await node.statistics().totals.resources == 500)
        await node.stop()
    }

    @Test("A second start without any checkpoint replays the log alone")
    func restartFromLogAlone() async throws {
        let bench = Bench()
        var node = try await bench.start(checkpointEvery: 3_600_000)
        _ = try await node.observe((0..<200).map { instance($0) })
        let before = try await node.allRecords()
        // The last checkpoint of an orderly stop is what a crash would not have: take the log as it stands.
        let copy = bench.directory + "-copy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: bench.directory, toPath: copy)
        await node.stop()
        try FileManager.default.removeItem(atPath: bench.directory)
        try FileManager.default.moveItem(atPath: copy, toPath: bench.directory)

        node = try await bench.start()
        #expect(try await node.allRecords() == before)
        await node.stop()
    }

    @Test("The same observation again is nothing; another state is an update")
    func observedAgain() async throws {
        let bench = Bench()
        let node = try await bench.start()
        #expect(try await node.observe([instance(1)]) == [.created])
        #expect(try await node.observe([instance(1)]) == [.unchanged])
        #expect(try await node.observe([instance(1, name: "db")]) == [.updated])
        let record = try #require(try await node.record(instance(1).id))
        #expect(record.resource.version == 2)
        #expect(record.resource.name == "db")
        await node.stop()
    }

    @Test("An idempotency key gives the first answer again, also after a restart, and refuses another body")
    func idempotency() async throws {
        let bench = Bench()
        var node = try await bench.start()
        let key = IdempotencyKey(high: 1, low: 2)
        let first = WriteContext(actor: "a", idempotency: .init(key: key, bodyDigest: 10))
        let other = WriteContext(actor: "a", idempotency: .init(key: key, bodyDigest: 11))
        #expect(try await node.observe([instance(1)], by: first) == [.created])
        #expect(try await node.observe([instance(1)], by: first) == [.created])
        await #expect(throws: NodeError.idempotencyKeyReused) { try await node.observe([instance(1)], by: other) }
        await node.stop()
        node = try await bench.start()
        #expect(try await node.observe([instance(1)], by: first) == [.created])
        await node.stop()
    }

    @Test("The audit trail tells every change once, newest first")
    func auditTrail() async throws {
        let bench = Bench()
        let node = try await bench.start()
        _ = try await node.observe([instance(1)])
        _ = try await node.applyTag("owner", "ann", to: instance(1).id)
        _ = try await node.applyTag("owner", "bob", to: instance(1).id)
        try await node.flushCheckpoint()
        var filter = AuditFilter()
        filter.resource = instance(1).id
        let page = try node.checkpoint.auditTrail(filter, before: nil, limit: 10)
        #expect(page.entries.map(\.action) == [.tagChanged, .tagAdded, .resourceCreated])
        #expect(page.entries[0].oldValue == "ann")
        #expect(page.entries[0].newValue == "bob")
        #expect(page.entries.allSatisfy { $0.actor == "tester" && $0.requestID == "request-1" })
        await node.stop()
    }

    @Test("A directory in use is refused")
    func directoryInUse() async throws {
        let bench = Bench()
        let node = try await bench.start()
        await #expect(throws: NodeStartError.self) { try await bench.start() }
        await node.stop()
    }

    @Test("Deleting a resource drops its row and its tags; a stale precondition is refused")
    func deletion() async throws {
        let bench = Bench()
        let node = try await bench.start()
        let id = instance(1).id
        _ = try await node.observe([instance(1)])
        let index = try #require(try await node.record(id)).changedIndex
        let stale = ShardCommand.deleteResource(id, .unchangedSince(index + 1))
        let reply = try await node.submit(stale, shard: node.shard(of: id.slot), by: operatorContext)
        #expect(reply.outcomes == [.preconditionFailed(current: index)])
        let command = ShardCommand.deleteResource(id, .unchangedSince(index))
        #expect(try await node.submit(command, shard: node.shard(of: id.slot), by: operatorContext).outcomes == [.deleted])
        #expect(try await node.record(id) == nil)
        #expect(try await node.statistics().totals.resources == 0)
        await node.stop()
    }
}
