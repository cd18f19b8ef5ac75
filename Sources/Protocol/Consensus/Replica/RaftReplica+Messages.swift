import WriteAheadLog

/// What becomes of a message: first its term, then its content.
extension RaftReplica {
    /// A message came. One that is for another replica or group, malformed, or from a stranger that answers what nobody
    /// asked, changes nothing.
    package mutating func received(_ message: Message, at now: Instant) -> [Effect] {
        guard violation == nil, message.isPlausible, message.group == group, message.to == id, message.from != id,
            // Questions may come from members that this replica does not know of yet; answers come from those it asked.
            !message.isAnswer || log.configuration.configuration.isMember(message.from)
        else { return [] }
        if message.term > hardState.term {
            guard adoptTerm(of: message, at: now) else { return finish(at: now) }
        } else if message.term < hardState.term {
            guard answerOldTerm(message) else { return finish(at: now) }
        }
        dispatch(message, at: now)
        return finish(at: now)
    }

    /// Follows into a higher term where the message calls for it. Returns whether its content counts.
    private mutating func adoptTerm(of message: Message, at now: Instant) -> Bool {
        switch message.body {
        case .preVoteRequest: return true
        case .preVoteAnswer(_, granted: true): return false
        case .preVoteAnswer(_, granted: false):
            guard case .preCandidate = role else { return false }
            becomeFollower(term: message.term, at: now)
            return false
        case .voteRequest(_, byTransfer: false) where hearsLeader(at: now):
            // Whoever hears its leader need not follow one who does not (dissertation, 4.2.3).
            return false
        case .voteRequest, .voteAnswer, .append, .appendAccepted, .appendRejected, .heartbeat, .heartbeatAnswer,
            .timeoutNow, .readIndexRequest, .readIndexAnswer:
            becomeFollower(term: message.term, at: now)
            return true
        }
    }

    /// Tells a leader or candidate of an older term that it is over. Returns whether the content counts all the same.
    private mutating func answerOldTerm(_ message: Message) -> Bool {
        switch message.body {
        case .append, .heartbeat:
            // Without this a replica whose term is ahead, and whose log is behind, would be shut out for ever: it refuses
            // its leader, and nobody votes for it.
            send(.heartbeatAnswer(Message.Heartbeat(commit: commit, round: 0)), to: message.from)
            return false
        case .preVoteRequest:
            send(.preVoteAnswer(forTerm: message.term + 1, granted: false), to: message.from)
            return false
        case .voteRequest:
            send(.voteAnswer(granted: false), to: message.from)
            return false
        // A voter may be terms behind the one that asks.
        case .preVoteAnswer(_, granted: true): return true
        case .preVoteAnswer, .voteAnswer, .appendAccepted, .appendRejected, .heartbeatAnswer, .timeoutNow,
            .readIndexRequest, .readIndexAnswer:
            return settings.plants(.ignoreOldTerm)
        }
    }

    private mutating func dispatch(_ message: Message, at now: Instant) {
        let from = message.from
        switch message.body {
        case .preVoteRequest(let last): preVoteRequested(by: from, term: message.term, last: last, at: now)
        case .preVoteAnswer(let forTerm, let granted):
            if granted { preVoteGranted(by: from, forTerm: forTerm, at: now) }
        case .voteRequest(let last, _): voteRequested(by: from, last: last, at: now)
        case .voteAnswer(let granted): if granted { voteGranted(by: from, at: now) }
        case .append(let append):
            if heardLeader(from, at: now) { appendReceived(append, from: from, at: now) }
        case .heartbeat(let heartbeat):
            if heardLeader(from, at: now) { heartbeatReceived(heartbeat, from: from) }
        case .appendAccepted(let match): appendAccepted(upTo: match, by: from, at: now)
        case .appendRejected(let rejection): appendRejected(rejection, by: from, at: now)
        case .heartbeatAnswer(let answer): heartbeatAnswered(answer, by: from, at: now)
        case .timeoutNow: toldToStand(by: from, at: now)
        case .readIndexRequest(let context): readIndexRequested(by: from, context: context, at: now)
        case .readIndexAnswer(let context, let index): readIndexAnswered(context: context, index: index)
        }
    }

