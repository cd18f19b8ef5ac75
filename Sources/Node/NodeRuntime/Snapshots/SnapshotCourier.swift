import Checkpoint
import Consensus
import DequeModule
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import WriteAheadLog

/// Sends snapshots: a shard's part of the checkpoint becomes a file, and the file travels in chunks over the bulk lane.
///
/// While one travels, the log keeps what comes after it.
final class SnapshotCourier: SnapshotSending {
    static let path = "/snapshot"
    /// Snapshots under way at once; others are asked for again a little later.
    private static let transfersMax = 2

    private let here: ReplicaID
    private let checkpoint: Checkpoint
    let directory: SnapshotDirectory
    /// Weak: it knows the replicas, and they know this.
    private let checkpointer = NIOLockedValueBox(Weak())

    private struct Weak { weak var value: Checkpointer? }
    private let logger: Logger
    private let under = NIOLockedValueBox<Set<Transfer>>([])

    private struct Transfer: Hashable {
        let shard: Int
        let peer: ReplicaID
    }

    init(from here: ReplicaID, _ checkpoint: Checkpoint, directory: SnapshotDirectory, logger: Logger) {
        self.here = here
        self.checkpoint = checkpoint
        self.directory = directory
        self.logger = logger
    }

    /// Who brings the checkpoint up to now; told once, before the first replica starts.
    func use(_ checkpointer: Checkpointer) { self.checkpointer.withLockedValue { $0.value = checkpointer } }

    func send(_ shard: Int, to peer: ReplicaID, from driver: ReplicaDriver, on loop: LoopHost) {
        let transfer = Transfer(shard: shard, peer: peer)
        let isTaken = under.withLockedValue { under in
            guard under.count < Self.transfersMax, !under.contains(transfer) else { return false }
            under.insert(transfer)
            return true
        }
        guard isTaken else {
            // Not at once: the driver is in the middle of something.
            return loop.eventLoop.assumeIsolated().execute { driver.snapshotReported(peer: peer, delivered: nil) }
        }
        // Else the node has stopped.
        guard let checkpointer = checkpointer.withLockedValue({ $0.value }) else { return }
        let path = directory.newFile(shard: shard, .outgoing)
        let driver = NIOLoopBound(driver, eventLoop: loop.eventLoop)
        checkpointer.hold(shard)
        let prepared = checkpointer.flush().flatMap { [checkpoint] in
            NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) {
                try Prepared(checkpoint.export(shard: shard, to: path), path: path)
            }
        }
        prepared.hop(to: loop.eventLoop).flatMap { prepared in
            self.logger.notice("sending a snapshot", metadata: self.meta(transfer, prepared))
            let offer = SnapshotOffer(
                group: GroupID(shard), from: self.here, to: peer, snapshot: prepared.snapshot,
                totalBytes: prepared.totalBytes, digest: prepared.digest)
            return Journey(offer, file: prepared.file, on: loop).start().map { prepared.snapshot.point }
        }.whenComplete { result in
            self.directory.remove(path)
            checkpointer.release(shard)
            _ = self.under.withLockedValue { $0.remove(transfer) }
            switch result {
            case .success(let point): driver.value.snapshotReported(peer: peer, delivered: point)
            case .failure(let error):
                self.logger.warning(
                    "snapshot not delivered, it will be tried again",
                    metadata: self.meta(transfer, nil).merging(["error": "\(error)"]) { $1 })
                driver.value.snapshotReported(peer: peer, delivered: nil)
            }
        }
    }

    private func meta(_ transfer: Transfer, _ prepared: Prepared?) -> Logger.Metadata {
        var meta: Logger.Metadata = ["raft.group": "\(transfer.shard)", "raft.peer": "\(transfer.peer.text)"]
        if let prepared {
            meta["snapshot.index"] = "\(prepared.snapshot.point.index)"
            meta["snapshot.bytes"] = "\(prepared.totalBytes)"
        }
        return meta
    }
}

/// A snapshot on this node's disk.
private struct Prepared: Sendable {
    let snapshot: SnapshotPoint
    let totalBytes: UInt64
    let digest: SnapshotDigest
    let file: SnapshotFile

