import Testing
import WriteAheadLog

@testable import Consensus

/// A group's replicas in one thread of virtual time, with a network and disks that misbehave. All chance comes from the
/// seed: the same seed gives the same run.
struct SimulatedCluster {
    struct Faults {
        var lossPercent: UInt64 = 5
        var duplicatePercent: UInt64 = 5
        var delayMillisecondsMax: UInt64 = 20
        var writeMillisecondsMax: UInt64 = 10
        var crashes = true
        var partitions = true
        var memberChanges = true
        var tailLosses = false
    }

    enum Event {
        case deliver(Message)
        case writesEnd(ReplicaID, life: Int)
        case deadline(ReplicaID, life: Int)
        case fetched(ReplicaID, life: Int, EntryFetch)
        case snapshotArrives(SnapshotPoint, SimulatedState, from: ReplicaID, to: ReplicaID, life: Int)
        case restart(ReplicaID)
        case mischief
        case work
    }

    final class Node {
        var replica: RaftReplica?
        var disk: SimulatedDisk
        var state: SimulatedState
        var pending: [LogWrite] = []
        var writeUnderWay = false
        var life = 0
        /// Reads under way here: the highest index that anybody had acknowledged when they were asked.
        var reads: [ReadID: UInt64] = [:]
        /// Proposals of this node's, in its present life.
        var proposals: [UInt64: UInt64] = [:]
        var deadlineSet: Instant?

        init(disk: SimulatedDisk) {
            self.disk = disk
            state = disk.checkpoint
        }
    }

    let seed: UInt64
    var random: RandomSource
    var settings = ConsensusSettings()
    var faults: Faults
    var now: UInt64 = 0
    var queue = EventQueue<Event>()
    var nodes: [ReplicaID: Node] = [:]
    let ids: [ReplicaID]
    var cut: Set<[ReplicaID]> = []
    var isHealed = false
    /// Clients have stopped.
    var quietFrom = UInt64.max
    var lastRead: ReadID = 0
    var lastPayload: UInt64 = 0

    // What the oracles remember.
    var leaders: [UInt64: ReplicaID] = [:]
    var history: [UInt64: (point: LogPoint, digest: UInt64)] = [:]
    var acknowledged: UInt64 = 0
    var violations: [String] = []
    var readsAnswered = 0
    var snapshotsTaken = 0
    var trace: [String]?

    init(seed: UInt64, voters: Int, spares: Int = 0, faults: Faults = Faults(), plantedBugs: PlantedBugs = []) {
        self.seed = seed
        self.faults = faults
        random = RandomSource(seed: seed)
        settings.heartbeatMilliseconds = 10
        settings.electionMilliseconds = 60
        settings.appendMilliseconds = 40
        settings.appendBytesMax = 200
        settings.inflightAppendsMax = 4
        settings.windowBytesMax = 800
        settings.fetchBytesMax = 300
        settings.uncommittedBytesMax = 2000
        settings.plantedBugs = plantedBugs
        ids = (1...UInt64(voters + spares)).map { ReplicaID($0) }
        let founders = Configuration(voters: Array(ids.prefix(voters)))
        for id in ids {
            let disk = SimulatedDisk(founders: id.rawValue <= UInt64(voters) ? founders : nil)
            nodes[id] = Node(disk: disk)
            start(id)
        }
        queue.add(.mischief, at: 50)
        queue.add(.work, at: 100)
    }

    // MARK: Running

    /// Runs until `milliseconds` of virtual time or a violation.
    mutating func run(until milliseconds: UInt64) {
        while violations.isEmpty, now < milliseconds, let (time, event) = queue.next() {
            now = time
            handle(event)
        }
    }

    /// Ends all faults and runs until the replicas agree. Adds a violation where they do not.
    mutating func converge(within milliseconds: UInt64 = 5_000) {
        guard violations.isEmpty else { return }
        isHealed = true
        quietFrom = now + 1_000
        cut = []
        for id in ids where nodes[id]?.replica == nil { start(id) }
        let end = now + milliseconds
        while violations.isEmpty, now < end {
            run(until: now + 200)
            if hasConverged { return }
        }
        if violations.isEmpty { violate("did not converge: \(summary)") }
    }

