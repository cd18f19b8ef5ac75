// What this node decides from all that it has heard.

import Membership

extension Founding {
    /// Takes every decision that can be taken now.
    mutating func settle() {
        while phase == .open, decide() {}
    }

    /// Takes one decision; false if there is none.
    private mutating func decide() -> Bool {
        let present = presentMeetings
        noteCandidates(among: present)
        if let founding = foundingWithMe() {
            commit(founding, effect: .founded(founding), telling: founding.founders.map(\.peer))
            return true
        }
        if let promise = pledge.promise { return resolve(promise) }
        if let proposal = unansweredProposal() {
            answer(proposal, present)
            return true
        }
        let members = present.filter(\.isMember)
        if !members.isEmpty { return join(through: members) }
        return propose(among: present)
    }

    // MARK: Founded already

    /// The cluster that this node has founded, as another founder found out first.
    private func foundingWithMe() -> ClusterFounding? {
        for meeting in met.values.sorted(by: { FounderInfo.precedes($0.info, $1.info) }) {
            if case .member(let founding, _) = meeting.standing, founding.founder(me.replica) != nil { return founding }
        }
        return nil
    }

    private mutating func commit(_ founding: ClusterFounding, effect: FoundingEffect, telling addresses: [PeerAddress]) {
        effects.append(.commit(founding))
        phase = .member(Phase.Membership(founding: founding, isUp: false, peers: []))
        say(to: addresses)
        effects.append(effect)
    }

    /// This node was not needed to found the cluster that is there: it becomes one more node of it.
    private mutating func join(through members: [Meeting]) -> Bool {
        var clusters: [(cluster: ClusterID, name: String)] = []
        var peers: [PeerAddress] = []
        var founding: ClusterFounding?
        for member in members {
            guard case .member(let theirs, let isUp) = member.standing else { continue }
            if !clusters.contains(where: { $0.cluster == theirs.cluster }) {
                clusters.append((theirs.cluster, member.info.name))
            }
            if isUp {
                founding = theirs
                peers += [member.info.peer] + member.addresses
            }
        }
        if clusters.count > 1 {
            say(
                .twoClusters(
                    name: clusters[0].name, clusters[0].cluster, other: clusters[1].name, clusters[1].cluster))
            return false
        }
        guard let founding else {
            if now - startedAt >= parameters.patienceMilliseconds {
                say(.sleepingCluster(name: clusters[0].name, clusters[0].cluster))
            }
            return false
        }
        var seen: Set<PeerAddress> = [me.peer]
        let known = Array(peers.filter { seen.insert($0).inserted }.prefix(FoundingLimits.addressesMax))
        commit(founding, effect: .joined(founding, peers: known), telling: [])
        return true
    }

    // MARK: Promises

    /// Whether all founders have promised themselves, or one never will.
    private mutating func resolve(_ promise: Proposal) -> Bool {
        var isComplete = true
        for founder in promise.founding.founders where founder.replica != me.replica {
            switch met[founder.replica]?.standing.answer(to: promise) {
            case true: continue
            case false:
                persist { $0.promise = nil }
                return true
            case nil: isComplete = false
            }
        }
        guard isComplete else { return false }
        let founding = promise.founding
        commit(founding, effect: .founded(founding), telling: founding.founders.map(\.peer))
        return true
    }

    /// The strongest proposal that waits for this node's word. The weaker ones are refused with it.
    private func unansweredProposal() -> Proposal? {
        var strongest: Proposal?
        for meeting in met.values {
            guard case .open(let theirs) = meeting.standing, let proposal = theirs.promise,
                proposal.founding.founder(me.replica) != nil, pledge.floor.map({ $0 < proposal.ballot }) ?? true
            else { continue }
            if strongest.map({ $0.ballot < proposal.ballot }) ?? true { strongest = proposal }
        }
        return strongest
    }

    private mutating func answer(_ proposal: Proposal, _ present: [Meeting]) {
        if accepts(proposal, present) {
            promise(proposal)
        } else {
            persist { $0.floor = proposal.ballot }
            say(to: proposal.founding.founders.map(\.peer))
        }
    }

