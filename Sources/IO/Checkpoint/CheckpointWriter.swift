import Dispatch
import Glibc
import Model
import Synchronization

/// The one connection that writes, on a queue of its own.
final class CheckpointWriter: Sendable {
    private let queue = DispatchQueue(label: "checkpoint")
    private let path: String
    private let worker: Worker
    private let marks: Mutex<Marks>

    private struct Marks {
        var written: [Int: Watermark]
        var durable: [Int: Watermark]
    }

    /// Size of the write-ahead file in bytes above which it is folded into the main file.
    private static let walBytesMax = 64 << 20
    /// Rounds after which it is folded in any case, so that the node's log can be trimmed.
    private static let roundsMax = 30

    /// Folds what the last process left in the write-ahead file.
    init(path: String, connection: SQLiteConnection, totals: StoredTotals) throws(SQLiteError) {
        self.path = path
        worker = Worker(connection, totals)
        try worker.fold()
        marks = Mutex(Marks(written: worker.watermarks, durable: worker.watermarks))
    }

    var watermarks: [Int: Watermark] { marks.withLock { $0.written } }
    var durableWatermarks: [Int: Watermark] { marks.withLock { $0.durable } }

    func write(
        _ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?,
        _ done: @escaping @Sendable (Result<Void, CheckpointError>) -> Void
    ) {
        queue.async { [self] in
            do {
                try worker.write(batches, system, path: path)
            } catch {
                let error = CheckpointError(error, path)
                if error.code == .syncFailed { worker.close(after: error) }
                return done(.failure(error))
            }
            let written = worker.watermarks
            marks.withLock { $0.written = written }
            if worker.roundsSinceFold >= Self.roundsMax || walBytes > Self.walBytesMax { fold() }
            done(.success(()))
        }
    }

    func close() {
        queue.sync {
            fold()
            worker.close()
        }
    }

    /// A reader may be in the way; then a later round tries again.
    private func fold() {
        do throws(SQLiteError) {
            try worker.fold()
        } catch {
            if error.isSyncFailure { worker.close(after: CheckpointError(error, path)) }
            return
        }
        let durable = worker.watermarks
        marks.withLock { $0.durable = durable }
    }

    private var walBytes: Int {
        var status = stat()
        return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    /// Touched on the queue alone.
    private final class Worker: @unchecked Sendable {
        private var connection: SQLiteConnection?
        private var totals: StoredTotals
        private var nextRows: [Int: Int64] = [:]
        private(set) var roundsSinceFold = 0
        /// The failed sync that closed it: a later one would succeed without the lost pages.
        private var failure: CheckpointError?

        init(_ connection: SQLiteConnection, _ totals: StoredTotals) {
            self.connection = connection
            self.totals = totals
        }

        var watermarks: [Int: Watermark] { totals.shards.mapValues(\.watermark) }

        func write(_ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?, path: String) throws {
            guard let connection else { throw failure ?? CheckpointError(.unavailable, "\(path) is closed") }
            var transaction = try CheckpointTransaction(connection, path: path, totals: totals, nextRows: nextRows)
            try connection.transaction { try transaction.write(batches, system) }
            totals = transaction.totals
            nextRows = transaction.nextRows
            roundsSinceFold += 1
        }

        /// Moves the write-ahead file into the main file, synced. Throws when a reader is in the way.
        func fold() throws(SQLiteError) {
            guard let connection else { throw SQLiteError(code: 21, message: "the file is closed") }
            guard try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0 else {
                throw SQLiteError(code: 5, message: "a reader is in the way")
            }
            roundsSinceFold = 0
        }

        func close(after failure: CheckpointError? = nil) {
            self.failure = self.failure ?? failure
            connection = nil
        }
    }
}
