import Atomics

/// Decides whether an append is taken. Shared by the producers and the writer; atomics, no lock.
final class LogAdmission: Sendable {
    private let queueBytesMax: Int
    /// Bytes of records that were taken and are not durable yet.
    private let queuedBytes = ManagedAtomic<Int>(0)
    /// Bytes left in the current segment for records.
    private let segmentRoom = ManagedAtomic<Int>(0)
    private let diskFull = ManagedAtomic<Bool>(false)
    /// An append was refused for it since the disk was found full.
    private let refusedForSpace = ManagedAtomic<Bool>(false)
    private let stopped = ManagedAtomic<Bool>(false)

    init(queueBytesMax: Int) {
        self.queueBytesMax = queueBytesMax
    }

    /// Takes a record of `bytes` in, or says why not.
    func admit(bytes: Int) throws(LogAppendError) {
        if stopped.load(ordering: .acquiring) { throw .stopped }
        let queued = queuedBytes.loadThenWrappingIncrement(by: bytes, ordering: .relaxed)
        let refusal: LogAppendError? =
            if diskFull.load(ordering: .relaxed), queued + bytes > segmentRoom.load(ordering: .relaxed) {
                .diskFull
            } else if queued > 0, queued + bytes > queueBytesMax {
                .full
            } else {
                nil
            }
        if let refusal {
            queuedBytes.wrappingDecrement(by: bytes, ordering: .relaxed)
            if refusal == .diskFull { refusedForSpace.store(true, ordering: .relaxed) }
            throw refusal
        }
    }

    /// Records of `bytes` are durable or dropped; the current segment has room for `segmentRoom` more.
    func settled(bytes: Int, segmentRoom room: Int) {
        segmentRoom.store(room, ordering: .relaxed)
        queuedBytes.wrappingDecrement(by: bytes, ordering: .relaxed)
    }

    func setDiskFull(_ isFull: Bool) {
        diskFull.store(isFull, ordering: .relaxed)
        if !isFull { refusedForSpace.store(false, ordering: .relaxed) }
    }

    func stop() { stopped.store(true, ordering: .releasing) }

    var waitingBytes: Int { queuedBytes.load(ordering: .relaxed) }
    var isDiskFull: Bool { diskFull.load(ordering: .relaxed) }
    var refusesForSpace: Bool { isDiskFull && refusedForSpace.load(ordering: .relaxed) }
    var isStopped: Bool { stopped.load(ordering: .acquiring) }
}
