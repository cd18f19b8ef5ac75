import Checkpoint
import Logging
package import Model
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Shard

/// Keeps the audit history to its retention. Nothing of it remembers what it was doing: every so often it compares what group 0
/// says is to be removed with how far each shard that is led here has come, and takes the next steps.
final class RetentionKeeper: Sendable {
    private let task = NIOLockedValueBox<Task<Void, Never>?>(nil)

    func start(_ node: Node) {
        let pause = node.options.retentionIntervalMilliseconds
        let loop = Task { [weak node] in
            while (try? await Task.sleep(for: .milliseconds(pause))) != nil, let node { await node.keepRetention() }
        }
        task.withLockedValue { $0 = loop }
    }

    func stop() async {
        let loop = task.withLockedValue { task in
            defer { task = nil }
            return task
        }
        loop?.cancel()
        await loop?.value
    }
}

extension Node {
    /// Begins a clean-up that is due, works on the one that is under way, and ends it, as far as that is this node's to do.
    package func keepRetention() async {
        do {
            if try await leadsSystem(), try await governance(.stale).retention.due(at: now()) != nil {
                _ = try await submit(.retention(.begin), by: Self.keeper)
            }
            guard let cleaning = try await governance(.stale).retention.underWay else { return }
            for group in 0...shardCount { await tryToClean(group, cleaning) }
            if try await leadsSystem() { try await finish(cleaning) }
        } catch {
            // The next look goes on where this one ended.
            logger.debug("the audit history is not cleaned up further", metadata: ["reason": "\(error)"])
        }
    }

    /// How far the clean-ups of each group's history have come; group 0 is the first.
    package func cleaningProgress(_ consistency: ReadConsistency = .linearizable) async throws -> [AuditCleaningProgress] {
        var all = [try await ofSystem(consistency) { $0.cleaning }]
        for shard in 0..<shardCount {
            guard case .cleaning(let progress) = try await ask(.cleaning, shard: shard, consistency) else {
                throw NodeError.foreignAnswer
            }
            all.append(progress)
        }
        return all
    }

    /// Returns once no part of a clean-up is carried out any more that was decided before this index of group 0's log: what a hold
    /// names that was in force there stays, and so does all where the retention asks for no clean-up any more.
    package func fenceCleaning(at index: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for shard in 0..<shardCount {
                group.addTask { _ = try await self.submit(.audit(.fence(index)), shard: shard, by: Self.keeper) }
            }
            try await group.waitForAll()
        }
    }

    private static var keeper: WriteContext { WriteContext(actor: "system") }

    private func leadsSystem() async throws -> Bool {
        try await system.eventLoop.submit { [system] in system.driver.isLeader }.get()
    }

    private func ofSystem<Value: Sendable>(
        _ consistency: ReadConsistency, _ read: @escaping @Sendable (SystemState) -> Value
    ) async throws(NodeError) -> Value {
        let system = self.system
        return try await system.eventLoop.result { completion in
            guard consistency == .linearizable else { return completion(.success(read(system.shard.state))) }
            system.confirmRead { result in completion(result.map { read(system.shard.state) }) }
        }
    }

    private func finish(_ cleaning: AuditCleaning) async throws {
        let progress = try await cleaningProgress()
        let isDone = progress.allSatisfy { $0.run == cleaning.run && $0.isDone }
        let isWanted = try await governance().retention.asks(for: cleaning)
        guard isDone || !isWanted else { return }
        let own = progress.filter { $0.run == cleaning.run }
        _ = try await submit(
            .retention(
                .finish(
                    run: cleaning.run, removed: own.reduce(0) { $0 + $1.removed }, held: own.reduce(0) { $0 + $1.held })),
            by: Self.keeper)
    }

    /// One history that cannot be cleaned up keeps none of the others.
    private func tryToClean(_ group: Int, _ cleaning: AuditCleaning) async {
        do {
            try await clean(group, cleaning)
        } catch let error as CheckpointError where error.code == .damaged {
            logger.warning(
                "a shard's audit history is damaged and is not cleaned up",
                metadata: ["raft.group": "\(group)", "reason": "\(error)"])
        } catch {
            logger.debug(
                "a shard's audit history is not cleaned up further",
                metadata: ["raft.group": "\(group)", "reason": "\(error)"])
        }
    }

    /// Pause between two parts, in which other work of the checkpoint gets its turn.
    private static var partPause: Duration { .milliseconds(20) }

    /// Does the group's part of the clean-up, if it is led here: looks at its history stretch by stretch, and has its replicas
    /// remove from each what nobody holds.
    private func clean(_ group: Int, _ cleaning: AuditCleaning) async throws {
        while let progress = await led(group), progress.run < cleaning.run || !progress.isDone {
            try Task.checkCancellation()
            // What is decided stands under all holds that were acknowledged before: a later one is behind the fence.
            let (retention, index) = try await ofSystem(.linearizable) { ($0.governance.retention, $0.appliedIndex) }
            guard retention.underWay?.run == cleaning.run, retention.asks(for: cleaning) else { return }
            let holds = retention.forms
            let after = progress.run == cleaning.run ? progress.through : 0
            try await flushCheckpointHere()
            let checkpoint = try self.checkpoint
            let selection = try await NIOThreadPool.singleton.runIfActive { [options] in
                try checkpoint.auditBefore(
                    cleaning.before, shard: group, after: after, limit: options.cleanedEntriesMax, holds: holds)
            }
            let part = AuditRemoval(
                run: cleaning.run, before: cleaning.before, months: cleaning.months, after: after,
                through: selection.through, isLast: selection.isLast, holdsAsOf: index,
                removed: selection.removed, held: selection.held)
            let reply =
                group == SystemShard.group
                ? try await submitHere(.retention(.remove(part)), by: Self.keeper)
                : try await submitHere(.audit(.remove(part)), shard: group - 1, by: Self.keeper)
            // A hold came in between: look again.
            if reply.outcomes.first?.succeeded == true, part.isLast { return }
            try await Task.sleep(for: Self.partPause)
        }
    }

    /// How far the group has come; nil where it is not led here.
    private func led(_ group: Int) async -> AuditCleaningProgress? {
        if group == SystemShard.group {
            return try? await system.eventLoop.submit { [system] in
                system.driver.isLeader ? system.shard.state.cleaning : nil
            }.get()
        }
        guard let host = shards[group - 1] else { return nil }
        return try? await host.eventLoop.submit { host.driver.isLeader ? host.shard.state.cleaning : nil }.get()
    }
}
