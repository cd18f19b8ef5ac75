package import Model

/// What a feed has forgotten of one shard, in the order of its log: rows that are still there tell when they last changed, those
/// that are gone are remembered elsewhere.
///
/// Holds an index and an id of each change, no rows: memory does not grow with how long somebody was away.
package struct SinkCatchUp: Sendable {
    private let changes: [SinkFeed.Change]
    private var next = 0
    /// Where it ends.
    private let appliedIndex: UInt64
    private let auditSequence: UInt64

    /// The shard as it is at `appliedIndex` and `auditSequence`, for a database that is at `progress`.
    /// - Parameters:
    ///   - rows: each row that changed after `progress`, with the index of its last change; in any order.
    ///   - deletions: each resource that was deleted after `progress` and is not there, with an index at or above that of its
    ///     deletion; in any order.
    package init(
        after progress: SinkProgress, rows: [SinkFeed.Change], deletions: [SinkFeed.Change], appliedIndex: UInt64,
        auditSequence: UInt64, bugs: SinkBugs = []
    ) {
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        var changes = rows
        if progress.appliedIndex < appliedIndex, !bugs.plants(.forgetDeletions) {
            // An index above the true one, which may be from before `appliedIndex` all the same.
            for gone in deletions { changes.append(SinkFeed.Change(index: min(gone.index, appliedIndex), id: gone.id)) }
        }
        changes.sort { ($0.index, $0.id) < ($1.index, $1.id) }
        self.changes = changes
    }

    /// The next of it after `progress`, about `limit` changes and `limit` audit entries; nil where that was the end.
    ///
    /// `audit` finds up to that many entries after a sequence and up to another one, in order.
    package mutating func portion(
        after progress: SinkProgress, limit: Int,
        audit find: (_ after: UInt64, _ upTo: UInt64, _ limit: Int) throws -> [AuditEntry]
    ) rethrows -> SinkFeed.Portion? {
        while next < changes.count, changes[next].index <= progress.appliedIndex { next += 1 }
        var end = min(changes.count, next + limit)
        while end > next, end < changes.count, changes[end].index == changes[end - 1].index { end += 1 }
        let upTo = end == changes.count ? max(appliedIndex, progress.appliedIndex) : changes[end - 1].index
        var audit: [AuditEntry] = []
        var sequence = progress.auditSequence
        if sequence < auditSequence {
            audit = try find(sequence, auditSequence, limit)
            // What is not there was removed: it is not to be had any more.
            sequence = audit.count < limit ? auditSequence : audit[limit - 1].sequence
        }
        guard upTo > progress.appliedIndex || sequence > progress.auditSequence else { return nil }
        return SinkFeed.Portion(
            changes: Array(changes[next..<end]), audit: audit, appliedIndex: upTo, auditSequence: sequence)
    }
}
