// SWIM's failure detector: one member in each interval; ping, then helpers and a fresh connection, then suspicion.

extension Membership {
    /// The member that is being probed.
    struct Probe: Sendable {
        let id: MemberID
        let sequence: UInt32
        /// When the direct ping has taken too long.
        var timeoutAt: UInt64
        /// Who was asked to help; nil while only the direct ping is out.
        var helpers: [MemberID]?
        var nacks: Set<MemberID> = []
        var isAnswered = false

        /// A helper is well. False if it is none of this probe.
        mutating func nacked(_ sequence: UInt32, by helper: MemberID) -> Bool {
            guard sequence == self.sequence, helpers?.contains(helper) == true else { return false }
            nacks.insert(helper)
            return true
        }
    }

    /// A probe that this node makes for another.
    struct Relay: Sendable {
        let target: MemberID
        let origin: Frame.Sender
        let originSequence: UInt32
    }

    mutating func startRound() {
        nextRoundAt = now + parameters.probeIntervalMilliseconds * health.multiplier
        probe = nil
        guard let target = nextTarget() else { return }
        let sequence = nextSequence()
        probe = Probe(
            id: target.id, sequence: sequence, timeoutAt: now + parameters.probeTimeoutMilliseconds * health.multiplier)
        send(.ping(sequence: sequence), to: target.id, at: target.description.peer)
    }

    /// The next member in this round of the shuffled order; every member comes once in a round. Who was met since the round
    /// began takes a random place in the rest of it: a round of ten thousand members lasts for hours.
    private mutating func nextTarget() -> MemberTable.Slot? {
        for _ in 0..<Self.looksMax {
            if order.remaining == 0 || newcomers.count > order.remaining {
                order = ShuffledIndexes(count: table.slotCount, key: generator.next())
                newcomers.removeAll()
            }
            let place = Int(generator.below(UInt64(order.remaining + newcomers.count)))
            var slot: MemberTable.Slot?
            if place < newcomers.count {
                newcomers.swapAt(place, newcomers.count - 1)
                slot = table[newcomers.removeLast()]
            } else {
                slot = order.next().map { table[$0] }
            }
            if let slot, !slot.isFree, slot.id != id, !slot.standing.status.isFinal { return slot }
        }
        return nil
    }

    /// The direct ping was not answered in time.
    mutating func askHelpers() {
        guard let probe, let target = table[probe.id] else { return self.probe = nil }
        let helpers = randomMembers(parameters.helpers) { $0.id != probe.id && $0.standing.status == .alive }
        // A helper answers, if only with a nack, well before this node's patience ends.
        let patience = (nextRoundAt - min(nextRoundAt, now)) * 4 / 5
        for helper in helpers {
            send(
                .pingRequest(
                    sequence: probe.sequence, target: probe.id, nackAfterMilliseconds: UInt32(clamping: patience)),
                to: helper.id, at: helper.description.peer)
        }
        let ping = frame(.ping(sequence: probe.sequence), to: probe.id, claims: [], rides: true)
        effects.append(.dial(target.description.peer, ping))
        self.probe?.helpers = helpers.map(\.id)
    }

    /// The time for this round's probe is over.
    mutating func finishRound() {
        guard let probe, !probe.isAnswered else { return }
        let missing = probe.helpers.map { $0.isEmpty ? 1 : $0.count - probe.nacks.count } ?? 1
        health.probeFailed(missing: missing, max: maxHealth)
        guard let target = table[probe.id], !target.standing.status.isFinal else { return }
        var standing = target.standing
        standing.status = .suspected
        learn(Claim(id: probe.id, standing: standing, accuser: id), spreads: true, from: nil)
        scheduleReminder(probe.id)
    }

    mutating func acknowledged(_ sequence: UInt32, by sender: Frame.Sender) {
        if let relay = relays[sequence], relay.target == sender.id {
            relays[sequence] = nil
            send(.ack(sequence: relay.originSequence), to: relay.origin.id, at: relay.origin.address)
            return
        }
        guard let probe, probe.sequence == sequence, sender.id == probe.id || probe.helpers?.contains(sender.id) == true
        else { return refuse(.unsolicited, sender) }
        if probe.isAnswered { return }
        self.probe?.isAnswered = true
        health.probeAnswered()
    }

    // MARK: For others

