import Checkpoint
import Foundation
import HTTPTransport
import Logging
import Membership
import Model
import NIOCore
import NIOPosix
import Shard
import Synchronization
import Testing

@testable import NodeRuntime

/// A clock that stands until it is moved.
private final class HandClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_768_000_000_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .sequentiallyConsistent)) }

    func move(byDays days: Int64) { milliseconds.add(days * 86_400_000, ordering: .sequentiallyConsistent) }
}

extension Node {
    /// All of the trail about resources, the newest first.
    fileprivate func wholeTrail() async throws -> [AuditEntry] {
        var entries: [AuditEntry] = []
        var cursor: AuditCursor?
        repeat {
            let page = try await auditTrail(AuditFilter(), before: cursor, limit: 1_000)
            entries += page.entries.filter { $0.resourceID != nil }
            cursor = page.next
        } while cursor != nil
        return entries
    }

    /// Of every data shard, as the copy here has it.
    fileprivate func verified() async throws -> [AuditVerification] {
        var found: [AuditVerification] = []
        for group in 1...shardCount {
            guard case .verification(let one) = try await historyHere(.verification(group: group, from: 1, limit: 100_000))
            else { throw NodeError.foreignAnswer }
            found.append(one)
        }
        return found
    }

    fileprivate func keep(_ months: Int) async throws {
        let reply = try await submit(.retention(.keep(months: months, .none)), by: operatorContext)
        #expect(reply.outcomes.first?.succeeded == true)
    }

    fileprivate func place(_ scope: LegalHold.Scope, name: String = "case") async throws {
        let hold = LegalHold(
            id: UUID128(high: 9, low: StableHash.hash(name)), name: name, reason: "r", scope: scope, placedBy: "",
            placedAt: Timestamp(milliseconds: 0))
        let reply = try await submit(.retention(.place(hold)), by: operatorContext)
        #expect(reply.outcomes == [.created])
        try await fenceCleaning(at: reply.index)
    }

    fileprivate func lastCleaning() async throws -> AuditCleaning? { try await governance().retention.cleaning }
}

@Suite("Retention of the audit history")
struct RetentionTests {
    private func fill(_ node: Node, _ clock: HandClock, rounds: Int = 3) async throws {
        for round in 0..<rounds {
            _ = try await node.observe((0..<40).map { instance($0) })
            for number in 0..<40 { _ = try await node.applyTag("round", "\(round)", to: instance(number).id) }
            clock.move(byDays: 40)
        }
    }

    @Test("A clean-up that a restart breaks off goes on where it was, and removes the same")
    func restart() async throws {
        let bench = Bench()
        let clock = HandClock()
        func start() async throws -> Node {
            var options = NodeOptions(dataDirectory: bench.directory, shards: 2, logSegmentBytes: 1 << 20)
            options.cleanedEntriesMax = 7
            options.retentionIntervalMilliseconds = 600_000
            var logger = Logger(label: "test")
            logger.logLevel = .error
            return try await Node.start(options, on: bench.group, logger: logger, now: { clock.now }) {
                Issue.record("the log failed: \($0)")
            }
        }
        var node = try await start()
        try await fill(node, clock)
        var scope = LegalHold.Scope()
        scope.resources = [instance(3).id, instance(17).id]
        try await node.place(scope)
        let before = try await node.wholeTrail()
        try await node.keep(1)
        var restarts = 0
        while try await node.lastCleaning()?.finishedAt == nil {
            let running = node
            let work = Task { await running.keepRetention() }
            let seen = try await running.cleaningProgress().reduce(0) { $0 + $1.through }
            // Some parts are done, and not all.
            while !Task.isCancelled, try await running.cleaningProgress().reduce(0, { $0 + $1.through }) < seen + 14,
                try await running.lastCleaning()?.finishedAt == nil
            {
                await Task.yield()
            }
            work.cancel()
            await work.value
            await node.stop()
            node = try await start()
            restarts += 1
            #expect(try await node.verified().allSatisfy { $0.fault == nil })
        }
        #expect(restarts > 2)
        let horizon = try #require(try await node.lastCleaning()?.before)
        let expected = before.filter { $0.at >= horizon || $0.resourceID.map(scope.resources.contains) == true }
        #expect(try await node.wholeTrail() == expected)
        #expect(expected.count < before.count)
        await node.stop()
    }

