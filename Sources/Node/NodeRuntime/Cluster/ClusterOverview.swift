import Consensus
import Founding
import Membership
package import Model
import NIOCore
package import Placement
package import Shard
import WriteAheadLog

/// The cluster as one node sees it, for people.
package struct ClusterOverview: Sendable {
    package struct Node: Sendable {
        package let name: String
        package let region: String
        package let zone: String
        package let isEdge: Bool
        /// What is decided about it; nil while it is not a member yet.
        package let state: Member.State?
        /// What gossip knows of it: alive, suspected, dead, left or unknown.
        package let health: String
        package let peerAddress: String
        package let apiAddress: String
        package var replicas = 0
        package var leaders = 0
    }

    package struct Shard: Sendable {
        package let number: Int
        package let slots: Range<Int>
        /// Names of nodes; nil while nobody leads.
        package let leader: String?
        package let replicas: [String]
        package let learners: [String]
        /// Where placement wants the replicas.
        package let wanted: [String]
        package let term: UInt64
        package let appliedIndex: UInt64
        package let resources: Int
        /// Entries that the slowest voter lacks.
        package let lag: UInt64
        /// How far PostgreSQL is behind; nil where its leader sends nothing there.
        package let sink: SinkReport?
    }

    package var clusterID: UUID128
    package var replicationFactor: Int
    package var nodes: [Node]
    package var shards: [Shard]
    package var systemLeader: String?
    /// As of a shard.
    package var systemSink: SinkReport?
    /// The cluster that took this one's place.
    package var succession: Succession?
}

extension Node {
    /// Asks all nodes how their groups fare.
    package func overview() async -> ClusterOverview {
        if let region { return await overview(of: region) }
        let state: ClusterState = await withCheckedContinuation { continuation in
            system.eventLoop.runNowOrSoon { [system] in continuation.resume(returning: system.shard.state.cluster) }
        }
        let reports: GroupReports.Reports =
            if let cluster { await cluster.host.collectReports() } else {
                (try? await GroupReports.gather(on: loops).get()) ?? [:]
            }
        var overview = ClusterOverview(
            founding: founding, state: cluster == nil ? founding.firstState : state, view: cluster?.host.view,
            reports: reports)
        overview.succession = state.succession
        return overview
    }
}

extension Node {
    /// Those of the others that gossip believes to be alive.
    var aliveReplicas: Set<ReplicaID> {
        Set((cluster?.host.view.members ?? []).filter { $0.status == .alive }.map { ReplicaID($0.replica) })
    }
}

extension ClusterOverview {
    fileprivate init(
        founding: ClusterFounding, state: ClusterState, view: MembershipView?, reports: GroupReports.Reports
    ) {
        var names: [UInt64: String] = [:]
        for founder in founding.founders { names[founder.replica] = founder.name }
        for member in view?.members ?? [] { names[member.replica] = member.name }
        for member in state.members.values { names[member.replica] = member.name }
        func name(_ replica: UInt64) -> String { names[replica] ?? ReplicaID(replica).text }

        clusterID = founding.settings.id
        replicationFactor = state.settings?.replicationFactor ?? founding.replicationFactor
        systemSink = reports[SystemShard.group]?.sink
        systemLeader = reports[SystemShard.group]?.report.leader.map(name)
        shards = (1...founding.shards).map { number in
            let led = reports[number]
            let report = led?.report
            let lags = report.map { report in report.voters.filter { $0 != report.leader }.map { report.lag[$0] ?? .max } }
            return Shard(
                number: number, slots: ShardState.slots(ofShard: number - 1, of: founding.shards),
                leader: report?.leader.map(name),
                replicas: (report?.voters ?? state.placements[number]?.replicas ?? []).map(name),
                learners: (report?.learners ?? []).map(name),
                wanted: (state.placements[number]?.replicas ?? []).map(name), term: led?.term ?? 0,
                appliedIndex: led?.appliedIndex ?? 0, resources: led?.resources ?? 0,
                // What was not heard of lacks everything.
                lag: min(lags?.max() ?? 0, led?.appliedIndex ?? 0), sink: led?.sink)
        }
        nodes = state.sortedMembers.filter { $0.state.isPresent || view?.member(replica: $0.replica)?.status == .alive }
            .map { member in
                var node = Node(
                    name: member.name, region: member.region, zone: member.zone, isEdge: member.isEdge, state: member.state,
                    health: view.map { $0.member(replica: member.replica)?.status.name ?? "unknown" } ?? "alive",
                    peerAddress: member.peerAddress, apiAddress: member.apiAddress)
                node.replicas = reports.count { $0.key > 0 && $0.value.report.voters.contains(member.replica) }
                node.leaders = reports.count { $0.key > 0 && $0.value.report.leader == member.replica }
                return node
            }
    }
}

extension MemberStatus {
    var name: String {
        switch self {
        case .alive: "alive"
        case .suspected: "suspected"
        case .dead: "dead"
        case .left: "left"
        }
    }
}

// MARK: - What people decide about members

/// Why a member's state was not changed.
package enum MemberDecision: Hashable, Sendable {
    case done
    case noSuchMember
    case refused(String)
}

extension Node {
    /// Changes what is decided about the member of that name.
    package func setMember(
        named name: String, to state: Member.State, by context: WriteContext
    ) async throws(NodeError) -> MemberDecision {
        guard cluster != nil else { return .refused("this node is alone: it is in no cluster of several nodes") }
        let system = self.system
        let replica: UInt64? = await withCheckedContinuation { continuation in
            system.eventLoop.runNowOrSoon {
                continuation.resume(returning: system.shard.state.cluster.present(named: name)?.replica)
            }
        }
        guard let replica else { return .noSuchMember }
        switch try await submit(.setMemberState(replica, state), by: context).outcomes.first {
        case .conflict(let words), .invalid(let words): return .refused(words)
        case .notFound: return .noSuchMember
        case .created, .updated, .unchanged, .deleted, .preconditionFailed, .notPermitted, nil: return .done
        }
    }
}
