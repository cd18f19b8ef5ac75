import Atomics
import Glibc
import WriteAheadLog

/// A record on its way to the disk.
struct PendingRecord: Sendable {
    var kind: RecordKind
    var group: GroupID
    var point: LogPoint
    var payload: [UInt8]
}

/// Records handed over by one producer in one tick of its event loop.
final class PendingRecords: Sendable {
    let producer: Int
    let records: [PendingRecord]
    /// The batch pushed before this one. Written before the push publishes it, and by the one reader.
    fileprivate nonisolated(unsafe) var next: Unmanaged<PendingRecords>?

    init(producer: Int, records: [PendingRecord]) {
        self.producer = producer
        self.records = records
    }
}

/// Many producers, one reader, no lock: a stack that producers push to with one compare-and-swap, and that the reader
/// takes whole with one exchange and turns round. As nothing but all of it is ever popped, there is no ABA problem.
final class LogQueue: Sendable {
    private let head = ManagedAtomic<Unmanaged<PendingRecords>?>(nil)
    private let readerSleeps = ManagedAtomic<Bool>(false)
    private let closed = ManagedAtomic<Bool>(false)
    private let wakeUp = Semaphore()

    deinit { _ = takeAll() }

    func push(_ records: PendingRecords) {
        let node = Unmanaged.passRetained(records)
        var expected = head.load(ordering: .relaxed)
        while true {
            records.next = expected
            let (exchanged, original) = head.compareExchange(
                expected: expected, desired: node, ordering: .sequentiallyConsistent)
            if exchanged { break }
            expected = original
        }
        wakeReader()
    }

    /// Lets `waitForAll` return nil once nothing is left.
    func close() {
        closed.store(true, ordering: .sequentiallyConsistent)
        wakeReader()
    }

    /// All that was pushed, in the order of the pushes; waits for some. Nil once closed and empty. Reader only.
    func waitForAll() -> [PendingRecords]? {
        while true {
            let taken = takeAll()
            if !taken.isEmpty { return taken }
            if closed.load(ordering: .sequentiallyConsistent) { return nil }
            readerSleeps.store(true, ordering: .sequentiallyConsistent)
            // A push between the look above and this store saw a reader awake: look again before sleeping.
            if head.load(ordering: .sequentiallyConsistent) == nil, !closed.load(ordering: .sequentiallyConsistent) {
                wakeUp.wait()
            }
            readerSleeps.store(false, ordering: .sequentiallyConsistent)
        }
    }

    private func wakeReader() {
        if readerSleeps.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
    }

    private func takeAll() -> [PendingRecords] {
        var taken: [PendingRecords] = []
        var node = head.exchange(nil, ordering: .sequentiallyConsistent)
        while let current = node {
            let records = current.takeRetainedValue()
            node = records.next
            taken.append(records)
        }
        taken.reverse()
        return taken
    }
}

/// A POSIX semaphore.
private final class Semaphore: @unchecked Sendable {
    private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(handle, 0, 0) }

    deinit {
        sem_destroy(handle)
        handle.deallocate()
    }

    func signal() { sem_post(handle) }

    func wait() {
        while sem_wait(handle) != 0 && errno == EINTR {}
    }
}
