import Dispatch
import Glibc
import Model
import Synchronization

/// The one connection that writes, on a queue of its own.
final class CheckpointWriter: Sendable {
    /// What is to happen in one transaction.
    typealias Change<Value> = @Sendable (inout CheckpointTransaction) throws -> Value

    /// When the write-ahead file is folded after a change.
    enum Fold {
        /// Once it has grown, or is old.
        case later
        /// At once, or, where a reader is in the way, after the next change.
        case now
    }

    private let queue = DispatchQueue(label: "checkpoint")
    private let path: String
    private let worker: Worker
    private let marks: Mutex<Marks>

    private struct Marks {
        var written: [Int: StoredWatermark]
        var durable: [Int: Watermark]

        /// What is durable of a shard that was removed, or went back, is no promise any more.
        mutating func changed(to shards: [Int: StoredWatermark]) {
            written = shards
            for (shard, watermark) in durable {
                let now = shards[shard]?.watermark
                if let now, now.appliedIndex >= watermark.appliedIndex { continue }
                durable[shard] = now
            }
        }
    }

    /// Size of the write-ahead file in bytes above which it is folded into the main file.
    private static let walBytesMax = 128 << 20
    /// Rounds after which it is folded in any case, so that the node's log can be trimmed.
    private static let roundsMax = 30

    /// Folds what the last process left in the write-ahead file.
    init(path: String, connection: SQLiteConnection, totals: StoredTotals) throws(SQLiteError) {
        self.path = path
        worker = Worker(connection, totals)
        try worker.fold()
        marks = Mutex(Marks(written: totals.shards, durable: totals.shards.mapValues(\.watermark)))
    }

    /// What was written last.
    var shards: [Int: StoredWatermark] { marks.withLock { $0.written } }
    var durableWatermarks: [Int: Watermark] { marks.withLock { $0.durable } }

    /// Carries out a change, in the order of the calls. `done` is called on the queue. After a failure nothing is changed.
    func change<Value: Sendable>(
        fold: Fold, _ body: @escaping Change<Value>, done: @escaping @Sendable (Result<Value, CheckpointError>) -> Void
    ) {
        queue.async { [self] in done(carryOut(fold, body)) }
    }

    /// The same; blocks until it is carried out.
    func change<Value: Sendable>(fold: Fold, _ body: Change<Value>) throws(CheckpointError) -> Value {
        try queue.sync { carryOut(fold, body) }.get()
    }

    private func carryOut<Value>(_ fold: Fold, _ body: Change<Value>) -> Result<Value, CheckpointError> {
        let value: Value
        do {
            value = try worker.change(path: path, body)
        } catch {
            let error = CheckpointError(error, path)
            if error.code == .syncFailed { worker.close(after: error) }
            return .failure(error)
        }
        let written = worker.shards
        marks.withLock { $0.changed(to: written) }
        if fold == .now { worker.roundsSinceFold = Self.roundsMax }
        if worker.roundsSinceFold >= Self.roundsMax || walBytes > Self.walBytesMax { self.fold() }
        return .success(value)
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
        let durable = worker.shards.mapValues(\.watermark)
        marks.withLock { $0.durable = durable }
    }

    private var walBytes: Int {
        var status = stat()
        return stat(path + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    /// Touched on the queue alone.
    private final class Worker: @unchecked Sendable {
        private var connection: SQLiteConnection?
        private var statements: Statements?
        private var totals: StoredTotals
        private var nextRows: [Int: Int64] = [:]
        var roundsSinceFold = 0
        /// The failed sync that closed it: a later one would succeed without the lost pages.
        private var failure: CheckpointError?

        init(_ connection: SQLiteConnection, _ totals: StoredTotals) {
            self.connection = connection
            self.totals = totals
        }

        var shards: [Int: StoredWatermark] { totals.shards }

        func change<Value>(path: String, _ body: Change<Value>) throws -> Value {
            guard let connection else { throw failure ?? CheckpointError(.unavailable, "\(path) is closed") }
            let statements = try statements ?? Statements(connection)
            self.statements = statements
            var transaction = CheckpointTransaction(
                connection, statements, path: path, totals: totals, nextRows: nextRows)
            let value = try connection.transaction {
                let value = try body(&transaction)
                try transaction.finish()
                return value
            }
            totals = transaction.totals
            nextRows = transaction.nextRows
            roundsSinceFold += 1
            return value
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
            statements = nil
            connection = nil
        }
    }
}
