import Dispatch
import Model
import Synchronization

/// The node's embedded store: all shards' rows as of their watermarks, and the audit history, in one SQLite file, written
/// in the background by a thread of its own.
///
/// Start = checkpoint + log tail. A round of batches and its watermarks are one transaction. What a restart or an audit
/// query reads is guarded by checksums and sums of them (`CheckpointSchema`), so that damage is refused, never served.
///
/// SQLite checks its write-ahead file frame by frame, and silently forgets the end of a damaged one. A watermark is
/// therefore durable only once its transaction is in the main file, and the node's log is trimmed no further than that.
package final class Checkpoint: Sendable {
    package let path: String
    let writer: CheckpointWriter
    /// Makes and checks snapshots, one at a time.
    let snapshotQueue = DispatchQueue(label: "checkpoint-snapshots")
    /// Ends what is under way with snapshots.
    let isClosing = Mutex(false)
    /// Idle connections of readers.
    private let readers = Mutex<[SQLiteConnection]>([])
    /// What the index from ids to rows held when shards were last loaded.
    let indexCheck = Mutex<IndexCheck?>(nil)

    /// Files up to this size, in bytes, are checked whole at the start; larger ones by what is read of them.
    static let wholeCheckBytesMax: UInt64 = 64 << 20
    static let pageBytes = 16384
    /// Page cache of the connection that writes, in KiB.
    private static let cacheKiB = 65_536
    /// How long a fold waits for readers.
    private static let foldWaitMilliseconds = 50
    /// Most connections that are kept for readers.
    private static let idleReadersMax = 4

    /// Opens the file, or makes it; its directory must exist. Blocks.
    package static func open(path: String) throws(CheckpointError) -> Checkpoint {
        try open(path: path, checkingWholeUpTo: wholeCheckBytesMax)
    }

    static func open(path: String, checkingWholeUpTo wholeCheckBytesMax: UInt64) throws(CheckpointError) -> Checkpoint {
        let file = try CheckpointFile(path: path)
        do {
            let connection = try SQLiteConnection(path: path, readOnly: false)
            try connection.execute("PRAGMA page_size = \(pageBytes); PRAGMA cache_size = -\(cacheKiB)")
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
            try connection.execute("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY")
            // Nobody else writes; only a fold can find a reader in its way, and a later round folds as well.
            try connection.execute("PRAGMA busy_timeout = \(foldWaitMilliseconds)")
            if file.isNew, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 {
                try CheckpointSchema.create(connection)
            }
            try checkTables(connection, path)
            if file.size <= wholeCheckBytesMax { try checkWhole(connection, path) }
            let totals = try StoredTotals.read(connection, path: path)
            return Checkpoint(path: path, writer: try CheckpointWriter(path: path, connection: connection, totals: totals))
        } catch {
            throw CheckpointError(error, path)
        }
    }

    private init(path: String, writer: CheckpointWriter) {
        self.path = path
        self.writer = writer
    }

    private static func checkTables(_ connection: SQLiteConnection, _ path: String) throws {
        var missing = CheckpointSchema.tables
        let names = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        while try names.step() { missing.remove(names.text(0)) }
        guard missing.isEmpty else {
            throw CheckpointError.damaged(path, "it lacks the tables \(missing.sorted().joined(separator: ", "))")
        }
    }

    private static func checkWhole(_ connection: SQLiteConnection, _ path: String) throws {
        let finding = try connection.text("PRAGMA integrity_check(1)")
        guard finding == "ok" else { throw CheckpointError.damaged(path, finding) }
    }

    // MARK: Writing

    /// Writes the batches in one transaction, in the order of the calls. `done` is called on the writer's thread.
    ///
    /// After a failure nothing of them is written, and the same batches may be handed over again.
    package func write(
        _ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?,
        done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void
    ) {
        writer.change(fold: .later, { try $0.write(batches, system) }, done: done)
    }

    /// How far the copy of each shard has come; shard 0 is the system shard.
    package func watermarks() throws(CheckpointError) -> [Int: Watermark] { writer.shards.mapValues(\.watermark) }

    /// The configuration of each shard's group as of its watermark, as it was handed over.
    package func configurations() -> [Int: [UInt8]] { writer.shards.mapValues(\.configuration) }

    /// What has reached the main file for good: the log may forget what lies below.
    package var durableWatermarks: [Int: Watermark] { writer.durableWatermarks }

    /// Finishes what was handed over, but for snapshots, folds the write-ahead file into the main one, and closes. Blocks.
    package func close() {
        isClosing.withLock { $0 = true }
        snapshotQueue.sync {}
        readers.withLock { $0 = [] }
        writer.close()
    }

    // MARK: Reading

    /// Runs `body` on a connection that only reads, in one transaction: it sees the file as it is now.
    func reading<Value>(_ body: (SQLiteConnection) throws -> Value) throws(CheckpointError) -> Value {
        do {
            let connection = try readers.withLock { $0.popLast() } ?? SQLiteConnection(path: path, readOnly: true)
            try connection.execute("BEGIN")
            // A connection whose body failed is closed, not used again.
            let value = try body(connection)
            try connection.execute("COMMIT")
            readers.withLock { idle in
                if idle.count < Self.idleReadersMax { idle.append(connection) }
            }
            return value
        } catch {
            throw CheckpointError(error, path)
        }
    }
}
