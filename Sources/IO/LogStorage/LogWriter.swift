import Logging
import NIOCore
package import WriteAheadLog

/// The write of `group` with `ticket`, and all before it, are on disk.
package struct DurableNotice: Equatable, Sendable {
    package var group: GroupID
    package var ticket: UInt64

    package init(group: GroupID, ticket: UInt64) {
        self.group = group
        self.ticket = ticket
    }
}

/// The body of the writer's thread: takes what waits, writes it, syncs once, tells the event loops.
///
/// Group commit needs no timer: while one batch is on its way to the disk, the next one gathers.
final class LogWriter: Sendable {
    private let queue: LogQueue
    private let admission: LogAdmission
    private let keeper: SegmentKeeper
    private let counters: LogCounters
    private let receivers: Monitor<[Receiver]>
    private let onFatal: @Sendable (LogIOError) -> Void

    struct Receiver: Sendable {
        let eventLoop: any EventLoop
        let onDurable: @Sendable ([DurableNotice]) -> Void
    }

    init(
        queue: LogQueue, admission: LogAdmission, keeper: SegmentKeeper, counters: LogCounters,
        onFatal: @escaping @Sendable (LogIOError) -> Void
    ) {
        self.queue = queue
        self.admission = admission
        self.keeper = keeper
        self.counters = counters
        self.onFatal = onFatal
        receivers = Monitor([])
    }

    /// Returns the number under which the receiver's records are pushed.
    func add(_ receiver: Receiver) -> Int {
        receivers.change { receivers in
            receivers.append(receiver)
            return receivers.count - 1
        }
    }

    func run(_ appender: consuming SegmentAppender) {
        var notices = Notices()
        do throws(Stop) {
            while let waiting = queue.waitForAll() {
                for writes in waiting {
                    for write in writes.writes {
                        try append(write, of: writes.producer, to: &appender, &notices)
                    }
                }
                try commit(&appender, &notices)
            }
            try append(PendingRecord(mark: .stopped), to: &appender, &notices)
            try commit(&appender, &notices)
        } catch {
            admission.stop()
            if case .failed(let cause) = error { onFatal(cause) }
        }
    }

    private enum Stop: Error {
        case failed(LogIOError)
        /// Asked to stop while the disk had no room for what waits. None of that was acknowledged.
        case noRoom
    }

    private func append(
        _ write: PendingWrite, of producer: Int, to appender: inout SegmentAppender, _ notices: inout Notices
    ) throws(Stop) {
        try write.forEachRecord { (record) throws(Stop) in try append(record, to: &appender, &notices) }
        notices.add(DurableNotice(group: write.group, ticket: write.ticket), for: producer, bytes: write.bytes)
    }

    private func append(
        _ record: PendingRecord, to appender: inout SegmentAppender, _ notices: inout Notices
    ) throws(Stop) {
        if appender.stage(record) { return }
        try commit(&appender, &notices)
        if appender.stage(record) { return }
        try rotate(&appender)
        let fits = appender.stage(record)
        precondition(fits, "a payload of \(record.payload.count) bytes does not fit an empty segment")
    }

    private func commit(_ appender: inout SegmentAppender, _ notices: inout Notices) throws(Stop) {
        let (records, bytes) = (appender.stagedRecords, appender.stagedBytes)
        if records > 0 {
            do throws(LogIOError) {
                // What became void may be all that kept an old segment.
                if try appender.commit() { keeper.look() }
            } catch {
                throw .failed(error)
            }
            counters.committed(records: records, bytes: bytes)
        }
        admission.settled(bytes: notices.bytes, segmentRoom: appender.room)
        deliver(&notices)
    }

    private func rotate(_ appender: inout SegmentAppender) throws(Stop) {
        guard keeper.takeSpare() else { throw .noRoom }
        do throws(LogIOError) {
            let sealed = try appender.rotate()
            keeper.spareInstalled(after: sealed)
        } catch {
            throw .failed(error)
        }
        admission.settled(bytes: 0, segmentRoom: appender.room)
    }

    /// One hop to each event loop that has records in the batch.
    private func deliver(_ notices: inout Notices) {
        let receivers = receivers.change { $0 }
        for (producer, durable) in notices.take() {
            let receiver = receivers[producer]
            receiver.eventLoop.execute { receiver.onDurable(durable) }
        }
    }
}

/// What a batch makes durable, by producer: the last ticket of each group.
private struct Notices {
    private var byProducer: [[DurableNotice]] = []
    private(set) var bytes = 0

    mutating func add(_ notice: DurableNotice, for producer: Int, bytes: Int) {
        while byProducer.count <= producer { byProducer.append([]) }
        self.bytes += bytes
        // A loop owns few groups, and the last one is the likeliest.
        if let at = byProducer[producer].lastIndex(where: { $0.group == notice.group }) {
            byProducer[producer][at].ticket = notice.ticket
        } else {
            byProducer[producer].append(notice)
        }
    }

    mutating func take() -> [(producer: Int, durable: [DurableNotice])] {
        var taken: [(producer: Int, durable: [DurableNotice])] = []
        for producer in byProducer.indices where !byProducer[producer].isEmpty {
            taken.append((producer, byProducer[producer]))
            byProducer[producer] = []
        }
        bytes = 0
        return taken
    }
}
