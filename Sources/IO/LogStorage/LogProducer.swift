import NIOCore
package import WriteAheadLog

/// The way into the log for one event loop, and the way back. Every call must be made on that loop.
///
/// Records appended during one tick of the loop travel together: no lock, one compare-and-swap a tick.
package final class LogProducer: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let number: Int
    private let queue: LogQueue
    private let admission: LogAdmission
    private let payloadBytesMax: Int
    private var staged: [PendingRecord] = []

    init(eventLoop: any EventLoop, number: Int, queue: LogQueue, admission: LogAdmission, payloadBytesMax: Int) {
        self.eventLoop = eventLoop
        self.number = number
        self.queue = queue
        self.admission = admission
        self.payloadBytesMax = payloadBytesMax
    }

    /// Hands over the next entry of `group`, which must follow the last one; a `DurableNotice` comes when it is on disk.
    ///
    /// A group has one producer. Entries of a group become durable in order. Throws without effect.
    package func append(group: GroupID, index: UInt64, term: UInt64, payload: [UInt8]) throws(LogAppendError) {
        try hand(
            PendingRecord(kind: .entry, group: group, point: LogPoint(index: index, term: term), payload: payload))
    }

    /// Voids the entries of `group` above `point`, which must be in the log; then the group goes on after it.
    package func truncate(group: GroupID, to point: LogPoint) throws(LogAppendError) {
        try hand(PendingRecord(kind: .truncate, group: group, point: point, payload: []))
    }

    /// Hands over what was appended in this tick without waiting for its end.
    package func flush() {
        eventLoop.preconditionInEventLoop()
        guard !staged.isEmpty else { return }
        queue.push(PendingRecords(producer: number, records: staged))
        staged = []
    }

    private func hand(_ record: PendingRecord) throws(LogAppendError) {
        eventLoop.preconditionInEventLoop()
        guard record.payload.count <= payloadBytesMax else { throw .tooLarge }
        try admission.admit(bytes: LogFormat.recordBytes(payloadBytes: record.payload.count))
        staged.append(record)
        if staged.count == 1 { eventLoop.execute { self.flush() } }
    }
}
