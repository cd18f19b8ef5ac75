package import WriteAheadLog

extension RaftReplica {
    // MARK: Taking and giving up office

    /// Begins its term with an entry of its own: only through it can the leader commit what older terms left, and learn
    /// what they committed (Raft paper, 5.4.2 and 8).
    mutating func becomeLeader(at now: Instant) {
        owedVote = nil
        role = .leader(Leader(firstIndex: log.last.index + 1, nextHeartbeat: nextHeartbeat(after: now)))
        // Before the entry, so that the first question to each peer carries it.
        syncPeers(at: now)
        appendAsLeader(.noOperation)
    }

    private func nextHeartbeat(after now: Instant) -> Instant {
        now.nextMultiple(ofNanoseconds: settings.heartbeatNanoseconds)
    }

    /// One heartbeat interval has passed, or something near it.
    mutating func leaderTick(at now: Instant) {
        guard case .leader(let leader) = role, now >= leader.nextHeartbeat else { return }
        guard hearsQuorum(leader, at: now) else {
            return becomeFollower(term: hardState.term, at: now)
        }
        let limit = settings.appendNanoseconds
        let next = nextHeartbeat(after: now)
        role.withLeader { leader in
            leader.nextHeartbeat = next
            for position in leader.peers.indices { leader.peers[position].timePassed(now, limit: limit) }
        }
        sendHeartbeats()
        transferTick(at: now)
    }

    /// Check-quorum (dissertation, 6.2): a leader that no majority hears makes way, so that its clients look elsewhere.
    private func hearsQuorum(_ leader: Leader, at now: Instant) -> Bool {
        quorum.isReached { voter in
            if voter == id { return true }
            guard let position = leader.position(of: voter) else { return false }
            return now.nanoseconds(since: leader.peers[position].heardAt) < settings.electionNanoseconds
        }
    }

    /// Shows the leader to all members.
    mutating func sendHeartbeats() {
        guard case .leader(let leader) = role else { return }
        for peer in leader.peers {
            send(
                .heartbeat(Message.Heartbeat(commit: commit, round: leader.reads.round)), to: peer.id)
        }
    }

    mutating func heartbeatAnswered(_ answer: Message.Heartbeat, by sender: ReplicaID, at now: Instant) {
        guard case .leader(let leader) = role, let position = leader.position(of: sender) else { return }
        let round = leader.reads.round
        heard(sender, at: now) { peer in
            // Nobody can have answered a round that has not begun.
            if answer.round <= round { peer.roundAnswered = max(peer.roundAnswered, answer.round) }
        }
        if answer.commit < min(leader.peers[position].match, commit) { remind(leader.peers[position], at: now) }
        confirmReads(at: now)
    }

    /// The peer has not heard what is committed, or has restarted and must compare its log anew before it believes it.
    private mutating func remind(_ peer: PeerProgress, at now: Instant) {
        guard case .replicate = peer.mode, peer.inflights.isEmpty else { return }
        guard let previous = log.point(at: peer.match) else {
            return heard(peer.id, at: now) { $0.becameProbe(next: $0.next) }
        }
        send(.append(Message.Append(previous: previous, commit: commit, entries: [])), to: peer.id)
    }

    /// An answer of a member in this term: it hears its leader.
    mutating func heard(_ sender: ReplicaID, at now: Instant, _ body: (inout PeerProgress) -> Void) {
        role.withLeader { leader in
            guard let position = leader.position(of: sender) else { return }
            leader.peers[position].heardAt = now
            body(&leader.peers[position])
        }
    }

    // MARK: Proposals

    /// Appends an entry with `data` to the log. Nothing is written or sent before `flush`.
    ///
    /// Returns where it stands. Throws where nothing was appended.
    package mutating func propose(_ data: [UInt8], at now: Instant) throws(ProposalRefusal) -> LogPoint {
        let leader = try proposingLeader()
        guard data.count <= settings.entryBytesMax else {
            throw .tooLarge(bytes: data.count, bytesMax: settings.entryBytesMax)
        }
        let weight = data.count + Entry.overheadBytes
        guard leader.uncommittedBytes == 0 || leader.uncommittedBytes + weight <= settings.uncommittedBytesMax else {
            throw .quotaExceeded
        }
        return appendAsLeader(.data(data))
    }

    /// The leader's state, where it takes proposals.
    func proposingLeader() throws(ProposalRefusal) -> Leader {
        guard violation == nil else { throw .halted }
        guard case .leader(let leader) = role else { throw .notLeader(leader: self.leader) }
        if let transfer = leader.transfer { throw .transferring(to: transfer.target) }
        return leader
    }

    @discardableResult
    mutating func appendAsLeader(_ content: Entry.Content) -> LogPoint {
        let entry = Entry(point: LogPoint(index: log.last.index + 1, term: hardState.term), content: content)
        log.append(entry)
        role.withLeader { $0.uncommittedBytes += entry.weight }
        return entry.point
    }

    // MARK: Commitment

    /// Commits what a quorum has on disk.
    mutating func advanceCommit(at now: Instant) {
        guard case .leader(let leader) = role else { return }
        let own = settings.plants(.countUnpersistedOwnCopy) ? log.last.index : min(writes.durable, log.last.index)
        let index = copiesQuorum.index { member in
            if member == id { return own }
            return leader.position(of: member).map { leader.peers[$0].match } ?? 0
        }
        guard index > commit, let term = log.term(at: index) else { return }
        // An entry of an older term on a majority may still be replaced; one of this term commits all before it.
        guard term == hardState.term || settings.plants(.commitOlderTermsByCounting) else { return }
        let committed = log.entries(from: max(commit + 1, log.windowStart), through: index, bytesMax: .max) ?? []
        let weight = committed.reduce(0) { $1.term == hardState.term ? $0 + $1.weight : $0 }
        commit = index
        role.withLeader { $0.uncommittedBytes -= weight }
        membersCommitted(at: now)
        beginReadRound(at: now)
    }

    private var copiesQuorum: Quorum {
        let configuration = log.configuration.configuration
        return Quorum(
            configuration: settings.plants(.countLearnerCopies)
                ? Configuration(voters: configuration.members) : configuration,
            settings: settings)
    }
}
