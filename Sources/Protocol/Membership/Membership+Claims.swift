// What is said of members: believed if it is newer, in the order of `Standing.overrides`.

extension Membership {
    /// - Parameters:
    ///   - spreads: what is new is told on.
    ///   - sender: who told it; nil for this node's own conclusions.
    mutating func learn(_ claim: Claim, spreads: Bool, from sender: Frame.Sender?) {
        if claim.id == id { return learnAboutSelf(claim, from: sender, isNotice: false) }
        guard let index = table.index(of: claim.id) else { return meet(claim, spreads: spreads, from: sender) }
        let known = table[index]
        let isSameGeneration = claim.standing.generation == known.standing.generation
        if isSameGeneration, !known.standing.status.isFinal, !claim.standing.status.isFinal,
            let other = claim.description?.peer, other != known.description.peer
        {
            report(.id, known, other: other)
            return refuse(.identityConflict, sender)
        }
        guard claim.standing.overrides(known.standing) else {
            // Most of what is heard is known: the last accuser's word needs no look at the suspicion.
            if claim.standing == known.standing, claim.standing.status == .suspected, claim.accuser != known.accuser {
                confirmed(claim, at: index, spreads: spreads)
            }
            return
        }
        // A later life that is known by hearsay only: the member itself, or the next digest, tells the rest.
        if !isSameGeneration, !claim.standing.status.isFinal, claim.description == nil { return }
        change(index, to: claim, spreads: spreads)
    }

    /// A claim about a member that is not in the list.
    private mutating func meet(_ claim: Claim, spreads: Bool, from sender: Frame.Sender?) {
        let isFinal = claim.standing.status.isFinal
        if let dead = graves.generation(of: claim.id), claim.standing.generation <= dead {
            if !isFinal { refuse(.deadGeneration, sender) }
            return
        }
        guard let description = claim.description, !isFinal || claim.ageSeconds < parameters.tombstoneSeconds else {
            if isFinal { graves.bury(claim.id, generation: claim.standing.generation, max: parameters.gravesMax) }
            return
        }
        guard table.count < parameters.membersMax else { return refuse(.tooManyMembers, sender) }
        reportSharedName(of: claim.id, description)
        table.insert(
            MemberTable.Slot(
                id: claim.id, standing: claim.standing, profile: MemberTable.Profile(description), accuser: claim.accuser,
                since: since(claim)))
        if !isFinal { newcomers.append(claim.id) }
        changed(claim.id, before: nil, claim, spreads: spreads)
    }

    /// Makes a newer claim about a known member the one that holds.
    private mutating func change(_ index: UInt32, to claim: Claim, spreads: Bool) {
        let before = table[index]
        let since = since(claim)
        let profile = claim.description.flatMap { $0 == before.description ? nil : MemberTable.Profile($0) }
        let isNewLife = claim.standing.generation != before.standing.generation
        if isNewLife, let description = claim.description { reportSharedName(of: claim.id, description) }
        let isNews = isNewLife || profile != nil || claim.standing.status != before.standing.status
        table.update(index) { slot in
            if let profile { slot.profile = profile }
            if isNewLife || claim.standing.status != slot.standing.status { slot.since = since }
            if isNewLife { slot.conflictReported = false }
            slot.standing = claim.standing
            slot.accuser = claim.accuser
        }
        suspicions[claim.id] = nil
        changed(claim.id, before: before.standing.status, claim, spreads: spreads, isNews: isNews)
    }

    private mutating func changed(
        _ id: MemberID, before: MemberStatus?, _ claim: Claim, spreads: Bool, isNews: Bool = true
    ) {
        guard let slot = table[id] else { return }
        switch claim.standing.status {
        case .alive: break
        case .suspected:
            let suspicion = Suspicion(by: claim.accuser, members: table.presentCount, parameters: parameters, at: now)
            suspicions[id] = suspicion
            setSuspicionTimer(id, at: suspicion.deadline)
        case .dead, .left: setTombstoneTimer(slot)
        }
        let seesMajority = table.aliveCount * 2 > table.presentCount
        if seesMajority != (seesMajoritySince != nil) { seesMajoritySince = seesMajority ? now : nil }
        if spreads { tell(of: id) }
        if isNews {
            effects.append(
                .memberChanged(
                    MemberChange(
                        id: id, before: before, standing: slot.standing, description: slot.description, at: now)))
        }
    }

    private func since(_ claim: Claim) -> Int64 { Int64(clamping: now) - Int64(claim.ageSeconds) * 1_000 }

