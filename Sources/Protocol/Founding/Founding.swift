package import Membership

/// One node's part in founding a cluster, or in finding the one that there is: a value without sockets, disk or clock.
///
/// # Problem
/// N empty nodes are started with `--bootstrap-expect N` and addresses where some of the others may be. They must found one
/// cluster, of exactly N of them, although messages are lost, nodes crash, more than N may be there, and each knows others.
///
/// # How
/// - Nodes ask each other where they stand, and pass on addresses: soon each knows all.
/// - The one with the lowest name proposes the N lowest. A node answers by *promising* itself, on disk, to the proposal; or
///   it refuses, by raising its *floor* above it.
/// - A proposal to which all of its founders are promised *is* the cluster, whoever finds that out first and writes it down.
/// - A promise is given up only when a founder has refused: then the proposal can never come about.
///
/// # Why never two
/// - Whether a founder ever promises itself to a proposal is settled by its first word on it. A node gives a promise only
///   above its floor, the floor never sinks, and it is at least as high as each promise. So "promised to this" and "floor
///   at or above it, but not promised to it" hold for good once they were true and nothing had been given up; and the
///   first to refuse a proposal had not promised itself before. What one message of a founder said is true whenever it arrives.
/// - A proposal comes about only if nobody refuses; then nobody gives up his promise to it, and a node in it has no promise
///   for another. Two proposals with a founder in common cannot both come about: N nodes out of N + 1 to 2N - 1 always have.
/// - Nodes that share no founder can found apart only while they do not hear each other: nobody proposes, or promises
///   itself, past a node with a lower name that is there, or while a node of a cluster is there.
///
/// # Why it ends
/// A node has no answer to a proposal only while it is promised to a weaker one (`Ballot`). Of all that are open, the founders
/// of the weakest therefore all answer, as soon as they are reached. It waits for a founder that is gone: nobody can
/// know what that one has promised.
///
/// # Contract
/// The owner calls an event with its monotonic time in milliseconds and carries out the effects in order, each write before
/// what comes behind it; it calls `timePassed` at `nextDeadline`. After a crash a node goes on with what was written last.
/// All choices come from the seed.
package struct Founding: Sendable {
    package let me: FounderInfo
    /// What this node wants to found; nil if it only joins.
    package let terms: FoundingTerms?
    /// Where other nodes may be. Without this node's own address.
    package let joins: [PeerAddress]
    package let parameters: FoundingParameters

    package internal(set) var pledge: FoundingPledge
    var phase: Phase
    /// By replica. Looked at in the order of `FounderInfo.precedes` only.
    var met: [UInt64: Meeting] = [:]
    /// What others told of, the latest last.
    var told: [(address: PeerAddress, at: UInt64)] = []

    /// The nodes that may found with this one, and since when they are the same.
    var candidates: [UInt64] = []
    var candidatesSince: UInt64 = 0
    /// When each of the joins answered last.
    var joinsAnsweredAt: [PeerAddress: UInt64] = [:]
    /// Joins that are of this node's cluster, too.
    var joinsAtHome: Set<PeerAddress> = []

    var now: UInt64 = 0
    var startedAt: UInt64 = 0
    var promisedAt: UInt64 = 0
    var nextPollAt: UInt64 = .max
    var checks = 0
    var said: Set<FoundingNotice> = []
    var saidSince: UInt64 = 0
    var generator: SeededGenerator
    var effects: [FoundingEffect] = []

    enum Phase: Equatable, Sendable {
        case idle
        /// Of no cluster.
        case open
        case member(Membership)

        struct Membership: Equatable, Sendable {
            var founding: ClusterFounding
            /// Most of its members are there, as far as this node knows.
            var isUp: Bool
            /// Where some of them are.
            var peers: [PeerAddress]
        }
    }

    /// What another node said last.
    struct Meeting: Equatable, Sendable {
        var info: FounderInfo
        var terms: FoundingTerms?
        var standing: FoundingMessage.Standing
        var addresses: [PeerAddress]
        var heardAt: UInt64
    }

    /// - Parameters:
    ///   - terms: nil for a node that only joins: an edge, or one without `--bootstrap-expect`.
    ///   - pledge: what was last persisted.
    ///   - record: the cluster that was last committed; then there is nothing to found, and the node answers others.
    ///   - seed: where all random choices come from, the cluster's id among them: another one at every start.
    package init(
        me: FounderInfo, terms: FoundingTerms?, joins: [PeerAddress], pledge: FoundingPledge = FoundingPledge(),
        record: ClusterFounding? = nil, parameters: FoundingParameters = FoundingParameters(), seed: UInt64
    ) {
        precondition(me.isWithinLimits, "a node over the limits: \(me)")
        precondition(terms?.isWithinLimits ?? true, "terms over the limits: \(String(describing: terms))")
        precondition(pledge.isSound && record?.isSound ?? true, "a record over the limits")
        self.me = me
        self.terms = terms
        self.joins = joins.reduce(into: []) { unique, address in
            if address != me.peer, !unique.contains(address) { unique.append(address) }
        }
        self.pledge = pledge
        self.parameters = parameters
        phase = record.map { .member(Phase.Membership(founding: $0, isUp: false, peers: [])) } ?? .idle
        generator = SeededGenerator(seed: seed)
    }
}

