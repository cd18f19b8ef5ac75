import Checkpoint
import Model
import NIOCore
import Shard
import Sink

/// What the sink fetches from a group that is led here, on the group's event loop.
protocol SinkSource: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }
    func supply(after progress: SinkProgress, limit: Int) -> TapSupply
    /// The rows as they are now.
    func rows(_ ids: [ResourceID]) -> [[UInt8]?]
    /// The database has it.
    func sent(_ progress: SinkProgress)
}

enum TapSupply: Sendable {
    /// This replica does not lead in that term.
    case none
    case portion(SinkFeed.Portion)
    /// The feed has forgotten some of it: the rows themselves tell.
    case behind(rows: SlotTable?, appliedIndex: UInt64, auditSequence: UInt64)
}

/// How much of what changed last each group keeps at hand.
struct SinkFeedLimits: Sendable {
    let changesMax: Int
    let auditBytesMax: Int

    /// All groups of a node share these.
    private static let changesOfNode = 1 << 18
    private static let auditBytesOfNode = 128 << 20

    init(groups: Int) {
        changesMax = max(1_024, Self.changesOfNode / groups)
        auditBytesMax = max(256 << 10, Self.auditBytesOfNode / groups)
    }

    func feed(appliedIndex: UInt64, auditSequence: UInt64) -> SinkFeed {
        SinkFeed(
            appliedIndex: appliedIndex, auditSequence: auditSequence, changesMax: changesMax, auditBytesMax: auditBytesMax)
    }
}

/// A group's end of the sink; on the group's event loop. Followers keep a feed too, so that whoever leads next need not look
/// through all rows.
struct SinkTap {
    let board: SinkBoard
    private let limits: SinkFeedLimits
    var feed: SinkFeed

    init?(_ sink: LoopHost.Sink?, appliedIndex: UInt64, auditSequence: UInt64) {
        guard let sink else { return nil }
        board = sink.board
        limits = sink.limits
        feed = sink.limits.feed(appliedIndex: appliedIndex, auditSequence: auditSequence)
    }

    /// Something was applied.
    func tell(_ group: Int, _ leadership: Leadership, _ appliedIndex: UInt64, _ auditSequence: UInt64) {
        guard case .leading(let term) = leadership else { return }
        board.leads(group, SinkBoard.Office(term: term, appliedIndex: appliedIndex, auditSequence: auditSequence))
    }

    /// A snapshot took the place of everything that was.
    mutating func restart(appliedIndex: UInt64, auditSequence: UInt64) {
        feed = limits.feed(appliedIndex: appliedIndex, auditSequence: auditSequence)
    }

    func supply(
        after progress: SinkProgress, limit: Int, _ leadership: Leadership, rows: SlotTable?, appliedIndex: UInt64,
        auditSequence: UInt64
    ) -> TapSupply {
        guard case .leading(progress.term) = leadership else { return .none }
        if let portion = feed.portion(
            afterIndex: progress.appliedIndex, sequence: progress.auditSequence, limit: limit)
        {
            return .portion(portion)
        }
        return .behind(rows: rows, appliedIndex: appliedIndex, auditSequence: auditSequence)
    }
}

/// A group's changes for the sink's thread, which they make wait: what is at hand on the group's event loop, what is not in its rows
/// and the checkpoint.
struct SourceHistory: SinkHistory {
    let group: Int
    let source: any SinkSource
    let checkpoint: Checkpoint
    /// Everything that is applied by now is in the checkpoint when it returns.
    let flush: @Sendable () throws -> Void

    func supply(after progress: SinkProgress, limit: Int) throws -> SinkSupply? {
        let source = source
        switch try source.eventLoop.submit({ source.supply(after: progress, limit: limit) }).wait() {
        case .none: return nil
        case .portion(let portion): return .portion(portion)
        case .behind(let rows, let appliedIndex, let auditSequence):
            try flush()
            return .behind(
                SinkCatchUp(
                    after: progress, rows: try Self.changes(of: rows, after: progress.appliedIndex),
                    deletions: rows == nil ? [] : try deletions(after: progress.appliedIndex), appliedIndex: appliedIndex,
                    auditSequence: auditSequence))
        }
    }

    func audit(after sequence: UInt64, upTo last: UInt64, limit: Int) throws -> [AuditEntry] {
        try checkpoint.auditEntries(of: group, after: sequence, upTo: last, limit: limit)
    }

    private static func changes(of rows: SlotTable?, after applied: UInt64) throws(CodecError) -> [SinkFeed.Change] {
        var changes: [SinkFeed.Change] = []
        _ = try rows?.walk(after: nil) { id, row throws(CodecError) in
            let index = try RecordCodec.changedIndex(of: row)
            if index > applied { changes.append(SinkFeed.Change(index: index, id: id)) }
            return true
        }
        return changes
    }

    private func deletions(after applied: UInt64) throws -> [SinkFeed.Change] {
        try checkpoint.tombstones(of: group, changedAfter: applied).map {
            SinkFeed.Change(index: $0.changedIndex, id: $0.id)
        }
    }
}

extension ShardHost: SinkSource {
    func supply(after progress: SinkProgress, limit: Int) -> TapSupply {
        let state = shard.state
        return tap?.supply(
            after: progress, limit: limit, leadership, rows: state.rows, appliedIndex: state.appliedIndex,
            auditSequence: state.auditSequence) ?? .none
    }

    func rows(_ ids: [ResourceID]) -> [[UInt8]?] {
        let rows = shard.state.rows
        return ids.map { rows.slots.contains(Int($0.slot.number)) ? rows[$0] : nil }
    }

    func sent(_ progress: SinkProgress) {
        tap?.feed.sent(appliedIndex: progress.appliedIndex, auditSequence: progress.auditSequence)
    }
}

extension SystemHost: SinkSource {
    func supply(after progress: SinkProgress, limit: Int) -> TapSupply {
        let state = shard.state
        return tap?.supply(
            after: progress, limit: limit, leadership, rows: nil, appliedIndex: state.appliedIndex,
            auditSequence: state.auditSequence) ?? .none
    }

    func rows(_ ids: [ResourceID]) -> [[UInt8]?] { [] }

    func sent(_ progress: SinkProgress) {
        tap?.feed.sent(appliedIndex: progress.appliedIndex, auditSequence: progress.auditSequence)
    }
}
