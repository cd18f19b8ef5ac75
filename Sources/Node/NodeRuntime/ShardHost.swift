import Checkpoint
import DequeModule
import LogStorage
import Model
package import NIOCore
package import Shard
import WriteAheadLog

/// A shard on its event loop: takes commands, hands entries to the log, answers when they are durable, feeds the
/// checkpoint. Everything here is touched on that loop alone.
package final class ShardHost: @unchecked Sendable {
    typealias Completion = (Result<ShardReply, NodeError>) -> Void

    package let number: Int
    package let eventLoop: any EventLoop
    package private(set) var shard: Shard
    let term: UInt64
    private unowned let host: LoopHost
    private let log: LogProducer
    private let limits: NodeOptions
    private var durableIndex: UInt64
    private var waiters = ReplyQueue()
    /// Writes that wait for the checkpoint, oldest first.
    private var parked: Deque<ParkedWrite> = []
    private(set) var backlog: CheckpointBacklog
    /// Set while a sweep is under way.
    private var sweep: SweepPace?
    private var stopping = false

    var group: GroupID { GroupID(number) }

    private struct ParkedWrite {
        let command: ShardCommand
        let context: WriteContext
        let completion: Completion
    }

    init(
        shard: Shard, term: UInt64, host: LoopHost, log: LogProducer, limits: NodeOptions, backlog: CheckpointBacklog
    ) {
        number = shard.number
        eventLoop = host.eventLoop
        self.shard = shard
        self.term = term
        self.host = host
        self.log = log
        self.limits = limits
        self.backlog = backlog
        durableIndex = shard.lastIndex
    }

    // MARK: Events

    /// Carries the command out; `completion` is called once, on the loop, when it is durable or refused.
    func submit(_ command: ShardCommand, by context: WriteContext, _ completion: @escaping Completion) {
        eventLoop.preconditionInEventLoop()
        guard !stopping else { return completion(.failure(.stopping)) }
        guard mayWrite else {
            guard parked.count < limits.waitingWritesMax else { return completion(.failure(.overloaded)) }
            return parked.append(ParkedWrite(command: command, context: context, completion: completion))
        }
        carryOut(command, by: context, completion)
    }

    /// The first entry of this leader's term. Reads are served once it is durable.
    func lead(_ completion: @escaping Completion) {
        append(shard.proposeNoOperation(at: host.now()), completion)
    }

    /// The log has everything up to `index` on disk.
    func durable(upTo index: UInt64) {
        eventLoop.preconditionInEventLoop()
        durableIndex = index
        do throws(CodecError) {
            for committed in try shard.commit(upTo: index) { backlog.note(committed.changes) }
        } catch {
            preconditionFailure("shard \(number) cannot apply its own entry: \(error.message)")
        }
        for (reply, completion) in waiters.take(upTo: index) { completion(.success(reply)) }
    }

    /// A new version of the catalogue is in force on this loop.
    func catalogChanged() {
        shard.catalogChanged()
        startSweepIfNeeded()
    }

    /// Takes no more commands. Those that wait for the checkpoint are refused, those in the log finish.
    func stop() {
        stopping = true
        let refused = parked
        parked = []
        for write in refused { write.completion(.failure(.stopping)) }
    }

    /// The log is closed: what it did not make durable, it never will.
    func logClosed() {
        for completion in waiters.takeAll() { completion(.failure(.stopping)) }
    }

    // MARK: Checkpoint

    /// What changed since the last batch, and everything needed to write it; nil when nothing did or one is under way.
    func takeCheckpointBatch() -> CheckpointBatch? {
        backlog.take(from: shard.state, shard: number, term: term)
    }

    func checkpointWritten() {
        backlog.written()
        while hasRoomForChanges, let write = parked.popFirst() {
            carryOut(write.command, by: write.context, write.completion)
        }
    }

    // MARK: Queries

    /// Rows that wait to be judged under the catalogue in force.
    var pending: Int { shard.state.pending(under: host.judge.version) }

    private var hasRoomForChanges: Bool { backlog.count <= limits.checkpointBacklogMax }

    /// Nothing overtakes a write that waits.
    private var mayWrite: Bool { hasRoomForChanges && parked.isEmpty }

    // MARK: Sweep

    func startSweepIfNeeded() {
        guard sweep == nil, !stopping, shard.needsSweep(version: host.judge.version) else { return }
        sweep = SweepPace()
        eventLoop.execute { self.sweepSlice() }
    }

    /// One slice is in flight at most: writes go on between two of them, and the sweep goes on beside writes.
    private func sweepSlice() {
        guard let pace = sweep, !stopping, shard.needsSweep(version: host.judge.version) else {
            sweep = nil
            return
        }
        guard mayWrite else { return nextSlice(after: SweepPace.pause) }
        // Where entries judged under older rules are in flight, the answer comes when they are durable.
        let start = NIODeadline.now()
        carryOut(.sweep(limit: pace.rows), by: WriteContext(actor: "system")) { [self] result in
            switch result {
            case .success:
                sweep?.succeeded()
                eventLoop.execute { self.sweepSlice() }
            case .failure(.tooLarge):
                sweep?.wasTooLarge()
                nextSlice(after: SweepPace.pause)
            case .failure:
                nextSlice(after: SweepPace.pause)
            }
        }
        sweep?.judged(in: NIODeadline.now() - start)
    }

    private func nextSlice(after pause: TimeAmount) {
        _ = eventLoop.scheduleTask(in: pause) { self.sweepSlice() }
    }

    // MARK: Private

    private func carryOut(_ command: ShardCommand, by context: WriteContext, _ completion: @escaping Completion) {
        let outcome: OnProposed<ShardPayload>
        do throws(ShardError) {
            outcome = try shard.propose(command, by: context, at: host.now(), judge: host.judge)
        } catch {
            return completion(.failure(NodeError(error)))
        }
        switch outcome {
        case .answer(let reply, let after): waiters.wait(for: after, durable: durableIndex, reply, completion)
        case .append(let proposal): append(proposal, completion)
        }
    }

    private func append(_ proposal: Proposal<ShardPayload>, _ completion: @escaping Completion) {
        let payload = proposal.encoded
        do throws(LogAppendError) {
            try log.check(bytes: payload.count)
        } catch {
            return completion(.failure(NodeError(error)))
        }
        let entry = LogEntry(point: LogPoint(index: proposal.index, term: term), payload: payload)
        log.write(group: group, GroupWrite(entries: [entry], ticket: proposal.index))
        shard.appended(proposal)
        waiters.wait(for: proposal.index, durable: durableIndex, proposal.reply, completion)
    }
}
