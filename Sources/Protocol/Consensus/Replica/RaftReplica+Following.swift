import WriteAheadLog

extension RaftReplica {
    /// A message of this term's leader came. Returns whether it counts: a term has one leader.
    mutating func heardLeader(_ sender: ReplicaID, at now: Instant) -> Bool {
        switch role {
        case .leader: return false
        case .preCandidate, .candidate: becomeFollower(term: hardState.term, leader: sender, at: now)
        case .follower(let follower):
            if let leader = follower.leader, leader != sender { return false }
        }
        let deadline = electionDeadline(at: now)
        role.withFollower { follower in
            follower.leader = sender
            follower.heardAt = now
            follower.electionDeadline = deadline
        }
        return true
    }

    mutating func heartbeatReceived(_ heartbeat: Message.Heartbeat, from leader: ReplicaID) {
        commitKnown(heartbeat.commit)
        if heartbeat.round > 0 {
            send(.heartbeatAnswer(Message.Heartbeat(commit: commit, round: heartbeat.round)), to: leader)
        }
    }

    /// The leader of this term has committed up to `index`. That says something of this log only as far as it was compared
    /// with the leader's: above may stand entries that nobody else has.
    mutating func commitKnown(_ index: UInt64) {
        guard case .follower(let follower) = role else { return }
        role.withFollower { $0.leaderCommit = max($0.leaderCommit, index) }
        let compared = settings.plants(.commitBeyondMatch) ? log.last.index : follower.matched
        commit = max(commit, min(index, compared))
    }

    mutating func appendReceived(_ append: Message.Append, from leader: ReplicaID, at now: Instant) {
        if let contradiction = contradiction(of: append) { return halt(contradiction) }
        let last = append.entries.last?.index ?? append.previous.index
        role.withFollower { $0.leaderCommit = max($0.leaderCommit, append.commit) }
        if append.previous.index > log.last.index { return reject(append, from: leader) }
        if append.previous.index > commit, !log.holds(append.previous), !settings.plants(.skipPreviousCheck) {
            return reject(append, from: leader)
        }
        // More than can be kept in memory until it is on disk: the leader will try again.
        guard
            log.windowBytes <= settings.backlogBytesMax
                || log.weight(above: min(writes.durable, handedOut)) <= settings.backlogBytesMax
        else { return }
        for entry in append.entries where entry.index > commit { take(entry) }
        let matched = max(last, min(commit, log.last.index))
        role.withFollower { follower in
            follower.matched = max(follower.matched, matched)
            follower.owesAnswer = true
        }
        commitKnown(append.commit)
    }

    /// What is committed here is in every later leader's log, or the group's safety is broken.
    private func contradiction(of append: Message.Append) -> SafetyViolation? {
        func contradiction(of point: LogPoint) -> SafetyViolation? {
            guard let term = log.term(at: point.index), term != point.term else { return nil }
            return .committedEntryContradicted(index: point.index, committedTerm: term, leaderTerm: point.term)
        }
        guard append.previous.index <= commit else { return nil }
        if let found = contradiction(of: append.previous) { return found }
        for entry in append.entries {
            guard entry.index <= commit else { break }
            if let found = contradiction(of: entry.point) { return found }
        }
        return nil
    }

    /// Makes `entry` the log's entry at its index.
    private mutating func take(_ entry: Entry) {
        if entry.index <= log.last.index {
            guard log.term(at: entry.index) != entry.term, !settings.plants(.keepConflicts) else { return }
            truncateLog(to: entry.index - 1)
        }
        // Compared as the logs were, it follows, unless a planted mistake has spared the comparison.
        guard entry.index == log.last.index + 1, entry.term >= log.last.term else { return }
        log.append(entry)
    }

    /// Drops entries that the leader does not have; above the commit index.
    private mutating func truncateLog(to index: UInt64) {
        precondition(index >= commit, "entries above \(index) are to be dropped, \(commit) is committed")
        log.truncate(to: index, keepingConfigurations: settings.plants(.keepTruncatedConfiguration))
        let wasWritten = writes.truncated(to: index, trustingStaleTickets: settings.plants(.trustStaleTicket))
        if wasWritten { pendingTruncation = log.last }
    }

    /// Tells the leader where the logs may agree, so that it need not go back entry by entry.
    private mutating func reject(_ append: Message.Append, from leader: ReplicaID) {
        let hint = log.highestPoint(atOrBelow: append.previous.index, termAtMost: append.previous.term)
        send(
            .appendRejected(Message.AppendRejection(index: append.previous.index, hint: hint)), to: leader)
    }

    /// Acknowledges what is on disk of what was compared with the leader.
    mutating func answerAppends() {
        let durable = settings.plants(.acknowledgeBeforePersist) ? log.last.index : writes.durable
        guard case .follower(let follower) = role, let leader = follower.leader, hardStateIsDurable else { return }
        let match = min(follower.matched, durable)
        guard match > follower.acknowledged || (follower.owesAnswer && durable >= follower.matched) else { return }
        role.withFollower { follower in
            follower.acknowledged = max(follower.acknowledged, match)
            follower.owesAnswer = false
        }
        send(.appendAccepted(match: match), to: leader)
    }
}
