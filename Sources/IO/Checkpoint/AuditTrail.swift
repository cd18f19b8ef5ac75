package import Model

/// Which audit entries are asked for; what is nil does not matter.
package struct AuditFilter: Hashable, Sendable {
    package var resource: ResourceID?
    /// The only resources whose entries are there for who asks; nil: all, and what is about no resource.
    package var resources: Set<ResourceID>?
    package var tagKey: String?
    package var actor: String?
    package var action: AuditEntry.Action?
    package var ruleID: UUID128?
    /// The earliest time, included.
    package var from: Timestamp?
    /// The latest time, not included.
    package var to: Timestamp?
    /// By group, the last entry that is not asked for; nil: all are. Not looked at where one resource is asked for.
    package var newerThan: [Int: UInt64]?

    package init() {}

    func matches(_ row: AuditRow) -> Bool {
        // First: whatever else is asked for, an entry that is not there for the caller takes the same time.
        if let resources, row.resourceID.map(resources.contains) != true { return false }
        if let resource, row.resourceID != resource { return false }
        if let from, row.at < from { return false }
        if let to, row.at >= to { return false }
        if let ruleID, row.ruleID != ruleID { return false }
        if let action, row.action != action.rawValue { return false }
        if let tagKey, row.tagKey != tagKey { return false }
        if let actor, row.actor != actor { return false }
        return true
    }
}

/// A place in the audit history, the same on every node: the last entry that was looked at. Those of the next page are
/// older.
package struct AuditCursor: Hashable, Comparable, Sendable {
    /// The entry's time in milliseconds, or that of an entry before it in its shard where that is later.
    let stamp: Int64
    let shard: Int
    let sequence: Int64

    init(stamp: Int64, shard: Int, sequence: Int64) {
        self.stamp = stamp
        self.shard = shard
        self.sequence = sequence
    }

    /// Nil where `bytes` are not a cursor's.
    package init?(bytes: [UInt8]) {
        let cursor = bytes.withUnsafeBytes { raw -> AuditCursor? in
            var reader = ByteReader(raw)
            guard let stamp = try? reader.zigzag(), let shard = try? reader.varint(), let sequence = try? reader.varint(),
                reader.atEnd, shard <= UInt64(UInt16.max), sequence <= UInt64(Int64.max)
            else { return nil }
            return AuditCursor(stamp: stamp, shard: Int(shard), sequence: Int64(sequence))
        }
        guard let cursor else { return nil }
        self = cursor
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 24)
        writer.zigzag(stamp)
        writer.varint(shard)
        writer.varint(UInt64(sequence))
        return writer.bytes
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.stamp, left.shard, left.sequence) < (right.stamp, right.shard, right.sequence)
    }
}

/// Some entries, newest first.
package struct AuditPage: Equatable, Sendable {
    package let entries: [AuditEntry]
    /// Where each entry stands in the history of all shards.
    package let places: [AuditCursor]
    /// Where the next page starts; nil at the end. There may be fewer entries than asked for, and still a next page.
    package let next: AuditCursor?

    package init(entries: [AuditEntry], places: [AuditCursor], next: AuditCursor?) {
        precondition(entries.count == places.count, "\(entries.count) entries at \(places.count) places")
        self.entries = entries
        self.places = places
        self.next = next
    }

    /// One page of several, each the same page of other shards' histories: what one checkpoint with all of these shards would
    /// give, `limit` entries at most.
    package init(merging pages: [AuditPage], limit: Int) {
        // Older than this, some page may lack entries that it has not looked at.
        let horizon = pages.compactMap(\.next).max()
        var found = pages.flatMap { Array(zip($0.places, $0.entries)) }
        if let horizon { found.removeAll { $0.0 < horizon } }
        found.sort { $1.0 < $0.0 }
        let isCut = found.count > limit
        found.removeLast(max(0, found.count - limit))
        self.init(entries: found.map(\.1), places: found.map(\.0), next: isCut ? found.last?.0 : horizon)
    }
}

extension Checkpoint {
    /// Most entries that one page looks at; a rare match may need several pages.
    package static let auditScanMax = 200_000

    /// The entries that match, newest first, each shard's in the order of its sequence, `limit` at most, older than the
    /// place of `cursor`.
    ///
    /// Sees what the last round wrote. Throws `damaged` where an entry on the way is missing or altered. Blocks; takes
    /// time in proportion to the entries looked at: those of the resource where one is given, else those of the time
    /// range.
    ///
    /// - Parameter shards: whose histories; nil: all that are here.
    package func auditTrail(
        _ filter: AuditFilter, of shards: Set<Int>? = nil, before cursor: AuditCursor?, limit: Int,
        lookingAt bound: Int = auditScanMax
    ) throws(CheckpointError) -> AuditPage {
        var entries: [AuditEntry] = []
        var places: [AuditCursor] = []
        let next = try scan(filter, of: shards, before: cursor, lookingAt: bound) { row in
            guard let entry = row.entry else {
                throw CheckpointError.damaged(path, "audit entry \(row.number) is of an unknown kind")
            }
            entries.append(entry)
            places.append(row.place)
            return entries.count < limit
        }
        return AuditPage(entries: entries, places: places, next: next)
    }

    /// The matching changes older than the place of `cursor`, counted, and where the next part starts. Blocks; looks at
    /// `bound` entries at most.
    ///
    /// - Parameter lines: what a report of them may have.
    package func auditCounts(
        _ filter: AuditFilter, of shards: Set<Int>? = nil, before cursor: AuditCursor?, lines: Int,
        lookingAt bound: Int = auditScanMax
    ) throws(CheckpointError) -> (tally: AuditTally, next: AuditCursor?) {
        var tally = AuditTally()
        let next = try scan(filter, of: shards, before: cursor, lookingAt: bound) { row in
            tally.count(at: row.at, by: row.actor, row.action)
            return true
        }
        tally.trim(to: lines)
        return (tally, next)
    }

    /// Returns the place where `body` or the bound stopped it, nil at the end.
    private func scan(
        _ filter: AuditFilter, of shards: Set<Int>?, before cursor: AuditCursor?, lookingAt bound: Int,
        _ body: (AuditRow) throws -> Bool
    ) throws(CheckpointError) -> AuditCursor? {
        try reading { connection in
            let totals = try StoredTotals.read(connection, path: path)
            var reader = try AuditReader(connection, path: path, totals: totals)
            if let resource = filter.resource {
                try reader.follow(resource, before: cursor)
            } else {
                try reader.merge(of: shards, before: cursor, to: filter.to, above: filter.newerThan ?? [:])
            }
            var looked = 0
            while let row = try reader.next() {
                if let from = filter.from, row.stamp < from.milliseconds { return nil }
                looked += 1
                let goesOn = try !filter.matches(row) || body(row)
                if !goesOn || looked == bound { return row.place }
            }
            return nil
        }
    }
}
