import Checkpoint
import Consensus
import DequeModule
import LogStorage
import Model
package import NIOCore
import PropertyGraph
package import Shard
import Sink
import WriteAheadLog

/// A replica of a shard on its event loop: takes commands while it leads, proposes their entries to the group, answers when
/// they are applied, feeds the checkpoint. Everything here is touched on that loop alone.
package final class ShardHost: @unchecked Sendable {
    typealias Completion = (Result<ShardReply, NodeError>) -> Void

    package let number: Int
    package let eventLoop: any EventLoop
    package private(set) var shard: Shard
    /// Of a copy it stands still from the beginning.
    let driver: ReplicaDriver
    /// The rows come from the database of this region, which follows another one: here nobody leads, and what is here is told at once.
    let isCopy: Bool
    private(set) var leadership = Leadership.following(leader: nil)
    private unowned let host: LoopHost
    private let limits: NodeOptions
    private let snapshots: any SnapshotSending
    private var waiters = ReplyQueue()
    /// Reads that wait for an entry to be applied here.
    private let watchers = AppliedWatchers()
    /// Writes that wait for the checkpoint, for the catalogue, or for what an earlier leader left; oldest first.
    private var parked: Deque<ParkedWrite> = []
    private(set) var backlog: CheckpointBacklog
    /// Its end of the sink to PostgreSQL, where there is one.
    var tap: SinkTap?
    /// What the graph has not taken in yet.
    var graphFeed = GraphFeed()
    /// Set while a sweep is under way.
    private var sweep: SweepPace?
    private var isSliceScheduled = false
    private var slicesInFlight = 0
    /// Why nothing is taken any more; nil while it is.
    private var refusal: NodeError?

    var group: GroupID { GroupID(number) }

    private struct ParkedWrite {
        let command: ShardCommand
        let context: WriteContext
        let completion: Completion
    }

    init(
        number: Int, state: ShardState, replica: RaftReplica, host: LoopHost, limits: NodeOptions,
        backlog: CheckpointBacklog,
        snapshots: any SnapshotSending, isCopy: Bool = false
    ) {
        self.number = number
        eventLoop = host.eventLoop
        shard = Shard(number: number, state: state)
        self.host = host
        self.limits = limits
        self.backlog = backlog
        self.snapshots = snapshots
        self.isCopy = isCopy
        tap = SinkTap(host.sink, appliedIndex: state.appliedIndex, auditSequence: state.auditSequence)
        driver = ReplicaDriver(replica, on: host)
        driver.machine = self
    }

    // MARK: Events

    /// Carries the command out; `completion` is called once, on the loop, when it is applied or refused.
    func submit(_ command: ShardCommand, by context: WriteContext, _ completion: @escaping Completion) {
        eventLoop.preconditionInEventLoop()
        if let refusal { return completion(.failure(refusal)) }
        if let successor = host.successor { return completion(.failure(.superseded(successor))) }
        if case .following(let leader) = leadership { return completion(.failure(.notLeader(leader))) }
        guard mayWrite else {
            guard parked.count < limits.waitingWritesMax else { return completion(.failure(.overloaded)) }
            return parked.append(ParkedWrite(command: command, context: context, completion: completion))
        }
        carryOut(command, by: context, completion)
    }

    /// Calls back once the state here holds everything that was acknowledged before the call.
    func confirmRead(_ completion: @escaping ReplicaDriver.ReadCompletion) {
        if let refusal { return completion(.failure(refusal)) }
        if isCopy { return completion(.success(())) }
        driver.confirmRead(completion)
    }

    /// A new version of the catalogue is in force on this loop.
    func catalogChanged() {
        shard.catalogChanged()
        releaseParked()
        startSweepIfNeeded()
    }

    /// Takes no more commands. Those that wait are refused, those in the log finish.
    /// - Parameter reason: what they are told; `notLeader` where only this replica goes.
    func stop(_ reason: NodeError = .stopping) {
        refusal = reason
        refuseParked(reason)
    }

    /// The log is closed. What it did not make durable here, others may have.
    func logClosed() {
        let unfinished: NodeError = driver.isAlone ? .stopping : .outcomeUnknown
        let refusal = refusal ?? .stopping
        driver.stop(refusal)
        watchers.stop()
        for completion in waiters.takeAll() { completion(.failure(unfinished)) }
    }

    /// A snapshot takes the place of everything that was.
    func install(_ state: ShardState, backlog: CheckpointBacklog) {
        shard.install(state)
        self.backlog = backlog
        tap?.restart(appliedIndex: state.appliedIndex, auditSequence: state.auditSequence)
        graphFeed.replaced()
        watchers.applied(upTo: state.appliedIndex)
    }

    // MARK: Copies

    /// Rows of a copy that changed, and those that are gone; to that point once nothing of it is missing.
    func bringForward(
        _ changed: [(id: ResourceID, bytes: [UInt8])], gone: [ResourceID],
        to point: (appliedIndex: UInt64, auditSequence: UInt64)?
    ) throws(CodecError) {
        eventLoop.preconditionInEventLoop()
        precondition(isCopy, "shard \(number) has a log")
        graphFeed.noted(changed.map(\.id) + gone)
        try shard.bringForward(changed, gone: gone, to: point)
        watchers.applied(upTo: shard.state.appliedIndex)
    }

    /// A copy is made anew.
    func install(_ state: ShardState) { install(state, backlog: CheckpointBacklog(GroupPosition(.none))) }

    // MARK: Checkpoint

    /// What changed since the last batch, and everything needed to write it; nil when nothing did or one is under way.
    func takeCheckpointBatch() -> CheckpointBatch? {
        guard !driver.isInstalling else { return nil }
        return backlog.take(from: shard.state, shard: number)
    }

    func checkpointWritten() {
        backlog.written()
        releaseParked()
    }

    // MARK: Queries

    /// Answers at once, or when it is sure that nothing newer was acknowledged.
    func answer(
        _ query: ShardQuery, _ consistency: ReadConsistency,
        _ completion: @escaping (Result<ShardAnswer, NodeError>) -> Void
    ) {
        switch consistency {
        case .stale: completion(answer(query))
        case .linearizable: confirmRead { result in completion(result.flatMap { self.answer(query) }) }
        case .including(let index):
            // Where it takes long another replica should be asked.
            whenApplied(index, by: .now() + Self.watchTime) { [self] isApplied in
                completion(isApplied ? answer(query) : .failure(refusal ?? .notLeader(nil)))
            }
        }
    }

    private static let watchTime = TimeAmount.seconds(1)

    /// Calls back once the entry of `index` is applied here, or with false when that was not so by the deadline.
    func whenApplied(_ index: UInt64, by deadline: NIODeadline, _ completion: @escaping AppliedWatchers.Completion) {
        guard index > shard.state.appliedIndex else { return completion(true) }
        guard refusal == nil else { return completion(false) }
        watchers.wait(for: index, by: deadline, on: eventLoop, completion)
    }

    /// What a graph of another node asks for, of what is applied here.
    func answer(
        _ query: GraphRowsQuery, bytesMax: Int, _ completion: @escaping (Result<GraphRowsAnswer, NodeError>) -> Void
    ) {
        guard query.isConfirmed else {
            return completion(.success(graphFeed.answer(query, shard.state.rows, bytesMax: bytesMax)))
        }
        confirmRead { [self] result in
            completion(result.map { graphFeed.answer(query, shard.state.rows, bytesMax: bytesMax) })
        }
    }

    /// What is new to the graph, of what is applied here; `isConfirmed`: once that is all that was acknowledged.
    func graphChanges(
        for graph: Int, _ isConfirmed: Bool, _ completion: @escaping (Result<GraphChanges, NodeError>) -> Void
    ) {
        guard isConfirmed else { return completion(.success(graphFeed.take(shard.state, for: .here(graph)))) }
        confirmRead { [self] result in completion(result.map { graphFeed.take(shard.state, for: .here(graph)) }) }
    }

    /// The graph of that name as it is here; nil: there is none.
    func namedGraph(
        _ name: String, _ consistency: ReadConsistency, _ completion: @escaping (Result<NamedGraph?, NodeError>) -> Void
    ) {
        switch consistency {
        case .stale: completion(.success(shard.state.graphs[name]))
        case .linearizable: confirmRead { [self] result in completion(result.map { shard.state.graphs[name] }) }
        case .including(let index):
            whenApplied(index, by: .now() + Self.watchTime) { [self] isApplied in
                completion(isApplied ? .success(shard.state.graphs[name]) : .failure(refusal ?? .notLeader(nil)))
            }
        }
    }

    /// Fails where another replica leads.
    func checkLeads(_ completion: (Result<Void, NodeError>) -> Void) {
        if let refusal { return completion(.failure(refusal)) }
        if case .following(let leader) = leadership { return completion(.failure(.notLeader(leader))) }
        completion(.success(()))
    }

    /// The newest state of that graph, for a query that writes, if this replica leads; or what was answered to it under its key
    /// before.
    func graphToWrite(
        _ name: String, _ idempotency: WriteContext.Idempotency?,
        _ completion: @escaping (Result<(graph: NamedGraph?, kept: [UInt8]?), NodeError>) -> Void
    ) {
        if let refusal { return completion(.failure(refusal)) }
        if case .following(let leader) = leadership { return completion(.failure(.notLeader(leader))) }
        confirmRead { [self] result in
            if case .failure(let error) = result { return completion(.failure(error)) }
            guard let idempotency, let remembered = shard.state.idempotency[idempotency.key] else {
                return completion(.success((shard.state.graphs[name], nil)))
            }
            guard remembered.bodyDigest == idempotency.bodyDigest else { return completion(.failure(.idempotencyKeyReused)) }
            completion(.success((shard.state.graphs[name], remembered.reply.answer)))
        }
    }

    /// From what is applied here.
    func answer(_ query: ShardQuery) -> Result<ShardAnswer, NodeError> {
        do throws(CodecError) {
            return .success(try shard.state.answer(query, catalogVersion: host.judge.version))
        } catch {
            return .failure(.damaged(error.message))
        }
    }

    /// Rows that wait to be judged under the catalogue in force.
    var pending: Int { shard.state.pending(under: host.judge.version) }

    /// The term of this replica's office, or of the leader that it follows.
    var term: UInt64 { driver.term }

    private var hasRoomForChanges: Bool { backlog.count <= limits.checkpointBacklogMax }

    /// Rows must not be judged under an older catalogue than those that an earlier leader has judged.
    private var hasCatalog: Bool { host.judge.version >= shard.state.sweep.version }

    private var isLeading: Bool { if case .leading = leadership { true } else { false } }

    private var isReady: Bool { isLeading && hasRoomForChanges && hasCatalog }

    /// Nothing overtakes a write that waits.
    private var mayWrite: Bool { isReady && parked.isEmpty }

    // MARK: Sweep

    func startSweepIfNeeded() {
        guard sweep == nil, isLeading, refusal == nil, shard.needsSweep(version: host.judge.version) else { return }
        sweep = SweepPace()
        scheduleSlice()
    }

    /// Writes go on between two slices, and the next slice is worked out while those before it are on their way to the disks.
    private func sweepSlice() {
        guard let pace = sweep, isLeading, refusal == nil, shard.needsSweep(version: host.judge.version) else {
            sweep = nil
            return
        }
        guard slicesInFlight < SweepPace.slicesMax else { return }
        guard mayWrite else { return scheduleSlice(after: SweepPace.pause) }
        slicesInFlight += 1
        // Where entries judged under older rules are in flight, the answer comes when they are applied.
        let start = NIODeadline.now()
        carryOut(.sweep(limit: pace.rows), by: WriteContext(actor: "system")) { [self] result in
            slicesInFlight -= 1
            switch result {
            case .success:
                sweep?.succeeded()
                scheduleSlice()
            case .failure(.tooLarge):
                sweep?.wasTooLarge()
                scheduleSlice(after: SweepPace.pause)
            case .failure:
                scheduleSlice(after: SweepPace.pause)
            }
        }
        sweep?.judged(in: NIODeadline.now() - start)
        if slicesInFlight < SweepPace.slicesMax { scheduleSlice() }
    }

    private func scheduleSlice(after pause: TimeAmount? = nil) {
        guard !isSliceScheduled else { return }
        isSliceScheduled = true
        let slice = { [self] in
            isSliceScheduled = false
            sweepSlice()
        }
        let loop = eventLoop.assumeIsolated()
        if let pause { _ = loop.scheduleTask(in: pause, slice) } else { loop.execute(slice) }
    }

    // MARK: Private

    private func carryOut(_ command: ShardCommand, by context: WriteContext, _ completion: @escaping Completion) {
        let outcome: OnProposed<ShardPayload>
        do throws(ShardError) {
            shard.advance(to: driver.lastIndex)
            outcome = try shard.propose(command, by: context, at: host.now(), judge: host.judge)
        } catch {
            return completion(.failure(NodeError(error)))
        }
        switch outcome {
        case .answer(let reply, let after): answer(reply, after: after, completion)
        case .append(let proposal): append(proposal, completion)
        }
    }

    /// An answer that needs no entry is a read: it holds once everything up to `index` is applied and it is sure, after that,
    /// that nobody else has led meanwhile.
    private func answer(_ reply: ShardReply, after index: UInt64, _ completion: @escaping Completion) {
        let confirm: Completion = { [self] result in
            guard case .success = result else { return completion(result) }
            driver.confirmRead { confirmed in completion(confirmed.map { reply }) }
        }
        guard index <= shard.state.appliedIndex else { return waiters.wait(for: index, reply, confirm) }
        confirm(.success(reply))
    }

    private func append(_ proposal: Proposal<ShardPayload>, _ completion: @escaping Completion) {
        do {
            let point = try host.reserving(bytes: proposal.encoded.count) { () throws(ProposalRefusal) in
                try driver.propose(proposal.encoded)
            }
            precondition(point.index == proposal.index, "\(point) was to be entry \(proposal.index) of shard \(number)")
            shard.appended(proposal, term: point.term)
        } catch {
            return completion(.failure(NodeError(refusal: error)))
        }
        waiters.wait(for: proposal.index, proposal.reply, completion)
    }

    private func releaseParked() {
        while isReady, let write = parked.popFirst() { carryOut(write.command, by: write.context, write.completion) }
    }

    private func refuseParked(_ error: NodeError) {
        let refused = parked
        parked = []
        for write in refused { write.completion(.failure(error)) }
    }
}

