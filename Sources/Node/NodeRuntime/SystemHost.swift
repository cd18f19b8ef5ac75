import Checkpoint
import LogStorage
import Model
import NIOCore
import Shard
import WriteAheadLog

/// The system shard on its event loop; publishes a new catalogue to all loops whenever one is committed.
final class SystemHost: @unchecked Sendable {
    private(set) var shard: SystemShard
    let term: UInt64
    let eventLoop: any EventLoop
    private let log: LogProducer
    private let now: @Sendable () -> Timestamp
    private var catalog: Catalog
    private let publish: (Catalog) -> Void
    private var durableIndex: UInt64
    private var waiters = ReplyQueue()
    private(set) var backlog: SystemBacklog
    private var stopping = false

    private let group = GroupID(SystemShard.group)

    init(
        shard: SystemShard, term: UInt64, eventLoop: any EventLoop, log: LogProducer, backlog: SystemBacklog,
        catalog: Catalog, now: @escaping @Sendable () -> Timestamp, publish: @escaping (Catalog) -> Void
    ) {
        self.shard = shard
        self.term = term
        self.eventLoop = eventLoop
        self.log = log
        self.backlog = backlog
        self.now = now
        self.catalog = catalog
        self.publish = publish
        durableIndex = shard.lastIndex
    }

    func submit(
        _ command: SystemCommand, by context: WriteContext,
        _ completion: @escaping (Result<ShardReply, NodeError>) -> Void
    ) {
        eventLoop.preconditionInEventLoop()
        guard !stopping else { return completion(.failure(.stopping)) }
        let outcome: OnProposed<[SystemState.Effect]>
        do throws(ShardError) {
            outcome = try shard.propose(command, by: context, at: now())
        } catch {
            return completion(.failure(NodeError(error)))
        }
        switch outcome {
        case .answer(let reply, let after): waiters.wait(for: after, durable: durableIndex, reply, completion)
        case .append(let proposal): append(proposal, completion)
        }
    }

    /// The first entry of this leader's term.
    func lead(_ completion: @escaping (Result<ShardReply, NodeError>) -> Void) {
        append(shard.proposeNoOperation(), completion)
    }

    /// The log has everything up to `index` on disk.
    func durable(upTo index: UInt64) {
        eventLoop.preconditionInEventLoop()
        durableIndex = index
        var catalogChanged = false
        for (_, changes) in shard.commit(upTo: index) {
            backlog.note(changes)
            catalogChanged = catalogChanged || changes.catalogChanged
        }
        // Published before the answer: whoever hears of the new rule may rely on it.
        if catalogChanged {
            catalog = Catalog(shard.state, after: catalog)
            publish(catalog)
        }
        for (reply, completion) in waiters.take(upTo: index) { completion(.success(reply)) }
    }

    func takeCheckpointBatch() -> SystemCheckpointBatch? { backlog.take(from: shard.state, term: term) }
    func checkpointWritten() { backlog.written() }

    /// Takes no more commands; those in the log finish.
    func stop() { stopping = true }

    /// The log is closed: what it did not make durable, it never will.
    func logClosed() {
        for completion in waiters.takeAll() { completion(.failure(.stopping)) }
    }

    private func append(
        _ proposal: Proposal<[SystemState.Effect]>, _ completion: @escaping (Result<ShardReply, NodeError>) -> Void
    ) {
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