    /// Above the floor, and with no other promise.
    mutating func promise(_ proposal: Proposal) {
        precondition(
            pledge.promise == nil && pledge.floor.map { $0 < proposal.ballot } ?? true, "\(pledge) and now \(proposal)")
        persist { pledge in
            pledge.floor = proposal.ballot
            pledge.promise = proposal
        }
        promisedAt = now
        say(to: proposal.founding.founders.map(\.peer))
    }

    /// Whether this node would have proposed the same, from what it knows.
    private func accepts(_ proposal: Proposal, _ present: [Meeting]) -> Bool {
        let founding = proposal.founding
        guard founding.terms == terms, founding.founder(me.replica) == me, let last = founding.founders.last else {
            return false
        }
        return present.allSatisfy { meeting in
            if meeting.isMember { return false }
            if founding.founder(meeting.info.replica) != nil { return true }
            // A founder's name under another data directory: the one that was proposed is no more.
            if founding.founders.contains(where: { $0.name == meeting.info.name }) { return false }
            return meeting.terms != terms || meeting.info.name > last.name
        }
    }

    // MARK: Proposing

    /// Keeps account of who may found with this node, and tells people of those who may not.
    private mutating func noteCandidates(among present: [Meeting]) {
        guard let terms else { return }
        var names: [String: PeerAddress] = [me.name: me.peer]
        for meeting in present {
            if let other = names.updateValue(meeting.info.peer, forKey: meeting.info.name), !meeting.isMember {
                say(.sharedName(meeting.info.name, other, meeting.info.peer))
            }
            if let theirs = meeting.terms, theirs != terms, !meeting.isMember {
                say(.otherTerms(name: meeting.info.name, theirs: theirs, ours: terms))
            }
        }
        let replicas = present.filter { $0.terms == terms && !$0.isMember }.map(\.info.replica)
        if replicas != candidates {
            candidates = replicas
            candidatesSince = now
        }
    }

    /// Proposes, if it is this node's turn and nothing is unclear.
    private mutating func propose(among present: [Meeting]) -> Bool {
        guard let terms, now - candidatesSince >= parameters.settleMilliseconds else { return false }
        let others = present.filter { $0.terms == terms }
        guard others.count + 1 >= terms.founders, others.allSatisfy({ me.name < $0.info.name }),
            zip(others, others.dropFirst()).allSatisfy({ $0.info.name != $1.info.name })
        else { return false }
        // Who founds alone has no one to ask, so all that it was told to join must have had their say.
        let haveSpoken = joins.allSatisfy { join in
            joinsAnsweredAt[join].map { $0 + parameters.presenceMilliseconds > now } ?? false
        }
        if terms.founders == 1, !haveSpoken { return false }
        let chosen = others.prefix(terms.founders - 1)
        var round = pledge.floor?.round ?? 0
        for meeting in present {
            guard case .open(let theirs) = meeting.standing else { continue }
            round = max(round, theirs.floor?.round ?? 0)
        }
        let isFree = chosen.allSatisfy { meeting in
            if case .open(let theirs) = meeting.standing { theirs.promise == nil } else { false }
        }
        guard isFree, round < FoundingLimits.roundMax else { return false }
        // With the replica's own random bits: 128 that no other node has drawn.
        var lowBits = SeededGenerator(seed: generator.next() ^ me.replica)
        let founding = ClusterFounding(
            cluster: ClusterID(high: generator.next(), low: lowBits.next()), founders: [me] + chosen.map(\.info),
            shards: terms.shards, replicationFactor: terms.replicationFactor, isRestored: terms.isRestored)
        promise(Proposal(ballot: Ballot(round: round + 1, name: me.name, replica: me.replica), founding: founding))
        return true
    }
}

extension Founding.Meeting {
    /// Of a cluster, whichever.
    var isMember: Bool {
        switch standing {
        case .open: false
        case .member: true
        }
    }
}