// MARK: - The group's log

extension ShardHost: ReplicatedMachine {
    func apply(_ entries: [Entry]) {
        var (bytes, changes) = (0, 0)
        for entry in entries {
            do throws(CodecError) {
                let changed = try shard.apply(entry.data, at: entry.index, term: entry.term)
                bytes += entry.data?.count ?? 0
                changes += changed.rows.count + changed.audit.count
                for part in changed.removals { changes += part.count }
                for graph in changed.graphs { changes += graph.pages.count }
                Self.release(changed.graphs)
                backlog.note(changed, entry)
                tap?.feed.applied(changed.rows, changed.audit, at: entry.index)
                graphFeed.noted(changed.rows)
            } catch {
                return standStill(at: entry.index, error)
            }
        }
        host.pressure.noted(entries: entries.count, bytes: bytes, changes: changes)
        if backlog.count > limits.checkpointBacklogMax / 2 { host.pressure.hurry() }
        for (reply, completion) in waiters.take(upTo: shard.state.appliedIndex) { completion(.success(reply)) }
        watchers.applied(upTo: shard.state.appliedIndex)
        if leadership.applied(upTo: shard.state.appliedIndex) {
            shard.termChanged()
            releaseParked()
            startSweepIfNeeded()
        }
        tap?.tell(number, leadership, shard.state.appliedIndex, shard.state.auditSequence)
    }

