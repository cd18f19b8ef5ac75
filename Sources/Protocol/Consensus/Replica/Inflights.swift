/// The appends under way to one peer, oldest first.
struct Inflights: Sendable {
    private struct Inflight {
        /// The last entry of the append.
        let last: UInt64
        let bytes: Int
        let sentAt: Instant
    }

    private var appends: [Inflight] = []
    private(set) var bytes = 0

    var count: Int { appends.count }
    var isEmpty: Bool { appends.isEmpty }
    var oldestSentAt: Instant? { appends.first?.sentAt }

    mutating func add(last: UInt64, bytes: Int, at now: Instant) {
        appends.append(Inflight(last: last, bytes: bytes, sentAt: now))
        self.bytes += bytes
    }

    /// The peer has everything up to `match`.
    mutating func acknowledged(upTo match: UInt64) {
        var count = 0
        for append in appends {
            guard append.last <= match else { break }
            bytes -= append.bytes
            count += 1
        }
        appends.removeFirst(count)
    }
}
