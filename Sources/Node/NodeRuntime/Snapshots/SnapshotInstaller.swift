import Checkpoint
import Consensus
import Logging
import Model
import NIOCore
import NIOPosix
import Shard
import WriteAheadLog

/// Makes an arrived snapshot a group's state: first in the checkpoint, in one transaction, then in memory, then in the log.
///
/// Meanwhile the replica hears nothing and hands the checkpoint nothing. After a crash in the middle the next start
/// finishes what the checkpoint's mark says was begun.
final class SnapshotInstaller: Sendable {
    private let checkpoint: Checkpoint
    private let checkpointer: Checkpointer
    private let shards: ShardDirectory
    private let system: SystemHost
    private let logger: Logger
    private let onFatal: @Sendable (NodeFailure) -> Void

    init(
        _ checkpoint: Checkpoint, _ checkpointer: Checkpointer, _ shards: ShardDirectory, _ system: SystemHost,
        logger: Logger, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) {
        self.checkpoint = checkpoint
        self.checkpointer = checkpointer
        self.shards = shards
        self.system = system
        self.logger = logger
        self.onFatal = onFatal
    }

    /// On the group's event loop.
    func install(_ offer: SnapshotOffer, _ file: SnapshotFile, on loop: LoopHost) -> EventLoopFuture<Void> {
        guard let driver = loop.driver(of: offer.group) else {
            return loop.eventLoop.makeFailedFuture(SnapshotFailure.refused(.unacceptable))
        }
        let point = offer.snapshot.point
        guard !driver.holds(point) else {
            // Its log has all that the snapshot has.
            driver.snapshotReceived(offer.snapshot)
            return loop.eventLoop.makeSucceededVoidFuture()
        }
        // It has come on by other ways since the snapshot was offered.
        guard point.index > driver.status.commit else {
            return loop.eventLoop.makeFailedFuture(SnapshotFailure.refused(.notNeeded))
        }
        driver.isInstalling = true
        let group = Int(offer.group)
        let installed = checkpointer.flush().flatMap { [self] in place(offer, file, group) }
            .hop(to: loop.eventLoop)
        return installed.flatMap { [self] in load(group, on: loop) }.assumeIsolated().map { [self] loaded in
            take(loaded, offer.snapshot, on: loop)
            driver.isInstalling = false
            driver.snapshotReceived(offer.snapshot)
            logger.notice(
                "a snapshot is in place", metadata: ["raft.group": "\(group)", "snapshot.index": "\(point.index)"])
        }.flatMapError { error in
            driver.isInstalling = false
            return loop.eventLoop.makeFailedFuture(error)
        }.nonisolated()
    }

    /// In the checkpoint, durably.
    private func place(_ offer: SnapshotOffer, _ file: SnapshotFile, _ group: Int) -> EventLoopFuture<Void> {
        let promise = system.eventLoop.makePromise(of: Void.self)
        let mark = SnapshotMark(index: offer.snapshot.point.index, term: offer.snapshot.point.term)
        checkpoint.install(
            shard: group, at: mark, from: file.path, sha256: offer.digest.bytes,
            checking: group == SystemShard.group ? .systemShard : .dataShard(group, of: shards.count)
        ) { result in promise.completeWith(result.map { _ in }.mapError { $0 as any Error }) }
        return promise.futureResult
    }

    private enum Loaded: Sendable {
        case shard(ShardState)
        case system(SystemState)
    }

    private func load(_ group: Int, on loop: LoopHost) -> EventLoopFuture<Loaded> {
        NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) { [self] in
            let watermark = try checkpoint.watermarks()[group]
            do {
                guard group != SystemShard.group else {
                    return .system(try CheckpointLoading.loadSystem(checkpoint, watermark))
                }
                return .shard(try CheckpointLoading.load(checkpoint, watermark, number: group, of: shards.count))
            } catch {
                // The checkpoint has given up what was there before.
                onFatal(NodeFailure(.damaged, "a snapshot of group \(group) was taken over and cannot be read: \(error)"))
                throw error
            }
        }
    }

    private func take(_ loaded: Loaded, _ snapshot: SnapshotPoint, on loop: LoopHost) {
        let position = GroupPosition(snapshot)
        switch loaded {
        case .shard(let state):
            loop.shards[state.number(among: shards.count)]?.install(state, backlog: CheckpointBacklog(position))
        case .system(let state): system.install(state, backlog: SystemBacklog(position, state: state))
        }
    }
}

extension ShardState {
    /// The shard that these slots make.
    fileprivate func number(among count: Int) -> Int { Slot(number: UInt16(rows.slots.lowerBound)).shard(of: count) + 1 }
}
