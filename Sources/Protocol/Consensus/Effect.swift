package import WriteAheadLog

/// What a replica asks its surroundings to do. Plain values: a simulator can compare and print them.
///
/// # The output contract
/// *Persist, then send, then apply, then acknowledge.* The replica keeps to it by itself: it withholds whatever depends
/// on a write until `persisted` tells that the write is on disk. So:
///
/// - **`persist`**: carry out all writes of one replica in the order given, whole. Several may be under way, and one sync
///   may serve many writes of many groups. Call `persisted(upTo:)` with a ticket once that write *and all before it* are
///   on disk, in the same turn or any number of events later, once or twice, each ticket or only the newest.
/// - **`send`**: at once, in any order to the writes, or never. Nothing else need be waited for.
/// - **`apply`**: in order. These entries are committed and on this replica's own disk. Then call `applied(upTo:)`.
/// - **`fetchEntries`**: read them back from the log and call `entriesFetched` with them, always.
/// - Everything else may be done whenever it suits.
///
/// What may be sent before a write is on disk, and what the replica withholds:
///
/// | message | depends on |
/// | --- | --- |
/// | `append`, `heartbeat`, `timeoutNow`, `readIndexAnswer` of a leader | nothing new: its term and its vote for itself were on disk before it became leader. Its own entries are written while followers receive them (dissertation, 10.2.1); it counts itself only for what `persisted` covers |
/// | `voteRequest` | the candidate's own term and vote. Sent earlier, a candidate that crashes could lead one term twice |
/// | `voteAnswer`, granted | the term and vote |
/// | `appendAccepted` | every entry up to `match`, and the term |
/// | `preVoteRequest`, `preVoteAnswer` | nothing: they promise nothing |
/// | refusals, `appendRejected`, `heartbeatAnswer`, `readIndexRequest` | nothing: what they say stays true if the sender forgets that it said so |
///
/// An entry is applied once it is committed by a quorum *and* on the replica's own disk: a checkpoint of the state
/// never holds more than the log did.
package enum Effect: Hashable, Sendable {
    case persist(LogWrite)
    case send(Message)
    /// Entries that left the window in memory.
    case fetchEntries(EntryFetch)
    /// Committed entries, the next in order. Configuration entries are among them: whoever takes snapshots keeps the
    /// newest applied one.
    case apply([Entry])
    /// State as applied now answers these reads linearizably.
    case readsReady([ReadID], index: UInt64)
    /// These reads will not be answered. Asking again is safe.
    case readsFailed([ReadID], ReadFailure)
    /// The log no longer holds what `peer` needs. Send it a snapshot, then call `snapshotReported`. Until then keep the
    /// log above the snapshot's point, or the next one will be needed at once.
    case needsSnapshot(peer: ReplicaID)
    /// Who leads, as far as this replica knows, or its own role, has changed.
    case roleChanged(RoleChange)
    /// The configuration in force has changed: appended, rolled back, or come with a snapshot.
    case configurationChanged(IndexedConfiguration)
    /// The leadership transfer that was asked for here came to nothing: this replica leads on and takes proposals again.
    case transferAborted(to: ReplicaID)
    /// A replica that was `suspect` holds everything again that it may have acknowledged. Remember this durably.
    case repaired
    /// What must never happen did. The replica does nothing from here on; the node should say so and stop.
    case halted(SafetyViolation)
}

/// Number of a write, ascending from 1 in each life of a replica.
package typealias WriteTicket = UInt64

/// What to make durable. The parts belong together and are to be carried out in the order of the properties.
package struct LogWrite: Hashable, Sendable {
    package var ticket: WriteTicket
    /// The new hard state, where it changed.
    package var hardState: HardState?
    /// Forget the whole log, go on behind this point; the received snapshot becomes the state. It is a crash-safe whole:
    /// after a restart there is either the old log and state or the new ones.
    package var restart: SnapshotPoint?
    /// Drop the entries above this one.
    package var truncateTo: LogPoint?
    /// Append these, the first directly behind what remained.
    package var entries: [Entry]

    package init(
        ticket: WriteTicket, hardState: HardState? = nil, restart: SnapshotPoint? = nil, truncateTo: LogPoint? = nil,
        entries: [Entry] = []
    ) {
        self.ticket = ticket
        self.hardState = hardState
        self.restart = restart
        self.truncateTo = truncateTo
        self.entries = entries
    }
}

/// What a replica must never forget, beside its log.
package struct HardState: Hashable, Sendable {
    package var term: UInt64
    /// Whom it voted for in `term`.
    package var vote: ReplicaID?

    package init(term: UInt64 = 0, vote: ReplicaID? = nil) {
        self.term = term
        self.vote = vote
    }
}

/// A wish for entries that only the log on disk holds. All of them were on disk when it was made.
package struct EntryFetch: Hashable, Sendable {
    package enum Reader: Hashable, Sendable {
        /// To be sent to this peer.
        case peer(ReplicaID)
        /// To be applied.
        case apply
    }

    package var reader: Reader
    /// The first entry wanted.
    package var from: UInt64
    /// The last entry wanted.
    package var through: UInt64
    /// Stop where the entries' weights exceed this, in bytes; the first entry is given in any case.
    package var bytesMax: Int

    package init(reader: Reader, from: UInt64, through: UInt64, bytesMax: Int) {
        self.reader = reader
        self.from = from
        self.through = through
        self.bytesMax = bytesMax
    }
}

/// What came of an `EntryFetch`.
package enum FetchResult: Hashable, Sendable {
    /// From `from` on, without gap, at least one.
    case entries([Entry])
    /// The log starts above `from`.
    case compacted
}

/// A number that the caller gives a read to recognise it by; unique among those under way here.
package typealias ReadID = UInt64

package enum ReadFailure: Hashable, Sendable {
    case noLeader
    /// Leadership was lost, or changed, before it could be confirmed.
    case leadershipLost
    /// The leader did not answer.
    case timedOut
    /// More reads under way than `readsMax`.
    case tooMany
}

package enum RoleName: Hashable, Sendable {
    case follower, preCandidate, candidate, leader
}

package struct RoleChange: Hashable, Sendable {
    package var role: RoleName
    package var term: UInt64
    /// Nil while unknown.
    package var leader: ReplicaID?

    package init(role: RoleName, term: UInt64, leader: ReplicaID?) {
        self.role = role
        self.term = term
        self.leader = leader
    }
}

/// Evidence that the group's safety is broken: by a bug, by a disk that lost what it had confirmed, or by two nodes
/// under one id. Carrying on could only spread it.
package enum SafetyViolation: Hashable, Sendable {
    /// A leader's entry contradicts one that is committed here.
    case committedEntryContradicted(index: UInt64, committedTerm: UInt64, leaderTerm: UInt64)
    /// A snapshot contradicts the committed log.
    case snapshotContradicted(LogPoint, committedTerm: UInt64)
    /// The log on disk lacks entries that it had confirmed.
    case logLost(from: UInt64)
}
