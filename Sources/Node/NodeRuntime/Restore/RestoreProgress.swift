import Logging
import NIOCore
import Synchronization

/// Says now and then how far a restore is. Any thread.
final class RestoreProgress: Sendable {
    private let resources: Int
    private let auditEntries: Int
    private let logger: Logger
    private let began = NIODeadline.now()
    private let restoredResources = Atomic(0)
    private let restoredEntries = Atomic(0)
    private let nextWord: Mutex<NIODeadline>

    /// Between two lines of the log.
    private static let wordTime = TimeAmount.seconds(5)
    /// The clock is looked at once for so many rows.
    private static let rowsPerLook = 1_000

    /// - Parameters: about how many there are.
    init(resources: Int, auditEntries: Int, logger: Logger) {
        self.resources = resources
        self.auditEntries = auditEntries
        self.logger = logger
        nextWord = Mutex(.now() + Self.wordTime)
    }

    func restoredResource() { count(restoredResources) }
    func restoredEntry() { count(restoredEntries) }

    private func count(_ counter: borrowing Atomic<Int>) {
        let (_, count) = counter.add(1, ordering: .relaxed)
        guard count % Self.rowsPerLook == 0 else { return }
        let now = NIODeadline.now()
        let isTime = nextWord.withLock { next in
            guard now >= next else { return false }
            next = now + Self.wordTime
            return true
        }
        if isTime { say("restoring from PostgreSQL") }
    }

    func finish() { say("restored from PostgreSQL") }

    private func say(_ words: Logger.Message) {
        let resources = restoredResources.load(ordering: .relaxed)
        let entries = restoredEntries.load(ordering: .relaxed)
        let seconds = max(0.001, Double((NIODeadline.now() - began).nanoseconds) / 1e9)
        let rate = Double(resources + entries) / seconds
        let left = max(0, self.resources + auditEntries - resources - entries)
        logger.notice(
            words,
            metadata: [
                "restore.resources": "\(resources) of \(max(resources, self.resources))",
                "restore.audit_entries": "\(entries) of \(max(entries, auditEntries))",
                "restore.rows_per_second": "\(Int(rate))", "restore.seconds": "\(Int(seconds))",
                "restore.seconds_left": "\(rate > 0 ? Int(Double(left) / rate) : 0)",
            ])
    }
}
