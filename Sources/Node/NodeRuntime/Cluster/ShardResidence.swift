import Checkpoint
import Consensus
import LogStorage
import Logging
import Model
import NIOConcurrencyHelpers
import NIOCore
import Placement
import Shard
import WriteAheadLog

/// The replicas of shards that live on this node: they come and go as placement wants it.
///
/// A replica is given up only once the leader of its group says that it is no member any more.
final class ShardResidence: Sendable {
    private let here: ReplicaID
    private let loops: [LoopHost]
    private let shards: ShardDirectory
    private let checkpoint: Checkpoint
    private let limits: NodeOptions
    private let snapshots: any SnapshotSending
    private let logger: Logger
    private let state: NIOLockedValueBox<State>

    private struct State {
        /// What former replicas of this node have promised.
        var tombstones: [Int: HardState]
        /// Replicas that are being removed, or asked about.
        var leaving: Set<Int> = []
    }

    init(
        here: ReplicaID, loops: [LoopHost], shards: ShardDirectory, checkpoint: Checkpoint, limits: NodeOptions,
        snapshots: any SnapshotSending, tombstones: [Int: HardState], logger: Logger
    ) {
        self.here = here
        self.loops = loops
        self.shards = shards
        self.checkpoint = checkpoint
        self.limits = limits
        self.snapshots = snapshots
        self.logger = logger
        state = NIOLockedValueBox(State(tombstones: tombstones))
    }

    /// One step of each replica towards its placement.
    func follow(_ cluster: ClusterState, isAlive: @escaping @Sendable (ReplicaID) -> Bool) {
        for (shard, placement) in cluster.placements where shard <= shards.count {
            let loop = loops[LoopHost.position(of: GroupID(shard), among: loops.count)]
            let isWanted = placement.replicas.contains(here.rawValue)
            guard let host = shards[shard - 1] else {
                if isWanted { loop.eventLoop.runNowOrSoon { self.moveIn(shard, on: loop) } }
                continue
            }
            host.eventLoop.runNowOrSoon {
                host.driver.approach(
                    voters: placement.replicas.map(ReplicaID.init),
                    preferredLeader: placement.preferredLeader.map(ReplicaID.init), isAlive: isAlive)
                if !isWanted, !host.driver.isLeader { self.askWhetherToMoveOut(host, placement, on: loop) }
            }
        }
    }

    // MARK: Coming

    private func moveIn(_ shard: Int, on loop: LoopHost) {
        let tombstone: HardState?? = state.withLockedValue { state in
            guard !state.leaving.contains(shard), shards[shard - 1] == nil else { return .none }
            return .some(state.tombstones[shard])
        }
        guard case .some(let tombstone) = tombstone else { return }
        let start = tombstone.map { ReplicaStart(againWith: $0) } ?? ReplicaStart(newIn: nil)
        let replica = RaftReplica(
            group: GroupID(shard), id: here, start: start, seed: UInt64.random(in: .min ... .max), at: loop.instant)
        let slots = ShardState.slots(ofShard: shard - 1, of: shards.count)
        let host = ShardHost(
            number: shard, state: ShardState(slots: slots), replica: replica, host: loop, limits: limits,
            backlog: CheckpointBacklog(GroupPosition(.none)), snapshots: snapshots)
        shards.set(host, at: shard - 1)
        loop.adopt(host)
        logger.notice("a replica moves in", metadata: ["raft.group": "\(shard)"])
    }

    // MARK: Going

    private func askWhetherToMoveOut(_ host: ShardHost, _ placement: ShardPlacement, on loop: LoopHost) {
        let shard = host.number
        guard state.withLockedValue({ $0.leaving.insert(shard).inserted }) else { return }
        ask(placement.replicas.map(ReplicaID.init)[...], host, on: loop)
    }

    /// Asks one replica after the other until the leader answers.
    private func ask(_ replicas: ArraySlice<ReplicaID>, _ host: ShardHost, on loop: LoopHost) {
        guard let next = replicas.first else { return stays(host.number) }
        loop.transport.post(
            PeerRequestPath.members, host.group.littleEndianBytes, to: next, over: .control, within: .seconds(2)
        ) { [self] result in
            guard let bytes = try? result.get(), let members = try? Configuration(encoded: bytes) else {
                return ask(replicas.dropFirst(), host, on: loop)
            }
            if members.isMember(here) { stays(host.number) } else { moveOut(host, on: loop) }
        }
    }

    private func stays(_ shard: Int) { state.withLockedValue { _ = $0.leaving.remove(shard) } }

    private func moveOut(_ host: ShardHost, on loop: LoopHost) {
        let shard = host.number
        let status = host.driver.status
        let hardState = HardState(term: status.term, vote: status.vote)
        shards.set(nil, at: shard - 1)
        loop.abandon(shard)
        loop.forget(host.group) { [self] in
            checkpoint.remove(shard: shard) { [self] result in
                if case .failure(let error) = result {
                    logger.error(
                        "what a replica left in the checkpoint stays",
                        metadata: ["raft.group": "\(shard)", "error": "\(error)"])
                }
                state.withLockedValue { state in
                    state.tombstones[shard] = hardState
                    state.leaving.remove(shard)
                }
            }
        }
        logger.notice("a replica has moved out", metadata: ["raft.group": "\(shard)"])
    }
}
