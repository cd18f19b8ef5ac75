import Dispatch
import Model
import Synchronization

/// The entry that a snapshot ends with.
package struct SnapshotMark: Hashable, Sendable {
    package let index: UInt64
    package let term: UInt64

    package init(index: UInt64, term: UInt64) {
        self.index = index
        self.term = term
    }
}

/// A shard's part of the checkpoint, exported to a file.
package struct ShardExport: Hashable, Sendable {
    package let watermark: Watermark
    /// The group's configuration as of the watermark.
    package let configuration: [UInt8]
    /// Length of the file.
    package let totalBytes: UInt64
    /// SHA-256 of the file, 32 bytes.
    package let sha256: [UInt8]
}

/// What a shard's copy is after a snapshot was installed.
package struct ShardInstall: Hashable, Sendable {
    package let watermark: Watermark
    package let configuration: [UInt8]
}

/// Export, install and removal of whole shards. The file is described at `SnapshotFormat`.
extension Checkpoint {
    // MARK: Export

    /// Writes all there is of a shard, as of its watermark, to a new file at `path`.
    ///
    /// One read transaction, streamed: the memory needed is a block's, and writers go on, but their write-ahead file grows
    /// until this ends. Every row is checked on the way, as by `load`. Throws `damaged`; `unavailable` where the shard is
    /// not there, the disk is full or the checkpoint is being closed. Then there is no file. Blocks for as long as it takes
    /// to read the shard.
    package func export(shard: Int, to path: String) throws(CheckpointError) -> ShardExport {
        try checkOpen()
        return try reading { connection in
            guard let stored = try StoredTotals.read(connection, path: self.path).shards[shard],
                stored.watermark.appliedIndex > 0
            else { throw CheckpointError(.unavailable, "\(self.path) holds nothing of shard \(shard)") }
            let file = try SnapshotFileWriter(path: path, head: SnapshotHead(shard: shard, stored: stored))
            let source = SnapshotSource(connection, path: self.path, shard: shard, stored: stored)
            try source.forEachEntry { entry in
                if try file.append(entry) { try checkOpen() }
            }
            let (totalBytes, sha256) = try file.finish()
            return ShardExport(
                watermark: stored.watermark, configuration: stored.configuration, totalBytes: totalBytes, sha256: sha256)
        }
    }

    /// The same on a queue of its own, one after the other; `done` is called there.
    package func export(
        shard: Int, to path: String, done: @escaping @Sendable (Result<ShardExport, CheckpointError>) -> Void
    ) {
        snapshotQueue.async { [self] in
            done(Result { () throws(CheckpointError) in try export(shard: shard, to: path) })
        }
    }

    // MARK: Install

    /// Puts the snapshot at `path` in the place of all there is of its shard.
    ///
    /// The whole file is checked first: its SHA-256, that it is of this shard and of `mark`, every block, that every row can
    /// be read and belongs to the shard (`contents`). Then one transaction replaces rows, state and audit history, and sets
    /// the watermark and the marker that `installed` returns; what is read in it is checked again. Rounds of other shards
    /// wait meanwhile. None of this shard may be handed over until this is done, and after that only ones that go on from
    /// its watermark.
    ///
    /// Throws `snapshotRefused` or `newerVersion` where something is wrong with the file, `unavailable` where it or the
    /// checkpoint cannot be read or written; then nothing was changed. Memory: a block of the file. Blocks.
    package func install(
        shard: Int, at mark: SnapshotMark, from path: String, sha256: [UInt8], checking contents: SnapshotContents
    ) throws(CheckpointError) -> ShardInstall {
        let scan = try verified(shard, mark, path, sha256, contents)
        let installed = try writer.change(fold: .now) { [self] in try install(scan, &$0) }
        indexCheck.withLock { $0 = nil }
        return installed
    }

    /// The same: the file is checked on a queue of its own, then installed on the writer's, where `done` is called.
    package func install(
        shard: Int, at mark: SnapshotMark, from path: String, sha256: [UInt8], checking contents: SnapshotContents,
        done: @escaping @Sendable (Result<ShardInstall, CheckpointError>) -> Void
    ) {
        snapshotQueue.async { [self] in
            let scan: SnapshotScan
            do throws(CheckpointError) {
                scan = try verified(shard, mark, path, sha256, contents)
            } catch {
                return done(.failure(error))
            }
            writer.change(fold: .now, { [self] in try install(scan, &$0) }) { [self] result in
                indexCheck.withLock { $0 = nil }
                done(result)
            }
        }
    }

    private func verified(
        _ shard: Int, _ mark: SnapshotMark, _ path: String, _ sha256: [UInt8], _ contents: SnapshotContents
    ) throws(CheckpointError) -> SnapshotScan {
        precondition(
            (contents.ids == nil) == (shard == CheckpointTransaction.systemShard),
            "the contents are not those of shard \(shard)")
        let scan = SnapshotScan(shard: shard, mark: mark, sha256: sha256, contents: contents, path: path)
        do {
            _ = try scan.run(goOn: checkOpen) { _ in }
        } catch {
            throw CheckpointError(snapshot: error, path)
        }
        return scan
    }

    private func install(_ scan: SnapshotScan, _ transaction: inout CheckpointTransaction) throws -> ShardInstall {
        do {
            let head = try transaction.install(scan, goOn: checkOpen)
            return ShardInstall(watermark: head.stored.watermark, configuration: head.stored.configuration)
        } catch let error as SQLiteError where !error.isConstraint {
            throw CheckpointError(error, path)
        } catch {
            throw CheckpointError(snapshot: error, scan.path)
        }
    }

    /// The shards whose copy came as a snapshot, and by which entry, until `clearInstalled`: their log has yet to start
    /// again behind that entry.
    package func installed() -> [Int: SnapshotMark] { writer.shards.compactMapValues(\.installed) }

    /// The log is known to go on behind the snapshot. Blocks.
    package func clearInstalled(shard: Int) throws(CheckpointError) {
        try writer.change(fold: .later) { $0.clearInstalled(shard) }
    }

    /// The same; `done` is called on the writer's thread.
    package func clearInstalled(shard: Int, done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void) {
        writer.change(fold: .later, { $0.clearInstalled(shard) }, done: done)
    }

    // MARK: Removal

    /// Drops all there is of a shard: this node is no replica of it any more. Nothing happens where there is nothing.
    /// No batch of it may be handed over from now on. Blocks.
    package func remove(shard: Int) throws(CheckpointError) {
        try writer.change(fold: .later) { try $0.remove(shard) }
        indexCheck.withLock { $0 = nil }
    }

    /// The same; `done` is called on the writer's thread.
    package func remove(shard: Int, done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void) {
        writer.change(fold: .later, { try $0.remove(shard) }) { [self] result in
            indexCheck.withLock { $0 = nil }
            done(result)
        }
    }

    private func checkOpen() throws(CheckpointError) {
        guard !isClosing.withLock({ $0 }) else { throw CheckpointError(.unavailable, "\(path) is being closed") }
    }
}

extension CheckpointError {
    /// What an error on the way through the snapshot at `path` means.
    fileprivate init(snapshot error: any Error, _ path: String) {
        switch error {
        case let error as CheckpointError: self = error
        default: self.init(.snapshotRefused, "the snapshot \(path) is refused: \(error). Nothing was changed.")
        }
    }
}