    /// A large graph is let go of elsewhere: that takes longer than an event loop may.
    private static func release(_ changes: [NamedGraphTable.Change]) {
        let dropped = changes.compactMap(\.dropped)
        guard !dropped.isEmpty else { return }
        Task.detached(priority: .background) { withExtendedLifetime(dropped) {} }
    }

    private func standStill(at index: UInt64, _ error: CodecError) {
        leadership = .following(leader: nil)
        tap?.board.follows(number)
        sweep = nil
        host.standStill(driver, at: index, error.message)
        refuseParked(.notLeader(nil))
        for completion in waiters.takeAll() { completion(.failure(.outcomeUnknown)) }
    }

    func roleChanged(_ change: RoleChange) {
        guard leadership.changed(change, last: driver.lastIndex) else { return }
        shard.termChanged()
        tap?.board.follows(number)
        sweep = nil
        refuseParked(.notLeader(change.leader))
        for completion in waiters.takeAll() { completion(.failure(.outcomeUnknown)) }
    }

    func understands(_ bytes: [UInt8], at point: LogPoint) -> Bool {
        shard.understands(bytes, at: point.index, term: point.term)
    }

    func snapshotNeeded(by peer: ReplicaID) { snapshots.send(number, to: peer, from: driver, on: host) }
}

extension Entry {
    /// What the state machine is to apply; nil for the group's own entries.
    var data: [UInt8]? { if case .data(let bytes) = content { bytes } else { nil } }
}
