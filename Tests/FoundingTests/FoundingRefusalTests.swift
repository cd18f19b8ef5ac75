import Membership
import Testing

@testable import Founding

/// What a node does with others that it cannot found with.
@Suite("Nodes that do not belong together")
struct FoundingRefusalTests {
    static let terms = FoundingTerms(founders: 3, shards: 16, replicationFactor: 3)

    static func host(
        _ number: Int, replica: UInt64? = nil, terms: FoundingTerms? = terms, joins: [Int] = [0, 1, 2, 3],
        record: ClusterFounding? = nil, startsAt: UInt64 = 0
    ) -> FoundingWorld.Host {
        FoundingWorld.Host(
            info: FoundingWorld.info(number, replica: replica), terms: terms, joins: joins.map(FoundingWorld.address),
            record: record, startsAt: startsAt)
    }

    static func founding(_ numbers: ClosedRange<Int>, replicasFrom first: UInt64) -> ClusterFounding {
        ClusterFounding(
            cluster: ClusterID(high: first, low: first),
            founders: numbers.map { FoundingWorld.info($0, replica: first + UInt64($0)) }, shards: 16, replicationFactor: 3)
    }

    @Test("A node that comes late, or only joins, becomes a node of the cluster that is there")
    func lateNodes() {
        var world = FoundingWorld(
            hosts: [
                Self.host(1), Self.host(2), Self.host(3), Self.host(0, terms: nil, joins: [2]),
                Self.host(4, joins: [0], startsAt: 20_000),
            ], seed: 1, isHostile: false)
        world.run(until: 60_000) { $0.isSettled }
        #expect(world.isSettled)
        #expect(world.clusters.count == 1)
        #expect(world.clusters.first?.founders.map(\.name) == ["n1", "n2", "n3"])
    }

    @Test("A founder whose disk was emptied joins as a new node")
    func wipedFounder() {
        var world = FoundingWorld(hosts: [Self.host(0), Self.host(1), Self.host(2)], seed: 2, isHostile: false)
        world.run(until: 20_000) { $0.isSettled }
        #expect(world.isSettled)
        world.hosts[1] = Self.host(1, replica: 77, startsAt: world.now)
        world.run(until: 60_000) { $0.isSettled }
        #expect(world.isSettled)
        #expect(world.clusters.count == 1)
    }

    @Test("A node with data of another cluster is told so, and changes nothing; nor do the others")
    func foreignDataDirectory() {
        let old = Self.founding(0...2, replicasFrom: 50)
        var world = FoundingWorld(
            hosts: [Self.host(1), Self.host(2), Self.host(3)], seed: 3, isHostile: false)
        world.run(until: 20_000) { $0.isSettled }
        let new = world.clusters
        #expect(new.count == 1)
        world.hosts.append(Self.host(0, replica: 50, record: old, startsAt: world.now))
        world.run(until: world.now + 30_000)
        #expect(world.hosts[3].record == old)
        #expect(Set(world.hosts[..<3].compactMap(\.record)) == new)
        let notices = world.hosts[3].notices.map(\.description)
        let words = "but this node's data directory is of cluster \(old.cluster.text)"
        #expect(notices.contains { $0.contains(words) }, "\(notices)")
        #expect(world.hosts[0].notices.contains { $0.label == "foreign_cluster" })
    }

    @Test("Nothing is founded beside a node of a cluster whose majority is away, and it is said why")
    func sleepingCluster() {
        let old = Self.founding(3...5, replicasFrom: 50)
        var world = FoundingWorld(
            hosts: [Self.host(0), Self.host(1), Self.host(2), Self.host(3, replica: 53, record: old)], seed: 4,
            isHostile: false)
        world.run(until: 60_000)
        #expect(world.clusters == [old])
        #expect(world.hosts[0].notices.contains(.sleepingCluster(name: "n3", old.cluster)))
        // Another of its members comes up, so it has a majority: then they join it.
        world.hosts.append(Self.host(4, replica: 54, record: old, startsAt: world.now))
        world.run(until: world.now + 60_000) { $0.isSettled }
        #expect(world.isSettled && world.clusters == [old])
    }

    @Test("Nodes with other settings are not counted, and it is said which")
    func otherTerms() {
        let theirs = FoundingTerms(founders: 3, shards: 64, replicationFactor: 3)
        var world = FoundingWorld(
            hosts: [Self.host(0), Self.host(1), Self.host(2, terms: theirs)], seed: 5, isHostile: false)
        world.run(until: 30_000)
        #expect(world.clusters.isEmpty)
        #expect(world.hosts[0].notices.contains(.otherTerms(name: "n2", theirs: theirs, ours: Self.terms)))
        #expect(world.hosts[2].notices.contains(.otherTerms(name: "n0", theirs: Self.terms, ours: theirs)))
    }

