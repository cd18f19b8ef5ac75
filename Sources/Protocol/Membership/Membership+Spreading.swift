// How news travels: gossip while it is news, digests for what gossip missed.

extension Membership {
    /// Tells a few random members what is news.
    mutating func gossip() {
        nextGossipAt = .max
        let listeners = randomMembers(parameters.gossipFanout) { !$0.standing.status.isFinal }
        // With nobody to tell, there is no news: who joins gets the whole list.
        if listeners.isEmpty { queue.removeAll() }
        for listener in listeners where !queue.isEmpty {
            send(.gossip, to: listener.id, at: listener.description.peer)
        }
        if !queue.isEmpty { nextGossipAt = now + parameters.gossipIntervalMilliseconds }
    }

    // MARK: Anti-entropy

    /// Sends one hash over all members to a random one; what differs is found in the answer. Also looks for members that
    /// have lost sight of this node as it has of them: at the seeds.
    mutating func compareWithSomeone() {
        nextAntiEntropyAt = now + antiEntropyInterval
        if let peer = randomMembers(1, where: { $0.standing.status == .alive }).first {
            send(.digest(hashes: [table.digest.root]), to: peer.id, at: peer.description.peer)
        }
        guard phase == .member, let contact = nextContact() else { return }
        var isKnown = false
        table.forEach { if $0.description.peer == contact, !$0.standing.status.isFinal { isKnown = true } }
        if !isKnown { sendJoin(sequence: nextSequence(), to: contact) }
    }

    private var antiEntropyInterval: UInt64 {
        var stretch: UInt64 = 1
        var members = table.presentCount
        while members > 32 {
            stretch += 1
            members /= 2
        }
        return parameters.antiEntropyIntervalMilliseconds * stretch
    }

    mutating func digestReceived(_ hashes: [UInt64], from sender: Frame.Sender) {
        let bits = hashes.count.trailingZeroBitCount
        let mine = table.digest.hashes(bits: bits)
        if mine == hashes { return }
        guard bulkAnswers.take(at: now) else { return refuse(.overloaded, sender) }
        if bits == 0 {
            let hashes = table.digest.hashes(bits: Digest.bits(members: table.count))
            effects.append(
                .send(frame(.digest(hashes: hashes), to: sender.id, claims: [], rides: false), to: sender.address))
            return
        }
        var buckets: [UInt16] = []
        for step in 0..<hashes.count where buckets.count < parameters.bucketsPerExchangeMax {
            let bucket = (nextBucket + step) & (hashes.count - 1)
            if mine[bucket] != hashes[bucket] { buckets.append(UInt16(bucket)) }
        }
        // The next exchange begins where this one had to stop.
        nextBucket = Int(buckets.last ?? 0) + 1
        sendContents(bits: bits, buckets: buckets.sorted(), to: sender)
    }

    /// Sends all that this node holds in `buckets`, in as many frames as it takes; each frame has whole buckets.
    private mutating func sendContents(bits: Int, buckets: [UInt16], to sender: Frame.Sender) {
        let claims = claims(inBuckets: buckets, bits: bits)
        var batch: [UInt16] = []
        var held: [Claim] = []
        var room = Self.bulkBytesMax
        func contents() -> Message { .contents(bits: UInt8(bits), buckets: batch) }
        for bucket in buckets {
            // More members in one bucket than a frame holds would take forged ids: the rest is for the other side to tell.
            var fitting: [Claim] = []
            var bytes = 2
            for claim in claims[bucket] ?? [] where bytes + claim.encodedBytes <= Self.bulkBytesMax {
                bytes += claim.encodedBytes
                fitting.append(claim)
            }
            if bytes > room {
                effects.append(.send(frame(contents(), to: sender.id, claims: held, rides: false), to: sender.address))
                (batch, held, room) = ([], [], Self.bulkBytesMax)
            }
            batch.append(bucket)
            held += fitting
            room -= bytes
        }
        effects.append(.send(frame(contents(), to: sender.id, claims: held, rides: false), to: sender.address))
    }

    /// The other side's view of some buckets was merged already: answers with what is newer here.
    mutating func contentsReceived(_ claims: [Claim], bits: UInt8, buckets: [UInt16], from sender: Frame.Sender) {
        guard bulkAnswers.take(at: now) else { return refuse(.overloaded, sender) }
        let theirs = Dictionary(claims.map { ($0.id, $0.standing) }, uniquingKeysWith: { first, _ in first })
        let mine = self.claims(inBuckets: buckets, bits: Int(bits))
        var newer: [Claim] = []
        for bucket in buckets {
            for claim in mine[bucket] ?? [] where theirs[claim.id].map(claim.standing.overrides) ?? true {
                newer.append(claim)
            }
        }
        if !newer.isEmpty { sendEntries(newer, sequence: 0, to: sender) }
    }

    private func claims(inBuckets buckets: [UInt16], bits: Int) -> [UInt16: [Claim]] {
        var claims: [UInt16: [Claim]] = [:]
        for bucket in buckets { claims[bucket] = [] }
        table.forEach { slot in
            let bucket = bits == 0 ? 0 : UInt16(Digest.bucket(of: slot.id, bits: bits))
            guard claims[bucket] != nil, let claim = table.claim(about: slot.id, at: now, isWhole: true) else { return }
            claims[bucket]?.append(claim)
        }
        return claims
    }

    /// Sends claims in as many frames as it takes; the last says so.
    mutating func sendEntries(_ claims: [Claim], sequence: UInt32, to sender: Frame.Sender) {
        var held: [Claim] = []
        var room = Self.bulkBytesMax
        for claim in claims {
            if claim.encodedBytes > room {
                let message = Message.entries(sequence: sequence, isLast: false)
                effects.append(.send(frame(message, to: sender.id, claims: held, rides: false), to: sender.address))
                (held, room) = ([], Self.bulkBytesMax)
            }
            held.append(claim)
            room -= claim.encodedBytes
        }
        let message = Message.entries(sequence: sequence, isLast: true)
        effects.append(.send(frame(message, to: sender.id, claims: held, rides: false), to: sender.address))
    }

    /// Room for claims in a frame beside the longest header and list of buckets.
    static let bulkBytesMax = MembershipLimits.frameBytesMax - 4_096
}
