import WriteAheadLog

extension RaftReplica {
    // MARK: Standing

    /// Asks whether an election could be won, without disturbing anybody by a new term (dissertation, 9.6).
    mutating func becomePreCandidate(at now: Instant) {
        failReads(.leadershipLost)
        role = .preCandidate(PreCandidate(deadline: electionDeadline(at: now)))
        for peer in voters where peer != id { send(.preVoteRequest(last: log.last), to: peer) }
        preVoteGranted(by: id, forTerm: hardState.term + 1, at: now)
    }

    /// The election that this replica asked about, or stood for, has not been won in time.
    mutating func standingTimedOut(at now: Instant) {
        // A learner leaves the next attempt to those that vote, unless they ask it again.
        if mayStand { becomePreCandidate(at: now) } else { becomeFollower(term: hardState.term, at: now) }
    }

    /// A voter would vote for this replica.
    mutating func preVoteGranted(by voter: ReplicaID, forTerm: UInt64, at now: Instant) {
        guard case .preCandidate(var preCandidate) = role, forTerm == hardState.term + 1 else { return }
        if !preCandidate.granted.contains(voter) { preCandidate.granted.append(voter) }
        role = .preCandidate(preCandidate)
        if quorum.isReached({ preCandidate.granted.contains($0) }) { becomeCandidate(byTransfer: false, at: now) }
    }

    /// Votes for itself in a new term. The others are asked once that is on disk.
    mutating func becomeCandidate(byTransfer: Bool, at now: Instant) {
        hardState = HardState(term: hardState.term + 1, vote: id)
        owedVote = nil
        role = .candidate(Candidate(deadline: electionDeadline(at: now), byTransfer: byTransfer))
    }

    /// A write has ended while this replica stands.
    mutating func ownVotePersisted(at now: Instant) {
        guard case .candidate(var candidate) = role, !candidate.asked, hardStateIsDurable else { return }
        candidate.asked = true
        role = .candidate(candidate)
        for peer in voters where peer != id {
            send(.voteRequest(last: log.last, byTransfer: candidate.byTransfer), to: peer)
        }
        voteGranted(by: id, at: now)
    }

    /// A voter votes for this replica.
    mutating func voteGranted(by voter: ReplicaID, at now: Instant) {
        guard case .candidate(var candidate) = role, candidate.asked else { return }
        if !candidate.granted.contains(voter) { candidate.granted.append(voter) }
        role = .candidate(candidate)
        let quorum = Quorum(configuration: electorate, settings: settings)
        if quorum.isReached({ candidate.granted.contains($0) }) { becomeLeader(at: now) }
    }

    /// Whose votes count.
    private var electorate: Configuration {
        let configuration = log.configuration.configuration
        return settings.plants(.countLearnerVotes) ? Configuration(voters: configuration.members) : configuration
    }

    /// Who is asked for a vote, ascending.
    private var voters: [ReplicaID] {
        let electorate = electorate
        return electorate.isJoint ? Set(electorate.voters).union(electorate.outgoing).sorted() : electorate.voters
    }

    /// The leader hands over: no pre-vote, no waiting.
    mutating func toldToStand(by sender: ReplicaID, at now: Instant) {
        guard case .follower(let follower) = role, follower.leader == nil || follower.leader == sender, mayStand else {
            return
        }
        failReads(.leadershipLost)
        becomeCandidate(byTransfer: true, at: now)
    }

    // MARK: Voting

    mutating func preVoteRequested(by candidate: ReplicaID, term: UInt64, last: LogPoint, at now: Instant) {
        let granted = !abstains && !hearsLeader(at: now) && isUpToDate(last)
        send(.preVoteAnswer(forTerm: term + 1, granted: granted), to: candidate)
        if !isUpToDate(last) { standInstead(at: now) }
    }

    /// A candidate counts on this replica's vote and cannot have it, since this log is newer. A learner stands in its stead.
    ///
    /// By the candidate's log this replica votes, by its own it is a learner: the change that made it a voter was cut off
    /// by a later leader, of whose entries perhaps no other copy is left. Then nobody can be elected while the learner only
    /// refuses. It asks the voters of its own log, and does not count itself; so it leads by their majority like anybody,
    /// and only until an entry of its own is committed: `membersCommitted` then hands over to one of them.
    private mutating func standInstead(at now: Instant) {
        guard case .follower = role, !mayStand, !abstains, !hearsLeader(at: now),
            log.configuration.configuration.isLearner(id)
        else { return }
        becomePreCandidate(at: now)
    }

    /// Votes for at most one candidate a term, and only for one whose log holds all that may be committed.
    mutating func voteRequested(by candidate: ReplicaID, last: LogPoint, at now: Instant) {
        let isFree = hardState.vote == nil || hardState.vote == candidate || settings.plants(.voteTwice)
        guard isFree, !abstains, isUpToDate(last) else { return send(.voteAnswer(granted: false), to: candidate) }
        switch role {
        case .leader, .candidate: return send(.voteAnswer(granted: false), to: candidate)
        case .preCandidate: becomeFollower(term: hardState.term, at: now)
        case .follower: break
        }
        hardState.vote = candidate
        owedVote = candidate
        resetElectionDeadline(at: now)
    }

    /// Sends the vote that was granted, once it is on disk.
    mutating func payOwedVote() {
        guard let candidate = owedVote, hardStateIsDurable || settings.plants(.voteBeforePersist) else { return }
        owedVote = nil
        send(.voteAnswer(granted: true), to: candidate)
    }

    /// Whether a log that ends at `last` is at least as complete as this one (Raft paper, 5.4.1).
    private func isUpToDate(_ last: LogPoint) -> Bool {
        (last.term, last.index) >= (log.last.term, log.last.index) || settings.plants(.voteForStaleLog)
    }
}
