/// One node's part in finding the members of a cluster and noticing their deaths: SWIM with the extensions of Lifeguard,
/// as a value without sockets or clock.
///
/// # Problem
/// Thousands of nodes must agree, soon enough, on who is there, at a cost for each that does not grow with their number;
/// and a node that is slow itself must not take the others for dead.
///
/// # How
/// - Each node probes one member in each interval, in a shuffled order: ping, then a ping by helpers and over a fresh
///   connection. Who answers none of them is suspected, and may refute with a higher incarnation before it counts as dead.
/// - What a node learns rides on its probes, and while it is news goes to a few random members several times a second.
/// - Now and then two nodes compare digests of all they know and exchange what differs.
///
/// # Contract
/// The owner calls an event with its monotonic time in milliseconds and carries out the effects in order. It calls
/// `timePassed` at `nextDeadline`, which every event may move. A generation is persisted before `init` or
/// `generationRaised` is called with it. All choices come from the seed: the same events give the same effects.
///
/// A peer that the runtime has let in (by its certificate, whose node id is the frame's sender) is believed about others:
/// what a frame can do wrong is bounded, what a member of the cluster claims of another is not proven.
///
/// Membership is advice. A death known here leads to a proposal elsewhere, never to ownership by itself.
///
/// # Identity
/// A node is its id and its generation, raised at every start. A generation that died, or was followed by a higher one, is
/// refused for good. `Standing.overrides` is the order of all that may be said of a member.
package struct Membership: Sendable {
    package let id: MemberID
    package let cluster: ClusterID
    package let parameters: MembershipParameters
    /// Addresses where some members may be found.
    package let seeds: [PeerAddress]
    /// Addresses of members that this node met in its last generation.
    var remembered: [PeerAddress] = []

    var phase = Phase.idle
    /// Holds this node, too.
    var table: MemberTable
    var graves = Graveyard()
    var suspicions: [MemberID: Suspicion] = [:]
    /// The earliest timer that is set for a member's suspicion: however often one flares up, few timers are.
    var suspicionTimers: [MemberID: UInt64] = [:]
    /// For whom a tombstone's timer is set; a member that dies often has one.
    var tombstoneTimers: Set<MemberID> = []
    var queue = BroadcastQueue()
    var health = LocalHealth()

    var probe: Probe?
    var order = ShuffledIndexes(count: 0, key: 0)
    /// Members that were met since this round of the order began, and not probed since.
    var newcomers: [MemberID] = []
    var relays: [UInt32: Relay] = [:]
    /// Names the next probe or join. Starts at random, so that an answer cannot be guessed.
    var sequence: UInt32
    var generator: SeededGenerator

    /// The newest time that an event brought. Never goes back.
    var now: UInt64 = 0
    var timers = TimerHeap()
    var nextRoundAt: UInt64 = .max
    /// `.max` while there is no news.
    var nextGossipAt: UInt64 = .max
    var nextAntiEntropyAt: UInt64 = .max
    /// After a stall of this process: no probe fails and no suspicion ends before.
    var verdictsNotBefore: UInt64 = 0
    /// Since when more than half of the members are alive as far as this node knows; nil while they are not.
    var seesMajoritySince: UInt64? = 0
    var notices: TokenBucket
    var bulkAnswers: TokenBucket
    var nextSeed = 0
    var nextBucket = 0

    /// A frame told something about this node that its own claim corrects; that goes with the answer.
    var owesOwnClaim = false
    var effects: [MembershipEffect] = []

    enum Phase: Equatable, Sendable {
        case idle
        case joining(Join)
        case member
        case leaving(until: UInt64)
        case left
        /// This generation is over; the next is at least `next`.
        case retired(next: UInt64)
    }

    struct Join: Equatable, Sendable {
        var sequence: UInt32
        var attempts: UInt64
        var retryAt: UInt64
    }

    /// - Parameters:
    ///   - generation: higher than at every start before; 1 to `MembershipLimits.numberMax`.
    ///   - description: what this node says of itself, within the limits.
    ///   - seeds: addresses of members; this node's own among them does no harm. Without any, it is the first member.
    ///   - met: members to begin with. May hold this node, at this generation.
    ///   - seed: where all random choices come from.
    package init(
        id: MemberID, generation: UInt64, cluster: ClusterID, description: MemberDescription, seeds: [PeerAddress],
        parameters: MembershipParameters = MembershipParameters(), met: MemberTable = MemberTable(), seed: UInt64
    ) {
        precondition(id != .anyone && (1...MembershipLimits.numberMax).contains(generation), "\(id) at \(generation)")
        precondition(description.isWithinLimits, "a description over the limits: \(description)")
        precondition(parameters.isSound, "parameters that do not fit together: \(parameters)")
        self.id = id
        self.cluster = cluster
        self.parameters = parameters
        self.seeds = seeds.filter { $0 != description.peer }
        table = met
        generator = SeededGenerator(seed: seed)
        sequence = UInt32(truncatingIfNeeded: generator.next())
        notices = TokenBucket(perSecond: parameters.noticesPerSecondMax)
        bulkAnswers = TokenBucket(perSecond: parameters.bulkAnswersPerSecondMax)
        if table[id] == nil {
            table.insert(Self.own(id: id, generation: generation, description: description, at: 0))
        }
    }

    static func own(id: MemberID, generation: UInt64, description: MemberDescription, at now: UInt64) -> MemberTable.Slot {
        MemberTable.Slot(
            id: id, standing: Standing(generation: generation, incarnation: 0, status: .alive),
            profile: MemberTable.Profile(description), accuser: id, since: Int64(clamping: now))
    }
}

