import Model
import Testing

@testable import Placement

/// Random clusters, each from a seed that a failure prints.
@Suite("Where shards are placed")
struct PlannerPropertyTests {
    /// A cluster in its first placement.
    private func founded(_ seed: UInt64, zones: Int = 1, membersMin: Int = 1) -> World {
        var lot = Lot(seed: seed)
        var world = World(
            seed: seed, members: membersMin + lot.below(8), zones: zones, shards: 1 + lot.below(64),
            factor: [1, 2, 3, 3, 3, 5][lot.below(6)])
        world.settle(within: 40)
        return world
    }

    @Test(
        "A new cluster has the replication factor, spread over the zones, replicas and leaders within one of each other",
        arguments: [1, 2, 3, 4])
    func founding(zones: Int) throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            let world = founded(seed, zones: zones)
            try world.expectAtRest()
            #expect(world.gap(world.holders, world.led) <= 1, "seed \(seed): leaders")
            let sizes = Set(Dictionary(grouping: world.holders, by: \.zone).values.map(\.count))
            if sizes.count == 1 { #expect(world.gap(world.holders, world.load) <= 1, "seed \(seed): replicas") }
        }
    }

    @Test("A member that joins takes its share, by the fewest moves there are, and nobody else takes anything")
    func joining() throws {
        for seed in 1...80 as ClosedRange<UInt64> {
            var world = founded(seed, membersMin: 3)
            let settings = try #require(world.cluster.settings)
            guard world.holders.count >= settings.replicationFactor else { continue }
            world.forgetMoves()
            let loads = world.holders.map { world.load($0.replica) }
            let newcomer = world.join(zone: "z0")
            world.settle(within: 20 + 3 * settings.shards * settings.replicationFactor)
            try world.expectAtRest()
            #expect(world.gap(world.holders, world.load) <= 1, "seed \(seed)")
            #expect(world.gap(world.holders, world.led) <= 1, "seed \(seed)")
            #expect(world.moves == World.fewestMoves(loads + [0]), "seed \(seed)")
            #expect(world.receivers.isSubset(of: [newcomer]), "seed \(seed)")
        }
    }

    @Test("A death moves the dead member's replicas alone, after the grace period and not before")
    func death() throws {
        for seed in 1...80 as ClosedRange<UInt64> {
            var world = founded(seed, membersMin: 4)
            let settings = try #require(world.cluster.settings)
            guard world.holders.count > settings.replicationFactor, settings.replicationFactor > 2 else { continue }
            let dead = world.holders[world.lot.below(world.holders.count)].replica
            let lost = world.load(dead)
            world.forgetMoves()
            world.kill(dead)
            world.pass(seconds: 59)
            #expect(world.plan().isEmpty, "seed \(seed): \(world.plan())")
            world.pass(seconds: 2)
            world.settle(within: 20 + 3 * settings.shards)
            try world.expectAtRest()
            #expect(world.gap(world.holders, world.load) <= 1, "seed \(seed)")
            #expect(world.load(dead) == 0, "seed \(seed)")
            #expect(world.moves == lost, "seed \(seed)")
            #expect(world.cluster.members[dead]?.state == .dead, "seed \(seed)")
            // It is back when it is heard again.
            world.forgetMoves()
            let loads = world.holders.map { world.load($0.replica) }
            world.revive(dead)
            world.settle(within: 20 + 3 * settings.shards)
            try world.expectAtRest()
            #expect(world.moves == World.fewestMoves(loads + [0]), "seed \(seed)")
        }
    }

    @Test("A member that drains ends empty, hands its leaders over before its replicas, and nothing else moves")
    func draining() throws {
        for seed in 1...80 as ClosedRange<UInt64> {
            var world = founded(seed, membersMin: 2)
            let settings = try #require(world.cluster.settings)
            let leaving = world.holders[world.lot.below(world.holders.count)].replica
            let lost = world.load(leaving)
            let hasRoom = world.holders.count > settings.replicationFactor
            world.forgetMoves()
            world.set(leaving, .draining)
            var rounds = 0
            while world.round(), rounds < 20 + 3 * settings.shards {
                rounds += 1
                if settings.replicationFactor > 1 { #expect(world.led(leaving) == 0, "seed \(seed)") }
            }
            try world.expectAtRest()
            #expect(world.load(leaving) == 0, "seed \(seed)")
            #expect(world.moves == (hasRoom ? lost : 0), "seed \(seed)")
            #expect(world.groups[0]?.voters.contains(leaving) == false, "seed \(seed)")
            #expect(world.groups[0]?.learners.contains(leaving) == true, "seed \(seed): it goes on serving")
            // It stops: nothing of it remains.
            world.kill(leaving)
            world.pass(seconds: 61)
            world.settle(within: 20)
            #expect(world.cluster.members[leaving] == nil, "seed \(seed)")
        }
    }

    @Test("A wiped member comes back under another id: its replicas are replaced at once, and the old id is forgotten")
    func wiped() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var world = founded(seed, membersMin: 3)
            let settings = try #require(world.cluster.settings)
            guard settings.replicationFactor > 2 else { continue }
            let old = world.holders[world.lot.below(world.holders.count)]
            world.kill(old.replica)
            world.set(old.replica, .dead)
            world.join(zone: old.zone, name: old.name)
            world.settle(within: 20 + 3 * settings.shards)
            try world.expectAtRest()
            #expect(world.cluster.members[old.replica] == nil, "seed \(seed)")
        }
    }

    @Test("With zones of one size, too, a newcomer moves hardly more than the least")
    func joiningZones() throws {
        var moves = 0
        var least = 0
        for seed in 1...60 as ClosedRange<UInt64> {
            var lot = Lot(seed: seed)
            let zones = 2 + lot.below(3)
            var world = World(
                seed: seed, members: zones * (1 + lot.below(3)), zones: zones, shards: 8 + lot.below(56), factor: 3)
            world.settle(within: 40)
            guard world.holders.count >= 3 else { continue }
            world.forgetMoves()
            let newcomer = world.join(zone: "z0")
            world.settle(within: 1_000)
            try world.expectAtRest()
            // What it holds in the end, it must have got; the rest went from one old member to another.
            least += world.load(newcomer)
            moves += world.moves
        }
        #expect(moves * 100 <= least * 115, "\(moves) moves where \(least) were needed")
    }

    @Test("Edge nodes hold nothing, and learn group 0")
    func edge() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var world = founded(seed)
            let edge = world.join(zone: "z9", isEdge: true)
            world.settle(within: 20)
            try world.expectAtRest()
            #expect(world.load(edge) == 0)
            #expect(world.groups[0]?.learners.contains(edge) == true)
        }
    }

    @Test("A member that comes and goes within the grace period changes nothing")
    func flapping() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var world = founded(seed, zones: 2, membersMin: 3)
            let flapping = world.holders[0].replica
            for _ in 0..<10 {
                world.liveness[flapping] = .suspected
                #expect(world.plan().isEmpty, "seed \(seed): \(world.plan())")
                world.kill(flapping)
                world.pass(seconds: 50)
                #expect(world.plan().isEmpty, "seed \(seed): \(world.plan())")
                world.revive(flapping)
                #expect(world.plan().isEmpty, "seed \(seed): \(world.plan())")
            }
        }
    }
}
