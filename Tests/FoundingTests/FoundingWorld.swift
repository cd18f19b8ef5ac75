import Membership

@testable import Founding

/// Nodes that found a cluster, in virtual milliseconds: messages are lost, doubled and overtaken, nodes crash between any
/// two effects and come back with what they wrote.
struct FoundingWorld {
    struct Host {
        var info: FounderInfo
        var terms: FoundingTerms?
        var joins: [PeerAddress]
        /// Nil while it is down.
        var core: Founding?
        /// What the disk holds.
        var pledge = FoundingPledge()
        var record: ClusterFounding?
        var startsAt: UInt64
        var notices: [FoundingNotice] = []
        /// Told by `founded` or `joined` since the last start.
        var isDone = false
    }

    private struct Parcel {
        var at: UInt64
        var order: Int
        var from: Int
        var to: Int
        var bytes: [UInt8]
        var isAnswer: Bool
    }

    var hosts: [Host]
    private(set) var now: UInt64 = 0
    /// While false, nothing is lost and nobody crashes.
    var isHostile: Bool
    /// Pairs that cannot talk.
    var cuts: Set<[Int]> = []
    /// Everything that was ever true of a disk: who was promised to what.
    private(set) var promised: [ClusterFounding: Set<UInt64>] = [:]
    private(set) var violations: [String] = []
    private var parcels: [Parcel] = []
    private var sent = 0
    private var generator: SeededGenerator
    /// Chance of a crash in each turn of 10 ms, and between two effects.
    var crashPerMille: UInt64 = 5
    var lossPercent: UInt64 = 20
    /// Chance in each turn that a node proposes, whoever it knows and whoever's turn it is. No guard of the protocol but its
    /// promises is left then.
    var wildPerMille: UInt64 = 0
    var parameters = FoundingParameters()

    init(hosts: [Host], seed: UInt64, isHostile: Bool) {
        self.hosts = hosts
        self.isHostile = isHostile
        generator = SeededGenerator(seed: seed)
        for host in hosts {
            if let promise = host.pledge.promise { promised[promise.founding, default: []].insert(host.info.replica) }
            if let record = host.record { promised[record] = Set(record.founders.map(\.replica)) }
        }
    }

    static func address(_ number: Int) -> PeerAddress { PeerAddress(host: "node", port: UInt16(7_000 + number)) }

    static func info(_ number: Int, replica: UInt64? = nil) -> FounderInfo {
        FounderInfo(
            replica: replica ?? UInt64(number + 1), name: "n\(number)", peer: address(number),
            client: PeerAddress(host: "node", port: UInt16(8_000 + number)), region: "r", zone: "z\(number % 3)")
    }

    mutating func below(_ bound: UInt64) -> UInt64 { generator.below(bound) }

    /// Clusters that some disk is of.
    var clusters: Set<ClusterFounding> { Set(hosts.compactMap(\.record)) }

    // MARK: Time

    mutating func run(until end: UInt64, stop: (FoundingWorld) -> Bool = { _ in false }) {
        while now < end, violations.isEmpty, !stop(self) {
            now += 10
            for index in hosts.indices { turn(index) }
            deliver()
        }
    }

    private mutating func turn(_ index: Int) {
        if hosts[index].core == nil, hosts[index].startsAt <= now { start(index) }
        if isHostile, hosts[index].core != nil, below(1_000) < crashPerMille { return crash(index) }
        if isHostile, wildPerMille > 0, below(1_000) < wildPerMille { proposeWildly(index) }
        if let deadline = hosts[index].core?.nextDeadline, deadline <= now {
            event(index) { $0.timePassed(at: $1) }
        }
        if let record = hosts[index].core?.record, below(20) == 0 {
            let there = record.founders.filter { founder in
                hosts.contains { $0.info.replica == founder.replica && $0.core?.record == record }
            }
            hosts[index].core?.clusterChanged(
                isUp: there.count * 2 > record.founders.count, peers: there.map(\.peer))
        }
    }

    mutating func start(_ index: Int) {
        let host = hosts[index]
        hosts[index].core = Founding(
            me: host.info, terms: host.terms, joins: host.joins, pledge: host.pledge, record: host.record,
            parameters: parameters, seed: generator.next())
        hosts[index].isDone = host.record != nil
        event(index) { $0.started(at: $1) }
    }

    mutating func crash(_ index: Int) {
        hosts[index].core = nil
        hosts[index].startsAt = now + 200 + below(6_000)
    }

    private mutating func event(
        _ index: Int, answering asker: Int? = nil, _ body: (inout Founding, UInt64) -> [FoundingEffect]
    ) {
        // Taken out while it changes, so that nothing of it is copied.
        guard var core = hosts[index].core.take() else { return }
        let effects = body(&core, now)
        hosts[index].core = core
        for effect in effects {
            if isHostile, below(1_000) < crashPerMille { return crash(index) }
            carryOut(effect, of: index, asker: asker)
        }
    }

