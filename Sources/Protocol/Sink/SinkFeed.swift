import DequeModule
package import Model

/// The newest changes of a shard, in the order of its log, for whoever sends them on: bounded, so that the oldest are forgotten when
/// nobody fetches them. Whoever needs those looks for them in the rows themselves.
package struct SinkFeed: Sendable {
    /// A row that an entry put or deleted.
    package struct Change: Hashable, Sendable {
        package let index: UInt64
        package let id: ResourceID

        package init(index: UInt64, id: ResourceID) {
            self.index = index
            self.id = id
        }
    }

    /// The next changes, whole entries of the log.
    package struct Portion: Sendable {
        /// In the order of the log; a row that changed twice is in it twice.
        package let changes: [Change]
        package let audit: [AuditEntry]
        /// Nothing that changed up to this index is missing, once these are there.
        package let appliedIndex: UInt64
        package let auditSequence: UInt64

        package init(changes: [Change], audit: [AuditEntry], appliedIndex: UInt64, auditSequence: UInt64) {
            self.changes = changes
            self.audit = audit
            self.appliedIndex = appliedIndex
            self.auditSequence = auditSequence
        }

        /// The last change of each row, by id.
        package var lastChanges: [Change] {
            var indexes: [ResourceID: UInt64] = [:]
            for change in changes { indexes[change.id] = change.index }
            return indexes.map { Change(index: $0.value, id: $0.key) }.sorted { $0.id < $1.id }
        }
    }

    private let changesMax: Int
    private let auditBytesMax: Int
    private let bugs: SinkBugs
    private var changes: Deque<Change> = []
    private var audit: Deque<AuditEntry> = []
    private var auditBytes = 0
    /// Every change after this index is here.
    private var knownAfter: UInt64
    /// Every audit entry after this one is here.
    private var knownAfterSequence: UInt64
    private var appliedIndex: UInt64
    private var auditSequence: UInt64

    /// What an audit entry weighs beside its texts, in bytes.
    private static let auditEntryBytes = 256

    /// - Parameters:
    ///   - changesMax: most changes that are kept.
    ///   - auditBytesMax: most bytes of audit entries that are kept, about.
    package init(
        appliedIndex: UInt64, auditSequence: UInt64, changesMax: Int, auditBytesMax: Int, bugs: SinkBugs = []
    ) {
        self.bugs = bugs
        self.changesMax = changesMax
        self.auditBytesMax = auditBytesMax
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        knownAfter = appliedIndex
        knownAfterSequence = auditSequence
    }

    // MARK: Events

    /// The entry at `index` was applied, and changed these.
    package mutating func applied(_ rows: [ResourceID], _ entries: [AuditEntry], at index: UInt64) {
        precondition(index > appliedIndex, "entry \(index) after \(appliedIndex)")
        appliedIndex = index
        for id in rows { changes.append(Change(index: index, id: id)) }
        for entry in entries {
            audit.append(entry)
            auditBytes += Self.bytes(entry)
            auditSequence = entry.sequence
        }
        while changes.count > changesMax, let oldest = changes.popFirst() {
            if !bugs.plants(.forgetSilently) { knownAfter = oldest.index }
        }
        while auditBytes > auditBytesMax, let oldest = audit.popFirst() { forgot(oldest) }
    }

    /// The database has everything up to there.
    package mutating func sent(appliedIndex: UInt64, auditSequence: UInt64) {
        while let oldest = changes.first, oldest.index <= appliedIndex {
            changes.removeFirst()
            knownAfter = oldest.index
        }
        while let oldest = audit.first, oldest.sequence <= auditSequence {
            audit.removeFirst()
            forgot(oldest)
        }
    }

    private mutating func forgot(_ entry: AuditEntry) {
        auditBytes -= Self.bytes(entry)
        knownAfterSequence = entry.sequence
    }

    // MARK: Queries

    /// Changes and audit entries that are kept.
    package var count: Int { changes.count + audit.count }

    /// What comes after that, about `limit` changes and as many audit entries; nil where some of it was forgotten.
    package func portion(afterIndex index: UInt64, sequence: UInt64, limit: Int) -> Portion? {
        guard index >= knownAfter, sequence >= knownAfterSequence else { return nil }
        let first = Self.position(in: changes) { $0.index > index }
        var end = min(changes.count, first + limit)
        // An entry of the log is sent whole.
        while end > first, end < changes.count, changes[end].index == changes[end - 1].index { end += 1 }
        let firstEntry = Self.position(in: audit) { $0.sequence > sequence }
        let endEntry = min(audit.count, firstEntry + limit)
        return Portion(
            changes: Array(changes[first..<end]), audit: Array(audit[firstEntry..<endEntry]),
            appliedIndex: end == changes.count || bugs.plants(.claimAll) ? appliedIndex : changes[end - 1].index,
            auditSequence: endEntry == audit.count || bugs.plants(.claimAllAudit)
                ? auditSequence : audit[endEntry - 1].sequence)
    }

    /// Of the first element that `isBehind`; the elements are sorted so.
    private static func position<Element>(in all: Deque<Element>, _ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(all[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func bytes(_ entry: AuditEntry) -> Int {
        auditEntryBytes + entry.tagKey.utf8.count + (entry.oldValue?.utf8.count ?? 0) + (entry.newValue?.utf8.count ?? 0)
            + entry.actor.utf8.count + entry.requestID.utf8.count
    }
}
