import Dispatch
import Model
import Synchronization

/// The one connection that writes, on a queue of its own.
final class CheckpointWriter: Sendable {
    private let queue = DispatchQueue(label: "checkpoint")
    /// What the main file has, synced.
    private let folded: Mutex<[Int: Watermark]>
    private let worker: Worker
    private let path: String

    /// Pages of the write-ahead file after which it is folded into the main file: 32 MiB.
    private static let foldPages: Int64 = 4096

    init(path: String, connection: SQLiteConnection) throws(SQLiteError) {
        self.path = path
        worker = try Worker(connection)
        do throws(SQLiteError) {
            try worker.fold()
            folded = Mutex(worker.watermarks.mapValues(\.watermark))
        } catch {
            guard error.isBusy else { throw error }
            folded = Mutex([:])
        }
    }

    func write(
        _ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?,
        _ done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void
    ) {
        queue.async { [self] in
            do {
                try worker.write(batches, system)
            } catch let error as SQLiteError {
                if error.isSyncFailure { worker.close(after: error) }
                return done(.failure(CheckpointError(error, path)))
            } catch let error as CodecError {
                return done(.failure(.damaged(path, error.message)))
            } catch {
                return done(.failure(CheckpointError(.unavailable, "\(path): \(error)")))
            }
            foldIfLarge()
            done(.success(()))
        }
    }

    var durableWatermarks: [Int: Watermark] { folded.withLock { $0 } }

    func close() {
        queue.sync {
            foldNow()
            worker.close()
        }
    }

    private func foldIfLarge() {
        if worker.pagesSinceFold >= Self.foldPages { foldNow() }
    }

    /// A reader may be in the way, or the disk full; then the next batch tries again.
    private func foldNow() {
        do throws(SQLiteError) {
            try worker.fold()
        } catch {
            if error.isSyncFailure { worker.close(after: error) }
            return
        }
        folded.withLock { $0 = worker.watermarks.mapValues(\.watermark) }
    }

    /// Touched on the queue alone.
    private final class Worker: @unchecked Sendable {
        private var connection: SQLiteConnection?
        private var statements: BatchStatements?
        private(set) var watermarks: [Int: WatermarkRow] = [:]
        private(set) var pagesSinceFold: Int64 = 0
        /// The failed sync that closed it: a later one would succeed without the lost pages.
        private var failure: SQLiteError?

        init(_ connection: SQLiteConnection) throws(SQLiteError) {
            self.connection = connection
            statements = try BatchStatements(connection)
            let rows = try connection.prepare("SELECT \(WatermarkRow.columns) FROM watermarks")
            while try rows.step() {
                // A damaged one is refused by the loader.
                if let row = WatermarkRow(rows) { watermarks[row.shard] = row }
            }
        }

        func write(_ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?) throws {
            guard let connection, let statements else { throw failure ?? .closed }
            var updated = watermarks
            var bytes = 0
            try connection.transaction {
                for batch in batches {
                    var row = updated[batch.shard] ?? WatermarkRow(shard: batch.shard, watermark: batch.watermark)
                    try statements.write(batch, into: &row)
                    updated[batch.shard] = row
                    bytes += batch.rows.reduce(batch.audit.count * 200) { $0 + 2 * $1.bytes.count }
                }
                if let system {
                    var row = updated[0] ?? WatermarkRow(shard: 0, watermark: system.watermark)
                    try statements.write(system, into: &row)
                    updated[0] = row
                }
            }
            watermarks = updated
            pagesSinceFold += Int64(bytes / 8192) + 16
        }

        /// Moves the write-ahead file into the main file, synced. Throws when a reader is in the way.
        func fold() throws(SQLiteError) {
            guard let connection else { throw failure ?? .closed }
            guard try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0 else { throw .readerInTheWay }
            pagesSinceFold = 0
        }

        func close(after failure: SQLiteError? = nil) {
            self.failure = failure
            statements = nil
            connection = nil
        }
    }
}