// MARK: - Events

extension Membership {
    /// The node listens at its peer address. Begins to join.
    package mutating func started(at time: UInt64) -> [MembershipEffect] {
        precondition(phase == .idle, "started in \(phase)")
        now = time
        begin()
        return takeEffects()
    }

    /// The time of `nextDeadline` has come. Earlier or later calls do no harm.
    package mutating func timePassed(at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        guard isRunning else { return takeEffects() }
        while let timer = timers.popDue(at: now) {
            switch timer {
            case .suspicion(let id): suspicionEnded(id)
            case .reminder(let id, let startedAt): remind(id, of: startedAt)
            case .tombstone(let id): tombstoneEnded(id)
            case .relay(let sequence): relayEnded(sequence)
            }
        }
        if let probe, !probe.isAnswered, probe.helpers == nil, now >= probe.timeoutAt { askHelpers() }
        if now >= nextRoundAt {
            finishRound()
            startRound()
        }
        if now >= nextGossipAt { gossip() }
        if now >= nextAntiEntropyAt { compareWithSomeone() }
        switch phase {
        case .joining(let join) where now >= join.retryAt: tryToJoin(join)
        case .leaving(let until) where now >= until || !queue.contains(id): finishLeaving()
        case .idle, .joining, .member, .leaving, .left, .retired: break
        }
        return takeEffects()
    }

    /// A frame arrived. Nothing in it is trusted before it is checked.
    package mutating func received(_ frame: Frame, at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        take(frame)
        return takeEffects()
    }

    /// A body of `POST /gossip` arrived: whole frames, one behind the other.
    package mutating func received(bytes: [UInt8], at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            do throws(FrameDamage) {
                while !rest.isEmpty {
                    guard let (frame, count) = try FrameCodec.decode(UnsafeRawBufferPointer(rebasing: rest)) else {
                        throw .truncated
                    }
                    take(frame)
                    rest = rest.dropFirst(count)
                }
            } catch {
                effects.append(.refused(Refusal(reason: .malformed(error), sender: nil)))
            }
        }
        return takeEffects()
    }

    /// The node is to leave in an orderly way; `left` follows when the goodbye has spread.
    package mutating func leaveRequested(at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        switch phase {
        case .joining, .member: startLeaving()
        case .idle, .retired: finishLeaving()
        case .leaving, .left: break
        }
        return takeEffects()
    }

    /// A higher generation was persisted after `declaredDead`: the node joins again, with nothing but the addresses it knew.
    package mutating func generationRaised(to generation: UInt64, at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        guard case .retired(let next) = phase else { preconditionFailure("generation raised in \(phase)") }
        precondition(
            generation >= next && generation <= MembershipLimits.numberMax, "generation \(generation), at least \(next)")
        rejoin(generation: generation)
        return takeEffects()
    }

    /// This node has something else to say of itself; at most `MembershipLimits.metadataBytesMax` bytes.
    package mutating func metadataChanged(to metadata: [UInt8], at time: UInt64) -> [MembershipEffect] {
        precondition(metadata.count <= MembershipLimits.metadataBytesMax, "metadata of \(metadata.count) bytes")
        advance(to: time)
        var description = own.description
        guard isRunning, description.metadata != metadata else { return takeEffects() }
        description.metadata = metadata
        raiseIncarnation(above: own.standing.incarnation, description: description)
        return takeEffects()
    }

    /// Those who may decide it (the system shard) removed a member: its generation is over, whatever it says.
    package mutating func memberRemoved(_ id: MemberID, generation: UInt64, at time: UInt64) -> [MembershipEffect] {
        advance(to: time)
        guard isRunning else { return takeEffects() }
        learn(
            Claim(
                id: id, standing: Standing(generation: generation, incarnation: 0, status: .dead), accuser: self.id),
            spreads: true, from: nil)
        return takeEffects()
    }
}

// MARK: - Queries

extension Membership {
    /// When `timePassed` is to be called; nil if nothing is awaited.
    package var nextDeadline: UInt64? {
        guard isRunning else { return nil }
        var next = min(nextRoundAt, nextGossipAt, nextAntiEntropyAt, timers.next ?? .max)
        if let probe, !probe.isAnswered, probe.helpers == nil { next = min(next, probe.timeoutAt) }
        switch phase {
        case .joining(let join): next = min(next, join.retryAt)
        case .leaving(let until): next = min(next, until)
        case .idle, .member, .left, .retired: break
        }
        return next
    }

    /// A member as this node knows it.
    package struct Member: Equatable, Sendable {
        package var id: MemberID
        package var standing: Standing
        package var description: MemberDescription
        /// Since when it has its status, in this node's monotonic milliseconds; may lie before the clock's zero.
        package var sinceMilliseconds: Int64
    }

