/// A node's monotonic clock: runs fast or slow against virtual time, and starts anywhere.
package struct NodeClock: Sendable, Equatable {
    /// Gain against true time, in parts per million; negative: it loses.
    package private(set) var driftPerMillion: Int64
    private var anchor: Microseconds
    private var reading: Microseconds

    package init(reading: Microseconds, driftPerMillion: Int64, at now: Microseconds = 0) {
        self.reading = reading
        self.driftPerMillion = driftPerMillion
        anchor = now
    }

    /// What the clock shows at virtual time `now`. Never goes back.
    package func read(at now: Microseconds) -> Microseconds {
        let passed = now - anchor
        return reading + passed + passed * driftPerMillion / 1_000_000
    }

    /// The first virtual time at which the clock shows `reading` or more.
    package func time(of reading: Microseconds) -> Microseconds {
        let wait = reading - self.reading
        guard wait > 0 else { return anchor }
        var time = anchor + wait * 1_000_000 / (1_000_000 + driftPerMillion)
        while read(at: time) < reading { time += 1 }
        return time
    }

    /// From `now` on the clock runs at another rate.
    package mutating func drift(perMillion: Int64, at now: Microseconds) {
        reading = read(at: now)
        anchor = now
        driftPerMillion = perMillion
    }
}
