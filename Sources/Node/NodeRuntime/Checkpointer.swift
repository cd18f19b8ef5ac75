import Checkpoint
import LogStorage
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Shard
import WriteAheadLog

/// Carries the shards' changes to the checkpoint in the background, and trims the log behind it.
///
/// Lives on the first event loop; collects from all loops, writes on the checkpoint's own thread. One round at a time; a
/// round that fails tries again until it succeeds or the node stops.
final class Checkpointer: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let shards: ShardDirectory
    private let system: SystemHost
    private let checkpoint: Checkpoint
    private let log: LogStorage
    private let pressure: CheckpointPressure
    private var pace: CheckpointPace
    private let logger: Logger
    private let onFatal: @Sendable (NodeFailure) -> Void
    private var timer: RepeatedTask?
    private var round: EventLoopFuture<Void>?
    /// The round after the one under way, for those who need all that was committed by now.
    private var nextRound: EventLoopPromise<Void>?
    private var retry: Scheduled<Void>?
    private var failures = 0
    /// Those who wait for a flush, by number.
    private var waiting: [Int: EventLoopPromise<Void>] = [:]
    private var flushes = 0
    private var isStopping = false
    /// Groups whose log is not to be trimmed, while a snapshot of them travels; how many travel.
    private let held = NIOLockedValueBox<[Int: Int]>([:])

    /// Longest pause between two tries to write a round, in milliseconds.
    private static let retryMillisecondsMax: Int64 = 10_000

    /// `onFatal` is called when a sync failed: what is on disk is unknown then, and the process must end.
    init(
        shards: ShardDirectory, system: SystemHost, checkpoint: Checkpoint, log: LogStorage,
        pressure: CheckpointPressure, ageMax: TimeAmount, logger: Logger, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) {
        eventLoop = system.eventLoop
        self.shards = shards
        self.system = system
        self.checkpoint = checkpoint
        self.log = log
        self.pressure = pressure
        pace = CheckpointPace(ageMax: ageMax)
        self.logger = logger
        self.onFatal = onFatal
    }

    func start() {
        eventLoop.runNowOrSoon { [self] in
            timer = eventLoop.scheduleRepeatedTask(initialDelay: pace.tick, delay: pace.tick) { [self] _ in
                guard round == nil else { return }
                let isUrgent = pressure.takeHurry()
                if pace.isDue(total: pressure.total, isUrgent: isUrgent, at: .now()) { _ = runRound() }
            }
        }
    }

    /// Everything that was committed before this call is in the checkpoint when the future succeeds. Fails with
    /// `NodeError.stopping` once the node stops, and with `checkpointBehind` as soon as a try to write failed: that is tried
    /// again, but nobody is to wait for it.
    func flush() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [self] in
            guard !isStopping else { return eventLoop.makeFailedFuture(NodeError.stopping) }
            guard failures == 0 else { return eventLoop.makeFailedFuture(NodeError.checkpointBehind) }
            let promise = eventLoop.makePromise(of: Void.self)
            let number = flushes
            flushes += 1
            waiting[number] = promise
            flushNow().whenComplete { [self] result in
                waiting.removeValue(forKey: number)?.completeWith(result)
            }
            return promise.futureResult
        }
    }

    /// The last flush of a node that stops: no round is tried again, as the log holds everything.
    func stop() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [self] in
            isStopping = true
            timer?.cancel()
            timer = nil
            // The task's future fails now, and with it the round that waited for it.
            retry?.cancel()
            return flushNow()
        }
    }

    /// Keeps the log of a group as it is, from its beginning, until `release`. Any thread.
    func hold(_ group: Int) { held.withLockedValue { $0[group, default: 0] += 1 } }

    func release(_ group: Int) {
        held.withLockedValue { held in
            let count = (held[group] ?? 1) - 1
            held[group] = count > 0 ? count : nil
        }
    }

    private func isFree(_ group: Int) -> Bool { held.withLockedValue { $0[group] == nil } }

    private func flushNow() -> EventLoopFuture<Void> {
        guard round != nil else { return runRound() }
        // The round under way may have passed a shard already.
        let promise = nextRound ?? eventLoop.makePromise(of: Void.self)
        nextRound = promise
        return promise.futureResult
    }

    /// One transaction with what all shards have.
    private func runRound() -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        pace.roundBegins(total: pressure.total)
        let parts = shards.held.map { host in host.eventLoop.submit { host.takeCheckpointBatch() } }
        let done = EventLoopFuture.whenAllSucceed(parts, on: eventLoop).flatMap { [self] batches in
            let batches = batches.compactMap(\.self)
            let systemBatch = system.takeCheckpointBatch()
            guard !batches.isEmpty || systemBatch != nil else { return eventLoop.makeSucceededVoidFuture() }
            return write(batches, systemBatch)
        }
        round = done
        done.whenComplete { [self] result in
            round = nil
            guard let waiting = nextRound else { return }
            nextRound = nil
            // What a failed round took from the shards is not in the checkpoint, whatever the next one writes.
            if case .failure(let error) = result { return waiting.fail(error) }
            runRound().cascade(to: waiting)
        }
        return done
    }

    /// Tries until it succeeds: the batch left the shards' backlog and must not be lost. Writes wait meanwhile when
    /// their shard's backlog grows too large.
    private func write(_ batches: [CheckpointBatch], _ systemBatch: SystemCheckpointBatch?) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        checkpoint.write(batches, systemBatch) { result in promise.completeWith(result.mapError { $0 as any Error }) }
        return promise.futureResult.map { [self] in
            failures = 0
            written(batches, systemBatch)
        }.flatMapError { [self] error in
            failures += 1
            if (error as? CheckpointError)?.code == .syncFailed {
                onFatal(NodeFailure(.startAgain, "\(error)"))
                return eventLoop.makeFailedFuture(error)
            }
            guard !isStopping else { return eventLoop.makeFailedFuture(error) }
            logger.error(
                "checkpoint not written, trying again",
                metadata: ["checkpoint.error": "\(error)", "checkpoint.failures": "\(failures)"])
            let waiting = waiting
            self.waiting = [:]
            for promise in waiting.values { promise.fail(NodeError.checkpointBehind) }
            let pause = min(Self.retryMillisecondsMax, 100 << Int64(min(failures, 7)))
            let retry = eventLoop.scheduleTask(in: .milliseconds(pause)) {}
            self.retry = retry
            return retry.futureResult.flatMap { self.write(batches, systemBatch) }
        }
    }

    private func written(_ batches: [CheckpointBatch], _ systemBatch: SystemCheckpointBatch?) {
        if systemBatch != nil { system.checkpointWritten() }
        for batch in batches {
            guard let host = shards[batch.shard - 1] else { continue }
            host.eventLoop.runNowOrSoon { host.checkpointWritten() }
        }
        let watermarks = checkpoint.durableWatermarks.filter { isFree($0.key) }
        log.trim(upTo: Dictionary(uniqueKeysWithValues: watermarks.map { (GroupID($0.key), $0.value.appliedIndex) }))
    }
}
