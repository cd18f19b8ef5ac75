import Checkpoint
import Consensus
import LogStorage
import Model
import NIOCore
import Placement
import Shard
import Sink
import WriteAheadLog

/// The system shard's replica on its event loop; publishes a new catalogue to all loops whenever one is applied.
final class SystemHost: @unchecked Sendable {
    typealias Completion = (Result<ShardReply, NodeError>) -> Void

    private(set) var shard: SystemShard
    let eventLoop: any EventLoop
    let driver: ReplicaDriver
    private(set) var leadership = Leadership.following(leader: nil)
    private unowned let host: LoopHost
    private let snapshots: any SnapshotSending
    private var catalog: Catalog
    private let publish: (Catalog) -> Void
    private let superseded: (Succession) -> Void
    private var waiters = ReplyQueue()
    /// Who waits for entries to be applied here.
    private var watchers = ReplyQueue()
    /// The same of those who wait no longer than until a deadline.
    private let reads = AppliedWatchers()
    private(set) var backlog: SystemBacklog
    /// Its end of the sink to PostgreSQL, where there is one.
    var tap: SinkTap?
    /// As of a shard's.
    let isCopy: Bool
    private var stopping = false
    /// Rings when the next rule starts or ends.
    private var boundary: Scheduled<Void>?

    let group = GroupID(SystemShard.group)

    init(
        state: SystemState, replica: RaftReplica, host: LoopHost, backlog: SystemBacklog, catalog: Catalog,
        snapshots: any SnapshotSending, isCopy: Bool = false, publish: @escaping (Catalog) -> Void,
        superseded: @escaping (Succession) -> Void
    ) {
        shard = SystemShard(state: state)
        eventLoop = host.eventLoop
        self.host = host
        self.backlog = backlog
        self.catalog = catalog
        self.snapshots = snapshots
        self.isCopy = isCopy
        self.publish = publish
        self.superseded = superseded
        tap = SinkTap(host.sink, appliedIndex: state.appliedIndex, auditSequence: state.auditSequence)
        driver = ReplicaDriver(replica, on: host)
        driver.machine = self
        heedSuccession()
    }

    func submit(_ command: SystemCommand, by context: WriteContext, _ completion: @escaping Completion) {
        eventLoop.preconditionInEventLoop()
        guard !stopping else { return completion(.failure(.stopping)) }
        if command.isForWhoeverIsInCharge, let succession = shard.state.cluster.succession {
            return completion(.failure(.superseded(succession.successor)))
        }
        switch leadership {
        case .following(let leader): return completion(.failure(.notLeader(leader)))
        case .elected: return completion(.failure(.notLeader(nil)))
        case .leading: break
        }
        let outcome: OnProposed<[SystemState.Effect]>
        do throws(ShardError) {
            shard.advance(to: driver.lastIndex)
            outcome = try shard.propose(command, by: context, at: host.now())
        } catch {
            return completion(.failure(NodeError(error)))
        }
        switch outcome {
        case .answer(let reply, let after):
            // A read: it is to be sure that nobody else has led meanwhile.
            let confirm: Completion = { [self] result in
                guard case .success = result else { return completion(result) }
                driver.confirmRead { confirmed in completion(confirmed.map { reply }) }
            }
            guard after <= shard.state.appliedIndex else { return waiters.wait(for: after, reply, confirm) }
            confirm(.success(reply))
        case .append(let proposal): append(proposal, completion)
        }
    }

    /// Calls back once the catalogue here holds everything that was acknowledged before the call.
    func confirmRead(_ completion: @escaping ReplicaDriver.ReadCompletion) {
        guard !stopping else { return completion(.failure(.stopping)) }
        if isCopy { return completion(.success(())) }
        driver.confirmRead(completion)
    }

    /// Calls back once the entry of `reply` is applied here and its catalogue published.
    func whenApplied(_ reply: ShardReply, _ completion: @escaping Completion) {
        guard reply.index > shard.state.appliedIndex else { return completion(.success(reply)) }
        watchers.wait(for: reply.index, reply, completion)
    }

    /// Calls back once the entry of `index` is applied here and its catalogue published, or with false when that was not so by the
    /// deadline.
    func whenApplied(_ index: UInt64, by deadline: NIODeadline, _ completion: @escaping AppliedWatchers.Completion) {
        guard index > shard.state.appliedIndex else { return completion(true) }
        guard !stopping else { return completion(false) }
        reads.wait(for: index, by: deadline, on: eventLoop, completion)
    }

    func takeCheckpointBatch() -> SystemCheckpointBatch? {
        guard !driver.isInstalling else { return nil }
        return backlog.take(from: shard.state)
    }

    func checkpointWritten() { backlog.written() }

    /// Takes no more commands; those in the log finish.
    func stop() {
        stopping = true
        boundary?.cancel()
    }

    /// The log is closed. What it did not make durable here, others may have.
    func logClosed() {
        let unfinished: NodeError = driver.isAlone ? .stopping : .outcomeUnknown
        driver.stop()
        reads.stop()
        for completion in waiters.takeAll() + watchers.takeAll() { completion(.failure(unfinished)) }
    }