    private mutating func carryOut(_ effect: FoundingEffect, of index: Int, asker: Int?) {
        switch effect {
        case .send(let bytes, let address):
            if let to = hosts.firstIndex(where: { $0.info.peer == address }) {
                post(Parcel(at: 0, order: 0, from: index, to: to, bytes: bytes, isAnswer: false))
            }
        case .answer(let bytes):
            if let asker { post(Parcel(at: 0, order: 0, from: index, to: asker, bytes: bytes, isAnswer: true)) }
        case .persist(let pledge):
            let before = hosts[index].pledge
            if let floor = before.floor, pledge.floor.map({ $0 < floor }) ?? true {
                violations.append("n\(index) sank its floor")
            }
            hosts[index].pledge = pledge
            if let promise = pledge.promise { promised[promise.founding, default: []].insert(hosts[index].info.replica) }
        case .commit(let founding): commit(founding, at: index)
        case .founded(let founding), .joined(let founding, _):
            if hosts[index].record != founding { violations.append("n\(index) told of what it had not written") }
            hosts[index].isDone = true
        case .notice(let notice): hosts[index].notices.append(notice)
        case .refused(let refusal): violations.append("n\(index) refused: \(refusal)")
        }
    }

    private mutating func commit(_ founding: ClusterFounding, at index: Int) {
        if let record = hosts[index].record, record != founding { violations.append("n\(index) changed its cluster") }
        hosts[index].record = founding
        if promised[founding] != Set(founding.founders.map(\.replica)) {
            violations.append("n\(index) is of a cluster that was not founded")
        }
    }

    /// Proposes with any others, in any round above the floor.
    private mutating func proposeWildly(_ index: Int) {
        guard let core = hosts[index].core, core.phase == .open, core.pledge.promise == nil, let terms = core.terms else {
            return
        }
        let others = hosts.indices.filter { $0 != index }.shuffled(using: &generator).prefix(terms.founders - 1)
        let founders = (others + [index]).map { hosts[$0].info }.sorted { $0.name < $1.name }
        let round = (core.pledge.floor?.round ?? 0) + 1 + below(2)
        let proposal = Proposal(
            ballot: Ballot(round: round, name: core.me.name, replica: core.me.replica),
            founding: ClusterFounding(
                cluster: ClusterID(high: generator.next(), low: generator.next()), founders: founders,
                shards: terms.shards, replicationFactor: terms.replicationFactor))
        event(index) { core, now in
            core.promise(proposal)
            return core.timePassed(at: now)
        }
    }

    // MARK: Network

    private mutating func post(_ parcel: Parcel) {
        guard !cuts.contains([parcel.from, parcel.to].sorted()) else { return }
        if isHostile, below(100) < lossPercent { return }
        let copies = isHostile && below(5) == 0 ? 2 : 1
        for _ in 0..<copies {
            var parcel = parcel
            let isSlow = isHostile && below(20) == 0
            parcel.at = now + 10 + below(isSlow ? 4_000 : 40)
            parcel.order = sent
            sent += 1
            parcels.append(parcel)
        }
    }

    private mutating func deliver() {
        guard parcels.contains(where: { $0.at <= now }) else { return }
        let due = parcels.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        parcels.removeAll { $0.at <= now }
        for parcel in due {
            let name = hosts[parcel.from].info.name
            let address = hosts[parcel.from].info.peer
            event(parcel.to, answering: parcel.from) { core, now in
                parcel.isAnswer
                    ? core.answered(parcel.bytes, from: address, certificate: name, at: now)
                    : core.received(parcel.bytes, certificate: name, at: now)
            }
        }
    }
}

extension FoundingWorld {
    /// - Parameters:
    ///   - joinsOf: whom each node is told to join, by number.
    init(
        nodes: Int, founders: Int, seed: UInt64, isHostile: Bool, startsWithin spread: UInt64 = 1,
        joinsOf: (Int, inout SeededGenerator) -> [Int]
    ) {
        var generator = SeededGenerator(seed: ~seed)
        let terms = FoundingTerms(founders: founders, shards: 16, replicationFactor: 3)
        let hosts = (0..<nodes).map { number in
            Host(
                info: Self.info(number), terms: terms, joins: joinsOf(number, &generator).map(Self.address),
                startsAt: generator.below(spread))
        }
        self.init(hosts: hosts, seed: seed, isHostile: isHostile)
    }

    var isSettled: Bool { hosts.allSatisfy { $0.isDone && $0.core != nil } }
}
