import Model

/// Walks `tag_audit` from new to old, and proves on the way that nothing is missing but what clean-ups removed: all shards'
/// histories, merged, each by its dense sequence; or one resource's chain by its links.
struct AuditReader {
    private let path: String
    private let connection: SQLiteConnection
    private let totals: StoredTotals
    private let single: SQLiteStatement
    private let nearest: SQLiteStatement
    private var state = State.ended
    /// On the way to the entry that was returned last, or to the end, one of the resource was passed over that is gone.
    private(set) var hasPassedRemoved = false

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
        /// Where a place was last looked for that is gone.
        var removal: StoredRemoval?
    }

    init(_ connection: SQLiteConnection, path: String, totals: StoredTotals) throws {
        self.connection = connection
        self.path = path
        self.totals = totals
        single = try connection.prepare("SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number = ?")
        nearest = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number DESC LIMIT 1")
    }

    /// Everything of these shards that is older than `cursor`; what is not before `time` may be left out. Nil: of all shards.
    ///
    /// - Parameter floors: where each shard's part ends: its last entry that is not wanted; of a shard that is not named all are.
    mutating func merge(
        of shards: Set<Int>?, before cursor: AuditCursor?, to time: Timestamp?, above floors: [Int: UInt64] = [:]
    ) throws {
        var trails: [ShardTrail] = []
        for (shard, stored) in totals.shards where shards?.contains(shard) ?? true {
            let last = try last(of: shard, stored, before: cursor, to: time)
            var trail = try ShardTrail(
                connection, path: path, shard: shard, from: last, above: Int64(clamping: floors[shard] ?? 0),
                removed: stored.removals)
            if try trail.advance() { trails.append(trail) }
        }
        trails.sort { $1.place < $0.place }
        state = .merging(trails, isRead: false)
    }

    /// The entries of `id` that are older than `cursor`.
    mutating func follow(_ id: ResourceID, before cursor: AuditCursor?) throws {
        guard var chain = try chain(of: id) else { return }
        while let cursor, let found = try step(&chain) {
            if found.place < cursor {
                chain.position = found.sequence
                break
            }
        }
        hasPassedRemoved = false
        state = .following(chain)
    }

    /// Of the resource that is followed: what is older may be gone.
    var horizon: Timestamp? {
        guard case .following(let chain) = state else { return nil }
        return totals.shards[chain.shard].map { Timestamp(milliseconds: $0.removals.horizon) }
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
            // Where clean-ups have left none, none is unwanted.
            guard let found = try row(shard, nearest: middle, above: low) else {
                low = middle
                continue
            }
            let isWanted = found.stamp < stampMax && cursor.map { found.place < $0 } ?? true
            if isWanted { low = middle } else { high = found.sequence - 1 }
        }
        return low
    }

    /// The next row; valid until the call after.
    mutating func next() throws -> AuditRow? {
        switch state {
        case .ended: return nil
        case .following(var chain):
            defer { state = .following(chain) }
            return try step(&chain)
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

    /// The next entry of the chain that is still there.
    private mutating func step(_ chain: inout Chain) throws -> AuditRow? {
        hasPassedRemoved = false
        while chain.position > 0 {
            let position = chain.position
            if let previous = try previous(of: position, in: &chain) {
                hasPassedRemoved = true
                guard previous < position else { throw damaged(chain.shard, position) }
                chain.position = previous
                continue
            }
            let found = try row(chain.shard, position)
            guard found.resourceID == chain.resource, found.previous < position else {
                throw damaged(chain.shard, position)
            }
            chain.position = found.previous
            return found
        }
        return nil
    }

    /// Where the chain goes on behind an entry that is gone, 0 where nobody knows; nil for one that is there.
    private func previous(of position: Int64, in chain: inout Chain) throws -> Int64? {
        guard let removals = totals.shards[chain.shard]?.removals else { return nil }
        if position <= removals.base { return 0 }
        guard removals.rows.count > 0 else { return nil }
        if chain.removal.map({ position < $0.first || position > $0.last }) ?? true {
            guard let found = try StoredRemoval.find(position, shard: chain.shard, connection, path: path) else {
                return nil
            }
            chain.removal = found
        }
        return chain.removal.map { $0.entries[Int(position - $0.first)].previous }
    }

    private func row(_ shard: Int, nearest sequence: Int64, above low: Int64) throws -> AuditRow? {
        nearest.reset()
        nearest.bind(1, StoredAuditEntry.number(shard: shard, sequence: low + 1))
        nearest.bind(2, StoredAuditEntry.number(shard: shard, sequence: sequence))
        guard try nearest.step() else { return nil }
        guard let found = AuditRow(nearest), found.shard == shard else { throw damaged(shard, sequence) }
        return found
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
    /// The last entry that does not belong to it.
    private let floor: Int64
    private let removals: SQLiteStatement
    /// The newest removal at or before the position.
    private var removal: StoredRemoval?
    /// The row last read, once there is one.
    private(set) var row: AuditRow?
    private(set) var place = AuditCursor(stamp: .min, shard: 0, sequence: 0)

    init(
        _ connection: SQLiteConnection, path: String, shard: Int, from last: Int64, above floor: Int64,
        removed: StoredRemovals
    ) throws {
        self.path = path
        self.shard = shard
        position = last
        self.floor = max(floor, removed.base)
        removals = try connection.prepare(
            "SELECT \(StoredRemoval.columns) FROM audit_removed WHERE number BETWEEN ? AND ? ORDER BY number DESC")
        removals.bind(1, StoredAuditEntry.number(shard: shard, sequence: removed.base))
        removals.bind(2, StoredAuditEntry.number(shard: shard, sequence: last))
        rows = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number DESC")
        rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: 0))
        rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: last))
        if removed.rows.count > 0 { try readRemoval() }
    }

    /// False at the end.
    mutating func advance() throws -> Bool {
        row = nil
        while let removal, position <= removal.last {
            guard position >= removal.first else { throw CheckpointError.damagedAudit(path, shard, position) }
            position = removal.first - 1
            try readRemoval()
        }
        guard position > floor else { return false }
        guard try rows.step(), let found = AuditRow(rows), found.shard == shard, found.sequence == position else {
            throw CheckpointError.damagedAudit(path, shard, position)
        }
        position -= 1
        row = found
        place = found.place
        return true
    }

    private mutating func readRemoval() throws {
        removal = nil
        guard try removals.step() else { return }
        guard let found = StoredRemoval(removals, shard: shard) else {
            throw CheckpointError.damagedAudit(path, shard, position)
        }
        removal = found
    }
}

extension CheckpointError {
    static func damagedAudit(_ path: String, _ shard: Int, _ sequence: Int64) -> CheckpointError {
        .damaged(path, "entry \(sequence) of the audit history of shard \(shard) is missing or altered")
    }
}