    package func member(_ id: MemberID) -> Member? { table[id].map(Member.init) }

    /// All members, this node and the tombstones included. O(members).
    package var members: [Member] {
        var members: [Member] = []
        members.reserveCapacity(table.count)
        table.forEach { members.append(Member($0)) }
        return members
    }

    /// How many members have `status`, this node included.
    package func count(of status: MemberStatus) -> Int { table.count(of: status) }

    package var generation: UInt64 { own.standing.generation }
    package var incarnation: UInt64 { own.standing.incarnation }
    /// 0: this node is well; up to `healthMax`: others do not hear it, or it them.
    package var healthScore: Int { health.score }
    /// Claims that are still to be told.
    package var queuedClaims: Int { queue.count }
    /// One number over all that this node knows: equal where two nodes know the same.
    package var digest: UInt64 { table.digest.root }
    /// Whether the list of another member, or the certainty to be the first, is there.
    package var isMember: Bool { phase == .member }
    package var isRetired: Bool { if case .retired = phase { true } else { false } }
}

extension Membership.Member {
    fileprivate init(_ slot: MemberTable.Slot) {
        self.init(
            id: slot.id, standing: slot.standing, description: slot.description, sinceMilliseconds: slot.since)
    }
}

// MARK: - For all parts

extension Membership {
    var isRunning: Bool {
        switch phase {
        case .joining, .member, .leaving: true
        case .idle, .left, .retired: false
        }
    }

    var own: MemberTable.Slot {
        guard let own = table[id] else { preconditionFailure("\(id) is not in its own list") }
        return own
    }

    /// Moves the clock, which never goes back, and notices when this process did not run for a while: then what looks like
    /// the silence of others may lie unread before its own door.
    private mutating func advance(to time: UInt64) {
        let due = nextDeadline ?? .max
        now = max(now, time)
        guard parameters.noticesStalls, due < now, now - due > parameters.stallMilliseconds else { return }
        // A node that is late for everything, and hears nothing in between, has to judge some time.
        guard health.score < maxHealth else { return }
        health.worsened(by: 1, max: maxHealth)
        verdictsNotBefore = now + parameters.probeIntervalMilliseconds
        if probe?.isAnswered == false {
            probe?.timeoutAt = now + parameters.probeTimeoutMilliseconds
            nextRoundAt = max(nextRoundAt, verdictsNotBefore)
        }
    }

    var maxHealth: Int { parameters.usesLocalHealth ? parameters.healthMax : 0 }

    mutating func refuse(_ reason: Refusal.Reason, _ sender: Frame.Sender?) {
        effects.append(.refused(Refusal(reason: reason, sender: sender)))
    }

    /// Never 0, which answers that nobody asked for carry.
    mutating func nextSequence() -> UInt32 {
        sequence = sequence == .max ? 1 : sequence + 1
        return sequence
    }

    /// Sends `message` and, behind `claims`, what is news, as far as it has room.
    mutating func send(_ message: Message, to id: MemberID, at address: PeerAddress, claims: [Claim] = []) {
        effects.append(.send(frame(message, to: id, claims: claims, rides: true), to: address))
    }

    /// - Parameter rides: the frame has room for news.
    mutating func frame(_ message: Message, to id: MemberID, claims: [Claim], rides: Bool) -> Frame {
        var claims = claims
        if rides {
            if parameters.usesBuddy, table[id]?.standing.status == .suspected,
                let suspicion = table.claim(about: id, at: now, isWhole: false)
            {
                claims.append(suspicion)
            }
            claims += takeNews()
        }
        return Frame(
            cluster: cluster,
            sender: Frame.Sender(id: self.id, generation: own.standing.generation, address: own.description.peer),
            destination: id, protocols: own.description.protocols, message: message, claims: claims)
    }

    private mutating func takeNews() -> [Claim] {
        if queue.isEmpty { return [] }
        let (table, now) = (table, now)
        return queue.take(
            bytesMax: parameters.piggybackBytesMax, sendsMax: parameters.retransmits(members: table.presentCount)
        ) { table.claim(about: $0, at: now, isWhole: false) }
    }

    /// `countMax` members that `isWanted`, at random, other than this node. Looks at so many slots only that a list full of
    /// tombstones costs no more than another.
    mutating func randomMembers(_ countMax: Int, where isWanted: (MemberTable.Slot) -> Bool) -> [MemberTable.Slot] {
        var chosen: [MemberTable.Slot] = []
        var shuffled = ShuffledIndexes(count: table.slotCount, key: generator.next())
        var looks = Self.looksMax
        while chosen.count < countMax, looks > 0, let index = shuffled.next() {
            looks -= 1
            let slot = table[index]
            if !slot.isFree, slot.id != id, isWanted(slot) { chosen.append(slot) }
        }
        return chosen
    }

    /// Most slots that one choice among members looks at.
    static let looksMax = 256

    private mutating func takeEffects() -> [MembershipEffect] {
        defer { effects.removeAll() }
        return effects
    }
}
