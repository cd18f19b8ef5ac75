import Checkpoint
import LogStorage
import Logging
import NIOCore
import Shard
import WriteAheadLog

/// Carries the shards' changes to the checkpoint in the background, and trims the log behind it.
///
/// Lives on the first event loop; collects from all loops, writes on the checkpoint's own thread.
final class Checkpointer: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let hosts: [ShardHost]
    private let system: SystemHost
    private let checkpoint: Checkpoint
    private let log: LogStorage
    private let interval: TimeAmount
    private let logger: Logger
    private var timer: RepeatedTask?
    private var round: EventLoopFuture<Void>?
    private var failures = 0
    private var isStopping = false

    init(
        hosts: [ShardHost], system: SystemHost, checkpoint: Checkpoint, log: LogStorage, intervalMilliseconds: Int64,
        logger: Logger
    ) {
        eventLoop = system.eventLoop
        self.hosts = hosts
        self.system = system
        self.checkpoint = checkpoint
        self.log = log
        self.interval = .milliseconds(intervalMilliseconds)
        self.logger = logger
    }

    func start() {
        eventLoop.runNowOrSoon { [self] in
            timer = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [self] _ in
                if round == nil { _ = runRound() }
            }
        }
    }

    func stop() {
        eventLoop.runNowOrSoon { [self] in timer?.cancel() }
    }

    /// Everything that was committed before this call is in the checkpoint when the future succeeds.
    func flush() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [self] in
            // A round that is under way may have passed a shard already.
            guard let round else { return runRound() }
            return round.flatMap { self.flush() }
        }
    }

    /// The last flush of a node that stops: one try, as the log holds everything.
    func flushOnce() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [self] in
            isStopping = true
            return flush()
        }
    }

    /// One transaction with what all shards have.
    private func runRound() -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        let parts = hosts.map { host in host.eventLoop.submit { host.takeCheckpointBatch() } }
        let done = EventLoopFuture.whenAllSucceed(parts, on: eventLoop).flatMap { [self] batches in
            let batches = batches.compactMap(\.self)
            let systemBatch = system.takeCheckpointBatch()
            guard !batches.isEmpty || systemBatch != nil else { return eventLoop.makeSucceededVoidFuture() }
            return write(batches, systemBatch)
        }
        round = done
        done.whenComplete { [self] _ in round = nil }
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
            guard !isStopping else { return eventLoop.makeFailedFuture(error) }
            logger.error(
                "checkpoint not written, trying again",
                metadata: ["checkpoint.error": "\(error)", "checkpoint.failures": "\(failures)"])
            let pause = TimeAmount.milliseconds(min(10_000, 100 << Int64(min(failures, 7))))
            return eventLoop.flatScheduleTask(in: pause) { self.write(batches, systemBatch) }.futureResult
        }
    }

    private func written(_ batches: [CheckpointBatch], _ systemBatch: SystemCheckpointBatch?) {
        if systemBatch != nil { system.checkpointWritten() }
        for batch in batches {
            let host = hosts[batch.shard - 1]
            host.eventLoop.runNowOrSoon { host.checkpointWritten() }
        }
        let watermarks = checkpoint.durableWatermarks
        log.trim(upTo: Dictionary(uniqueKeysWithValues: watermarks.map { (GroupID($0.key), $0.value.appliedIndex) }))
    }
}
