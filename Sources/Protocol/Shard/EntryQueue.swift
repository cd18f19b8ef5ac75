import DequeModule
import Model

/// The entries that a leader has proposed and that are not committed yet, in index order.
struct EntryQueue<Payload: Sendable>: Sendable {
    struct InFlight: Sendable {
        let index: UInt64
        let payload: Payload
        let reply: ShardReply
    }

    private(set) var lastIndex: UInt64
    private(set) var entries: Deque<InFlight> = []

    init(lastIndex: UInt64) { self.lastIndex = lastIndex }

    var nextIndex: UInt64 { lastIndex + 1 }

    mutating func append(_ payload: Payload, _ reply: ShardReply) {
        lastIndex += 1
        entries.append(InFlight(index: lastIndex, payload: payload, reply: reply))
    }

    /// The first entry, if it is at or below `index`.
    mutating func popFirst(upTo index: UInt64) -> InFlight? {
        guard let first = entries.first, first.index <= index else { return nil }
        return entries.removeFirst()
    }
}

/// What came of a proposal.
package enum OnProposed: Sendable {
    /// Append this entry. When it is committed, `reply` holds.
    case append(index: UInt64, payload: [UInt8], reply: ShardReply)
    /// Nothing is to be written. `reply` holds once everything up to `after` is committed.
    case answer(ShardReply, after: UInt64)
}

/// An entry that is committed and applied.
package struct Committed: Sendable {
    package let index: UInt64
    package let changes: ShardState.Changes
}
