import DequeModule

/// The entries that a leader has proposed and that are not committed yet, in index order.
struct EntryQueue<Payload: Sendable>: Sendable {
    struct InFlight: Sendable {
        let index: UInt64
        let payload: Payload
    }

    private(set) var lastIndex: UInt64
    private(set) var entries: Deque<InFlight> = []

    init(lastIndex: UInt64) { self.lastIndex = lastIndex }

    var nextIndex: UInt64 { lastIndex + 1 }

    mutating func append(_ proposal: Proposal<Payload>) {
        precondition(proposal.index == nextIndex, "proposal \(proposal.index) does not follow \(lastIndex)")
        lastIndex = proposal.index
        entries.append(InFlight(index: proposal.index, payload: proposal.payload))
    }

    /// The first entry, if it is at or below `index`.
    mutating func popFirst(upTo index: UInt64) -> InFlight? {
        guard let first = entries.first, first.index <= index else { return nil }
        return entries.removeFirst()
    }
}

/// What came of a command.
package enum OnProposed<Payload: Sendable>: Sendable {
    /// Append this entry; then tell the shard with `appended`. When it is committed, its reply holds.
    case append(Proposal<Payload>)
    /// Nothing is to be written. `reply` holds once everything up to `after` is committed.
    case answer(ShardReply, after: UInt64)
}

/// An entry that is worked out and that the log has not taken yet. Dropping it has no effect.
package struct Proposal<Payload: Sendable>: Sendable {
    package let index: UInt64
    /// The entry's bytes.
    package let encoded: [UInt8]
    package let reply: ShardReply
    let payload: Payload
}

/// An entry that is committed and applied.
package struct Committed: Sendable {
    package let index: UInt64
    package let changes: ShardState.Changes
}