    private var hasConverged: Bool {
        guard let leader = ids.first(where: { nodes[$0]?.replica?.isLeader == true }),
            let status = nodes[leader]?.replica?.status(at: instant), status.commit == status.last.index,
            status.configurationCommitted, !status.configuration.configuration.isJoint
        else { return false }
        return status.configuration.configuration.members.allSatisfy { member in
            nodes[member]?.state.applied.index == status.last.index && nodes[member]?.replica?.suspect == nil
        }
    }

    var summary: String {
        ids.map { id in
            guard let node = nodes[id], let status = node.replica?.status(at: instant) else { return "\(id) down" }
            return "\(id) \(status.role) term \(status.term) last \(status.last.index) durable \(status.durable) commit "
                + "\(status.commit) applied \(node.state.applied.index)\(status.isSuspect ? " suspect" : "") "
                + "in \(status.configuration.configuration)"
        }.joined(separator: "; ")
    }

    var instant: Instant { Instant(milliseconds: now) }

    mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    mutating func pick<T>(_ choices: [T]) -> T? {
        choices.isEmpty ? nil : choices[Int(random.next() % UInt64(choices.count))]
    }

    mutating func violate(_ text: String) { violations.append("seed \(seed) at \(now) ms: \(text)") }

    // MARK: Events

    private mutating func handle(_ event: Event) {
        switch event {
        case .deliver(let message):
            trace?.append("\(now) \(message.from)→\(message.to) t\(message.term) \(message.body)")
            step(message.to) { $0.received(message, at: $1) }
        case .writesEnd(let id, let life): if nodes[id]?.life == life { writesEnd(id) }
        case .deadline(let id, let life):
            guard nodes[id]?.life == life else { return }
            nodes[id]?.deadlineSet = nil
            step(id) { $0.deadlinePassed(at: $1) }
        case .fetched(let id, let life, let fetch):
            guard nodes[id]?.life == life, let disk = nodes[id]?.disk else { return }
            let found = disk.entries(from: fetch.from, through: fetch.through, bytesMax: fetch.bytesMax)
            let result: FetchResult = found.map { .entries($0) } ?? .compacted
            step(id) { $0.entriesFetched(fetch, result, at: $1) }
        case .snapshotArrives(let point, let state, let sender, let receiver, let life):
            let arrives = nodes[receiver]?.replica != nil && (isHealed || !chance(20))
            if arrives {
                nodes[receiver]?.disk.staged[point.point] = state
                step(receiver) { $0.snapshotReceived(point, at: $1) }
            }
            guard nodes[sender]?.life == life else { return }
            step(sender) { $0.snapshotReported(peer: receiver, delivered: arrives ? point.point : nil, at: $1) }
        case .restart(let id): if nodes[id]?.replica == nil { start(id) }
        case .mischief:
            if !isHealed { mischief() }
            queue.add(.mischief, at: now + 1 + random.next() % 60)
        case .work:
            if now < quietFrom { work() }
            queue.add(.work, at: now + 1 + random.next() % 12)
        }
    }

    /// Lets a replica take an event, carries out its effects, and looks whether its next deadline has moved.
    mutating func step(_ id: ReplicaID, _ event: (inout RaftReplica, Instant) -> [Effect]) {
        guard let node = nodes[id], let effects = node.replica.take(event, instant) else { return }
        for effect in effects { carryOut(effect, of: id) }
        guard let deadline = node.replica?.nextDeadline else { return }
        if node.deadlineSet.map({ deadline < $0 }) ?? true {
            node.deadlineSet = deadline
            queue.add(.deadline(id, life: node.life), at: max(now, deadline.nanoseconds / 1_000_000 + 1))
        }
    }

    private mutating func carryOut(_ effect: Effect, of id: ReplicaID) {
        switch effect {
        case .persist(let write):
            nodes[id]?.pending.append(write)
            if let restart = write.restart {
                if let state = nodes[id]?.disk.staged[restart.point] { nodes[id]?.state = state }
                snapshotsTaken += 1
            }
            beginWrite(id)
        case .send(let message): transmit(message)
        case .fetchEntries(let fetch):
            queue.add(.fetched(id, life: nodes[id]?.life ?? 0, fetch), at: now + random.next() % 5)
        case .apply(let entries): apply(entries, at: id)
        case .readsReady(let reads, let index): readsReady(reads, index: index, at: id)
        case .readsFailed(let reads, _): for read in reads { nodes[id]?.reads[read] = nil }
        case .needsSnapshot(let peer): sendSnapshot(from: id, to: peer)
        case .roleChanged(let change): roleChanged(change, of: id)
        case .repaired: nodes[id]?.disk.suspectAfter = nil
        case .configurationChanged, .transferAborted: break
        case .halted(let violation): violate("\(id) halted: \(violation)")
        }
    }

