import Dispatch

/// Results that several threads make side by side, each in a place of its own.
final class ConcurrentSlots<Value: Sendable>: @unchecked Sendable {
    private let storage: UnsafeMutableBufferPointer<Value?>

    init(count: Int) {
        storage = .allocate(capacity: count)
        storage.initialize(repeating: nil)
    }

    deinit {
        storage.deinitialize()
        storage.deallocate()
    }

    /// Calls `body` once for each place, on as many threads as there are cores; returns when all are done.
    func fill(_ body: @Sendable (Int) -> Value) {
        DispatchQueue.concurrentPerform(iterations: storage.count) { position in
            storage[position] = body(position)
        }
    }

    var values: [Value] { storage.compactMap(\.self) }
}
