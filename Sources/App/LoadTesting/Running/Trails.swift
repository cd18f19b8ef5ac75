import Synchronization

/// Collects audit trails that come newest first. Any thread may use it.
final class Trails: Sendable {
    private let entries = Mutex<[LoadInventory.Register: [TrailEntry]]>([:])

    func add(_ newestFirst: [(LoadInventory.Register, TrailEntry)]) {
        entries.withLock { entries in
            for (register, entry) in newestFirst { entries[register, default: []].append(entry) }
        }
    }

    var oldestFirst: [LoadInventory.Register: [TrailEntry]] {
        entries.withLock { $0.mapValues { $0.reversed() } }
    }
}
