import Founding
import Membership
import Testing

@Suite("Founding a cluster")
struct FoundingClusterTests {
    @Test("Nodes that all start at once found one cluster within seconds", arguments: [1, 2, 3, 5, 7])
    func allAtOnce(founders: Int) {
        var world = FoundingWorld(nodes: founders, founders: founders, seed: 1, isHostile: false) { _, _ in
            Array(0..<(founders == 1 ? 1 : founders))
        }
        world.run(until: 10_000) { $0.isSettled }
        #expect(world.isSettled, "not within 10 s")
        #expect(world.clusters.count == 1)
        #expect(world.clusters.first?.founders.map(\.name) == (0..<founders).map { "n\($0)" })
        #expect(world.now < 3_000, "took \(world.now) ms")
    }

    @Test("A chain of joins is enough: addresses are passed on")
    func chain() {
        var world = FoundingWorld(nodes: 5, founders: 5, seed: 2, isHostile: false) { number, _ in
            number == 0 ? [] : [number - 1]
        }
        world.run(until: 20_000) { $0.isSettled }
        #expect(world.isSettled)
        #expect(world.clusters.count == 1)
    }

    @Test("Fewer nodes than expected found nothing, and say whom they have")
    func tooFew() {
        var world = FoundingWorld(nodes: 2, founders: 3, seed: 3, isHostile: false) { _, _ in [0, 1, 2] }
        world.run(until: 30_000)
        #expect(world.clusters.isEmpty)
        #expect(world.hosts[0].notices == [.waitingForNodes(present: ["n0", "n1"], expected: 3)])
    }

    /// Everything that goes wrong, for a while; then nothing does.
    ///
    /// - Parameter isWild: nodes propose out of turn.
    static func hostileLife(seed: UInt64, isWild: Bool = false) -> FoundingWorld {
        var draw = SeededGenerator(seed: seed &* 31)
        let founders = 2 + Int(draw.below(4))
        // Up to 2N - 1 nodes any two sets of founders share one.
        let nodes = min(founders + Int(draw.below(UInt64(founders))), 2 * founders - 1)
        var world = FoundingWorld(
            nodes: nodes, founders: founders, seed: seed, isHostile: true, startsWithin: 1 + draw.below(12_000)
        ) { number, generator in
            // A random tree makes sure that all are in touch; the rest is chance.
            var joins = number == 0 ? [] : [Int(generator.below(UInt64(number)))]
            for other in 0..<nodes where generator.below(3) == 0 { joins.append(other) }
            return joins
        }
        world.crashPerMille = [0, 1, 5, 30][Int(draw.below(4))]
        world.lossPercent = [5, 20, 50, 70][Int(draw.below(4))]
        if isWild {
            world.wildPerMille = [1, 5, 20][Int(draw.below(3))]
            world.lossPercent = [50, 80, 90][Int(draw.below(3))]
        }
        // Quick nodes decide more often while things go wrong.
        world.parameters.settleMilliseconds = [100, 400, 1_000][Int(draw.below(3))]
        world.parameters.presenceMilliseconds = [1_100, 3_000][Int(draw.below(2))]
        for _ in 0..<6 {
            world.cuts = cuts(among: nodes, &draw)
            world.run(until: world.now + draw.below(8_000)) { $0.isSettled }
        }
        world.cuts = []
        world.isHostile = false
        world.run(until: world.now + 60_000) { $0.isSettled }
        return world
    }

    /// No cut, some pairs, one node, or two halves.
    private static func cuts(among nodes: Int, _ draw: inout SeededGenerator) -> Set<[Int]> {
        let kind = draw.below(4)
        let alone = Int(draw.below(UInt64(nodes)))
        let half = draw.next()
        var cuts: Set<[Int]> = []
        for one in 0..<nodes {
            for other in 0..<one {
                let isCut =
                    switch kind {
                    case 0: false
                    case 1: draw.below(3) == 0
                    case 2: one == alone || other == alone
                    default: (half >> UInt64(one)) & 1 != (half >> UInt64(other)) & 1
                    }
                if isCut { cuts.insert([other, one]) }
            }
        }
        return cuts
    }

    @Test("Whatever is lost, doubled, late or crashes: one cluster at most, and one once the network is healthy")
    func hostileLives() {
        var founded = 0
        for seed in UInt64(1)...1_000 {
            let world = Self.hostileLife(seed: seed)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            #expect(world.clusters.count == 1, "seed \(seed): \(world.clusters.count) clusters")
            #expect(world.isSettled, "seed \(seed): not all nodes have a cluster")
            if world.isSettled { founded += 1 }
            if !world.violations.isEmpty || !world.isSettled || world.clusters.count > 1 { break }
        }
        #expect(founded == 1_000)
    }

    @Test("Promises alone keep it one cluster, when nodes propose out of turn and hear each other rarely")
    func wildLives() {
        var rivals = 0
        for seed in UInt64(1)...1_000 {
            let world = Self.hostileLife(seed: seed, isWild: true)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            #expect(world.clusters.count == 1, "seed \(seed): \(world.clusters.count) clusters")
            #expect(world.isSettled, "seed \(seed): not all nodes have a cluster")
            rivals += world.promised.count - 1
            if !world.violations.isEmpty || !world.isSettled || world.clusters.count > 1 { break }
        }
        #expect(rivals > 1_000, "too few rivals to mean anything: \(rivals)")
    }

    @Test("The same seed lives the same life")
    func sameSeedSameLife() {
        for seed in UInt64(1)...20 {
            let (one, other) = (Self.hostileLife(seed: seed), Self.hostileLife(seed: seed))
            #expect(one.now == other.now && one.clusters == other.clusters)
        }
    }
}