    /// Another node cannot reach `target`: tries over this node's own connection.
    mutating func pingRequested(
        _ sequence: UInt32, target: MemberID, nackAfterMilliseconds: UInt32, by sender: Frame.Sender
    ) {
        guard let slot = table[target], slot.id != id, !slot.standing.status.isFinal else {
            return send(.nack(sequence: sequence), to: sender.id, at: sender.address)
        }
        guard relays.count < parameters.relaysMax else { return refuse(.overloaded, sender) }
        let own = nextSequence()
        relays[own] = Relay(target: target, origin: sender, originSequence: sequence)
        let patience = min(
            UInt64(nackAfterMilliseconds), parameters.probeIntervalMilliseconds * UInt64(parameters.healthMax + 1))
        timers.set(.relay(own), at: now + patience)
        send(.ping(sequence: own), to: target, at: slot.description.peer)
    }

    /// The target did not answer: the origin is to know that this node, at least, is well.
    mutating func relayEnded(_ sequence: UInt32) {
        guard let relay = relays.removeValue(forKey: sequence) else { return }
        send(.nack(sequence: relay.originSequence), to: relay.origin.id, at: relay.origin.address)
    }

    // MARK: Verdicts

    mutating func setSuspicionTimer(_ id: MemberID, at deadline: UInt64) {
        if let earlier = suspicionTimers[id], earlier <= deadline { return }
        suspicionTimers[id] = deadline
        timers.set(.suspicion(id), at: deadline)
    }

    /// A suspicion's time may be over: it may have been refuted, or have begun anew, since the timer was set.
    mutating func suspicionEnded(_ id: MemberID) {
        if let timer = suspicionTimers[id], timer <= now { suspicionTimers[id] = nil }
        guard let suspicion = suspicions[id], let slot = table[id] else { return }
        guard now >= suspicion.deadline else { return setSuspicionTimer(id, at: suspicion.deadline) }
        guard now >= verdictsNotBefore, mayDeclareDeath(after: suspicion) else {
            let again = max(verdictsNotBefore, now + parameters.probeIntervalMilliseconds)
            suspicions[id]?.postponed(to: again)
            return setSuspicionTimer(id, at: again)
        }
        var standing = slot.standing
        standing.status = .dead
        learn(Claim(id: id, standing: standing, accuser: self.id), spreads: true, from: nil)
    }

    /// A node that hears nobody, or sees no majority, may be the one that is cut off: it goes on suspecting, and so has no
    /// death to tell when the cut heals. Then the suspected get all their time once more.
    private func mayDeclareDeath(after suspicion: Suspicion) -> Bool {
        if !parameters.needsMajority { return true }
        guard health.hearsOthers, let since = seesMajoritySince else { return false }
        return since <= suspicion.startedAt || now - since >= suspicion.patienceMax
    }

    // MARK: Buddy

    /// The accuser tells the suspected member over a fresh connection, well before its time is over: the suspicion itself
    /// may have been lost, and the next probe of that member may be hours away.
    private mutating func scheduleReminder(_ id: MemberID) {
        guard parameters.usesBuddy, let suspicion = suspicions[id], !suspicion.hasReminder else { return }
        suspicions[id]?.hasReminder = true
        let ahead = suspicion.patienceMin - min(suspicion.patienceMin, parameters.probeIntervalMilliseconds)
        timers.set(
            .reminder(id, of: suspicion.startedAt),
            at: max(suspicion.startedAt + ahead, now + parameters.probeTimeoutMilliseconds))
    }

    mutating func remind(_ id: MemberID, of startedAt: UInt64) {
        guard let slot = table[id], let suspicion = suspicions[id], suspicion.startedAt == startedAt else { return }
        let reminder = frame(.gossip, to: id, claims: [], rides: true)
        effects.append(.dial(slot.description.peer, reminder))
        timers.set(.reminder(id, of: startedAt), at: now + max(suspicion.patienceMin, parameters.probeIntervalMilliseconds))
    }

    // MARK: Tombstones

    mutating func setTombstoneTimer(_ slot: MemberTable.Slot) {
        guard tombstoneTimers.insert(slot.id).inserted else { return }
        let rest = parameters.tombstoneSeconds - min(slot.ageSeconds(at: now), parameters.tombstoneSeconds)
        timers.set(.tombstone(slot.id), at: now + max(1, UInt64(rest) * 1_000))
    }

    /// If its time has come, the member leaves the list; its generation stays dead.
    mutating func tombstoneEnded(_ id: MemberID) {
        tombstoneTimers.remove(id)
        guard let slot = table[id], slot.standing.status.isFinal else { return }
        guard slot.ageSeconds(at: now) >= parameters.tombstoneSeconds else { return setTombstoneTimer(slot) }
        graves.bury(id, generation: slot.standing.generation, max: parameters.gravesMax)
        queue.remove(id)
        table.remove(id)
    }
}
