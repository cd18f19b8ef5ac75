/// Deadlines that come in any number, earliest first; of two at one time, the one set first. Timers are not cancelled:
/// who set one checks, when it rings, whether it still matters.
struct TimerHeap: Sendable {
    enum Timer: Equatable, Sendable {
        case suspicion(MemberID)
        /// Tells a suspected member once more that it is; the suspicion is the one that began then.
        case reminder(MemberID, of: UInt64)
        case tombstone(MemberID)
        case relay(UInt32)
    }

    private struct Node: Sendable {
        var at: UInt64
        var order: UInt64
        var timer: Timer

        func isBefore(_ other: Node) -> Bool { at == other.at ? order < other.order : at < other.at }
    }

    private var nodes: [Node] = []
    private var order: UInt64 = 0

    var next: UInt64? { nodes.first?.at }
    var count: Int { nodes.count }

    mutating func set(_ timer: Timer, at deadline: UInt64) {
        order += 1
        nodes.append(Node(at: deadline, order: order, timer: timer))
        var child = nodes.count - 1
        while child > 0, nodes[child].isBefore(nodes[(child - 1) / 2]) {
            nodes.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest timer that is due at `now`.
    mutating func popDue(at now: UInt64) -> Timer? {
        guard let first = nodes.first, first.at <= now else { return nil }
        let last = nodes.removeLast()
        if nodes.isEmpty { return first.timer }
        nodes[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < nodes.count && nodes[child].isBefore(nodes[least]) {
                least = child
            }
            if least == parent { return first.timer }
            nodes.swapAt(parent, least)
            parent = least
        }
    }
}