    /// Whether this replica has a leader and no reason to doubt it.
    func hearsLeader(at now: Instant) -> Bool {
        switch role {
        case .follower(let follower):
            guard follower.leader != nil, let heardAt = follower.heardAt else { return false }
            return now.nanoseconds(since: heardAt) < settings.electionNanoseconds
        case .preCandidate, .candidate: return false
        // It steps down by itself where no quorum answers.
        case .leader: return true
        }
    }

    /// Starts a term without a vote, or gives up leading or standing in this one.
    mutating func becomeFollower(term: UInt64, leader: ReplicaID? = nil, at now: Instant) {
        failReads(.leadershipLost)
        if term > hardState.term {
            hardState = HardState(term: term)
            owedVote = nil
        }
        let deadline: Instant
        if case .follower(let follower) = role {
            deadline = follower.electionDeadline
        } else {
            // Nobody else could lead in its stead.
            deadline = isSoleVoter ? now : electionDeadline(at: now)
        }
        role = .follower(Follower(leader: leader, electionDeadline: deadline))
    }
}

extension Message {
    /// Whether it answers a question of the receiver's.
    fileprivate var isAnswer: Bool {
        switch body {
        case .preVoteAnswer, .voteAnswer, .appendAccepted, .appendRejected, .heartbeatAnswer, .readIndexAnswer: true
        case .preVoteRequest, .voteRequest, .append, .heartbeat, .timeoutNow, .readIndexRequest: false
        }
    }

    /// Whether any replica could have sent it, by its form.
    var isPlausible: Bool {
        guard term > 0 || body.mayComeBeforeFirstTerm, term <= Self.numberMax, from.rawValue != 0 else { return false }
        switch body {
        case .preVoteRequest(let last), .voteRequest(let last, _): return last.isPlausible && last.term <= term
        case .preVoteAnswer(let forTerm, _): return forTerm <= Self.numberMax
        case .append(let append): return append.isPlausible(inTerm: term)
        case .appendAccepted(let match): return match <= Self.numberMax
        case .appendRejected(let rejection):
            return rejection.index <= Self.numberMax && rejection.hint.isPlausible && rejection.hint.index <= rejection.index
        case .heartbeat(let heartbeat), .heartbeatAnswer(let heartbeat): return heartbeat.commit <= Self.numberMax
        case .readIndexAnswer(_, let index): return index <= Self.numberMax
        case .voteAnswer, .timeoutNow, .readIndexRequest: return true
        }
    }
}

extension Message.Body {
    fileprivate var mayComeBeforeFirstTerm: Bool {
        switch self {
        case .preVoteRequest, .preVoteAnswer: true
        case .voteRequest, .voteAnswer, .append, .appendAccepted, .appendRejected, .heartbeat, .heartbeatAnswer, .timeoutNow,
            .readIndexRequest, .readIndexAnswer:
            false
        }
    }
}

extension LogPoint {
    var isPlausible: Bool { index <= Message.numberMax && term <= Message.numberMax && (index == 0) == (term == 0) }
}

extension Message.Append {
    /// Whether the entries follow `previous`, and none comes from a later term than the leader's.
    fileprivate func isPlausible(inTerm term: UInt64) -> Bool {
        guard previous.isPlausible, commit <= Message.numberMax, previous.term <= term else { return false }
        var last = previous
        for entry in entries {
            guard entry.index == last.index + 1, entry.term >= last.term, entry.term > 0, entry.term <= term else {
                return false
            }
            if case .configuration(let configuration) = entry.content, configuration.voters.isEmpty { return false }
            last = entry.point
        }
        return last.index <= Message.numberMax
    }
}