    /// One more accuser of a suspected member. The first few are told on: others count them, too.
    private mutating func confirmed(_ claim: Claim, at index: UInt32, spreads: Bool) {
        guard claim.accuser != claim.id, suspicions[claim.id]?.confirmed(by: claim.accuser) == true,
            let suspicion = suspicions[claim.id]
        else { return }
        table.update(index) { $0.accuser = claim.accuser }
        setSuspicionTimer(claim.id, at: max(suspicion.deadline, now))
        if spreads { tell(of: claim.id) }
    }

    /// Something changed about `id` that others should hear.
    mutating func tell(of id: MemberID) {
        queue.add(id, urgent: id == self.id)
        if nextGossipAt == .max { nextGossipAt = now + parameters.gossipIntervalMilliseconds }
    }

    // MARK: This node

    /// What others say of this node: refuted if it is a suspicion, accepted if it is a death.
    mutating func learnAboutSelf(_ claim: Claim, from sender: Frame.Sender?, isNotice: Bool) {
        let mine = own
        if case .leaving = phase { return }
        if claim.standing.generation < mine.standing.generation { return }
        if claim.standing.generation > mine.standing.generation {
            let next = min(claim.standing.generation + 1, MembershipLimits.numberMax)
            if let other = claim.description?.peer, other != mine.description.peer, !claim.standing.status.isFinal {
                return yield(to: other, next: next)
            }
            return retire(.outlived(by: claim.standing.generation), next: next)
        }
        let next = mine.standing.generation + 1
        switch claim.standing.status {
        case .dead, .left: retire(.declaredDead(by: claim.accuser), next: next)
        case .alive, .suspected:
            if let other = claim.description?.peer, other != mine.description.peer {
                // Who is not yet a member came second.
                if isNotice, !isMember { return yield(to: other, next: next) }
                report(.id, mine, other: other)
                return refuse(.identityConflict, sender)
            }
            if claim.standing.incarnation > mine.standing.incarnation { refuse(.unknownIncarnation, sender) }
            if claim.standing.overrides(mine.standing) {
                health.worsened(by: 1, max: maxHealth)
                raiseIncarnation(above: claim.standing.incarnation)
            }
            owesOwnClaim = claim.standing != mine.standing
        }
    }

    /// Gives this node's claim of life a higher incarnation than `incarnation`, and tells it.
    mutating func raiseIncarnation(above incarnation: UInt64, description: MemberDescription? = nil) {
        let mine = own
        guard incarnation < MembershipLimits.numberMax, let index = table.index(of: id) else {
            return retire(.incarnationsExhausted, next: mine.standing.generation + 1)
        }
        table.update(index) { slot in
            slot.standing.incarnation = incarnation + 1
            if let description { slot.profile = MemberTable.Profile(description) }
        }
        effects.append(.incarnationRaised(incarnation + 1))
        tell(of: id)
    }

    /// Ends this generation: the node is silent until it has another.
    private mutating func retire(_ notice: DeathNotice, next: UInt64) {
        fallSilent(.retired(next: next))
        effects.append(.declaredDead(notice, next: next))
    }

    /// Another process has this node's id, and the better claim to it.
    private mutating func yield(to other: PeerAddress, next: UInt64) {
        let mine = own.description.peer
        fallSilent(.retired(next: next))
        effects.append(
            .conflict(IdentityConflict(kind: .id, id: id, known: other, other: mine, isSilenced: true)))
    }

    mutating func fallSilent(_ phase: Phase) {
        self.phase = phase
        probe = nil
        relays = [:]
        suspicions = [:]
        suspicionTimers = [:]
        tombstoneTimers = []
        timers = TimerHeap()
        queue.removeAll()
        nextRoundAt = .max
        nextGossipAt = .max
        nextAntiEntropyAt = .max
    }

    // MARK: Conflicts

    /// Reports a conflict over a known member, once in its generation.
    mutating func report(_ kind: IdentityConflict.Kind, _ known: MemberTable.Slot, other: PeerAddress) {
        guard !known.conflictReported, let index = table.index(of: known.id) else { return }
        table.update(index) { $0.conflictReported = true }
        effects.append(
            .conflict(
                IdentityConflict(
                    kind: kind, id: known.id, known: known.description.peer, other: other, isSilenced: false)))
    }

    private mutating func reportSharedName(of id: MemberID, _ description: MemberDescription) {
        guard let other = table.living(name: description.name, otherThan: id) else { return }
        effects.append(
            .conflict(
                IdentityConflict(
                    kind: .name, id: other.id, known: other.description.peer, other: description.peer, isSilenced: false)))
    }
}
