import Checkpoint
import Consensus
import Logging
import NIOCore
import NIOPosix
import WriteAheadLog

/// Receives snapshots for the groups of one event loop: `SnapshotReceiver` decides, this carries out. Frames of one group
/// are taken strictly one after the other.
final class SnapshotReception {
    /// Makes a verified file the group's state; on the loop. The future succeeds once it is.
    typealias Install = (SnapshotOffer, SnapshotFile) -> EventLoopFuture<Void>

    private final class Transfer {
        var receiver: SnapshotReceiver
        let file: SnapshotFile
        var lastHeard: NIODeadline

        init(_ receiver: SnapshotReceiver, _ file: SnapshotFile) {
            self.receiver = receiver
            self.file = file
            lastHeard = .now()
        }
    }

    private let loop: LoopHost
    private let directory: SnapshotDirectory
    private let install: Install
    private var transfers: [GroupID: Transfer] = [:]
    /// What has come of the newest snapshot of each group.
    private var staged: [GroupID: (offer: SnapshotOffer, file: SnapshotFile)] = [:]
    /// The end of what is under way for each group.
    private var tails: [GroupID: EventLoopFuture<Void>] = [:]

    /// Another transfer may take the place of one that nothing was heard of for this long.
    private static let idleTime = TimeAmount.seconds(10)

    init(on loop: LoopHost, directory: SnapshotDirectory, install: @escaping Install) {
        self.loop = loop
        self.directory = directory
        self.install = install
    }

    /// The answer to a frame for one group of this loop: frames, in a row.
    func received(_ frame: SnapshotFrame, for group: GroupID) -> EventLoopFuture<[UInt8]> {
        let before = tails[group] ?? loop.eventLoop.makeSucceededVoidFuture()
        let answer = before.assumeIsolated().flatMap { [self] in process(frame, group) }
        tails[group] = answer.map { _ in }.nonisolated().recover { _ in }
        return answer.nonisolated()
    }

    private func process(_ frame: SnapshotFrame, _ group: GroupID) -> EventLoopFuture<[UInt8]> {
        if case .offer(let offer) = frame { return began(offer) }
        guard let transfer = transfers[group] else {
            return loop.eventLoop.makeSucceededFuture(SnapshotFrame.refused(.unacceptable).encoded)
        }
        transfer.lastHeard = .now()
        return carryOut(transfer.receiver.received(frame, at: loop.instant), transfer, [])
    }

    private func began(_ offer: SnapshotOffer) -> EventLoopFuture<[UInt8]> {
        func refused(_ refusal: SnapshotRefusal) -> EventLoopFuture<[UInt8]> {
            loop.eventLoop.makeSucceededFuture(SnapshotFrame.refused(refusal).encoded)
        }
        guard let driver = loop.driver(of: offer.group) else { return refused(.unacceptable) }
        if let other = transfers[offer.group], NIODeadline.now() - other.lastHeard < Self.idleTime {
            return refused(.busy)
        }
        let file: SnapshotFile
        do throws(SnapshotFile.Failure) {
            file = try stagedFile(offer)
        } catch {
            loop.logger.error("no place for a snapshot", metadata: ["error": "\(error)"])
            return refused(.failed)
        }
        let transfer = Transfer(SnapshotReceiver(offer: offer, at: loop.instant), file)
        transfers[offer.group] = transfer
        let actions = transfer.receiver.started(
            staged: file.bytes, group: offer.group, id: driver.status.id, commit: driver.status.commit)
        return carryOut(actions, transfer, [])
    }

    /// The file of an earlier attempt at the very same snapshot is gone on with.
    private func stagedFile(_ offer: SnapshotOffer) throws(SnapshotFile.Failure) -> SnapshotFile {
        if let staged = staged[offer.group], staged.offer.digest == offer.digest,
            staged.offer.snapshot == offer.snapshot
        {
            return staged.file
        }
        staged.removeValue(forKey: offer.group)?.file.remove()
        let file = try SnapshotFile(path: directory.newFile(shard: Int(offer.group), .incoming), mode: .stage)
        staged[offer.group] = (offer, file)
        return file
    }

    /// One action after the other; what is to be sent is gathered.
    private func carryOut(
        _ actions: [SnapshotReceiver.Action], _ transfer: Transfer, _ frames: [UInt8]
    ) -> EventLoopFuture<[UInt8]> {
        guard let action = actions.first else { return loop.eventLoop.makeSucceededFuture(frames) }
        let rest = Array(actions.dropFirst())
        switch action {
        case .send(let frame): return carryOut(rest, transfer, frames + frame.encoded)
        case .write(let offset, let bytes):
            return blocking { [file = transfer.file] in try file.write(bytes, at: offset) }.flatMap { [self] written in
                let end = written == nil ? nil : offset + UInt64(bytes.count)
                return carryOut(transfer.receiver.written(upTo: end) + rest, transfer, frames)
            }.nonisolated()
        case .digest:
            return blocking { [file = transfer.file] in try file.digest() }.flatMap { [self] digest in
                carryOut(transfer.receiver.digested(digest) + rest, transfer, frames)
            }.nonisolated()
        case .install(let offer):
            return install(offer, transfer.file).assumeIsolated().flatMap { [self] in
                carryOut(rest, transfer, frames)
            }.flatMapError { [self] error in
                loop.logger.error(
                    "snapshot not installed", metadata: ["raft.group": "\(offer.group)", "error": "\(error)"])
                end(transfer)
                return loop.eventLoop.makeSucceededFuture(frames + SnapshotFrame.refused(.failed).encoded)
            }.nonisolated()
        case .discard:
            drop(transfer)
            return carryOut(rest, transfer, frames)
        case .finished(let failure):
            if failure == nil { drop(transfer) }
            end(transfer)
            return carryOut(rest, transfer, frames)
        }
    }

    private func drop(_ transfer: Transfer) {
        transfer.file.remove()
        staged[transfer.receiver.offer.group] = nil
    }

    private func end(_ transfer: Transfer) {
        let group = transfer.receiver.offer.group
        if transfers[group] === transfer { transfers[group] = nil }
    }

    /// Nil where `body` throws; that is logged.
    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) -> EventLoopFuture<Value?>.Isolated {
        let logger = loop.logger
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) { () -> Value? in
            do { return try body() } catch {
                logger.error("a snapshot's file", metadata: ["error": "\(error)"])
                return nil
            }
        }.assumeIsolated()
    }
}