    @Test("What a hold names that was placed while a clean-up runs, and acknowledged, is never removed after")
    func holdsWhileItRuns() async throws {
        let bench = Bench()
        let clock = HandClock()
        var options = NodeOptions(dataDirectory: bench.directory, shards: 2, logSegmentBytes: 1 << 20)
        options.cleanedEntriesMax = 3
        options.retentionIntervalMilliseconds = 600_000
        let node = try await Node.start(
            options, on: bench.group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now }
        ) { Issue.record("the log failed: \($0)") }
        try await fill(node, clock)
        try await node.keep(1)
        async let cleaning: Void = node.keepRetention()
        for number in 0..<20 {
            var scope = LegalHold.Scope()
            scope.resources = [instance(number).id]
            try await node.place(scope, name: "hold \(number)")
            let held = try await node.wholeTrail().filter { $0.resourceID == instance(number).id }
            for _ in 0..<3 { await Task.yield() }
            #expect(try await node.wholeTrail().filter { $0.resourceID == instance(number).id } == held)
        }
        let held = try await node.wholeTrail().filter { entry in (0..<20).contains { instance($0).id == entry.resourceID } }
        await cleaning
        while try await node.lastCleaning()?.finishedAt == nil { await node.keepRetention() }
        #expect(
            try await node.wholeTrail().filter { entry in (0..<20).contains { instance($0).id == entry.resourceID } } == held
        )
        #expect(try await node.verified().allSatisfy { $0.fault == nil })
        await node.stop()
    }

    @Test("A retention that is made longer while a clean-up runs ends it where it is")
    func longer() async throws {
        let bench = Bench()
        let clock = HandClock()
        var options = NodeOptions(dataDirectory: bench.directory, shards: 2, logSegmentBytes: 1 << 20)
        options.cleanedEntriesMax = 3
        options.retentionIntervalMilliseconds = 600_000
        let node = try await Node.start(
            options, on: bench.group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now }
        ) { Issue.record("the log failed: \($0)") }
        try await fill(node, clock)
        try await node.keep(1)
        async let cleaning: Void = node.keepRetention()
        while try await node.cleaningProgress()[1].through == 0 { await Task.yield() }
        let reply = try await node.submit(.retention(.keep(months: nil, .none)), by: operatorContext)
        try await node.fenceCleaning(at: reply.index)
        let left = try await node.wholeTrail()
        await cleaning
        await node.keepRetention()
        #expect(try await node.wholeTrail() == left)
        #expect(try await node.lastCleaning()?.finishedAt != nil)
        #expect(try await node.verified().allSatisfy { $0.fault == nil })
        await node.stop()
    }

    @Test("Replicas on three nodes remove the same, and each of them tells the same trail")
    func threeNodes() async throws {
        let clock = HandClock()
        let directory = NSTemporaryDirectory() + "nodes-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let listeners = try (0..<3).map { _ in try HTTPListener(host: "127.0.0.1", port: 0) }
        let addresses = listeners.map { PeerAddress(host: "127.0.0.1", port: UInt16($0.address.port ?? 0)) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let nodes = try await withThrowingTaskGroup(of: (Int, Node).self) { tasks in
            for (number, listener) in listeners.enumerated() {
                var options = NodeOptions(
                    dataDirectory: "\(directory)/\(number)", shards: 3, nodeID: "n\(number + 1)", logSegmentBytes: 1 << 20)
                options.cleanedEntriesMax = 11
                options.retentionIntervalMilliseconds = 600_000
                options.peer = NodeOptions.Peer(advertised: addresses[number], joins: addresses, bootstrapExpect: 3)
                let listener = UncheckedBox(listener)
                tasks.addTask { [options] in
                    var logger = Logger(label: "test")
                    logger.logLevel = .critical
                    return (
                        number,
                        try await Node.start(
                            options, on: group, peerListener: listener.value, logger: logger, now: { clock.now }
                        ) { Issue.record("the log failed: \($0)") }
                    )
                }
            }
            return try await tasks.reduce(into: [Node?](repeating: nil, count: 3)) { $0[$1.0] = $1.1 }.compactMap(\.self)
        }
        let outcome = await Result { try await run(nodes, clock) }
        for node in nodes { await node.stop() }
        try await group.shutdownGracefully()
        try outcome.get()
    }

    private func run(_ nodes: [Node], _ clock: HandClock) async throws {
        try await fill(nodes[0], clock)
        let before = try await nodes[0].wholeTrail()
        var scope = LegalHold.Scope()
        scope.resources = [instance(5).id]
        try await nodes[1].place(scope)
        try await nodes[2].keep(1)
        // Each shard's leader does its part, wherever it is.
        while try await nodes[0].lastCleaning()?.finishedAt == nil {
            for node in nodes { await node.keepRetention() }
        }
        let cleaning = try #require(try await nodes[0].lastCleaning())
        let expected = before.filter { $0.at >= cleaning.before || $0.resourceID == instance(5).id }
        #expect(expected.count < before.count && cleaning.removed >= before.count - expected.count)
        // Nothing is asked of another node: each shard has a replica on each.
        let found = try await nodes[0].verified()
        #expect(found.allSatisfy { $0.fault == nil && $0.removals != nil })
        for node in nodes {
            #expect(try await node.wholeTrail() == expected)
            _ = try await node.cleaningProgress()
            #expect(try await node.verified() == found)
        }
    }
}

/// Handed to one task alone.
private struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
