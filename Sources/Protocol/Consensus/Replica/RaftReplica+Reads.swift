extension RaftReplica {
    /// Linearizable reads are wanted. On the leader they wait until a quorum confirms it; a follower asks the leader. All of
    /// one call share a message; `readsReady` comes once the state includes all that was committed before the call.
    package mutating func readsRequested(_ ids: [ReadID], at now: Instant) -> [Effect] {
        guard violation == nil else { return [.readsFailed(ids, .leadershipLost)] }
        guard !ids.isEmpty else { return [] }
        if readsWaiting + ids.count > settings.readsMax {
            outbox.append(.readsFailed(ids, .tooMany))
        } else if case .leader = role {
            role.withLeader { $0.reads.add(.here(ids)) }
            beginReadRound(at: now)
        } else if case .follower(let follower) = role, let leader = follower.leader {
            lastContext &+= 1
            let asked = Follower.AskedReads(
                context: lastContext, ids: ids, deadline: now.advanced(byNanoseconds: settings.electionNanoseconds))
            role.withFollower { $0.askedReads.append(asked) }
            send(.readIndexRequest(context: asked.context), to: leader)
        } else {
            outbox.append(.readsFailed(ids, .noLeader))
        }
        return finish(at: now)
    }

    // MARK: Leader

    mutating func readIndexRequested(by sender: ReplicaID, context: UInt64, at now: Instant) {
        guard case .leader(let leader) = role, readsWaiting < settings.readsMax,
            log.configuration.configuration.isMember(sender)
        else { return }
        // The sender was in this term when it asked, after its reads came: no later leader had its vote by then. Where that
        // and this replica's own word are a quorum, a round would say nothing more.
        if commit >= leader.firstIndex, quorum.isReached({ $0 == id || $0 == sender }) {
            return send(.readIndexAnswer(context: context, index: commit), to: sender)
        }
        role.withLeader { $0.reads.add(.peer(sender, context: context)) }
        beginReadRound(at: now)
    }

    /// Begins a round for the reads that wait, unless one is under way or the leader does not know yet what is committed:
    /// an older leader may have committed more than it has heard of, until an entry of its own is.
    mutating func beginReadRound(at now: Instant) {
        guard case .leader(let leader) = role, leader.reads.mayBegin,
            commit >= leader.firstIndex || settings.plants(.readBeforeOwnCommit)
        else { return }
        let commit = commit
        role.withLeader { $0.reads.began(commit: commit) }
        if leader.peers.contains(where: { log.configuration.configuration.isVoter($0.id) }) { sendHeartbeats() }
        confirmReads(at: now)
    }

    /// Ends the round once a quorum, this replica included, has answered it.
    mutating func confirmReads(at now: Instant) {
        guard case .leader(let leader) = role, !leader.reads.confirming.isEmpty else { return }
        let round = leader.reads.round
        let isConfirmed = quorum.isReached { voter in
            voter == id || leader.position(of: voter).map { leader.peers[$0].roundAnswered >= round } == true
        }
        guard isConfirmed || settings.plants(.readWithoutRound) else { return }
        let index = leader.reads.index
        for origin in role.withLeader({ $0.reads.confirmed() }) ?? [] {
            switch origin {
            case .here(let ids): confirmedReads.append(ConfirmedReads(ids: ids, index: index))
            case .peer(let peer, let context): send(.readIndexAnswer(context: context, index: index), to: peer)
            }
        }
        beginReadRound(at: now)
    }

    // MARK: Follower

    mutating func readIndexAnswered(context: UInt64, index: UInt64) {
        let answered = role.withFollower { follower -> Follower.AskedReads? in
            guard let position = follower.askedReads.firstIndex(where: { $0.context == context }) else { return nil }
            return follower.askedReads.remove(at: position)
        }
        guard let reads = answered ?? nil else { return }
        commitKnown(index)
        confirmedReads.append(ConfirmedReads(ids: reads.ids, index: index))
    }

    mutating func expireAskedReads(at now: Instant) {
        let expired = role.withFollower { follower -> [ReadID] in
            let ids = follower.askedReads.filter { $0.deadline <= now }.flatMap(\.ids)
            follower.askedReads.removeAll { $0.deadline <= now }
            return ids
        }
        if let expired, !expired.isEmpty { outbox.append(.readsFailed(expired, .timedOut)) }
    }

    // MARK: Both

    /// Hands over the reads whose index is applied.
    mutating func answerReads() {
        guard !confirmedReads.isEmpty else { return }
        let reached = settings.plants(.readBeforeApply) ? UInt64.max : applied
        for reads in confirmedReads where reads.index <= reached {
            outbox.append(.readsReady(reads.ids, index: reads.index))
        }
        confirmedReads.removeAll { $0.index <= reached }
    }

    /// The reads that are not confirmed will not be by this role. Confirmed ones only wait for entries to be applied.
    mutating func failReads(_ failure: ReadFailure) {
        let ids: [ReadID]
        switch role {
        case .follower(let follower): ids = follower.askedReads.flatMap(\.ids)
        case .leader(let leader): ids = leader.reads.localReads
        case .preCandidate, .candidate: ids = []
        }
        role.withFollower { $0.askedReads = [] }
        if !ids.isEmpty { outbox.append(.readsFailed(ids, failure)) }
    }

    var readsWaiting: Int {
        let confirmed = confirmedReads.reduce(0) { $0 + $1.ids.count }
        return switch role {
        case .follower(let follower): follower.askedReads.reduce(confirmed) { $0 + $1.ids.count }
        case .leader(let leader): confirmed + leader.reads.count
        case .preCandidate, .candidate: confirmed
        }
    }
}
