/// How far one peer's log is, as its leader knows it.
///
/// The same in form as in etcd's raft: *probing*, one append at a time until the logs are found to agree somewhere;
/// *replicating*, appends in a pipeline, ahead of the answers; *snapshot*, nothing until one has arrived.
struct PeerProgress: Sendable {
    enum Mode: Sendable {
        /// `sentAt`: when the probe left that is not answered yet.
        case probe(sentAt: Instant?)
        case replicate
        /// `retryAt`: the last one failed; try again then. Nil while one is under way.
        case snapshot(retryAt: Instant?)
    }

    let id: ReplicaID
    var mode = Mode.probe(sentAt: nil)
    /// The peer's log is this leader's, and on disk, up to here. Never falls within a term.
    var match: UInt64 = 0
    /// The next entry to send; above `match`.
    var next: UInt64
    var inflights = Inflights()
    /// The commit index that the peer was told while replicating.
    var toldCommit: UInt64 = 0
    /// First entry of the fetch under way for this peer.
    var fetchingFrom: UInt64?
    /// When the peer was last heard in this term.
    var heardAt: Instant
    /// When `match` last rose.
    var progressAt: Instant
    /// The highest round of leadership confirmation that it answered.
    var roundAnswered: UInt64 = 0

    init(id: ReplicaID, next: UInt64, at now: Instant) {
        self.id = id
        self.next = next
        heardAt = now
        progressAt = now
    }

    // MARK: Events

    mutating func becameProbe(next: UInt64) {
        mode = .probe(sentAt: nil)
        self.next = max(next, match + 1)
        inflights = Inflights()
        toldCommit = 0
        fetchingFrom = nil
    }

    mutating func becameSnapshot() {
        mode = .snapshot(retryAt: nil)
        inflights = Inflights()
        fetchingFrom = nil
    }

    mutating func sent(entries: Int, bytes: Int, commit: UInt64, at now: Instant) {
        switch mode {
        case .probe: mode = .probe(sentAt: now)
        case .replicate:
            next += UInt64(entries)
            if entries > 0 { inflights.add(last: next - 1, bytes: bytes, at: now) }
            toldCommit = max(toldCommit, min(commit, next - 1))
        case .snapshot: break
        }
    }

    /// The peer has all up to `index`. True within a term for good, however late the message.
    mutating func accepted(_ index: UInt64, logBase: UInt64, at now: Instant) {
        if index > match {
            match = index
            progressAt = now
        }
        inflights.acknowledged(upTo: match)
        switch mode {
        case .replicate: next = max(next, match + 1)
        case .probe:
            mode = .replicate
            next = match + 1
            progressAt = now
        case .snapshot:
            // It caught up by other means than the snapshot that was to be sent.
            guard match >= logBase else { return }
            mode = .replicate
            next = match + 1
        }
    }

    /// The peer refused the append behind `index`; the logs agree at `agreement` at best. Old refusals change nothing.
    mutating func rejected(_ index: UInt64, agreement: UInt64) {
        switch mode {
        case .replicate: if index <= match || index >= next { return }
        case .probe: if index != next - 1 { return }
        case .snapshot: return
        }
        becameProbe(next: min(index, agreement + 1))
    }

    /// Takes appends unanswered for `limit` nanoseconds for lost, and lets a failed snapshot be tried again.
    mutating func timePassed(_ now: Instant, limit: UInt64) {
        switch mode {
        case .probe(let sentAt?): if now.nanoseconds(since: sentAt) >= limit { mode = .probe(sentAt: nil) }
        case .probe(nil): break
        case .replicate:
            guard let oldest = inflights.oldestSentAt else { return }
            if now.nanoseconds(since: max(oldest, progressAt)) >= limit { becameProbe(next: match + 1) }
        case .snapshot(let retryAt?): if now >= retryAt { becameProbe(next: next) }
        case .snapshot(nil): break
        }
    }
}
