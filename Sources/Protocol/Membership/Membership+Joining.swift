// How a node comes and goes.

extension Membership {
    /// Sets this node going: as the first member where it has no seed, else by asking some for the list.
    mutating func begin() {
        nextRoundAt = now + generator.below(parameters.probeIntervalMilliseconds)
        nextAntiEntropyAt = now + generator.below(parameters.antiEntropyIntervalMilliseconds)
        if (seeds.isEmpty && remembered.isEmpty) || table.presentCount > 1 {
            phase = .member
            effects.append(.joined(members: table.count(of: .alive)))
        } else {
            tryToJoin(Join(sequence: nextSequence(), attempts: 0, retryAt: now))
        }
    }

    /// Asks the next few seeds; again later, with a delay that doubles and scatters.
    mutating func tryToJoin(_ join: Join) {
        for _ in 0..<min(parameters.seedsPerAttempt, seeds.count + remembered.count) {
            if let contact = nextContact() { sendJoin(sequence: join.sequence, to: contact) }
        }
        let doubled = parameters.joinRetryMillisecondsMin << min(join.attempts, 20)
        let delay = min(doubled, parameters.joinRetryMillisecondsMax)
        phase = .joining(
            Join(
                sequence: join.sequence, attempts: join.attempts + 1,
                retryAt: now + delay / 2 + generator.below(delay / 2 + 1)))
    }

    mutating func sendJoin(sequence: UInt32, to seed: PeerAddress) {
        let claims = table.claim(about: id, at: now, isWhole: true).map { [$0] } ?? []
        effects.append(
            .send(frame(.join(sequence: sequence), to: .anyone, claims: claims, rides: false), to: seed))
    }

    /// Another node asks for the list; its own claim came with the frame.
    mutating func joinRequested(_ sequence: UInt32, by sender: Frame.Sender) {
        guard table[sender.id]?.standing.generation == sender.generation else { return }
        guard bulkAnswers.take(at: now) else { return refuse(.overloaded, sender) }
        var claims: [Claim] = []
        claims.reserveCapacity(table.count)
        table.forEach { slot in
            if slot.id != sender.id, let claim = table.claim(about: slot.id, at: now, isWhole: true) {
                claims.append(claim)
            }
        }
        sendEntries(claims, sequence: sequence, to: sender)
    }

    mutating func entriesEnded(_ sequence: UInt32) {
        guard case .joining(let join) = phase, join.sequence == sequence else { return }
        phase = .member
        // A frame of the list may have been lost: a comparison soon finds that.
        nextAntiEntropyAt = now + parameters.probeIntervalMilliseconds * 2
        effects.append(.joined(members: table.count(of: .alive)))
    }

    /// Begins a new life of this node. Of the old one it keeps addresses, to find its way back, and the dead.
    mutating func rejoin(generation: UInt64) {
        let addresses = randomMembers(Self.rememberedMax) { !$0.standing.status.isFinal }.map(\.description.peer)
        if !addresses.isEmpty { remembered = addresses }
        let description = own.description
        fallSilent(.idle)
        table = MemberTable()
        table.insert(Self.own(id: id, generation: generation, description: description, at: now))
        health = LocalHealth()
        order = ShuffledIndexes(count: 0, key: 0)
        newcomers = []
        verdictsNotBefore = 0
        seesMajoritySince = now
        begin()
    }

    /// How many addresses a node takes into its next generation.
    private static let rememberedMax = 8

    /// Where to look for members, in turn.
    mutating func nextContact() -> PeerAddress? {
        let count = seeds.count + remembered.count
        if count == 0 { return nil }
        let position = nextSeed % count
        nextSeed = (nextSeed + 1) % count
        return position < seeds.count ? seeds[position] : remembered[position - seeds.count]
    }

    // MARK: Leaving

    mutating func startLeaving() {
        guard let index = table.index(of: id) else { return }
        table.update(index) { $0.standing.status = .left }
        table.update(index) { $0.since = Int64(clamping: now) }
        probe = nil
        nextRoundAt = .max
        nextAntiEntropyAt = .max
        phase = .leaving(until: now + parameters.leaveMillisecondsMax)
        queue.add(id, urgent: true)
        gossip()
        if queue.isEmpty { finishLeaving() }
    }

    mutating func finishLeaving() {
        fallSilent(.left)
        effects.append(.left)
    }
}
