package import Checkpoint
import Glibc
package import LogStorage
import Logging
package import Model
import NIOCore
import NIOPosix
import Shard
import WriteAheadLog

/// One node: its shards on its event loops, its log, its checkpoint.
///
/// `Node.start` brings back everything that was acknowledged; requests come through the methods in `Node+Requests.swift`.
package final class Node: Sendable {
    package let identity: NodeIdentity
    package let options: NodeOptions
    package let loops: [LoopHost]
    /// Data shards by position; position 0 is group 1.
    package let hosts: [ShardHost]
    let system: SystemHost
    package let checkpoint: Checkpoint
    let now: @Sendable () -> Timestamp
    private let log: LogStorage
    private let checkpointer: Checkpointer
    private let lock: DirectoryLock
    private let logger: Logger

    package var shardCount: Int { hosts.count }

    init(
        identity: NodeIdentity, options: NodeOptions, loops: [LoopHost], hosts: [ShardHost], system: SystemHost,
        checkpoint: Checkpoint, log: LogStorage, checkpointer: Checkpointer, lock: DirectoryLock, logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.identity = identity
        self.options = options
        self.loops = loops
        self.hosts = hosts
        self.system = system
        self.checkpoint = checkpoint
        self.log = log
        self.checkpointer = checkpointer
        self.lock = lock
        self.logger = logger
        self.now = now
    }

    /// How the log fares, for metrics.
    package var logStatus: LogStatus { log.status }

    /// Writes are refused, as the disk is full: true from the first one until there is room again.
    package var refusesForSpace: Bool { log.status.refusesForSpace }

    /// Everything acknowledged before this call can be read from the checkpoint's tables when it returns.
    package func flushCheckpoint() async throws {
        try await checkpointer.flush().get()
    }

    /// Stops in order: no more commands, a last checkpoint, what is under way finishes, the log's mark of an orderly stop.
    ///
    /// Every request that was taken has its answer when this returns. Event loops must still run; they are the caller's to
    /// stop afterwards.
    package func stop() async {
        for host in hosts { try? await host.eventLoop.submit { host.stop() }.get() }
        try? await system.eventLoop.submit { self.system.stop() }.get()
        do {
            try await checkpointer.stop().get()
        } catch {
            logger.warning(
                "last checkpoint not written; the log holds everything", metadata: ["checkpoint.error": "\(error)"])
        }
        // The pool lets go of its work a moment after it is done: it must not be what keeps the node.
        try? await NIOThreadPool.singleton.runIfActive { [log] in log.close() }
        for loop in loops { try? await loop.eventLoop.submit { loop.logClosed() }.get() }
        try? await NIOThreadPool.singleton.runIfActive { [checkpoint, lock] in
            checkpoint.close()
            lock.release()
        }
    }
}

/// The clock of the real world.
package func wallClock() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
}
