/// Virtual time and durations, in microseconds. A life starts at 0.
package typealias Microseconds = Int64

extension Microseconds {
    package static func milliseconds(_ count: Int) -> Microseconds { Microseconds(count) * 1_000 }
    package static func seconds(_ count: Int) -> Microseconds { Microseconds(count) * 1_000_000 }
}

/// What is to happen, ordered by time; events of one instant in the order in which they were scheduled.
///
/// A binary heap: O(log n) to schedule and to take.
package struct EventQueue<Event> {
    private struct Scheduled {
        let time: Microseconds
        let sequence: UInt64
        let event: Event

        func precedes(_ other: Scheduled) -> Bool {
            time == other.time ? sequence < other.sequence : time < other.time
        }
    }

    /// The time of the event taken last.
    package private(set) var now: Microseconds = 0
    private var heap: [Scheduled] = []
    private var sequence: UInt64 = 0

    package init() {}

    package var count: Int { heap.count }

    /// Time of the next event.
    package var nextTime: Microseconds? { heap.first?.time }

    /// An event in the past is scheduled for now.
    package mutating func schedule(_ event: Event, at time: Microseconds) {
        heap.append(Scheduled(time: max(time, now), sequence: sequence, event: event))
        sequence += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    package mutating func schedule(_ event: Event, after delay: Microseconds) { schedule(event, at: now + delay) }

    /// The next event; time moves on to it.
    package mutating func next() -> Event? {
        guard let first = heap.first else { return nil }
        now = first.time
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return first.event
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
