import Dispatch
import Glibc
import Model
import Synchronization

/// Makes a whole new checkpoint of what comes from elsewhere, as fast as the disk takes it: without a journal, and beside its place.
/// It is there once `finish` has returned; whatever a crash leaves before is dropped by the next builder.
///
/// Shards are drafted side by side, each by one thread (`CheckpointDraft`); a queue of its own writes what they hand over. Who
/// drafts faster than that waits.
package final class CheckpointBuilder: Sendable {
    private let path: String
    private let queue = DispatchQueue(label: "checkpoint-builder")
    private let worker: Worker
    /// Room for pieces that wait to be written.
    private let room = DispatchSemaphore(value: piecesMax)
    private let failure = Mutex<CheckpointError?>(nil)

    /// Pieces that wait to be written at most.
    private static let piecesMax = 8
    /// Page cache while it writes, in KiB.
    private static let cacheKiB = 131_072

    /// - Parameter path: where the checkpoint is going to be; whatever is there is replaced in the end. Blocks.
    package init(path: String) throws(CheckpointError) {
        self.path = path
        let draft = Self.draftPath(of: path)
        for name in [draft, draft + "-journal", draft + "-wal", draft + "-shm"] where unlink(name) != 0 && errno != ENOENT {
            throw CheckpointError(.unavailable, "\(name) cannot be removed: \(String(cString: strerror(errno)))")
        }
        do {
            let connection = try SQLiteConnection(path: draft, readOnly: false)
            try connection.execute("PRAGMA page_size = \(Checkpoint.pageBytes); PRAGMA cache_size = -\(Self.cacheKiB)")
            try connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
            try connection.execute("PRAGMA temp_store = MEMORY")
            try CheckpointSchema.create(connection)
            try connection.execute("BEGIN IMMEDIATE")
            worker = Worker(connection, try Statements(connection))
        } catch {
            throw CheckpointError(error, draft)
        }
    }

    private static func draftPath(of path: String) -> String { path + ".new" }

    /// Writes a piece of a shard soon. Throws what an earlier piece met with. Any thread; blocks while too many wait.
    func write(_ piece: [ScannedEntry], of shard: Int) throws(CheckpointError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
        room.wait()
        queue.async { [self] in
            defer { room.signal() }
            guard failure.withLock({ $0 == nil }) else { return }
            do { try worker.write(piece, of: shard) } catch {
                failure.withLock { $0 = CheckpointError(error, Self.draftPath(of: path)) }
            }
        }
    }

    /// The shard is complete: all its pieces were handed over.
    func complete(_ stored: StoredWatermark, of shard: Int) {
        queue.async { [self] in worker.totals.shards[shard] = stored }
    }

    /// Puts the file in its place, for good. Blocks.
    package func finish() throws(CheckpointError) {
        let draft = Self.draftPath(of: path)
        let result = queue.sync { [self] in Result { try worker.finish() } }
        if let failure = failure.withLock({ $0 }) { throw failure }
        do { try result.get() } catch { throw CheckpointError(error, draft) }
        try Self.sync(draft)
        for name in [path + "-wal", path + "-shm"] { _ = unlink(name) }
        guard rename(draft, path) == 0 else {
            throw CheckpointError(.unavailable, "\(draft) cannot be renamed: \(String(cString: strerror(errno)))")
        }
        try Self.sync(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    private static func sync(_ path: String) throws(CheckpointError) {
        let descriptor = open(path.isEmpty ? "." : path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CheckpointError(.unavailable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw CheckpointError(.syncFailed, "\(path) cannot be synced: \(String(cString: strerror(errno)))")
        }
    }

    /// Touched on the queue alone.
    private final class Worker: @unchecked Sendable {
        var totals = StoredTotals()
        private var connection: SQLiteConnection?
        private var statements: Statements?
        private var nextRows: [Int: Int64] = [:]

        init(_ connection: SQLiteConnection, _ statements: Statements) {
            self.connection = connection
            self.statements = statements
        }

        func write(_ piece: [ScannedEntry], of shard: Int) throws {
            guard let connection, let statements else { return }
            var row = nextRows[shard] ?? StoredRecord.rows(of: shard).first
            for entry in piece { try statements.write(entry, shard: shard, nextRow: &row, connection) }
            nextRows[shard] = row
        }

        func finish() throws {
            guard let connection else { return }
            try totals.write(connection, changed: Set(totals.shards.keys))
            try connection.execute("COMMIT")
            statements = nil
            self.connection = nil
        }
    }
}
