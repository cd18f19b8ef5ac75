import Consensus
import Linearizability
import Model
import Shard
import WriteAheadLog

/// A node: one replica of every group, on one disk, under one clock.
final class SimulatedNode {
    enum Condition: Equatable {
        case up, paused, down
    }

    /// Its address. Stays when the node is wiped; its id does not.
    let position: Int
    var id: ReplicaID
    var condition = Condition.down
    /// Counts starts and stops: what was scheduled in an earlier life is void.
    var life = 0
    var clock: NodeClock
    /// Entries, truncations and snapshots.
    var log: SimulatedDisk
    /// Hard states and marks. Synced together with `log`; its damage is not simulated, as if it were kept twice.
    var meta: SimulatedDisk
    var replicas: [SimulatedReplica] = []
    /// What is to be written next, while another write may be under way.
    var batch = WriteBatch()
    var writing: WriteBatch?
    /// When the next timer is to come, in virtual time.
    var timerAt: Microseconds = .max
    /// What came while the node was paused.
    var held: [LifeEvent] = []
    /// By group: the newest members that the node's log held, up or down. Survives the process, to judge what may be lost.
    var knownMembers: [IndexedConfiguration] = []
    /// By group: whether its replica lost entries that it may have acknowledged, and is not repaired.
    var isSuspect: [Bool] = []
    /// The newest catalogue that it has heard of in this life.
    var catalog: UInt64 = 1
    /// What its replicas say in this turn, where that travels as bytes.
    var heartbeats: HeartbeatGatherer
    var outbox: [(peer: ReplicaID, frames: [UInt8])] = []
    var sink: SimulatedSink
    /// Counts syncs, for a bug that leaves every other one out.
    var syncCount = 0

    init(position: Int, clock: NodeClock, log: SimulatedDisk, meta: SimulatedDisk) {
        self.position = position
        id = ReplicaID(UInt64(position + 1))
        heartbeats = HeartbeatGatherer(from: id)
        self.clock = clock
        self.log = log
        self.meta = meta
        sink = SimulatedSink(nil, [], at: 0)
    }

    /// Ids of one position differ by this: a wiped node comes back under the next.
    static let idStride: UInt64 = 1_000

    /// The position of the node that has, or had, this id.
    static func position(of id: ReplicaID) -> Int { Int((id.rawValue - 1) % idStride) }
}

/// What one sync makes durable.
struct WriteBatch {
    var log: [UInt8] = []
    var meta: [UInt8] = []
    /// The newest ticket of each group that has one.
    var tickets: [(group: Int, ticket: WriteTicket)] = []
    /// Groups with a snapshot in this batch, and where it stands.
    var snapshots: [(group: Int, point: LogPoint)] = []

    /// By group: the last entry of the log as it is now that this batch makes durable.
    var ends: [(group: Int, index: UInt64)] = []
    /// Groups that are no longer suspect once this batch is durable.
    var repaired: [Int] = []
    /// By group: the hard state that this batch makes durable.
    var hardStates: [(group: Int, hardState: HardState)] = []

    var isEmpty: Bool { log.isEmpty && meta.isEmpty }

    mutating func extends(_ group: Int, to index: UInt64) {
        if let position = ends.firstIndex(where: { $0.group == group }) {
            ends[position].index = index
        } else {
            ends.append((group, index))
        }
    }

    /// The group's log was cut: what this batch holds above is void.
    mutating func truncated(_ group: Int, to index: UInt64) {
        for position in ends.indices where ends[position].group == group {
            ends[position].index = min(ends[position].index, index)
        }
    }

    mutating func note(_ ticket: WriteTicket, group: Int) {
        if let position = tickets.firstIndex(where: { $0.group == group }) {
            tickets[position].ticket = ticket
        } else {
            tickets.append((group, ticket))
        }
    }
}

/// One replica: the core, its state machine, and who waits for it.
struct SimulatedReplica {
    struct WaitingWrite {
        let id: OperationID
        let term: UInt64
    }

    enum WaitingRead {
        /// `atCall`: what the state said when the read came, for a bug that answers with it.
        case read(ClientRequest, atCall: ClientAnswer?)
        /// An answer of a shard that holds if this replica still leads.
        case confirmation(ShardReply, SimulatedShard.Asker)
    }

    var core: RaftReplica
    /// What it replicates, unless that is a shard.
    var machine: RegisterMachine
    let shard: SimulatedShard?
    var stored: StoredLog
    /// The last applied entry, and the members as of it.
    var applied: LogPoint
    var members: Configuration
    /// The members in force: appended, committed or not.
    var configuration: IndexedConfiguration
    var hardStateNumber: UInt64
    /// Index of the newest snapshot, durable or on its way.
    var snapshotIndex: UInt64
    var writes: [UInt64: WaitingWrite] = [:]
    var reads: [ReadID: WaitingRead] = [:]
    var readCount: ReadID = 0
    /// Proposals and reads of this turn, for which the core is to be asked at its end.
    var isStaged = false
    var newReads: [ReadID] = []
    /// The snapshot that the core was offered, until it asks to restart from it.
    var offered: SnapshotTransfer?
    /// Snapshots on their way to others, to here, and about to become the state.
    var sendings: [ReplicaID: SnapshotSending] = [:]
    var receiving: SnapshotReceiving?
    var staged: StagedSnapshot?
    var installing: SnapshotInstalling?
    var role = RoleName.follower
    /// What it knew to be committed when it became leader.
    var commitAtElection: UInt64 = 0
    /// The last entry that is on disk, and the hard state that is, by the disk's own account.
    var syncedIndex: UInt64
    var syncedHardState: HardState
    /// The log was cut or restarted in this turn.
    var logWasCut = false
}

// MARK: - The state machine

extension SimulatedReplica {
    var appliedIndex: UInt64 { shard?.shard.state.appliedIndex ?? machine.appliedIndex }

    /// Equal for equal states, whatever way led to them.
    var stateHash: UInt64 { shard?.stateHash ?? machine.stateHash }

    /// The whole state. `withAnswers` false leaves the idempotency table out: a planted bug.
    func snapshot(withAnswers: Bool) -> [UInt8] {
        shard?.snapshot(withAnswers: withAnswers) ?? machine.snapshot(withAnswers: withAnswers)
    }

    /// The state from `snapshot` takes the place of everything that was. False for other bytes.
    mutating func install(_ snapshot: [UInt8]) -> Bool {
        guard let shard else {
            guard let machine = RegisterMachine(snapshot: snapshot) else { return false }
            self.machine = machine
            return true
        }
        do throws(CodecError) { try shard.install(snapshot: snapshot) } catch { return false }
        return true
    }

    /// What a read of the applied state answers; nil where its row cannot be read.
    func answer(_ request: ClientRequest) -> ClientAnswer? {
        guard let shard else { return .register(.value(machine.value(of: request.key))) }
        do throws(CodecError) { return .resource(.record(try shard.view(request.key))) } catch { return nil }
    }
}
