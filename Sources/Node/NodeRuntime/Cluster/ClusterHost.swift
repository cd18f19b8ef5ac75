import Consensus
import Founding
import Logging
import Membership
import Model
import NIOCore
import PeerTransport
import Placement
import Shard
import WriteAheadLog

/// A node's part in running its cluster: on the leader of the system group it keeps members and placements; on every node
/// it brings the replicas that are here to where they are wanted.
///
/// Everything is tried anew each round, from what is committed: a step that fails, or a leader that falls in the middle,
/// needs no repair. Lives on the first event loop.
final class ClusterHost: @unchecked Sendable {
    /// Between two rounds.
    private static let interval = TimeAmount.milliseconds(500)
    private static let turnedAwayLogTime = TimeAmount.seconds(30)
    private static let turnedAwayMax = 256

    private let founding: ClusterFounding
    private let here: ReplicaID
    private let system: SystemHost
    private let loops: [LoopHost]
    private let residence: ShardResidence
    private let directory: PeerDirectory
    private let peers: Peers
    private let gossip: GossipHost
    private let foundingHost: FoundingHost
    private let logger: Logger
    private let eventLoop: any EventLoop
    private var timer: RepeatedTask?
    private var roundIsUnderWay = false
    /// When it was last said of a replica that it is not let in.
    private var turnedAway: [UInt64: NIODeadline] = [:]

    init(
        founding: ClusterFounding, here: ReplicaID, system: SystemHost, loops: [LoopHost], residence: ShardResidence,
        directory: PeerDirectory, peers: Peers, gossip: GossipHost, foundingHost: FoundingHost, logger: Logger
    ) {
        self.founding = founding
        self.here = here
        self.system = system
        self.loops = loops
        self.residence = residence
        self.directory = directory
        self.peers = peers
        self.gossip = gossip
        self.foundingHost = foundingHost
        self.logger = logger
        eventLoop = system.eventLoop
    }

    func start() {
        eventLoop.runNowOrSoon { [self] in
            timer = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { [self] _ in round() }
        }
    }

    func stop() { eventLoop.runNowOrSoon { self.timer?.cancel() } }

    /// The members as gossip knows them.
    var view: MembershipView { gossip.view }

    /// All groups that have a leader, as their leaders see them now.
    func collectReports() async -> GroupReports.Reports {
        let view = gossip.view
        return (try? await eventLoop.flatSubmit { self.gather(view) }.get()) ?? [:]
    }

    // MARK: A round

    private func round() {
        let view = gossip.view
        let cluster = system.shard.state.cluster
        directory.heard(view)
        directory.committed(cluster)
        peers.update(cluster.routes(shards: founding.shards))
        noteContact()
        foundingHost.clusterChanged(isUp: system.driver.leader != nil, peers: view.present.map(\.peer))
        let alive = Set(view.members.filter { $0.status == .alive }.map { ReplicaID($0.replica) }).union([here])
        residence.follow(cluster) { alive.contains($0) }
        guard system.driver.isLeader, case .leading = system.leadership, !roundIsUnderWay else { return }
        roundIsUnderWay = true
        if cluster.settings == nil {
            propose(founding.commands).whenComplete { [self] _ in roundIsUnderWay = false }
        } else if case let newcomers = newcomers(in: view, cluster), !newcomers.isEmpty {
            propose(newcomers).whenComplete { [self] _ in roundIsUnderWay = false }
        } else {
            control(view)
        }
    }

    private func noteContact() {
        let isCutOff = system.driver.silentNanoseconds > ReplicaDriver.leaderlessNanoseconds
        guard isCutOff != peers.isCutOff else { return }
        peers.isCutOff = isCutOff
        if isCutOff {
            logger.error("nothing is heard from a majority of the cluster: not ready")
        } else {
            logger.notice("a majority of the cluster is heard again")
        }
    }

