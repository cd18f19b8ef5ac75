/// How long the writes of each group of keys (a shard, where the target says what its shards are) stood still after a fault.
///
/// Where a group is written to often, silence tells. Where it is not, as with many shards, the writes tell that had to wait: each
/// shows that the group stood still from when it was sent, however seldom others came.
package struct WritePauses: Sendable {
    package struct Pause: Equatable, Sendable {
        package let group: Int
        /// The longest time without an acknowledged write that began after the fault; where only waiting writes show a stop, the
        /// longest time that these waited meanwhile.
        package let length: Microseconds
        /// False where no write succeeded any more before the window ended.
        package let ended: Bool
        /// Whether the load's own spacing does not explain it.
        package let isStop: Bool
    }

    /// What one fault did.
    package struct Effect: Equatable, Sendable {
        package let fault: FaultEvent
        package let pauses: [Pause]

        /// The groups that the fault stopped.
        package var stopped: [Pause] { pauses.filter(\.isStop) }
    }

    /// A group counts as stopped when a write waited for this long and none succeeded meanwhile; or when no write succeeded for
    /// this long, and for as many times its usual distance between writes: of distances drawn at random, one in 20,000 is longer
    /// than ten times their mean.
    package static let stoppedAfter: Microseconds = 250_000
    package static let stoppedAfterDistances = 10
    /// How far a fault's effect is followed, unless another fault comes first.
    package static let window: Microseconds = 30_000_000

    /// When writes of each group succeeded, in the order of their ends.
    private var successes: [[Microseconds]]
    /// Writes that took `stoppedAfter` or longer, whatever became of them.
    private var waits: [[Wait]]

    private struct Wait {
        let from: Microseconds
        let to: Microseconds
    }

    package init(groups: Int) {
        successes = Array(repeating: [], count: groups)
        waits = Array(repeating: [], count: groups)
    }

    package mutating func writeEnded(group: Int, from start: Microseconds, at time: Microseconds, succeeded: Bool) {
        if succeeded { successes[group].append(time) }
        if time - start >= Self.stoppedAfter { waits[group].append(Wait(from: start, to: time)) }
    }

    /// The effect of each fault, its undoing included: until the next event, or the end of the load.
    package func effects(of faults: [FaultEvent], end: Microseconds) -> [Effect] {
        let sorted = successes.map { $0.sorted() }
        let ordered = faults.sorted { $0.time < $1.time }
        return ordered.enumerated().map { position, fault in
            let next = position + 1 < ordered.count ? ordered[position + 1].time : end
            let last = min(fault.time + Self.window, max(next, fault.time), end)
            return Effect(
                fault: fault,
                pauses: sorted.enumerated().compactMap { group, times in
                    Self.pause(group, times, waits[group], from: fault.time, to: last)
                })
        }
    }

    /// nil for a group that nobody wrote to in the whole run.
    private static func pause(
        _ group: Int, _ times: [Microseconds], _ waits: [Wait], from: Microseconds, to last: Microseconds
    ) -> Pause? {
        guard let firstOfAll = times.first, let lastOfAll = times.last, last > from else { return nil }
        let distance = (lastOfAll - firstOfAll) / Microseconds(max(1, times.count - 1))
        let limit = max(stoppedAfter, distance * Microseconds(stoppedAfterDistances))
        var longest: Microseconds = 0
        var longestWait: Microseconds = 0
        var before = from
        for time in times[firstIndex(times, from)...] {
            if before >= last { break }
            longest = max(longest, time - before)
            longestWait = max(longestWait, wait(waits, between: before, and: time))
            before = time
        }
        var ended = true
        // A pause that nothing ended counts as long as it was watched.
        if before < last {
            let wait = wait(waits, between: before, and: last)
            ended = last - before < limit && wait < stoppedAfter
            longest = max(longest, last - before)
            longestWait = max(longestWait, wait)
        }
        let isLong = longest >= limit
        let length = isLong || longestWait < stoppedAfter ? longest : longestWait
        return Pause(group: group, length: length, ended: ended, isStop: isLong || longestWait >= stoppedAfter)
    }

    /// How long writes waited between two times at which others, or they, succeeded; 0 where none did.
    private static func wait(_ waits: [Wait], between first: Microseconds, and last: Microseconds) -> Microseconds {
        let meanwhile = waits.filter { $0.to > first && $0.from < last }
        guard let from = meanwhile.map(\.from).min(), let to = meanwhile.map(\.to).max() else { return 0 }
        return min(to, last) - max(from, first)
    }

    /// The first position whose time is `time` or later.
    private static func firstIndex(_ times: [Microseconds], _ time: Microseconds) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
