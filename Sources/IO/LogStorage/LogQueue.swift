import Atomics
import Glibc

/// Writes handed over by one producer in one tick of its event loop.
final class PendingWrites: Sendable {
    let producer: Int
    let writes: [PendingWrite]
    /// What was pushed before this. Written before the push publishes it, and by the one reader.
    fileprivate nonisolated(unsafe) var next: Unmanaged<PendingWrites>?

    init(producer: Int, writes: [PendingWrite]) {
        self.producer = producer
        self.writes = writes
    }
}

/// Many producers, one reader, no lock: a stack that producers push to with one compare-and-swap, and that the reader
/// takes whole with one exchange and turns round. As nothing but all of it is ever popped, there is no ABA problem.
final class LogQueue: Sendable {
    private let head = ManagedAtomic<Unmanaged<PendingWrites>?>(nil)
    private let readerSleeps = ManagedAtomic<Bool>(false)
    private let closed = ManagedAtomic<Bool>(false)
    private let wakeUp = Semaphore()

    deinit { _ = takeAll() }

    func push(_ writes: PendingWrites) {
        let node = Unmanaged.passRetained(writes)
        var expected = head.load(ordering: .relaxed)
        while true {
            writes.next = expected
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
    func waitForAll() -> [PendingWrites]? {
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

    private func takeAll() -> [PendingWrites] {
        var taken: [PendingWrites] = []
        var node = head.exchange(nil, ordering: .sequentiallyConsistent)
        while let current = node {
            let writes = current.takeRetainedValue()
            node = writes.next
            taken.append(writes)
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
