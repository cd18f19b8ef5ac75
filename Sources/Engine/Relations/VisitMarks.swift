/// Which resources a walk has come by: forgotten at once when the next one begins.
struct VisitMarks {
    private var marks: [UInt32] = []
    private var walk: UInt32 = 0

    /// - Parameter count: above all numbers.
    mutating func begin(_ count: Int) {
        if walk == .max {
            marks = []
            walk = 0
        }
        walk += 1
        while marks.count < count { marks.append(0) }
    }

    /// False: it was there before.
    @discardableResult
    mutating func insert(_ number: UInt32) -> Bool {
        guard marks[Int(number)] != walk else { return false }
        marks[Int(number)] = walk
        return true
    }
}

/// Resources whose answers are to be looked at, each once, first come, first served.
struct AffectedResources {
    private var queue: [UInt32] = []
    private var taken = 0
    private var isQueued: [Bool] = []

    var count: Int { queue.count - taken }

    mutating func insert(_ number: UInt32) {
        while isQueued.count <= Int(number) { isQueued.append(false) }
        guard !isQueued[Int(number)] else { return }
        isQueued[Int(number)] = true
        queue.append(number)
    }

    /// At most `limit` of those that meet `isWanted`; the others are dropped.
    mutating func take(_ limit: Int, where isWanted: (UInt32) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        while taken < queue.count, found.count < limit {
            let number = queue[taken]
            taken += 1
            isQueued[Int(number)] = false
            if isWanted(number) { found.append(number) }
        }
        if taken == queue.count {
            queue.removeAll(keepingCapacity: true)
            taken = 0
        }
        return found
    }
}
