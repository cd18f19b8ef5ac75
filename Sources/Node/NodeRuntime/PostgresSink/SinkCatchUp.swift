import Checkpoint
import Model
import Shard
import Sink

/// What a feed has forgotten of one group, in the order of its log: rows that are still there tell when they last changed, the
/// checkpoint tells of those that are gone and has the audit history.
///
/// Holds an index and an id of each change, no rows: memory does not grow with how long somebody was away.
struct SinkCatchUp {
    private let group: Int
    private let checkpoint: Checkpoint
    private let changes: [SinkFeed.Change]
    private var next = 0
    /// Where it ends.
    private let appliedIndex: UInt64
    private let auditSequence: UInt64

    /// Blocks. The checkpoint holds everything up to `appliedIndex` and `auditSequence`, which is how the group was when `rows` were
    /// taken; nil: none.
    init(
        _ group: Int, after progress: SinkProgress, rows: SlotTable?, appliedIndex: UInt64, auditSequence: UInt64,
        _ checkpoint: Checkpoint
    ) throws {
        self.group = group
        self.checkpoint = checkpoint
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        var changes: [SinkFeed.Change] = []
        _ = try rows?.walk(after: nil) { id, row throws(CodecError) in
            let index = try RecordCodec.changedIndex(of: row)
            if index > progress.appliedIndex { changes.append(SinkFeed.Change(index: index, id: id)) }
            return true
        }
        if rows != nil, progress.appliedIndex < appliedIndex {
            // The checkpoint's index of a deletion is at or above the true one, which may be from before `appliedIndex` all the same.
            for (id, index) in try checkpoint.tombstones(of: group, changedAfter: progress.appliedIndex) {
                changes.append(SinkFeed.Change(index: min(index, appliedIndex), id: id))
            }
        }
        changes.sort { ($0.index, $0.id) < ($1.index, $1.id) }
        self.changes = changes
    }

    /// The next of it after `progress`; nil where that was the end.
    mutating func portion(after progress: SinkProgress, limit: Int) throws -> SinkFeed.Portion? {
        while next < changes.count, changes[next].index <= progress.appliedIndex { next += 1 }
        var end = min(changes.count, next + limit)
        while end > next, end < changes.count, changes[end].index == changes[end - 1].index { end += 1 }
        let upTo = end == changes.count ? max(appliedIndex, progress.appliedIndex) : changes[end - 1].index
        var audit: [AuditEntry] = []
        var sequence = progress.auditSequence
        if sequence < auditSequence {
            audit = try checkpoint.auditEntries(of: group, after: sequence, upTo: auditSequence, limit: limit)
            // What is not there was removed: it is not to be had any more.
            sequence = audit.count < limit ? auditSequence : audit[limit - 1].sequence
        }
        guard upTo > progress.appliedIndex || sequence > progress.auditSequence else { return nil }
        return SinkFeed.Portion(
            changes: Array(changes[next..<end]), audit: audit, appliedIndex: upTo, auditSequence: sequence)
    }
}
