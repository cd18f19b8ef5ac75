/// Who can send and receive: nodes first, clients after them.
package typealias Endpoint = Int

/// What the network of a life is like.
package struct NetworkProfile: Sendable, Equatable {
    /// Shortest time under way.
    package var delayMin: Microseconds
    /// Mean of what is added to it, with a long tail.
    package var delayMean: Microseconds
    /// Packets lost, of a million.
    package var lossPerMillion: Int
    /// Packets that arrive twice, of a million.
    package var duplicationPerMillion: Int
    /// Packets that take several times as long as others, of a million.
    package var stragglersPerMillion: Int
    /// Packets of which a copy comes back much later, of a million: when terms have changed.
    package var ghostsPerMillion: Int
    /// Packets of one link keep their order, as on one connection.
    package var keepsOrder: Bool

    package static let calm = NetworkProfile(
        delayMin: 100, delayMean: 200, lossPerMillion: 0, duplicationPerMillion: 0, stragglersPerMillion: 0,
        ghostsPerMillion: 0, keepsOrder: true)

    package static func drawn(from random: inout RandomStream) -> NetworkProfile {
        let lossy = random.chance(percent: 60)
        return NetworkProfile(
            delayMin: random.duration(in: 50...1_000),
            delayMean: random.duration(in: 100...8_000),
            lossPerMillion: lossy ? random.number(in: 100...80_000) : 0,
            duplicationPerMillion: random.chance(percent: 50) ? random.number(in: 100...60_000) : 0,
            stragglersPerMillion: random.chance(percent: 50) ? random.number(in: 100...30_000) : 0,
            ghostsPerMillion: random.chance(percent: 40) ? random.number(in: 2_000...80_000) : 0,
            keepsOrder: random.chance(percent: 40))
    }
}

/// Decides when, and whether, a packet arrives. Holds no packets.
package struct SimulatedNetwork {
    /// How many times longer than the mean a straggler may take.
    private static let stragglerFactor: Microseconds = 60

    /// When a ghost comes back: mostly an election later, sometimes many.
    private static let ghostDelay: ClosedRange<Microseconds> = .milliseconds(20)...(.milliseconds(600))
    private static let ghostDelayLong: ClosedRange<Microseconds> = .milliseconds(600)...(.milliseconds(3_000))

    private struct Link {
        var isCut = false
        /// Packets wait until then.
        var cloggedUntil: Microseconds = 0
        var lastArrival: Microseconds = 0
    }

    /// When a packet arrives: not at all, once or twice.
    package struct Arrivals: Equatable {
        package var first: Microseconds?
        package var second: Microseconds?
    }

    package var profile: NetworkProfile
    private let endpoints: Int
    private var links: [Link]
    private var random: RandomStream

    package init(endpoints: Int, profile: NetworkProfile, random: RandomStream) {
        self.endpoints = endpoints
        self.profile = profile
        self.random = random
        links = Array(repeating: Link(), count: endpoints * endpoints)
    }

    // MARK: Events

    package mutating func send(from sender: Endpoint, to receiver: Endpoint, at now: Microseconds) -> Arrivals {
        let link = sender * endpoints + receiver
        guard !links[link].isCut, !random.chance(perMillion: profile.lossPerMillion) else { return Arrivals() }
        var arrivals = Arrivals(first: arrival(on: link, at: now))
        if random.chance(perMillion: profile.duplicationPerMillion) { arrivals.second = arrival(on: link, at: now) }
        if arrivals.second == nil, random.chance(perMillion: profile.ghostsPerMillion) {
            let delay = random.chance(percent: 75) ? Self.ghostDelay : Self.ghostDelayLong
            arrivals.second = now + random.duration(in: delay)
        }
        return arrivals
    }

    /// Cuts or joins one direction.
    package mutating func setCut(_ isCut: Bool, from sender: Endpoint, to receiver: Endpoint) {
        links[sender * endpoints + receiver].isCut = isCut
    }

    package mutating func clog(from sender: Endpoint, to receiver: Endpoint, until time: Microseconds) {
        links[sender * endpoints + receiver].cloggedUntil = time
    }

    /// Cuts both directions between endpoints of different sides; `side` names each endpoint's side.
    package mutating func partition(_ side: (Endpoint) -> Int) {
        for sender in 0..<endpoints {
            for receiver in 0..<endpoints where side(sender) != side(receiver) {
                links[sender * endpoints + receiver].isCut = true
            }
        }
    }

    /// Joins what was cut and unclogs what was clogged. Packets under way keep their time of arrival.
    package mutating func heal() {
        for link in links.indices {
            links[link].isCut = false
            links[link].cloggedUntil = 0
        }
    }

    // MARK: Queries

    /// Whether a packet that arrives now is let through: a cut also loses what is under way.
    package func isCut(from sender: Endpoint, to receiver: Endpoint) -> Bool {
        links[sender * endpoints + receiver].isCut
    }

    // MARK: Private

    private mutating func arrival(on link: Int, at now: Microseconds) -> Microseconds {
        var delay = profile.delayMin + random.longTailed(mean: profile.delayMean)
        if random.chance(perMillion: profile.stragglersPerMillion) {
            delay += random.duration(in: 0...profile.delayMean * Self.stragglerFactor)
        }
        var time = max(now, links[link].cloggedUntil) + delay
        if profile.keepsOrder {
            time = max(time, links[link].lastArrival)
            links[link].lastArrival = time
        }
        return time
    }
}
