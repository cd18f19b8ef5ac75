/// Events of a simulated world in the order of their times; at one instant in the order in which they were added.
struct EventQueue<Event> {
    private struct Item {
        let time: UInt64
        let number: UInt64
        let event: Event

        func precedes(_ other: Item) -> Bool { (time, number) < (other.time, other.number) }
    }

    private var heap: [Item] = []
    private var lastNumber: UInt64 = 0

    mutating func add(_ event: Event, at time: UInt64) {
        lastNumber += 1
        heap.append(Item(time: time, number: lastNumber, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: UInt64, event: Event)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[smallest]) {
                smallest = child
            }
            if smallest == parent { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        return (first.time, first.event)
    }
}
