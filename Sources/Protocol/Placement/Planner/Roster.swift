import Model

/// Who may hold replicas, as the members' states and their liveness tell.
struct Roster: Sendable {
    /// What is to become of the replicas that a member holds, in the order in which they go.
    enum Standing: Int, Comparable, Sendable {
        /// Dead for longer than the grace period.
        case dead = 0
        /// Left, unknown, or an edge node.
        case gone = 1
        case draining = 2
        case staying = 3

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// A member that is to hold its share.
    struct Seat: Sendable {
        let replica: UInt64
        /// Numbers the zones among seats, from 0.
        let zone: Int
    }

    /// Ascending by replica.
    let seats: [Seat]
    let memberStates: [PlacementPlan.StateChange]
    private let seatOf: [UInt64: Int]
    private let standings: [UInt64: Standing]
    private let alive: Set<UInt64>
    /// Edge nodes included: all but those that are dead for too long.
    private let participants: Set<UInt64>
    /// Active and alive, so that new replicas may go there.
    private let takers: Set<UInt64>

    init(
        _ cluster: ClusterState, _ liveness: [UInt64: Liveness], _ groups: [Int: GroupReport], at now: Timestamp,
        _ parameters: PlannerParameters
    ) {
        var standings: [UInt64: Standing] = [:]
        var changes: [PlacementPlan.StateChange] = []
        var participants: Set<UInt64> = []
        let members = cluster.members.values.sorted { $0.replica < $1.replica }
        for member in members {
            let liveness = liveness[member.replica] ?? .suspected
            let isDead = Self.isDead(liveness, at: now, parameters)
            if !isDead { participants.insert(member.replica) }
            let isBack = liveness == .alive && cluster.present(named: member.name) == nil
            switch member.state {
            case .active where isDead:
                standings[member.replica] = .dead
                changes.append(.init(replica: member.replica, state: .dead))
            case .draining where isDead:
                standings[member.replica] = .dead
                guard !cluster.holds(member.replica, groups) else { continue }
                changes.append(.init(replica: member.replica, state: .left))
            case .dead where isBack:
                standings[member.replica] = .staying
                changes.append(.init(replica: member.replica, state: .active))
            case .active: standings[member.replica] = .staying
            case .draining: standings[member.replica] = .draining
            case .dead: standings[member.replica] = .dead
            case .left: standings[member.replica] = .gone
            }
            if member.isEdge { standings[member.replica] = .gone }
        }
        let staying = members.filter { standings[$0.replica] == .staying }
        let zones = Self.zones(staying)
        seats = staying.map { Seat(replica: $0.replica, zone: zones[Place($0)] ?? 0) }
        seatOf = Dictionary(uniqueKeysWithValues: staying.enumerated().map { ($1.replica, $0) })
        alive = Set(members.lazy.map(\.replica).filter { liveness[$0] == .alive })
        takers = Set(staying.lazy.filter { $0.state == .active }.map(\.replica)).intersection(alive)
        memberStates = changes
        self.participants = participants
        self.standings = standings
    }

    func seat(of replica: UInt64) -> Int? { seatOf[replica] }
    func standing(of replica: UInt64) -> Standing { standings[replica] ?? .gone }
    func isAlive(_ replica: UInt64) -> Bool { alive.contains(replica) }
    func takesPart(_ replica: UInt64) -> Bool { participants.contains(replica) }
    func mayTake(_ replica: UInt64) -> Bool { takers.contains(replica) }

    private static func isDead(_ liveness: Liveness, at now: Timestamp, _ parameters: PlannerParameters) -> Bool {
        guard case .dead(let since) = liveness else { return false }
        return now >= since.adding(milliseconds: parameters.deadGraceMilliseconds)
    }

    private struct Place: Hashable, Comparable {
        let region: String
        let zone: String

        init(_ member: Member) {
            region = member.region
            zone = member.zone
        }

        static func < (left: Self, right: Self) -> Bool { (left.region, left.zone) < (right.region, right.zone) }
    }

    private static func zones(_ members: [Member]) -> [Place: Int] {
        Dictionary(uniqueKeysWithValues: Set(members.map(Place.init)).sorted().enumerated().map { ($1, $0) })
    }
}

extension ClusterState {
    /// Whether a data shard's placement or configuration names that replica.
    func holds(_ replica: UInt64, _ groups: [Int: GroupReport]) -> Bool {
        placements.values.contains { $0.replicas.contains(replica) }
            || groups.contains { $0.key != 0 && $0.value.names(replica) }
    }
}

/// How much a replica suits a shard, from the two ids alone: highest random weight (Thaler and Ravishankar, 1998).
func rendezvousWeight(_ shard: Int, _ replica: UInt64) -> UInt64 {
    StableHash.mix(replica ^ StableHash.mix(UInt64(shard)))
}