    // MARK: Disk

    private mutating func beginWrite(_ id: ReplicaID) {
        guard let node = nodes[id], !node.writeUnderWay, !node.pending.isEmpty else { return }
        nodes[id]?.writeUnderWay = true
        queue.add(.writesEnd(id, life: node.life), at: now + random.next() % (faults.writeMillisecondsMax + 1))
    }

    /// Some or all of the writes under way are on disk. The news of it may be of any of them.
    private mutating func writesEnd(_ id: ReplicaID) {
        guard let pending = nodes[id]?.pending, !pending.isEmpty else { return }
        let count = 1 + Int(random.next() % UInt64(pending.count))
        for write in pending.prefix(count) { nodes[id]?.disk.carryOut(write) }
        nodes[id]?.pending.removeFirst(count)
        nodes[id]?.writeUnderWay = false
        beginWrite(id)
        let ticket = pending[count - 1].ticket
        step(id) { $0.persisted(upTo: ticket, at: $1) }
        if chance(10) { step(id) { $0.persisted(upTo: ticket / 2, at: $1) } }
    }

    mutating func start(_ id: ReplicaID) {
        guard let node = nodes[id] else { return }
        node.life += 1
        node.state = node.disk.checkpoint
        node.pending = []
        node.writeUnderWay = false
        node.reads = [:]
        node.proposals = [:]
        node.deadlineSet = nil
        node.replica = RaftReplica(
            group: 7, id: id, settings: settings, start: node.disk.start(windowBytesMax: settings.windowBytesMax),
            seed: random.next(), at: instant)
        trace?.append("\(now) \(id) starts, term \(node.disk.hardState.term) last \(node.disk.last)")
        step(id) { $0.started(at: $1) }
    }

    mutating func crash(_ id: ReplicaID) {
        guard nodes[id]?.replica != nil, let pending = nodes[id]?.pending else { return }
        // Any first part of the writes under way may have reached the disk.
        let survived = Int(random.next() % UInt64(pending.count + 1))
        for write in pending.prefix(survived) { nodes[id]?.disk.carryOut(write) }
        nodes[id]?.replica = nil
        nodes[id]?.life += 1
        trace?.append("\(now) \(id) crashes")
        // Often so soon that the others are still in the midst of what it forgot.
        queue.add(.restart(id), at: now + 1 + random.next() % (chance(50) ? 8 : 300))
    }

    // MARK: Network

    private mutating func transmit(_ message: Message) {
        if cut.contains([message.from, message.to]) || (!isHealed && chance(faults.lossPercent)) { return }
        let copies = !isHealed && chance(faults.duplicatePercent) ? 2 : 1
        for _ in 0..<copies {
            let delay = 1 + random.next() % (isHealed ? 3 : faults.delayMillisecondsMax)
            queue.add(.deliver(message), at: now + (chance(2) && !isHealed ? delay * 10 : delay))
        }
    }

    private mutating func sendSnapshot(from id: ReplicaID, to peer: ReplicaID) {
        guard let node = nodes[id], let point = node.replica?.snapshotPoint(at: node.state.applied.index) else { return }
        if point.point != node.state.applied || point.configuration != node.state.configuration {
            violate("\(id) snapshot with other members than its state")
        }
        queue.add(
            .snapshotArrives(point, node.state, from: id, to: peer, life: node.life), at: now + 1 + random.next() % 40)
    }
}

extension Optional where Wrapped == RaftReplica {
    /// Lets the replica take an event in place.
    fileprivate mutating func take(_ event: (inout RaftReplica, Instant) -> [Effect], _ now: Instant) -> [Effect]? {
        guard var replica = self else { return nil }
        self = nil
        defer { self = replica }
        return event(&replica, now)
    }
}