    @Test("A node that would begin empty is not counted among those that begin with what another cluster left")
    func restored() {
        var restored = Self.terms
        restored.isRestored = true
        var world = FoundingWorld(
            hosts: [Self.host(0, terms: restored), Self.host(1, terms: restored), Self.host(2)], seed: 5, isHostile: false)
        world.run(until: 30_000)
        #expect(world.clusters.isEmpty)
        #expect(world.hosts[0].notices.contains(.otherTerms(name: "n2", theirs: Self.terms, ours: restored)))
        var all = FoundingWorld(
            hosts: (0..<3).map { Self.host($0, terms: restored) }, seed: 5, isHostile: false)
        all.run(until: 30_000)
        #expect(all.clusters.count == 1 && all.clusters.allSatisfy(\.isRestored))
    }

    @Test("Two nodes with one name found nothing until one is gone")
    func sharedName() {
        var twin = Self.host(1, replica: 99)
        twin.info.peer = FoundingWorld.address(3)
        var world = FoundingWorld(
            hosts: [Self.host(0), Self.host(1), Self.host(2), twin], seed: 6, isHostile: false)
        world.run(until: 30_000)
        #expect(world.clusters.isEmpty)
        #expect(world.hosts[0].notices.contains { $0.label == "shared_name" })
        world.crash(3)
        world.hosts[3].startsAt = .max
        world.run(until: world.now + 30_000)
        #expect(world.clusters.first?.founders.map(\.replica) == [1, 2, 3])
    }

    @Test("Who is to found alone, but was told to join another, waits for that one's word")
    func aloneWithJoin() {
        let alone = FoundingTerms(founders: 1, shards: 16, replicationFactor: 1)
        var world = FoundingWorld(
            hosts: [
                Self.host(0, terms: alone, joins: [1]), Self.host(1, terms: alone, joins: [0], startsAt: 30_000),
            ], seed: 7, isHostile: false)
        world.run(until: 25_000)
        #expect(world.clusters.isEmpty)
        world.run(until: 60_000) { $0.isSettled }
        #expect(world.isSettled && world.clusters.count == 1)
    }

    @Test("Twice as many nodes as needed, all in touch, found one cluster and join it", arguments: 1...50)
    func twiceAsMany(seed: UInt64) {
        var world = FoundingWorld(nodes: 6, founders: 3, seed: seed, isHostile: false, startsWithin: 5_000) { number, _ in
            number == 0 ? [3] : [0, number - 1]
        }
        world.run(until: 60_000) { $0.isSettled }
        #expect(world.isSettled && world.clusters.count == 1)
    }

    @Test("A promise that waits for a node that is gone says for which, and what to do")
    func waitingForPromise() {
        let proposal = Proposal(
            ballot: Ballot(round: 1, name: "n0", replica: 1),
            founding: ClusterFounding(
                cluster: ClusterID(high: 1, low: 1), founders: (0...2).map { FoundingWorld.info($0) }, shards: 16,
                replicationFactor: 3))
        var hosts = [Self.host(0), Self.host(1), Self.host(2)]
        for index in 0...1 { hosts[index].pledge = FoundingPledge(floor: proposal.ballot, promise: proposal) }
        hosts[2].startsAt = 20_000
        var world = FoundingWorld(hosts: hosts, seed: 8, isHostile: false)
        world.run(until: 15_000)
        #expect(world.hosts[0].notices.contains(.waitingForPromises(of: ["n2"], cluster: proposal.founding.cluster)))
        world.run(until: 60_000) { $0.isSettled }
        #expect(world.hosts.allSatisfy { $0.record == proposal.founding })
    }

    @Test("A message under another node's certificate is refused, and changes nothing")
    func wrongName() {
        var node = Founding(me: FoundingWorld.info(0), terms: Self.terms, joins: [], seed: 1)
        _ = node.started(at: 0)
        let other = Founding(me: FoundingWorld.info(1), terms: Self.terms, joins: [], seed: 2)
        let bytes = FoundingCodec.encode(other.message)
        #expect(
            node.received(bytes, certificate: "n2", at: 10) == [.refused(.wrongName(certificate: "n2", message: "n1"))])
        #expect(node.present == ["n0"])
        #expect(node.received(bytes, certificate: "n1", at: 10).count == 1)
        #expect(node.present == ["n0", "n1"])
        #expect(node.received([1, 2, 3], certificate: "n1", at: 10) == [.refused(.malformed(.truncated))])
    }

    @Test("A copy of a data directory is noticed")
    func sharedIdentity() {
        var node = Founding(me: FoundingWorld.info(0), terms: Self.terms, joins: [], seed: 1)
        _ = node.started(at: 0)
        var copy = FoundingWorld.info(0)
        copy.peer = FoundingWorld.address(9)
        let other = Founding(me: copy, terms: Self.terms, joins: [], seed: 2)
        let effects = node.received(FoundingCodec.encode(other.message), certificate: "n0", at: 10)
        #expect(effects.contains(.notice(.sharedIdentity(copy.peer))))
    }

    @Test("Of two proposals the later round is stronger, then the lower name")
    func ballots() {
        let ballots = [
            Ballot(round: 1, name: "b", replica: 1), Ballot(round: 1, name: "a", replica: 2),
            Ballot(round: 1, name: "a", replica: 1), Ballot(round: 2, name: "c", replica: 9),
        ]
        #expect(ballots.reversed().sorted() == ballots)
    }
}
