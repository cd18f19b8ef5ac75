import Testing

@testable import Placement

extension World {
    /// Members that hold their share.
    var holders: [Member] {
        cluster.members.values.filter { $0.state == .active && !$0.isEdge }.sorted { $0.replica < $1.replica }
    }

    func load(_ replica: UInt64) -> Int { cluster.shards(placedOn: replica).count }

    func led(_ replica: UInt64) -> Int {
        cluster.placements.values.filter { $0.preferredLeader == replica }.count
    }

    /// The difference between the fullest and the emptiest.
    func gap(_ members: [Member], _ measure: (UInt64) -> Int) -> Int {
        let values = members.map { measure($0.replica) }
        return (values.max() ?? 0) - (values.min() ?? 0)
    }

    /// Pairs of replicas that share a zone.
    func crowding(_ replicas: [UInt64]) -> Int {
        Self.pairs(Dictionary(grouping: replicas) { cluster.members[$0]?.zone ?? "" }.values.map(\.count))
    }

    /// The fewest such pairs that any set of that size has.
    func leastCrowding(_ size: Int) -> Int {
        let room = Dictionary(grouping: holders, by: \.zone).values.map(\.count)
        var taken = room.map { _ in 0 }
        for _ in 0..<size {
            let free = taken.indices.filter { taken[$0] < room[$0] }
            guard let emptiest = free.min(by: { taken[$0] < taken[$1] }) else { break }
            taken[emptiest] += 1
        }
        return Self.pairs(taken)
    }

    private static func pairs(_ counts: [Int]) -> Int { counts.reduce(0) { $0 + $1 * ($1 - 1) / 2 } }

    /// The fewest moves that balance such loads within one, were nothing else to be minded.
    static func fewestMoves(_ loads: [Int]) -> Int {
        let (share, extra) = loads.reduce(0, +).quotientAndRemainder(dividingBy: loads.count)
        return loads.sorted(by: >).enumerated().reduce(0) { sum, item in
            sum + max(0, item.element - (share + (item.offset < extra ? 1 : 0)))
        }
    }

    /// What must hold when nothing is left to do: replicas as many as there can be, spread, balanced, led, and no plan.
    func expectAtRest() throws {
        let settings = try #require(cluster.settings)
        let size = min(settings.replicationFactor, holders.count)
        for shard in 1...settings.shards {
            let placement = try #require(cluster.placements[shard])
            #expect(placement.replicas.count == size, "seed \(seed): \(placement)")
            #expect(
                crowding(placement.replicas) == leastCrowding(size),
                "seed \(seed): \(placement) could be spread better")
            #expect(Set(groups[shard]?.voters ?? []) == Set(placement.replicas), "seed \(seed)")
            #expect(placement.preferredLeader != nil, "seed \(seed): \(placement)")
            #expect(groups[shard]?.leader == placement.preferredLeader, "seed \(seed): \(placement)")
        }
        for zone in Dictionary(grouping: holders, by: \.zone).values {
            #expect(gap(zone, load) <= 1, "seed \(seed): a zone is not balanced")
        }
        #expect(plan().isEmpty, "seed \(seed): a plan without a reason: \(plan())")
    }
}
