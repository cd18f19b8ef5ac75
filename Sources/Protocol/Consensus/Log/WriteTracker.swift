/// What of the log and the hard state is on disk.
///
/// Writes end in the order in which they began, but the news of it may come late: after the entries that a write held
/// were replaced by others at the same indexes. Were its end then taken at face value, the replica would acknowledge
/// entries that are still on their way. So every write under way knows how much of *the log as it is now* it holds:
/// a truncation lowers the ends of all writes before it. Tickets never come twice, unlike indexes and even (index, term)
/// pairs: a log may be cut and grow the same entry again.
struct WriteTracker: Sendable {
    private struct Outstanding {
        let ticket: WriteTicket
        /// The last entry of the present log that is on disk once this write is.
        var end: UInt64
        let hardState: HardState
    }

    /// The last entry of the present log that is on disk, and all before it.
    private(set) var durable: UInt64
    private(set) var durableHardState: HardState
    /// Entries up to here are on disk or in a write under way.
    private(set) var written: UInt64
    private var writtenHardState: HardState
    private var outstanding: [Outstanding] = []
    private var lastTicket: WriteTicket = 0

    init(durable: UInt64, hardState: HardState) {
        self.durable = durable
        durableHardState = hardState
        written = durable
        writtenHardState = hardState
    }

    /// Whether a write is needed to make this hard state durable.
    func needsWrite(of hardState: HardState) -> Bool { hardState != writtenHardState }

    /// A write leaves that makes the log durable up to `end`. Returns its ticket.
    mutating func began(end: UInt64, hardState: HardState) -> WriteTicket {
        lastTicket += 1
        outstanding.append(Outstanding(ticket: lastTicket, end: end, hardState: hardState))
        written = end
        writtenHardState = hardState
        return lastTicket
    }

    /// The log was cut above `index`. Returns whether a write held some of what was cut.
    mutating func truncated(to index: UInt64, trustingStaleTickets: Bool = false) -> Bool {
        if !trustingStaleTickets {
            for position in outstanding.indices { outstanding[position].end = min(outstanding[position].end, index) }
        }
        durable = min(durable, index)
        defer { written = min(written, index) }
        return written > index
    }

    /// The log was dropped and starts again behind `index`, of which nothing is on disk yet.
    mutating func restarted() {
        for position in outstanding.indices { outstanding[position].end = 0 }
        durable = 0
        written = 0
    }

    /// The writes up to `ticket` are on disk. Older and unknown tickets change nothing.
    mutating func persisted(upTo ticket: WriteTicket) {
        var count = 0
        for write in outstanding {
            guard write.ticket <= ticket else { break }
            durable = max(durable, write.end)
            durableHardState = write.hardState
            count += 1
        }
        outstanding.removeFirst(count)
    }
}
