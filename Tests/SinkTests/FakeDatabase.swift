import Model
import Sink

/// What the database does with a shard, row by row: it loses answers, is away, and lets late commits of lost sessions through.
struct FakeDatabase {
    var progress: SinkProgress?
    private var epoch: UInt64 = 0
    /// Index of the last change of each row that arrived.
    var rows: [ResourceID: UInt64] = [:]
    /// How often each audit entry arrived.
    var audit: [UInt64: Int] = [:]
    var isAway = false
    /// A transaction whose session was lost before the server carried it out.
    var late: Transaction?

    struct Transaction {
        let after: SinkProgress
        let next: SinkProgress
        var rows: [ResourceID: UInt64] = [:]
        var deleted: Set<ResourceID> = []
        let audit: [UInt64]
    }

    mutating func raise(_ incarnation: UUID128, term: UInt64) -> SinkProgress {
        var found = progress ?? SinkProgress(incarnation: incarnation, term: term)
        if found.incarnation == incarnation, found.term <= term {
            epoch += 1
            found.term = term
            found.epoch = epoch
        }
        progress = found
        return found
    }

    /// False where the row is not as expected.
    mutating func commit(_ transaction: Transaction) -> Bool {
        guard progress == transaction.after else { return false }
        progress = transaction.next
        for id in transaction.deleted { rows[id] = nil }
        rows.merge(transaction.rows) { $1 }
        for sequence in transaction.audit { audit[sequence, default: 0] += 1 }
        return true
    }
}