// MARK: - Events

extension Founding {
    /// The node listens at its peer address.
    package mutating func started(at time: UInt64) -> [FoundingEffect] {
        now = time
        startedAt = time
        promisedAt = time
        candidatesSince = time
        saidSince = time
        if phase == .idle { phase = .open }
        poll()
        settle()
        return takeEffects()
    }

    /// The time of `nextDeadline` has come. Earlier or later calls do no harm.
    package mutating func timePassed(at time: UInt64) -> [FoundingEffect] {
        now = max(now, time)
        guard now >= nextPollAt else { return takeEffects() }
        poll()
        settle()
        complain()
        return takeEffects()
    }

    /// Another node asks, with what it says of itself; the answer is among the effects.
    ///
    /// - Parameter certificate: the node's name by its certificate; nil on a connection in clear text.
    package mutating func received(_ bytes: [UInt8], certificate: String?, at time: UInt64) -> [FoundingEffect] {
        now = max(now, time)
        guard take(bytes, certificate: certificate) != nil else { return takeEffects() }
        settle()
        effects.append(.answer(FoundingCodec.encode(message)))
        return takeEffects()
    }

    /// The node at `address` answered what this one sent there.
    package mutating func answered(
        _ bytes: [UInt8], from address: PeerAddress, certificate: String?, at time: UInt64
    ) -> [FoundingEffect] {
        now = max(now, time)
        guard let message = take(bytes, certificate: certificate) else { return takeEffects() }
        if joins.contains(address) {
            joinsAnsweredAt[address] = now
            if case .member(let founding, _) = message.standing, founding == record { joinsAtHome.insert(address) }
        }
        settle()
        return takeEffects()
    }

    /// How the cluster that this node belongs to fares. Nodes join a cluster only through members that know it to be up.
    ///
    /// - Parameters:
    ///   - isUp: most of its members are there.
    ///   - peers: addresses of members; the first `FoundingLimits.addressesMax` are told.
    package mutating func clusterChanged(isUp: Bool, peers: [PeerAddress]) {
        guard case .member(var membership) = phase else { preconditionFailure("a cluster changed in \(phase)") }
        membership.isUp = isUp
        membership.peers = Array(peers.prefix(FoundingLimits.addressesMax))
        phase = .member(membership)
    }
}

// MARK: - Queries

extension Founding {
    /// When `timePassed` is to be called; nil if nothing is awaited.
    package var nextDeadline: UInt64? { nextPollAt == .max ? nil : nextPollAt }

    /// The cluster that this node belongs to.
    package var record: ClusterFounding? {
        if case .member(let membership) = phase { membership.founding } else { nil }
    }

    /// Names of the nodes that are there, this one included, ascending.
    package var present: [String] {
        ([me] + presentMeetings.map(\.info)).map(\.name).sorted()
    }
}

// MARK: - For all parts

extension Founding {
    /// What this node says to everyone.
    var message: FoundingMessage {
        switch phase {
        case .idle, .open:
            FoundingMessage(
                sender: me, terms: terms, standing: .open(pledge),
                addresses: Array(presentMeetings.map(\.info.peer).prefix(FoundingLimits.addressesMax)))
        case .member(let membership):
            FoundingMessage(
                sender: me, terms: terms, standing: .member(membership.founding, isUp: membership.isUp),
                addresses: membership.peers)
        }
    }

    /// Nodes that were heard lately, ascending by name.
    var presentMeetings: [Meeting] {
        met.values.filter { $0.heardAt + parameters.presenceMilliseconds > now }
            .sorted { FounderInfo.precedes($0.info, $1.info) }
    }

    mutating func persist(_ change: (inout FoundingPledge) -> Void) {
        change(&pledge)
        effects.append(.persist(pledge))
    }

    private mutating func takeEffects() -> [FoundingEffect] {
        defer { effects.removeAll() }
        return effects
    }
}

extension FoundingMessage.Standing {
    /// What its sender, a founder of `proposal`, has said to it: true for yes, false for no, nil for nothing yet.
    func answer(to proposal: Proposal) -> Bool? {
        switch self {
        case .member(let founding, _): return founding == proposal.founding
        case .open(let pledge):
            if pledge.promise == proposal { return true }
            guard let floor = pledge.floor else { return nil }
            return floor >= proposal.ballot ? false : nil
        }
    }
}
