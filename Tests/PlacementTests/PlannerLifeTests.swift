import Foundation
import Model
import Testing

@testable import Placement

/// Whole lives of clusters: members join, die, drain, return and are wiped while groups follow in their own time.
/// `World` holds every plan to the rules; when the cluster is left alone, it must come to rest as it should be.
@Suite("Placement through a cluster's life")
struct PlannerLifeTests {
    /// `VTAG_PLACEMENT_SEEDS` asks for more.
    private static let seeds = ProcessInfo.processInfo.environment["VTAG_PLACEMENT_SEEDS"].flatMap(Int.init) ?? 60

    @Test("Whatever happens, no plan breaks a rule; left alone, the cluster comes to rest", arguments: 0..<4)
    func lives(part: Int) throws {
        for seed in (part * Self.seeds / 4)..<((part + 1) * Self.seeds / 4) {
            var life = Life(seed: UInt64(seed))
            for _ in 0..<80 {
                if life.world.lot.chance(25) { life.happen() }
                life.world.round(percent: 50)
            }
            life.heal()
            let settings = try #require(life.world.cluster.settings)
            life.world.settle(within: 400 + 20 * settings.shards * settings.replicationFactor, percent: 60)
            try life.world.expectAtRest()
        }
    }
}

/// A cluster, and what may happen to it.
private struct Life {
    var world: World

    init(seed: UInt64) {
        var lot = Lot(seed: seed)
        world = World(
            seed: seed, members: 1 + lot.below(8), zones: 1 + lot.below(4), shards: 1 + lot.below(24),
            factor: [1, 2, 3, 3, 4, 5][lot.below(6)])
        world.parameters.movesMax = 1 + lot.below(6)
    }

    mutating func happen() {
        let members = world.cluster.members.values.sorted { $0.replica < $1.replica }
        let member = members[world.lot.below(members.count)]
        switch world.lot.below(20) {
        case 0..<3 where members.count < 14: world.join(zone: "z\(world.lot.below(4))", isEdge: world.lot.chance(10))
        case 3..<7 where world.liveness[member.replica] == .alive: world.kill(member.replica)
        case 7..<12 where member.state != .left && world.canReturn(member): world.revive(member.replica)
        case 12..<14 where member.state == .active: world.set(member.replica, .draining)
        case 14..<15 where member.state == .draining: world.set(member.replica, .active)
        case 15..<16 where world.survivesLoss(of: member): wipe(member)
        case 16..<17:
            guard var settings = world.cluster.settings else { return }
            settings.replicationFactor = 1 + world.lot.below(5)
            world.cluster.apply(.put(.settings(settings)))
        default: world.pass(seconds: Int64(world.lot.below(60)))
        }
    }

    private mutating func wipe(_ member: Member) {
        world.kill(member.replica)
        world.set(member.replica, .dead)
        world.join(zone: member.zone, name: member.name, isEdge: member.isEdge)
    }

    /// Everybody who can comes back, and nobody drains but perhaps one.
    mutating func heal() {
        for member in world.cluster.members.values.sorted(by: { $0.replica < $1.replica }) where member.state != .left {
            if member.state == .draining { world.set(member.replica, .active) }
            if world.canReturn(member) { world.revive(member.replica) }
        }
        if !world.holders.isEmpty, world.cluster.members.values.allSatisfy({ $0.state == .active }), world.lot.chance(30) {
            world.set(world.holders[0].replica, .draining)
        }
        if world.holders.isEmpty { world.join(zone: "z0") }
    }
}

extension World {
    /// Not one whose directory was wiped.
    fileprivate func canReturn(_ member: Member) -> Bool {
        cluster.present(named: member.name).map { $0.replica == member.replica } ?? true
    }

    /// Whether every group still has a majority that is up when that one is lost for good.
    fileprivate func survivesLoss(of member: Member) -> Bool {
        guard groups.count == 1 + (cluster.settings?.shards ?? 0), member.state.isPresent, liveness[member.replica] == .alive
        else { return false }
        return groups.values.allSatisfy { report in
            guard report.voters.contains(member.replica) else { return true }
            let left = report.voters.filter { $0 != member.replica && liveness[$0] == .alive }
            return left.count > report.voters.count / 2
        }
    }
}
