package import WriteAheadLog

/// Changes of members (dissertation, 4.3) and leadership transfer (3.10).
extension RaftReplica {
    /// Proposes other members: in two steps where votes change, joint consensus first, the rest by itself. Like `propose`,
    /// nothing is sent before `flush`.
    ///
    /// Whether a learner has caught up, so that its vote will not hold the group up, is for the caller to judge by
    /// `status`. The change is done when the configuration in force is not joint and committed.
    package mutating func propose(members target: ConfigurationTarget, at now: Instant) throws(ProposalRefusal) -> LogPoint {
        let leader = try proposingLeader()
        let current = log.configuration
        guard commit >= leader.firstIndex, current.index <= commit, !current.configuration.isJoint else {
            throw .changePending
        }
        guard !target.voters.isEmpty, !(target.voters + target.learners).contains(ReplicaID(0)),
            let next = current.configuration.step(to: target),
            next.voters.count + next.outgoing.count + next.learners.count <= Configuration.membersMax
        else { throw .invalidChange }
        let point = appendAsLeader(.configuration(settings.plants(.skipJointConsensus) ? next.afterJoint : next))
        syncPeers(at: now)
        return point
    }

    /// Other members are in force: keeps progress of exactly these, and ends what waited for the others.
    mutating func syncPeers(at now: Instant) {
        let members = log.configuration.configuration.members
        let next = log.last.index + 1
        let id = id
        role.withLeader { leader in
            leader.peers = members.filter { $0 != id }.map { member in
                leader.position(of: member).map { leader.peers[$0] } ?? PeerProgress(id: member, next: next, at: now)
            }
        }
        if case .leader(let leader) = role, let target = leader.transfer?.target, !members.contains(target) {
            role.withLeader { $0.transfer = nil }
            outbox.append(.transferAborted(to: target))
        }
        // Those that remain may all have answered; where nobody remains, no answer will come to end the round.
        confirmReads(at: now)
    }

    /// The commit index has risen: a joint configuration that is committed is left; a leader that is not a voter of the
    /// committed configuration gives up.
    mutating func membersCommitted(at now: Instant) {
        let current = log.configuration
        guard case .leader(let leader) = role, current.index <= commit else { return }
        if current.configuration.isJoint {
            appendAsLeader(.configuration(current.configuration.afterJoint))
            syncPeers(at: now)
        } else if !current.configuration.isVoter(id) {
            // The others learn that it is committed, and the one with the longest log need not wait for a time-out.
            sendHeartbeats()
            if let successor = bestSuccessor(leader) { send(.timeoutNow, to: successor) }
            becomeFollower(term: hardState.term, at: now)
        }
    }

    // MARK: Transfer

    /// Hands leadership to `target`, or to the voter with the longest log where it is nil. Until that is done, or given up
    /// after an election time-out (`transferAborted`), proposals are refused.
    package mutating func transferRequested(
        to target: ReplicaID?, at now: Instant
    ) throws(ProposalRefusal) -> [Effect] {
        let leader = try proposingLeader()
        guard let target = target ?? bestSuccessor(leader), target != id,
            log.configuration.configuration.voters.contains(target), leader.position(of: target) != nil
        else { throw .invalidTarget }
        let deadline = now.advanced(byNanoseconds: settings.electionNanoseconds)
        role.withLeader { $0.transfer = Leader.Transfer(target: target, deadline: deadline) }
        transferIfCaughtUp()
        return finish(at: now)
    }

    /// Tells the target to stand as soon as it has the whole log: else nobody would vote for it.
    mutating func transferIfCaughtUp() {
        guard case .leader(let leader) = role, let transfer = leader.transfer, !transfer.isTold,
            let position = leader.position(of: transfer.target), leader.peers[position].match == log.last.index
        else { return }
        role.withLeader { $0.transfer?.isTold = true }
        send(.timeoutNow, to: transfer.target)
    }

    mutating func transferTick(at now: Instant) {
        guard case .leader(let leader) = role, let transfer = leader.transfer else { return }
        if now >= transfer.deadline {
            role.withLeader { $0.transfer = nil }
            outbox.append(.transferAborted(to: transfer.target))
        } else if transfer.isTold {
            send(.timeoutNow, to: transfer.target)
        }
    }

    private func bestSuccessor(_ leader: Leader) -> ReplicaID? {
        leader.peers.filter { log.configuration.configuration.voters.contains($0.id) }.max { left, right in
            (left.match, right.id) < (right.match, left.id)
        }?.id
    }
}
