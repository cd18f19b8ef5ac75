package import WriteAheadLog

/// One replica of one group: Raft as in Ongaro's dissertation ("Consensus: Bridging Theory and Practice", 2014), with
/// pre-vote and check-quorum (9.6, 6.2), joint consensus and learners (4.3, 4.2.1), leadership transfer (3.10), read index
/// without clocks (6.4) and the leader's disk in parallel with its followers' (10.2.1).
///
/// # How it is driven
/// `started` first and once. Then events, in any order, each with the time:
///
///     received(message)                      from anybody; whatever it says, it does no harm
///     deadlinePassed                         `nextDeadline` is reached; earlier or later is allowed
///     persisted(upTo: ticket)                writes are on disk
///     applied(upTo: index)                   entries are applied
///     entriesFetched(fetch, result)          what an effect asked for
///     compacted(upTo: index)                 the log on disk starts above this index now
///     snapshotReceived(point)                a snapshot is here, whole and durable
///     snapshotReported(peer, delivered)      a snapshot that an effect asked for was delivered, or failed (nil)
///     readsRequested(ids)                    linearizable reads, on the leader or a follower
///     transferRequested(to)                  the leader is to hand over
///
/// Each returns effects, to be carried out as `Effect` says; the output contract is written down there. Proposals come in
/// batches: `propose`, any number of times, then `flush` for the effects of all.
///
///     let point = try replica.propose(bytes, at: now)
///     let effects = replica.flush(at: now)
///
/// A proposal is committed when `apply` brings its index with its term; it is lost for good when `apply` brings its index
/// with another term. Until then its fate is open, even if leadership is lost.
///
/// Not thread-safe; a value. The same start and events give the same effects.
package struct RaftReplica: Sendable {
    package let group: GroupID
    package let id: ReplicaID
    package let settings: ConsensusSettings

    var hardState: HardState
    var log: ReplicaLog
    var writes: WriteTracker
    var role: Role
    var random: RandomSource
    /// Committed, as far as this replica knows.
    var commit: UInt64
    /// Handed over in `apply`.
    var handedOut: UInt64
    var applied: UInt64
    var suspect: SuspectState?
    var violation: SafetyViolation?

    /// Granted in this term, and not sent yet for want of the write.
    var owedVote: ReplicaID?
    /// A part of the next write.
    var pendingTruncation: LogPoint?
    var pendingRestart: SnapshotPoint?
    var isFetchingToApply = false
    /// Reads that may be answered once their index is applied.
    var confirmedReads: [ConfirmedReads] = []
    /// Numbers this life's questions to leaders; starts at random, so that no answer to an earlier life fits.
    var lastContext: UInt64
    /// Effects of the event under way, beside writes.
    var outbox: [Effect] = []
    var reportedRole: RoleChange?
    var reportedConfiguration: IndexedConfiguration

    struct ConfirmedReads: Sendable {
        let ids: [ReadID]
        let index: UInt64
    }

    /// `seed` must differ between replicas and between lives of one replica; otherwise nothing depends on it but timing.
    package init(
        group: GroupID, id: ReplicaID, settings: ConsensusSettings = ConsensusSettings(), start: ReplicaStart, seed: UInt64,
        at now: Instant
    ) {
        precondition(
            settings.entryBytesMax <= FrameCodec.entryBytesMax
                && settings.appendBytesMax + settings.entryBytesMax <= FrameCodec.frameBytesMax / 2,
            "an append of \(settings.appendBytesMax) bytes and an entry of \(settings.entryBytesMax) fit no frame")
        self.group = group
        self.id = id
        self.settings = settings
        log = start.log.log
        log.windowBytesMax = settings.windowBytesMax
        random = RandomSource(seed: seed)
        lastContext = random.next()
        writes = WriteTracker(durable: log.last.index, hardState: start.hardState)
        if let founders = start.founders { log.append(ReplicaStart.foundingEntry(founders)) }
        hardState = start.hardState
        if settings.plants(.forgetVoteAtRestart) { hardState.vote = nil }
        // A log may know of a term that the hard state does not, never the other way round in its votes.
        if log.last.term > hardState.term { hardState = HardState(term: log.last.term) }
        if case .suspect(let lostAfter) = start.durability {
            suspect = SuspectState(lostAfter: lostAfter, lastTerm: hardState.term)
            hardState = HardState(term: hardState.term + 1)
        }
        commit = start.applied
        handedOut = start.applied
        applied = start.applied
        if start.applied > log.last.index { violation = .logLost(from: log.last.index + 1) }
        precondition(start.applied >= log.base.index, "state as of \(start.applied), log from \(log.base)")
        role = .follower(Follower(leader: nil, electionDeadline: now))
        reportedConfiguration = log.configuration
        resetElectionDeadline(at: now)
    }

    // MARK: Events

    /// The replica is in place. A sole voter stands for election at once.
    package mutating func started(at now: Instant) -> [Effect] {
        if let violation { return [.halted(violation)] }
        if isSoleVoter, mayStand { becomePreCandidate(at: now) }
        return finish(at: now)
    }

    /// Time has passed: call it when `nextDeadline` is reached.
    package mutating func deadlinePassed(at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        switch role {
        case .follower(let follower):
            expireAskedReads(at: now)
            if now >= follower.electionDeadline {
                if mayStand { becomePreCandidate(at: now) } else { resetElectionDeadline(at: now) }
            }
        case .preCandidate(let preCandidate):
            if now >= preCandidate.deadline { standingTimedOut(at: now) }
        case .candidate(let candidate):
            if now >= candidate.deadline { standingTimedOut(at: now) }
        case .leader: leaderTick(at: now)
        }
        return finish(at: now)
    }

    /// The writes up to `ticket` are on disk.
    package mutating func persisted(upTo ticket: WriteTicket, at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        writes.persisted(upTo: ticket)
        if case .candidate = role { ownVotePersisted(at: now) }
        advanceCommit(at: now)
        return finish(at: now)
    }

    /// The entries up to `index` are applied.
    package mutating func applied(upTo index: UInt64, at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        applied = max(applied, min(index, handedOut))
        return finish(at: now)
    }

    /// The log on disk has dropped its entries up to `index`; they are all applied and in a durable state.
    package mutating func compacted(upTo index: UInt64, at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        log.compact(upTo: min(index, applied, commit, writes.durable))
        return finish(at: now)
    }

    /// Returns the effects of what was proposed since the last event.
    package mutating func flush(at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        return finish(at: now)
    }

    // MARK: Queries

    /// When `deadlinePassed` is to be called; nil while nothing depends on time.
    package var nextDeadline: Instant? {
        guard violation == nil else { return nil }
        switch role {
        case .follower(let follower):
            let asked = follower.askedReads.first?.deadline
            let election = mayStand ? follower.electionDeadline : nil
            guard let asked, let election else { return asked ?? election }
            return min(asked, election)
        case .preCandidate(let preCandidate): return preCandidate.deadline
        case .candidate(let candidate): return candidate.deadline
        case .leader(let leader): return leader.peers.isEmpty && leader.transfer == nil ? nil : leader.nextHeartbeat
        }
    }

    /// The term and the replica that leads it, as far as this one knows.
    package var leader: ReplicaID? {
        switch role {
        case .follower(let follower): follower.leader
        case .preCandidate, .candidate: nil
        case .leader: id
        }
    }

    package var term: UInt64 { hardState.term }
    /// The last entry of the log, on disk or not.
    package var lastPoint: LogPoint { log.last }
    package var commitIndex: UInt64 { commit }
    /// The members in force: those of the newest entry that sets them, committed or not.
    package var configuration: Configuration { log.configuration.configuration }
    /// When a follower last heard its leader; nil where it has not.
    package var leaderHeardAt: Instant? {
        if case .follower(let follower) = role { follower.heardAt } else { nil }
    }
    /// Everything that a follower's leader has said to be committed is applied here.
    package var isLevel: Bool {
        if case .follower(let follower) = role { follower.heardAt != nil && applied >= follower.leaderCommit } else { false }
    }
    /// It leads, and has committed an entry of its own term: it knows all that is committed.
    package var hasCommittedInTerm: Bool {
        if case .leader(let leader) = role { commit >= leader.firstIndex } else { false }
    }
    package var isLeader: Bool { if case .leader = role { true } else { false } }

    /// The members in force as of `index`; for snapshots. At or above the log's base.
    package func configuration(at index: UInt64) -> Configuration { log.configuration(at: index) }

    /// Where a snapshot of the state as of `index` stands; nil where the log does not reach.
    package func snapshotPoint(at index: UInt64) -> SnapshotPoint? {
        log.point(at: index).map { SnapshotPoint(point: $0, configuration: log.configuration(at: index)) }
    }

    /// The term of the entry at `index`; nil where the log does not reach.
    package func term(at index: UInt64) -> UInt64? { log.term(at: index) }

    // MARK: Shared by the roles

    var quorum: Quorum { Quorum(configuration: log.configuration.configuration, settings: settings) }

    /// Whether this replica may stand for election by itself; a learner does so only where it is asked, see `standInstead`.
    var mayStand: Bool { log.isVoter(id, sinceCommit: commit) && !abstains }

    /// Whether nobody else votes.
    package var isSoleVoter: Bool {
        let configuration = log.configuration.configuration
        return configuration.voters == [id] && !configuration.isJoint
    }

    /// Whether it must not vote.
    var abstains: Bool { suspect != nil && !settings.plants(.voteWhileSuspect) }

    var hardStateIsDurable: Bool { writes.durableHardState == hardState }

    mutating func send(_ body: Message.Body, to peer: ReplicaID) {
        outbox.append(.send(Message(group: group, from: id, to: peer, term: hardState.term, body: body)))
    }

    mutating func halt(_ found: SafetyViolation) { if violation == nil { violation = found } }

    /// A time to stand for election, anew at random.
    mutating func electionDeadline(at now: Instant) -> Instant {
        let timeout = settings.electionNanoseconds
        return now.advanced(byNanoseconds: timeout + random.next() % timeout)
    }

    mutating func resetElectionDeadline(at now: Instant) {
        let deadline = electionDeadline(at: now)
        role.withFollower { $0.electionDeadline = deadline }
    }
}
