// What arrives: checked, merged, answered.

extension Membership {
    mutating func take(_ frame: Frame) {
        if let reason = refusal(of: frame) {
            let own = own
            if reason == .ownIdentity, frame.sender.address != own.description.peer {
                report(.id, own, other: frame.sender.address)
            }
            return refuse(reason, frame.sender)
        }
        if case .notice = frame.message { return noticed(frame) }
        if let reason = refusal(of: frame.sender) { return refuse(reason, frame.sender) }

        owesOwnClaim = false
        var spreads = true
        if case .entries(let sequence, _) = frame.message {
            // The list that answers a join is news to this node alone.
            if case .joining(let join) = phase, join.sequence == sequence { spreads = false }
        }
        for claim in frame.claims {
            learn(claim, spreads: spreads, from: frame.sender)
            guard isRunning else { return }
        }
        if frame.sender.generation > table[frame.sender.id]?.standing.generation ?? 0, notices.take(at: now) {
            send(.introduceYourself, to: frame.sender.id, at: frame.sender.address)
        }
        answer(frame)
    }

    /// Why the frame concerns another node, cluster or time; nil if it does not.
    private func refusal(of frame: Frame) -> Refusal.Reason? {
        guard isRunning else { return .notAMember }
        if frame.cluster != cluster { return .foreignCluster }
        if !frame.protocols.overlaps(own.description.protocols) { return .protocolVersion(frame.protocols) }
        if frame.sender.id == id { return .ownIdentity }
        if frame.destination == id { return nil }
        if frame.destination == .anyone, case .join = frame.message { return nil }
        return .wrongDestination
    }

    /// Why the sender is not believed; it is told, so that a node that was buried alive does not wonder for ever.
    private mutating func refusal(of sender: Frame.Sender) -> Refusal.Reason? {
        guard let known = table[sender.id] else {
            guard let dead = graves.generation(of: sender.id), dead >= sender.generation else { return nil }
            let standing = Standing(generation: dead, incarnation: 0, status: .dead)
            notify(sender, Claim(id: sender.id, standing: standing, accuser: id))
            return .deadGeneration
        }
        if sender.generation > known.standing.generation { return nil }
        let isElsewhere = sender.address != known.description.peer
        let reason: Refusal.Reason
        if sender.generation < known.standing.generation {
            // The last words of the process before are no conflict; one that goes on speaking is.
            let isSettled = Int64(clamping: now) - known.since > Int64(parameters.probeIntervalMilliseconds * 5)
            if isElsewhere, known.standing.status == .alive, isSettled { report(.id, known, other: sender.address) }
            reason = .outdatedGeneration
        } else if known.standing.status.isFinal {
            reason = .deadGeneration
        } else if isElsewhere {
            report(.id, known, other: sender.address)
            reason = .identityConflict
        } else {
            return nil
        }
        if let claim = table.claim(about: sender.id, at: now, isWhole: true) { notify(sender, claim) }
        return reason
    }

    private mutating func notify(_ sender: Frame.Sender, _ claim: Claim) {
        guard notices.take(at: now) else { return }
        effects.append(.send(frame(.notice, to: sender.id, claims: [claim], rides: false), to: sender.address))
    }

    /// Another node refuses this one, and says what it holds of it instead.
    private mutating func noticed(_ frame: Frame) {
        guard let claim = frame.claims.first, claim.id == id else { return refuse(.unsolicited, frame.sender) }
        learnAboutSelf(claim, from: frame.sender, isNotice: true)
    }

    private mutating func answer(_ frame: Frame) {
        let sender = frame.sender
        let own = owesOwnClaim ? table.claim(about: id, at: now, isWhole: true) : nil
        let claims = own.map { [$0] } ?? []
        switch frame.message {
        case .ping(let sequence): send(.ack(sequence: sequence), to: sender.id, at: sender.address, claims: claims)
        case .pingRequest(let sequence, let target, let nackAfter):
            pingRequested(sequence, target: target, nackAfterMilliseconds: nackAfter, by: sender)
        case .ack(let sequence): acknowledged(sequence, by: sender)
        case .nack(let sequence): if probe?.nacked(sequence, by: sender.id) != true { refuse(.unsolicited, sender) }
        case .gossip: if !claims.isEmpty { send(.gossip, to: sender.id, at: sender.address, claims: claims) }
        case .introduceYourself:
            if let claim = table.claim(about: id, at: now, isWhole: true) {
                send(.gossip, to: sender.id, at: sender.address, claims: [claim])
            }
        case .notice: break
        case .join(let sequence): joinRequested(sequence, by: sender)
        case .entries(let sequence, let isLast): if isLast { entriesEnded(sequence) }
        case .digest(let hashes): digestReceived(hashes, from: sender)
        case .contents(let bits, let buckets): contentsReceived(frame.claims, bits: bits, buckets: buckets, from: sender)
        }
    }
}