    /// Blocks.
    init(_ export: ShardExport, path: String) throws {
        let point = LogPoint(index: export.watermark.appliedIndex, term: export.watermark.term)
        snapshot = SnapshotPoint(point: point, configuration: try Configuration(encoded: export.configuration))
        totalBytes = UInt64(export.totalBytes)
        guard let digest = SnapshotDigest(bytes: export.sha256) else { throw SnapshotFailure.unreadable }
        self.digest = digest
        file = try SnapshotFile(path: path, mode: .read)
    }
}

/// One transfer, on one event loop: `SnapshotSender` decides, this carries out, strictly one thing after the other: chunks
/// are to be read, and to arrive, in their order.
private final class Journey {
    /// Longest time in which nothing moves, in milliseconds; installing a large snapshot is one step.
    private static let idleMilliseconds: UInt64 = 120_000

    private var sender: SnapshotSender
    private let file: SnapshotFile
    private let loop: LoopHost
    private let done: EventLoopPromise<Void>
    private var waiting: Deque<SnapshotSender.Action> = []
    private var isBusy = false
    private var timer: Scheduled<Void>?

    init(_ offer: SnapshotOffer, file: SnapshotFile, on loop: LoopHost) {
        var limits = SnapshotLimits()
        limits.idleMilliseconds = Self.idleMilliseconds
        sender = SnapshotSender(offer: offer, limits: limits, at: loop.instant)
        self.file = file
        self.loop = loop
        done = loop.eventLoop.makePromise()
    }

    func start() -> EventLoopFuture<Void> {
        take(sender.started())
        return done.futureResult
    }

    private func take(_ actions: [SnapshotSender.Action]) {
        waiting.append(contentsOf: actions)
        setTimer()
        goOn()
    }

    private func goOn() {
        guard !isBusy, let action = waiting.popFirst() else { return }
        switch action {
        case .send(let frame): send(frame)
        case .read(let offset, let bytes): read(offset, bytes)
        case .finished(let failure):
            waiting = []
            timer?.cancel()
            timer = nil
            if let failure { done.fail(failure) } else { done.succeed(()) }
        }
    }

    private func send(_ frame: SnapshotFrame) {
        isBusy = true
        loop.transport.post(
            SnapshotCourier.path, sender.offer.group.littleEndianBytes + frame.encoded, to: sender.offer.to, over: .bulk,
            within: .milliseconds(Int64(Self.idleMilliseconds))
        ) { [self] result in
            isBusy = false
            take(answered(result))
        }
    }

    private func answered(_ result: Result<[UInt8], TransportFailure>) -> [SnapshotSender.Action] {
        guard case .success(let bytes) = result else { return sender.connectionLost() }
        var actions: [SnapshotSender.Action] = []
        var rest = bytes[...]
        do throws(CodecFault) {
            while let (frame, consumed) = try SnapshotFrame.decode(rest) {
                rest = rest.dropFirst(consumed)
                actions += sender.received(frame, at: loop.instant)
            }
        } catch {
            actions += sender.connectionLost()
        }
        return actions
    }

    /// What cannot be read is handed over as nothing.
    private func read(_ offset: UInt64, _ count: Int) {
        isBusy = true
        NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) { [file] in
            try file.read(at: offset, count: count)
        }.assumeIsolated().whenComplete { [self] result in
            isBusy = false
            take(sender.chunkRead(offset: offset, bytes: (try? result.get()) ?? [], at: loop.instant))
        }
    }

    private func setTimer() {
        timer?.cancel()
        timer = nil
        guard let deadline = sender.deadline else { return }
        timer = loop.eventLoop.assumeIsolated().scheduleTask(
            deadline: NIODeadline.uptimeNanoseconds(deadline.nanoseconds)
        ) { [self] in take(sender.deadlinePassed(at: loop.instant)) }
    }
}

extension GroupID {
    /// How a group is named in front of what concerns it.
    var littleEndianBytes: [UInt8] { [UInt8(truncatingIfNeeded: self), UInt8(self >> 8)] }
}