    /// A snapshot takes the place of everything that was.
    func install(_ state: SystemState, backlog: SystemBacklog) {
        shard.install(state)
        self.backlog = backlog
        tap?.restart(appliedIndex: state.appliedIndex, auditSequence: state.auditSequence)
        publishCatalog()
        reads.applied(upTo: state.appliedIndex)
        heedSuccession()
    }

    /// A copy is brought forward.
    /// - Parameter publishing: the catalogue is another one.
    func install(_ state: SystemState, publishing: Bool) {
        eventLoop.preconditionInEventLoop()
        precondition(isCopy, "the system shard has a log")
        shard.install(state)
        if publishing { publishCatalog() }
        reads.applied(upTo: state.appliedIndex)
    }

    /// Every loop is told that another cluster is in charge.
    private func heedSuccession() {
        if let succession = shard.state.cluster.succession { superseded(succession) }
    }

    private func publishCatalog() {
        catalog = Catalog(shard.state, after: catalog)
        publish(catalog)
        watchTime()
    }

    // MARK: Rules that start and end, plans that expire

    /// The wall clock may be set while nobody looks: it is asked again at least this often.
    private static let boundaryWaitMillisecondsMax: Int64 = 30_000
    /// Until a rule's start or end is tried again that could not be written.
    private static let boundaryRetry = TimeAmount.seconds(1)

    /// While this replica leads, waits for the next rule to start or end, or plan to expire.
    private func watchTime() {
        boundary?.cancel()
        boundary = nil
        guard case .leading = leadership, !stopping, shard.state.cluster.succession == nil,
            let next = shard.state.nextBoundary
        else { return }
        let wait = max(0, next.milliseconds - host.now().milliseconds)
        wakeUp(in: .milliseconds(min(wait, Self.boundaryWaitMillisecondsMax)))
    }

    private func wakeUp(in wait: TimeAmount) {
        boundary = eventLoop.scheduleTask(in: wait) { [weak self] in self?.timePassed() }
    }

    private func timePassed() {
        boundary = nil
        guard case .leading = leadership, !stopping, shard.state.cluster.succession == nil,
            let next = shard.state.nextBoundary
        else { return }
        guard next <= host.now() else { return watchTime() }
        submit(.passTime, by: WriteContext(actor: "system")) { [self] _ in
            // Where it was written the new catalogue has set the clock anew.
            guard boundary == nil, case .leading = leadership, !stopping else { return }
            wakeUp(in: Self.boundaryRetry)
        }
    }

    private func append(_ proposal: Proposal<[SystemState.Effect]>, _ completion: @escaping Completion) {
        do {
            let point = try host.reserving(bytes: proposal.encoded.count) { () throws(ProposalRefusal) in
                try driver.propose(proposal.encoded)
            }
            precondition(point.index == proposal.index, "\(point) was to be entry \(proposal.index) of the system shard")
            shard.appended(proposal, term: point.term)
        } catch {
            return completion(.failure(NodeError(refusal: error)))
        }
        waiters.wait(for: proposal.index, proposal.reply, completion)
    }
}

// MARK: - The group's log

extension SystemHost: ReplicatedMachine {
    func apply(_ entries: [Entry]) {
        var (catalogChanged, plansChanged) = (false, false)
        for entry in entries {
            do throws(CodecError) {
                let changes = try shard.apply(entry.data, at: entry.index, term: entry.term)
                backlog.note(changes, entry)
                tap?.feed.applied([], changes.audit, at: entry.index)
                host.pressure.noted(entries: 1, bytes: entry.data?.count ?? 0, changes: changes.items.count)
                catalogChanged = catalogChanged || changes.catalogChanged
                plansChanged = plansChanged || changes.plansChanged
                if changes.clusterChanged { heedSuccession() }
            } catch {
                return host.systemFailed(at: entry.index, error.message)
            }
        }
        // Published before the answer: whoever hears of the new rule may rely on it.
        if catalogChanged { publishCatalog() } else if plansChanged { watchTime() }
        let applied = shard.state.appliedIndex
        for (reply, completion) in waiters.take(upTo: applied) + watchers.take(upTo: applied) {
            completion(.success(reply))
        }
        reads.applied(upTo: applied)
        if leadership.applied(upTo: applied) {
            shard.termChanged()
            watchTime()
        }
        tap?.tell(SystemShard.group, leadership, applied, shard.state.auditSequence)
    }

    func roleChanged(_ change: RoleChange) {
        guard leadership.changed(change, last: driver.lastIndex) else { return }
        shard.termChanged()
        tap?.board.follows(SystemShard.group)
        watchTime()
        for completion in waiters.takeAll() { completion(.failure(.outcomeUnknown)) }
    }

    func understands(_ bytes: [UInt8], at point: LogPoint) -> Bool { (try? [SystemState.Effect](decoding: bytes)) != nil }

    func snapshotNeeded(by peer: ReplicaID) { snapshots.send(SystemShard.group, to: peer, from: driver, on: host) }
}
