import Atomics

/// Knows what waits for the disk, and says whether more should. Shared by the producers and the writer; atomics, no lock.
final class LogAdmission: Sendable {
    private let queueBytesMax: Int
    /// Bytes of records that were admitted or handed over and are not durable yet.
    private let queuedBytes = ManagedAtomic<Int>(0)
    /// Bytes left in the current segment for records.
    private let segmentRoom = ManagedAtomic<Int>(0)
    private let diskFull = ManagedAtomic<Bool>(false)
    /// Something was refused for it since the disk was found full.
    private let refusedForSpace = ManagedAtomic<Bool>(false)
    private let stopped = ManagedAtomic<Bool>(false)

    init(queueBytesMax: Int) {
        self.queueBytesMax = queueBytesMax
    }

    /// Takes room for a record of `bytes` that will be handed over, or says why there is none.
    func admit(bytes: Int) throws(LogAppendError) {
        if isStopped { throw .stopped }
        let queued = queuedBytes.loadThenWrappingIncrement(by: bytes, ordering: .relaxed)
        let refusal: LogAppendError? =
            if isDiskFull, queued + bytes > segmentRoom.load(ordering: .relaxed) {
                .diskFull
            } else if queued > 0, queued + bytes > queueBytesMax {
                .full
            } else {
                nil
            }
        guard let refusal else { return }
        givenBack(bytes: bytes)
        if refusal == .diskFull { refusedForSpace.store(true, ordering: .relaxed) }
        throw refusal
    }

    /// What was admitted will not come.
    func givenBack(bytes: Int) { queuedBytes.wrappingDecrement(by: bytes, ordering: .relaxed) }

    /// Records of `bytes` wait from now on.
    func took(bytes: Int) { queuedBytes.wrappingIncrement(by: bytes, ordering: .relaxed) }

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
