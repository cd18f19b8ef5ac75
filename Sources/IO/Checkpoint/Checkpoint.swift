import Model

/// The node's embedded store: one SQLite file with the eight tables, written in the background by a thread of its own.
///
/// A batch and its watermark are one transaction. What a restart reads is guarded by CRCs and digests, so that damage is
/// noticed and refused, never served.
package final class Checkpoint: Sendable {
    package let path: String
    private let writer: CheckpointWriter
    let auditReader: AuditReader

    /// Opens the file, or makes it. Blocks.
    package static func open(path: String) throws(CheckpointError) -> Checkpoint {
        do {
            let connection = try SQLiteConnection(path: path, readOnly: false)
            try connection.execute("PRAGMA page_size = 8192")
            let version = try connection.integer("PRAGMA user_version")
            let owner = try connection.integer("PRAGMA application_id")
            let tables = try connection.integer("SELECT count(*) FROM sqlite_master")
            if tables == 0, version == 0 {
                try create(connection)
            } else if owner != CheckpointSchema.applicationID {
                throw CheckpointError.damaged(path, "it is a database of something else")
            } else if version > CheckpointSchema.version {
                throw CheckpointError(
                    .newerVersion,
                    "\(path) was written by a newer version (schema \(version), this one knows \(CheckpointSchema.version)); run that version or a newer one")
            } else if version < CheckpointSchema.version {
                throw CheckpointError.damaged(path, "its schema version is \(version)")
            }
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
            try connection.execute("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY")
            try check(connection, path)
            return try Checkpoint(path: path, connection: connection)
        } catch let error as SQLiteError {
            throw CheckpointError(error, path)
        } catch let error as CheckpointError {
            throw error
        } catch let error as CodecError {
            throw CheckpointError.damaged(path, error.message)
        } catch {
            throw CheckpointError(.unavailable, "\(path): \(error)")
        }
    }

    private init(path: String, connection: SQLiteConnection) throws(CheckpointError) {
        self.path = path
        do throws(SQLiteError) {
            writer = try CheckpointWriter(path: path, connection: connection)
        } catch {
            throw CheckpointError(error, path)
        }
        auditReader = AuditReader(path: path)
    }

    private static func create(_ connection: SQLiteConnection) throws {
        try connection.transaction {
            try connection.execute(CheckpointSchema.statements)
            try connection.execute("PRAGMA application_id = \(CheckpointSchema.applicationID)")
            try connection.execute("PRAGMA user_version = \(CheckpointSchema.version)")
        }
    }

    /// Files up to this size are checked whole at the start; larger ones by what is read of them.
    private static let wholeCheckBytesMax: Int64 = 256 << 20

    private static func check(_ connection: SQLiteConnection, _ path: String) throws {
        let bytes = try connection.integer("PRAGMA page_count") * connection.integer("PRAGMA page_size")
        guard bytes <= wholeCheckBytesMax else { return }
        let finding = try connection.text("PRAGMA integrity_check(1)")
        guard finding == "ok" else { throw CheckpointError.damaged(path, finding) }
        try AuditRow.checkAll(connection, path: path)
    }

    /// Writes the batches in one transaction, in the order of the calls. `done` is called on the writer's thread.
    package func write(
        _ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?,
        done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void
    ) {
        writer.write(batches, system, done)
    }

    /// What has reached the main file for good: the log may forget what lies below.
    package var durableWatermarks: [Int: Watermark] { writer.durableWatermarks }

    /// Finishes what was handed over, folds the write-ahead file into the main one, and closes. Blocks.
    package func close() { writer.close() }
}
