import Dispatch
import Model
import NodeRuntime
import Shard

/// The shards of a node in memory, with a log that needs no time, on as many threads as the node would have loops.
final class RuleShards: Sendable {
    static let count = 16
    static let threads = 2
    /// Resources of one command, as ingestion has them.
    private static let batch = 64

    private final class Box: @unchecked Sendable {
        // One thread at a time.
        var shard: Shard
        var entries = 0
        var logBytes = 0
        var auditEntries = 0
        init(_ shard: Shard) { self.shard = shard }
    }

    private let boxes: [Box]
    private static let context = WriteContext(actor: "system", requestID: "")

    /// Takes the resources in under `catalog`.
    init(_ samples: MultipliedSamples, resources: Int, catalog: Catalog) throws {
        boxes = (0..<Self.count).map {
            Box(Shard(number: $0 + 1, state: ShardState(slots: ShardState.slots(ofShard: $0, of: Self.count))))
        }
        try onThreads { thread in
            let judge = CatalogJudge(catalog)
            var waiting = [[Observation]](repeating: [], count: Self.count)
            func flush(_ shard: Int) throws {
                _ = try Self.take(.observe(waiting[shard]), boxes[shard], judge)
                waiting[shard].removeAll(keepingCapacity: true)
            }
            for number in 0..<resources {
                let observation = samples.observation(number)
                let shard = observation.id.slot.shard(of: Self.count)
                guard shard % Self.threads == thread else { continue }
                waiting[shard].append(observation)
                if waiting[shard].count == Self.batch { try flush(shard) }
            }
            for shard in waiting.indices where !waiting[shard].isEmpty { try flush(shard) }
        }
    }

    /// What a sweep did.
    struct Swept {
        var seconds = 0.0
        var changed = 0
        var auditEntries = 0
        var logBytes = 0
    }

    /// Brings the catalogue into force on all rows, in slices as a node does.
    func sweep(_ catalog: Catalog) throws -> Swept {
        for box in boxes { (box.entries, box.logBytes, box.auditEntries) = (0, 0, 0) }
        let changed = Counter()
        let seconds = try seconds {
            try onThreads { thread in
                let judge = CatalogJudge(catalog)
                for (number, box) in boxes.enumerated() where number % Self.threads == thread {
                    box.shard.catalogChanged()
                    while box.shard.needsSweep(version: catalog.version) {
                        changed.add(try Self.take(.sweep(limit: SweepPace.rowsMax), box, judge), of: thread)
                    }
                }
            }
        }
        return Swept(
            seconds: seconds, changed: changed.total, auditEntries: boxes.reduce(0) { $0 + $1.auditEntries },
            logBytes: boxes.reduce(0) { $0 + $1.logBytes })
    }

    /// Calls `body` with the rows of the shards of each thread.
    func forEachRow(_ body: @Sendable (_ thread: Int, _ rows: SlotTable) throws -> Void) throws {
        try onThreads { thread in
            for (number, box) in boxes.enumerated() where number % Self.threads == thread {
                try body(thread, box.shard.state.rows)
            }
        }
    }

    /// Carries a command out on one shard; returns how many outcomes it had.
    func take(_ command: ShardCommand, shard: Int, judge: CatalogJudge) throws -> Int {
        try Self.take(command, boxes[shard], judge)
    }

    private static func take(_ command: ShardCommand, _ box: Box, _ judge: CatalogJudge) throws -> Int {
        switch try box.shard.propose(command, by: context, at: wallClock(), judge: judge) {
        case .answer(let reply, _): return reply.outcomes.count
        case .append(let proposal):
            box.shard.appended(proposal, term: 1)
            let changes = try box.shard.apply(proposal.encoded, at: proposal.index, term: 1)
            box.entries += 1
            box.logBytes += proposal.encoded.count
            box.auditEntries += changes.audit.count
            return proposal.reply.outcomes.count
        }
    }

    private func onThreads(_ body: @Sendable (Int) throws -> Void) throws {
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: Self.threads) { thread in
            do { try body(thread) } catch { failures.note(error, of: thread) }
        }
        if let failure = failures.first { throw failure }
    }
}

/// A number that each thread counts up by itself.
final class Counter: @unchecked Sendable {
    // One place a thread.
    private let counts = UnsafeMutablePointer<Int>.allocate(capacity: RuleShards.threads)
    init() { counts.initialize(repeating: 0, count: RuleShards.threads) }
    deinit { counts.deallocate() }
    func add(_ count: Int, of thread: Int) { counts[thread] += count }
    var total: Int { (0..<RuleShards.threads).reduce(0) { $0 + counts[$1] } }
}

private final class Failures: @unchecked Sendable {
    // One place a thread, read when all have ended.
    private let failures = UnsafeMutablePointer<(any Error)?>.allocate(capacity: RuleShards.threads)
    init() { failures.initialize(repeating: nil, count: RuleShards.threads) }
    deinit {
        failures.deinitialize(count: RuleShards.threads)
        failures.deallocate()
    }
    func note(_ error: any Error, of thread: Int) { failures[thread] = error }
    var first: (any Error)? { (0..<RuleShards.threads).lazy.compactMap { self.failures[$0] }.first }
}
