import Atomics
import Logging
package import NIOCore
package import WriteAheadLog

/// The running write-ahead log of a node.
///
/// Event loops write through a `LogProducer` each; one thread carries it out. A write is durable when its `DurableNotice`
/// arrives, and only then may it be acknowledged.
package final class LogStorage: Sendable {
    private let options: LogOptions
    private let queue = LogQueue()
    private let admission: LogAdmission
    private let keeper: SegmentKeeper
    private let writer: LogWriter
    private let reader: LogReader
    private let counters = LogCounters()
    private let threads: Monitor<Threads>

    private struct Threads {
        var writer: SystemThread?
        var keeper: SystemThread?
    }

    init(
        files: any LogFileSystem, options: LogOptions, appender: consuming SegmentAppender, sealed: [UInt64],
        index: LogIndex,
        logger: Logger, onTrimmed: @escaping @Sendable ([GroupID: LogPoint]) -> Void,
        onFatal: @escaping @Sendable (LogIOError) -> Void
    ) {
        self.options = options
        let admission = LogAdmission(queueBytesMax: options.queueBytesMax)
        let keeper = SegmentKeeper(
            files: files, options: options, sealed: sealed, index: index, admission: admission, logger: logger,
            onTrimmed: onTrimmed, onFatal: onFatal)
        let writer = LogWriter(
            queue: queue, admission: admission, keeper: keeper, counters: counters, onFatal: onFatal)
        self.admission = admission
        self.keeper = keeper
        self.writer = writer
        reader = LogReader(files: files, index: index, node: options.node)
        admission.settled(bytes: 0, segmentRoom: appender.room)
        let first = Handover(appender)
        threads = Monitor(
            Threads(
                writer: SystemThread(name: "log-writer") { writer.run(first.take()) },
                keeper: SystemThread(name: "log-segments") { keeper.run() }))
    }

    /// The way in for the groups that live on `eventLoop`. `onDurable` is called on that loop, once for each batch that
    /// holds records of this producer.
    package func producer(
        on eventLoop: any EventLoop, onDurable: @escaping @Sendable ([DurableNotice]) -> Void
    ) -> LogProducer {
        let number = writer.add(LogWriter.Receiver(eventLoop: eventLoop, onDurable: onDurable))
        return LogProducer(
            eventLoop: eventLoop, number: number, queue: queue, admission: admission,
            payloadBytesMax: options.payloadBytesMax)
    }

    /// Reads entries of `group` back, from index `first` on, through `last` at most. Blocks; any thread that may.
    ///
    /// Gives those that are durable and not void, as of one moment during the call: as many as weigh at most `bytesMax`
    /// with a header of `LogFormat.headerBytes` each, but the first in any case, and at most 4096. Every checksum is
    /// verified; throws `damaged` where the disk gives back other bytes than were written.
    package func entries(
        of group: GroupID, from first: UInt64, through last: UInt64, bytesMax: Int
    ) throws(LogError) -> LogReading {
        try reader.entries(of: group, from: first, through: last, bytesMax: bytesMax)
    }

    /// Allows the log to forget the entries of each group up to its index. They must be durable elsewhere. Returns at
    /// once; whole segments go, oldest first, never the newest. `onTrimmed` tells when they are gone.
    ///
    /// What is above the group's last durable entry is ignored. A removal ends what was allowed before; do not give an
    /// index of a group's former life once a new one has begun.
    package func trim(upTo watermarks: [GroupID: UInt64]) {
        keeper.trim(upTo: watermarks)
    }

    /// Writes what waits, marks the orderly stop, and ends the threads. Blocks; later calls return at once.
    ///
    /// What waits for room on a full disk is dropped: it was never acknowledged.
    package func close() {
        let running = threads.change { threads in
            defer { threads = Threads() }
            return threads
        }
        admission.stop()
        queue.close()
        keeper.close()
        running.writer?.join()
        keeper.stop()
        running.keeper?.join()
    }

    /// For metrics and health; any thread.
    package var status: LogStatus {
        LogStatus(
            records: counters.records, bytes: counters.bytes, syncs: counters.syncs, waitingBytes: admission.waitingBytes,
            segments: keeper.sealedCount + 1, isDiskFull: admission.isDiskFull,
            refusesForSpace: admission.refusesForSpace, isStopped: admission.isStopped)
    }
}

/// How a log fares. Counts are since the start of the process.
package struct LogStatus: Equatable, Sendable {
    /// Records that became durable.
    package var records: UInt64
    /// Their bytes, headers and padding included.
    package var bytes: UInt64
    /// Batches, each with one sync.
    package var syncs: UInt64
    /// Bytes that wait for the disk.
    package var waitingBytes: Int
    /// Segments on disk, the reserve excluded.
    package var segments: Int
    /// There is no room for another segment.
    package var isDiskFull: Bool
    /// An append was refused for that; true until there is room again.
    package var refusesForSpace: Bool
    /// Closed or failed: nothing is taken any more.
    package var isStopped: Bool
}

final class LogCounters: Sendable {
    private let recordCount = ManagedAtomic<UInt64>(0)
    private let byteCount = ManagedAtomic<UInt64>(0)
    private let syncCount = ManagedAtomic<UInt64>(0)

    func committed(records: Int, bytes: Int) {
        recordCount.wrappingIncrement(by: UInt64(records), ordering: .relaxed)
        byteCount.wrappingIncrement(by: UInt64(bytes), ordering: .relaxed)
        syncCount.wrappingIncrement(ordering: .relaxed)
    }

    var records: UInt64 { recordCount.load(ordering: .relaxed) }
    var bytes: UInt64 { byteCount.load(ordering: .relaxed) }
    var syncs: UInt64 { syncCount.load(ordering: .relaxed) }
}

/// Carries the appender to its thread: written before the thread starts, taken by it alone.
private final class Handover: @unchecked Sendable {
    private var appender: SegmentAppender?

    init(_ appender: consuming SegmentAppender) { self.appender = consume appender }

    func take() -> SegmentAppender {
        guard let taken = appender.take() else { preconditionFailure("an appender has one thread") }
        return taken
    }
}
