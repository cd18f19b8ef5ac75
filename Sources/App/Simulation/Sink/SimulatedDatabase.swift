import Model
import Sink

/// What a transaction of the sink does.
struct SimulatedTransaction {
    /// A row that is put, or one that is deleted.
    struct Change {
        let group: Int
        let key: Int
        /// Nil: deleted.
        let row: SimulatedDatabase.Row?
        /// Of the row, or of the deletion as it is recorded.
        let changedIndex: UInt64
        /// What the replica had applied when the row was read: for the oracle alone.
        let asOf: UInt64
    }

    struct Audit {
        let group: Int
        let sequence: UInt64
        let fingerprint: UInt64
    }

    var parts: [SinkPart] = []
    var changes: [Change] = []
    var audit: [Audit] = []
}

/// PostgreSQL as the sink's schema has it: what each shard's tables hold, and the fence of `vtag.raise_term` and `vtag.advance`.
///
/// Both lock the progress row, so a transaction happens at one moment, all of it or nothing.
struct SimulatedDatabase {
    struct Row: Equatable {
        var changedIndex: UInt64
        var fingerprint: UInt64
    }

    /// What belongs to one shard.
    struct Tables: Equatable {
        var progress: SinkProgress?
        /// By the number of the resource.
        var rows: [Row?]
        /// By the number of the resource: the index of its deletion; 0: none is recorded.
        var deletions: [UInt64]
        /// Fingerprints by sequence, from 1; 0: not there.
        var audit: [UInt64] = []
        /// For the oracle: the index of the entry as of which each row is there, or is not.
        var versions: [UInt64]
        /// For the oracle: the term of the leader that wrote last.
        var writerTerm: UInt64 = 0
        /// For the oracle: up to here the audit entries may come again, since somebody asked for it.
        var auditAgain: UInt64 = 0

        init(resources: Int) {
            rows = Array(repeating: nil, count: resources)
            deletions = Array(repeating: 0, count: resources)
            versions = deletions
        }
    }

    private(set) var tables: [Tables]
    private let empty: [Tables]
    private var backUp: [Tables]
    /// The states before the last transactions, oldest first.
    private var before: [[Tables]] = []
    /// Which server it is: what one has under way, another never hears of.
    private(set) var server = 0
    /// The last that began, of all shards.
    private var epoch: UInt64 = 0
    var isAway = false
    var isReadOnly = false
    var refusesContents = false
    var slowUntil: Microseconds = 0

    private static let beforeMax = 6

    init(groups: Int, resources: Int) {
        tables = Array(repeating: Tables(resources: resources), count: groups)
        empty = tables
        backUp = tables
    }

    // MARK: Transactions

    mutating func raise(_ group: Int, incarnation: UUID128, term: UInt64, _ bugs: ShellBugs) -> SinkProgress {
        var found = tables[group].progress ?? SinkProgress(incarnation: incarnation, term: 0)
        guard found.incarnation == incarnation, found.term <= term else { return found }
        let isNew = tables[group].progress == nil
        let isRaised = isNew || found.term < term
        found.term = term
        if bugs.contains(.readWithoutRaising), !isNew { return found }
        epoch += 1
        found.epoch = epoch
        if isRaised { remember() }
        tables[group].progress = found
        return found
    }

    /// False, and nothing happened, where a shard's progress is not as expected.
    mutating func commit(_ transaction: SimulatedTransaction, _ bugs: ShellBugs) -> Bool {
        let isExpected = transaction.parts.allSatisfy { self.isExpected($0, bugs) }
        guard isExpected || bugs.contains(.rowsOutsideFence) else { return false }
        remember()
        for part in transaction.parts where isExpected {
            tables[part.shard].progress?.appliedIndex = part.after.appliedIndex
            tables[part.shard].progress?.auditSequence = part.after.auditSequence
            tables[part.shard].writerTerm = part.before.term
        }
        for change in transaction.changes { apply(change) }
        for entry in transaction.audit { add(entry) }
        return isExpected
    }

    private func isExpected(_ part: SinkPart, _ bugs: ShellBugs) -> Bool {
        guard var found = tables[part.shard].progress else { return false }
        if bugs.contains(.fenceWithoutTerm) { (found.term, found.epoch) = (part.before.term, part.before.epoch) }
        if bugs.contains(.fenceWithoutEpoch) { found.epoch = part.before.epoch }
        if bugs.contains(.fenceWithoutProgress) {
            found.epoch = part.before.epoch
            found.appliedIndex = part.before.appliedIndex
            found.auditSequence = part.before.auditSequence
        }
        return found == part.before
    }

    private mutating func apply(_ change: SimulatedTransaction.Change) {
        tables[change.group].rows[change.key] = change.row
        tables[change.group].deletions[change.key] = change.row == nil ? change.changedIndex : 0
    }

    /// One that is there already is left alone.
    private mutating func add(_ entry: SimulatedTransaction.Audit) {
        let position = Int(entry.sequence) - 1
        let missing = position + 1 - tables[entry.group].audit.count
        if missing > 0 { tables[entry.group].audit += Array(repeating: 0, count: missing) }
        if tables[entry.group].audit[position] == 0 { tables[entry.group].audit[position] = entry.fingerprint }
    }

    /// The oracle has seen that the row is there, or is not, as of that entry.
    mutating func note(_ group: Int, key: Int, version: UInt64) { tables[group].versions[key] = version }

    private mutating func remember() {
        before.append(tables)
        if before.count > Self.beforeMax { before.removeFirst() }
    }

    // MARK: Faults

    /// The server ends with all that is under way.
    mutating func serverEnds() { server += 1 }

    mutating func backsUp() { backUp = tables }

    mutating func isRestored() {
        serverEnds()
        before = []
        tables = backUp
    }

    mutating func isEmptied() {
        serverEnds()
        before = []
        tables = empty
    }

    /// A standby takes over that lacks up to so many of the last transactions.
    mutating func isPromoted(without count: Int) {
        serverEnds()
        for _ in 0..<count { if let earlier = before.popLast() { tables = earlier } }
        before = []
    }

    mutating func isReset(_ group: Int) {
        guard let progress = tables[group].progress else { return }
        tables[group].auditAgain = max(tables[group].auditAgain, progress.auditSequence)
        tables[group].progress?.appliedIndex = 0
        tables[group].progress?.auditSequence = 0
    }

    mutating func heal() {
        isAway = false
        isReadOnly = false
        refusesContents = false
        slowUntil = 0
    }
}
