import Model
import Shard
import Sink

/// A replica's end of the sink: the feed, as the node's `SinkTap` keeps it, and what its checkpoint would know of deletions.
struct SimulatedTap {
    private(set) var feed: SinkFeed
    private let plan: SinkPlan
    private let bugs: SinkBugs
    /// By resource: the index of its deletion, where it is gone.
    private(set) var tombstones: [ResourceID: UInt64] = [:]
    /// Planted: deletions count as of the checkpoint that first has them.
    private let isCoarse: Bool
    /// Deleted since the checkpoint was written last, where that counts.
    private var unwritten: Set<ResourceID> = []

    init(_ plan: SinkPlan, _ bugs: SinkBugs, isCoarse: Bool) {
        self.plan = plan
        self.isCoarse = isCoarse
        self.bugs = bugs
        feed = Self.feed(plan, bugs, appliedIndex: 0, auditSequence: 0)
    }

    private static func feed(_ plan: SinkPlan, _ bugs: SinkBugs, appliedIndex: UInt64, auditSequence: UInt64) -> SinkFeed {
        SinkFeed(
            appliedIndex: appliedIndex, auditSequence: auditSequence, changesMax: plan.feedChangesMax,
            auditBytesMax: plan.feedAuditBytesMax, bugs: bugs)
    }

    // MARK: Events

    mutating func applied(_ changes: ShardState.Changes, _ rows: SlotTable, at index: UInt64) {
        for id in changes.rows {
            let isGone = rows[id] == nil
            tombstones[id] = isGone && !isCoarse ? index : nil
            if isCoarse { if isGone { unwritten.insert(id) } else { unwritten.remove(id) } }
        }
        feed.applied(changes.rows, changes.audit, at: index)
    }

    /// The checkpoint is written.
    mutating func written(at index: UInt64) {
        for id in unwritten { tombstones[id] = index }
        unwritten = []
    }

    /// A snapshot took the place of everything that was; `keepsFeed`: a planted bug.
    mutating func restart(tombstones: [ResourceID: UInt64], appliedIndex: UInt64, auditSequence: UInt64, keepsFeed: Bool) {
        self.tombstones = tombstones
        unwritten = []
        if keepsFeed {
            feed.applied([], [], at: appliedIndex)
        } else {
            feed = Self.feed(plan, bugs, appliedIndex: appliedIndex, auditSequence: auditSequence)
        }
    }

    mutating func sent(_ progress: SinkProgress) {
        feed.sent(appliedIndex: progress.appliedIndex, auditSequence: progress.auditSequence)
    }

    // MARK: Catching up

    mutating func supply(after progress: SinkProgress, limit: Int, _ state: ShardState) -> SinkSupply {
        if let portion = feed.portion(
            afterIndex: progress.appliedIndex, sequence: progress.auditSequence, limit: limit)
        {
            return .portion(portion)
        }
        written(at: state.appliedIndex)
        var rows: [SinkFeed.Change] = []
        for row in state.rows.rows(after: nil, limit: .max) {
            guard let index = try? RecordCodec.changedIndex(of: row.bytes), index > progress.appliedIndex else { continue }
            rows.append(SinkFeed.Change(index: index, id: row.id))
        }
        let deletions = tombstones.filter { $0.value > progress.appliedIndex }
            .map { SinkFeed.Change(index: $0.value, id: $0.key) }.sorted { $0.id < $1.id }
        return .behind(
            SinkCatchUp(
                after: progress, rows: rows, deletions: deletions, appliedIndex: state.appliedIndex,
                auditSequence: state.auditSequence, bugs: bugs))
    }
}
