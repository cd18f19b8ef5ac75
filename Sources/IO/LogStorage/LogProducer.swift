import NIOCore
package import WriteAheadLog

/// The way into the log for one event loop, and the way back. Every call must be made on that loop.
///
/// What is written during one tick of the loop travel together: no lock, one compare-and-swap a tick.
package final class LogProducer: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let number: Int
    private let queue: LogQueue
    private let admission: LogAdmission
    /// Longest payload of an entry in bytes.
    package let payloadBytesMax: Int
    private var staged: [PendingWrite] = []
    /// Room that was taken for entries that are still to be written.
    private var reservedBytes = 0

    init(eventLoop: any EventLoop, number: Int, queue: LogQueue, admission: LogAdmission, payloadBytesMax: Int) {
        self.eventLoop = eventLoop
        self.number = number
        self.queue = queue
        self.admission = admission
        self.payloadBytesMax = payloadBytesMax
    }

    /// Takes room for an entry with a payload of `bytes` that is to be proposed, or says why there is none. The next writes
    /// use it up; what is not proposed after all is given back.
    package func reserve(bytes: Int) throws(LogAppendError) {
        eventLoop.preconditionInEventLoop()
        guard bytes <= payloadBytesMax else { throw .tooLarge }
        let recordBytes = LogFormat.recordBytes(payloadBytes: bytes)
        try admission.admit(bytes: recordBytes)
        reservedBytes += recordBytes
    }

    /// The entry that room was taken for will not come.
    package func giveBack(bytes: Int) {
        let recordBytes = min(reservedBytes, LogFormat.recordBytes(payloadBytes: bytes))
        reservedBytes -= recordBytes
        admission.givenBack(bytes: recordBytes)
    }

    /// Hands over what `group` wants on disk; a `DurableNotice` with the ticket comes when it is there.
    ///
    /// Never refused, as consensus cannot take a write back. A write must follow the group's last one, whether durable or
    /// not, and none of its payloads may be longer than `payloadBytesMax`: else the process ends, as recovery would refuse
    /// the log. A group has one producer; its writes become durable in order. After the log was closed or has failed they
    /// are dropped, and no notice comes.
    package func write(group: GroupID, _ write: GroupWrite) {
        for place in write.entries.indices {
            let bytes = write.entries[place].payload.count
            precondition(bytes <= payloadBytesMax, "an entry of \(bytes) bytes for group \(group)")
        }
        hand(PendingWrite(group: group, content: .write(write)))
    }

    /// Removes `group`: drops its entries and keeps its hard state, as a tombstone. The next write makes the group live
    /// again, without entries. A notice comes with `ticket`.
    package func remove(group: GroupID, ticket: UInt64) {
        hand(PendingWrite(group: group, content: .remove(ticket: ticket)))
    }

    /// Hands over what was written in this tick without waiting for its end.
    package func flush() {
        eventLoop.preconditionInEventLoop()
        guard !staged.isEmpty else { return }
        queue.push(PendingWrites(producer: number, writes: staged))
        staged = []
    }

    private func hand(_ write: PendingWrite) {
        eventLoop.preconditionInEventLoop()
        guard !admission.isStopped else { return }
        let reserved = min(reservedBytes, write.bytes)
        reservedBytes -= reserved
        admission.took(bytes: write.bytes - reserved)
        staged.append(write)
        if staged.count == 1 { eventLoop.execute { self.flush() } }
    }
}
