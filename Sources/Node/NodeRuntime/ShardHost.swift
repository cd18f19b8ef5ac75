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
    package let number: Int
    package let eventLoop: any EventLoop
    package private(set) var shard: Shard
    let term: UInt64
    private unowned let host: LoopHost
    private let log: LogProducer
    private let limits: NodeOptions
    private var durableIndex: UInt64
    private var waiters = ReplyQueue()
    private var parked: Deque<() -> Void> = []
    private(set) var backlog: CheckpointBacklog
    private var sweeping = false
    private var stopping = false

    var group: GroupID { GroupID(number) }

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

    /// Carries the command out; `completion` is called on the loop, once it is durable or refused.
    func submit(
        _ command: ShardCommand, by context: WriteContext, _ completion: @escaping (Result<ShardReply, NodeError>) -> Void
    ) {
        eventLoop.preconditionInEventLoop()
        guard !stopping else { return completion(.failure(.stopping)) }
        if backlog.count > limits.checkpointBacklogMax {
            guard parked.count < limits.waitingWritesMax else { return completion(.failure(.overloaded)) }
            parked.append { [self] in submit(command, by: context, completion) }
            return
        }
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

    /// The first entry of this leader's term. Reads are served once it is durable.
    func lead(_ completion: @escaping (Result<ShardReply, NodeError>) -> Void) {
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
        for (reply, completion) in waiters.release(upTo: index) { completion(.success(reply)) }
        if sweeping { continueSweep() }
    }

    /// A new version of the catalogue is in force on this loop.
    func catalogChanged() {
        shard.catalogChanged()
        startSweepIfNeeded()
    }

    func stop() {
        stopping = true
        for resume in parked { resume() }
        parked.removeAll()
    }

    // MARK: Checkpoint

    /// What changed since the last batch, and everything needed to write it; nil when nothing did or one is under way.
    func takeCheckpointBatch() -> CheckpointBatch? {
        backlog.take(from: shard.state, shard: number, term: term)
    }

    func checkpointWritten() {
        backlog.written()
        while backlog.count <= limits.checkpointBacklogMax, let resume = parked.popFirst() { resume() }
    }

    // MARK: Queries

    /// Rows that wait to be judged under the catalogue in force.
    var pending: Int { shard.state.pending(under: host.judge.version) }

    // MARK: Sweep

    /// Rows judged in one slice; well under a millisecond.
    private static let sweepSliceRows = 64

    func startSweepIfNeeded() {
        guard !sweeping, !stopping, shard.needsSweep(version: host.judge.version) else { return }
        sweeping = true
        eventLoop.execute { self.continueSweep() }
    }

    private func continueSweep() {
        guard sweeping, !stopping, shard.needsSweep(version: host.judge.version) else {
            sweeping = false
            return
        }
        guard shard.lastIndex == durableIndex, backlog.count <= limits.checkpointBacklogMax else { return retrySweep() }
        let context = WriteContext(actor: "system")
        submit(.sweep(limit: Self.sweepSliceRows), by: context) { [self] result in
            if case .failure = result { retrySweep() }
        }
    }

    /// Writes are under way or the disk is behind: a durable notice or a little time will bring the next slice.
    private func retrySweep() {
        _ = eventLoop.scheduleTask(in: .milliseconds(5)) { self.continueSweep() }
    }

    // MARK: Private

    private func append(
        _ proposal: Proposal<ShardPayload>, _ completion: @escaping (Result<ShardReply, NodeError>) -> Void
    ) {
        do throws(LogAppendError) {
            try log.append(group: group, index: proposal.index, term: term, payload: proposal.encoded)
        } catch {
            return completion(.failure(NodeError(error)))
        }
        shard.appended(proposal)
        waiters.wait(for: proposal.index, durable: durableIndex, proposal.reply, completion)
    }
}

/// Replies that wait for their entry, in the order of the entries.
struct ReplyQueue {
    private var waiting: Deque<(index: UInt64, reply: ShardReply, completion: (Result<ShardReply, NodeError>) -> Void)> = []

    mutating func wait(
        for index: UInt64, durable: UInt64, _ reply: ShardReply,
        _ completion: @escaping (Result<ShardReply, NodeError>) -> Void
    ) {
        if index <= durable { return completion(.success(reply)) }
        // A repeated request may wait for an entry that is older than the newest one.
        let position = waiting.lastIndex { $0.index <= index }.map { $0 + 1 } ?? 0
        waiting.insert((index, reply, completion), at: position)
    }

    mutating func release(upTo index: UInt64) -> [(ShardReply, (Result<ShardReply, NodeError>) -> Void)] {
        var released: [(ShardReply, (Result<ShardReply, NodeError>) -> Void)] = []
        while let first = waiting.first, first.index <= index {
            waiting.removeFirst()
            released.append((first.reply, first.completion))
        }
        return released
    }
}

extension NodeError {
    init(_ error: ShardError) {
        switch error {
        case .idempotencyKeyReused: self = .idempotencyKeyReused
        case .damagedRow(let detail): self = .damaged(detail)
        }
    }

    init(_ error: LogAppendError) {
        switch error {
        case .full: self = .overloaded
        case .diskFull: self = .diskFull
        case .stopped: self = .stopping
        case .tooLarge: self = .tooLarge
        }
    }
}
