import Model

/// Walks `tag_audit` from new to old, and proves on the way that nothing is missing: all shards' histories, merged, each by
/// its dense sequence; or one resource's chain by its links.
struct AuditReader {
    private let path: String
    private let connection: SQLiteConnection
    private let totals: StoredTotals
    private let single: SQLiteStatement
    private var state = State.ended

    private enum State {
        /// A heap with the newest row on top; `isRead`: the top was handed out and is to go on.
        case merging([ShardTrail], isRead: Bool)
        case following(Chain)
        case ended
    }

    private struct Chain {
        var resource: ResourceID
        var shard: Int
        /// Sequence of the next entry, 0 at the end.
        var position: Int64
    }

    init(_ connection: SQLiteConnection, path: String, totals: StoredTotals) throws {
        self.connection = connection
        self.path = path
        self.totals = totals
        single = try connection.prepare("SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number = ?")
    }

    /// Everything of these shards that is older than `cursor`; what is not before `time` may be left out. Nil: of all shards.
    mutating func merge(of shards: Set<Int>?, before cursor: AuditCursor?, to time: Timestamp?) throws {
        var trails: [ShardTrail] = []
        for (shard, stored) in totals.shards where shards?.contains(shard) ?? true {
            let last = try last(of: shard, stored, before: cursor, to: time)
            var trail = try ShardTrail(connection, path: path, shard: shard, from: last)
            if try trail.advance() { trails.append(trail) }
        }
        trails.sort { $1.place < $0.place }
        state = .merging(trails, isRead: false)
    }

    /// The entries of `id` that are older than `cursor`.
    mutating func follow(_ id: ResourceID, before cursor: AuditCursor?) throws {
        guard var chain = try chain(of: id) else { return }
        while let cursor, chain.position > 0 {
            let found = try row(chain.shard, chain.position)
            if found.place < cursor { break }
            chain.position = found.previous
        }
        state = .following(chain)
    }

    private func chain(of id: ResourceID) throws -> Chain? {
        if let record = try StoredRecord.find(id.uuid, with: connection.prepare(StoredRecord.select)) {
            return Chain(resource: id, shard: Int(record.row >> CheckpointSchema.rowBits), position: record.auditHead)
        }
        let find = try connection.prepare(StoredTombstone.select)
        for shard in totals.shards.keys.sorted() {
            guard let tombstone = try StoredTombstone.find(id.uuid, shard: shard, with: find) else { continue }
            return Chain(resource: id, shard: shard, position: tombstone.auditHead)
        }
        return nil
    }

    /// Sequence of the newest entry wanted: stamps never fall, and exceed times by a known bound.
    private func last(
        of shard: Int, _ stored: StoredWatermark, before cursor: AuditCursor?, to time: Timestamp?
    ) throws -> Int64 {
        let bound = time.map { $0.milliseconds.addingReportingOverflow(stored.auditSkew) }
        let stampMax = bound.flatMap { $0.overflow ? nil : $0.partialValue } ?? .max
        var (low, high) = (0 as Int64, Int64(bitPattern: stored.watermark.auditSequence))
        guard cursor != nil || stampMax < .max else { return high }
        while low < high {
            let middle = high - (high - low) / 2
            let found = try row(shard, middle)
            let isWanted = found.stamp < stampMax && cursor.map { found.place < $0 } ?? true
            if isWanted { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The next row; valid until the call after.
    mutating func next() throws -> AuditRow? {
        switch state {
        case .ended: return nil
        case .following(var chain):
            guard chain.position > 0 else { return nil }
            let found = try row(chain.shard, chain.position)
            guard found.resourceID == chain.resource, found.previous < chain.position else {
                throw damaged(chain.shard, chain.position)
            }
            chain.position = found.previous
            state = .following(chain)
            return found
        case .merging(var trails, let isRead):
            state = .ended
            if isRead, let top = trails.indices.first {
                if try !trails[top].advance() {
                    trails.swapAt(top, trails.count - 1)
                    trails.removeLast()
                }
                Self.sink(&trails)
            }
            guard let row = trails.first?.row else { return nil }
            state = .merging(trails, isRead: true)
            return row
        }
    }

    /// Puts the top of the heap where it belongs.
    private static func sink(_ heap: inout [ShardTrail]) {
        var parent = 0
        while true {
            var newest = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count && heap[newest].place < heap[child].place {
                newest = child
            }
            if newest == parent { return }
            heap.swapAt(parent, newest)
            parent = newest
        }
    }

    private func row(_ shard: Int, _ sequence: Int64) throws -> AuditRow {
        single.reset()
        single.bind(1, StoredAuditEntry.number(shard: shard, sequence: sequence))
        guard try single.step(), let found = AuditRow(single), found.shard == shard, found.sequence == sequence else {
            throw damaged(shard, sequence)
        }
        return found
    }

    private func damaged(_ shard: Int, _ sequence: Int64) -> CheckpointError {
        .damagedAudit(path, shard, sequence)
    }
}

/// One shard's history, from new to old.
private struct ShardTrail {
    private let path: String
    private let shard: Int
    private let rows: SQLiteStatement
    /// Sequence of the next row.
    private var position: Int64
    /// The row last read, once there is one.
    private(set) var row: AuditRow?
    private(set) var place = AuditCursor(stamp: .min, shard: 0, sequence: 0)

    init(_ connection: SQLiteConnection, path: String, shard: Int, from last: Int64) throws {
        self.path = path
        self.shard = shard
        position = last
        rows = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number DESC")
        rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: 0))
        rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: last))
    }

    /// False at the end.
    mutating func advance() throws -> Bool {
        row = nil
        guard position > 0 else { return false }
        guard try rows.step(), let found = AuditRow(rows), found.shard == shard, found.sequence == position else {
            throw CheckpointError.damagedAudit(path, shard, position)
        }
        position -= 1
        row = found
        place = found.place
        return true
    }
}

extension CheckpointError {
    static func damagedAudit(_ path: String, _ shard: Int, _ sequence: Int64) -> CheckpointError {
        .damaged(path, "entry \(sequence) of the audit history of shard \(shard) is missing or altered")
    }
}