    /// Asks all nodes for reports, then plans and proposes.
    private func control(_ view: MembershipView) {
        gather(view).whenComplete { [self] result in
            defer { roundIsUnderWay = false }
            guard case .success(let reports) = result, system.driver.isLeader else { return }
            let now = wallClock()
            let plan = PlacementPlanner.plan(
                system.shard.state.cluster, liveness: view.liveness(at: now), groups: reports.mapValues(\.report), at: now)
            carryOut(plan, view)
        }
    }

    /// Of two that say they lead a group, the one of the later term does.
    private func gather(_ view: MembershipView) -> EventLoopFuture<GroupReports.Reports> {
        let asked = view.present.filter { $0.replica != here.rawValue }.map { ask($0) }
        return EventLoopFuture.whenAllSucceed([GroupReports.gather(on: loops)] + asked, on: eventLoop).map { parts in
            parts.reduce(into: GroupReports.Reports()) { all, part in
                all.merge(part) { $0.term >= $1.term ? $0 : $1 }
            }
        }
    }

    private func carryOut(_ plan: PlacementPlan, _ view: MembershipView) {
        var commands = plan.memberStates.map { SystemCommand.setMemberState($0.replica, $0.state) }
        if !plan.placements.isEmpty { commands.append(.place(plan.placements)) }
        commands += plan.removals.map { .removeMember($0) }
        for change in plan.memberStates {
            logger.notice(
                "a member's state changes",
                metadata: ["node.replica": "\(ReplicaID(change.replica).text)", "node.state": "\(change.state.name)"])
        }
        _ = propose(commands)
        guard let group = plan.systemGroup else { return }
        if let leader = group.preferredLeader, leader != here.rawValue {
            try? system.driver.transfer(to: ReplicaID(leader))
        } else {
            system.driver.approach(
                voters: group.voters.map(ReplicaID.init), learners: group.learners.map(ReplicaID.init), preferredLeader: nil,
                isAlive: { _ in true })
        }
    }

    /// One after the other.
    private func propose(_ commands: [SystemCommand]) -> EventLoopFuture<Void> {
        var done = eventLoop.makeSucceededVoidFuture()
        for command in commands {
            done = done.flatMap { [self] in
                let promise = eventLoop.makePromise(of: Void.self)
                system.submit(command, by: WriteContext(actor: "system")) { result in
                    if case .success(let reply) = result {
                        for case .conflict(let words) in reply.outcomes {
                            self.logger.warning("a change of the cluster is refused", metadata: ["reason": "\(words)"])
                        }
                    }
                    promise.completeWith(result.map { _ in }.mapError { $0 as any Error })
                }
                return promise.futureResult
            }
        }
        return done
    }

    /// Nothing where the node does not answer.
    private func ask(_ member: ClusterMember) -> EventLoopFuture<GroupReports.Reports> {
        let promise = eventLoop.makePromise(of: GroupReports.Reports.self)
        loops[0].transport.post(
            PeerRequestPath.reports, [], to: ReplicaID(member.replica), over: .control, within: .seconds(2)
        ) { result in
            let reports = (try? result.get()).flatMap { try? GroupReports.decode($0) }
            promise.succeed(reports ?? [:])
        }
        return promise.futureResult
    }

    // MARK: Members

    /// A node may come back with an empty data directory, under its name; but not take the name of one that lives. Whoever
    /// listens at the other's address has made sure that it is gone.
    private static func holdsOn(_ old: Member, against newcomer: Member, in view: MembershipView) -> Bool {
        guard old.peerAddress != newcomer.peerAddress else { return false }
        return view.members.contains { $0.replica == old.replica && ($0.status == .alive || $0.status == .suspected) }
    }

    /// Said once in a while: the newcomer stays what it is until somebody looks.
    private func turnAway(_ newcomer: Member, for old: Member) {
        let now = NIODeadline.now()
        guard turnedAway[newcomer.replica].map({ now - $0 >= Self.turnedAwayLogTime }) ?? true else { return }
        if turnedAway.count >= Self.turnedAwayMax { turnedAway = [:] }
        turnedAway[newcomer.replica] = now
        logger.error(
            "a node is not let in: a member of that name lives",
            metadata: [
                "node.name": "\(newcomer.name)", "node.peer": "\(newcomer.peerAddress)", "member.peer": "\(old.peerAddress)",
            ])
    }

