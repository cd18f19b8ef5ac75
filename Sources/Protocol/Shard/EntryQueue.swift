import DequeModule

/// The entries that a leader has proposed in its term and that are not applied yet, in index order.
struct EntryQueue<Payload: Sendable>: Sendable {
    private struct InFlight: Sendable {
        let index: UInt64
        let term: UInt64
        let payload: Payload
    }

    /// The last entry of the log as far as the leader has heard.
    private(set) var lastIndex: UInt64
    private var entries: Deque<InFlight> = []

    init(lastIndex: UInt64) { self.lastIndex = lastIndex }

    var nextIndex: UInt64 { lastIndex + 1 }

    /// Entries without content were appended up to `index`.
    mutating func advance(to index: UInt64) { lastIndex = max(lastIndex, index) }

    mutating func append(_ proposal: Proposal<Payload>, term: UInt64) {
        precondition(proposal.index == nextIndex, "proposal \(proposal.index) does not follow \(lastIndex)")
        lastIndex = proposal.index
        entries.append(InFlight(index: proposal.index, term: term, payload: proposal.payload))
    }

    /// Takes out the payload of the entry at `index` where it was proposed here in that very term.
    mutating func take(index: UInt64, term: UInt64) -> Payload? {
        guard let first = entries.first, first.index == index, first.term == term else { return nil }
        return entries.removeFirst().payload
    }
}

/// What came of a command.
package enum OnProposed<Payload: Sendable>: Sendable {
    /// Append this entry; then tell the shard with `appended`. When it is applied, its reply holds.
    case append(Proposal<Payload>)
    /// Nothing is to be written. `reply` holds once everything up to `after` is applied.
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
