package import WriteAheadLog

/// What one replica of a group says to another.
///
/// Messages may be lost, doubled, delayed and reordered; nothing depends on their order or arrival but progress.
package struct Message: Hashable, Sendable {
    package var group: GroupID
    package var from: ReplicaID
    package var to: ReplicaID
    /// The sender's term. It makes a receiver with a lower term follow, `preVoteRequest` and `preVoteAnswer` excepted.
    package var term: UInt64
    package var body: Body

    package init(group: GroupID, from: ReplicaID, to: ReplicaID, term: UInt64, body: Body) {
        self.group = group
        self.from = from
        self.to = to
        self.term = term
        self.body = body
    }

    package enum Body: Hashable, Sendable {
        /// "Would you vote for me in the term after mine?" `last` is the sender's last entry.
        case preVoteRequest(last: LogPoint)
        /// `forTerm` is the term of the election that would follow.
        case preVoteAnswer(forTerm: UInt64, granted: Bool)
        /// `byTransfer`: the leader itself asked the sender to stand, so the receiver need not protect it.
        case voteRequest(last: LogPoint, byTransfer: Bool)
        case voteAnswer(granted: Bool)
        case append(Append)
        /// The sender's log is the leader's, and on disk, up to and including `match`.
        case appendAccepted(match: UInt64)
        case appendRejected(AppendRejection)
        case heartbeat(Heartbeat)
        case heartbeatAnswer(Heartbeat)
        /// "Stand for election now."
        case timeoutNow
        /// A follower's reads: "what must I have applied before I may answer?"
        case readIndexRequest(context: UInt64)
        case readIndexAnswer(context: UInt64, index: UInt64)
    }

    /// Entries that follow `previous` without a gap; none in a probe.
    package struct Append: Hashable, Sendable {
        package var previous: LogPoint
        /// The leader's commit index; may lie above the entries.
        package var commit: UInt64
        package var entries: [Entry]

        package init(previous: LogPoint, commit: UInt64, entries: [Entry]) {
            self.previous = previous
            self.commit = commit
            self.entries = entries
        }
    }

    package struct AppendRejection: Hashable, Sendable {
        /// `previous.index` of the message that did not fit.
        package var index: UInt64
        /// The highest point at or below `index` in the sender's log at which it may agree with the leader's.
        package var hint: LogPoint

        package init(index: UInt64, hint: LogPoint) {
            self.index = index
            self.hint = hint
        }
    }

    /// Small and of fixed size, so that `HeartbeatBatch` can carry those of many groups in one frame.
    package struct Heartbeat: Hashable, Sendable {
        /// From the leader: what the receiver may commit. In an answer: what the sender has committed.
        package var commit: UInt64
        /// The round of leadership confirmation, returned in the answer; 0: no answer is asked for.
        package var round: UInt64

        package init(commit: UInt64, round: UInt64) {
            self.commit = commit
            self.round = round
        }
    }

    /// Highest term and index that a message may carry. No group lives long enough to reach it; a message that claims
    /// so is forged, and taking it would leave no term to follow.
    package static let numberMax: UInt64 = 1 << 62
}