    /// Who is alive in gossip and not known as it is now.
    private func newcomers(in view: MembershipView, _ cluster: ClusterState) -> [SystemCommand] {
        view.members.filter { $0.status == .alive }.compactMap { found in
            let member = Member(found)
            guard let known = cluster.members[found.replica] else {
                guard let old = cluster.present(named: found.name) else { return .putMember(member) }
                guard !Self.holdsOn(old, against: member, in: view) else {
                    turnAway(member, for: old)
                    return nil
                }
                return .replaceMember(old: old.replica, member)
            }
            guard known.state.isPresent else { return nil }
            return known.saysSame(as: member) ? nil : .putMember(member)
        }
    }
}

extension Member {
    init(_ found: ClusterMember) {
        self.init(
            replica: found.replica, name: found.name, peerAddress: found.peer.description,
            apiAddress: found.client.description, region: found.region, zone: found.zone, isEdge: found.isEdge,
            since: wallClock())
    }

    /// What a node says of itself; its state is for others to say.
    fileprivate func saysSame(as other: Member) -> Bool {
        (name, peerAddress, apiAddress, region, zone) == (
            other.name, other.peerAddress, other.apiAddress, other.region, other.zone
        ) && isEdge == other.isEdge
    }
}

extension MembershipView {
    fileprivate func liveness(at now: Timestamp) -> [UInt64: Liveness] {
        let monotonic = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
        return members.reduce(into: [:]) { liveness, member in
            liveness[member.replica] =
                switch member.status {
                case .alive: .alive
                case .suspected: .suspected
                case .dead, .left:
                    .dead(since: Timestamp(milliseconds: now.milliseconds - max(0, monotonic - member.sinceMilliseconds)))
                }
        }
    }
}

extension ClusterState {
    /// Who has replicas of each shard, by position, the preferred leader first.
    fileprivate func routes(shards: Int) -> [[ReplicaID]] {
        (1...shards).map { shard in
            guard let placement = placements[shard] else { return [] }
            let first = placement.preferredLeader.map { [$0] } ?? []
            return (first + placement.replicas.filter { $0 != placement.preferredLeader }).map(ReplicaID.init)
        }
    }
}

// MARK: - Founding

extension ClusterFounding {
    /// What every founder begins with: all members, and where the shards are. The same on each of them.
    var firstState: ClusterState {
        let epoch = Timestamp(milliseconds: 0)
        let members = founders.map { founder in
            Member(
                replica: founder.replica, name: founder.name, peerAddress: founder.peer.description,
                apiAddress: founder.client.description, region: founder.region, zone: founder.zone, isEdge: false,
                since: epoch)
        }
        var state = ClusterState([.settings(settings)] + members.map(ClusterItem.member))
        let alive = Dictionary(uniqueKeysWithValues: founders.map { ($0.replica, Liveness.alive) })
        for placement in PlacementPlanner.plan(state, liveness: alive, groups: [:], at: epoch).placements {
            state.apply(.put(.placement(placement)))
        }
        return state
    }

    var settings: ClusterSettings {
        ClusterSettings(
            id: UUID128(high: cluster.high, low: cluster.low), shards: shards, replicationFactor: replicationFactor)
    }

    /// Who votes in the system group at first: up to five of the founders.
    var firstSystemVoters: Configuration {
        let ids = founders.map { ReplicaID($0.replica) }
        let voters = ids.prefix(SystemGroupPlan.votersMax)
        return Configuration(voters: Array(voters), learners: Array(ids.dropFirst(voters.count)))
    }

    /// What the system shard is told first.
    fileprivate var commands: [SystemCommand] {
        let state = firstState
        return [.configure(settings)] + state.sortedMembers.map { .putMember($0) } + [.place(state.sortedPlacements)]
    }
}
