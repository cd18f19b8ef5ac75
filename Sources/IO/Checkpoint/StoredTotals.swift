import Model

/// A row of `watermarks`: how far a shard's copy has come, and what there must be of it.
struct StoredWatermark: Equatable, Sendable {
    var watermark: Watermark
    /// `records`; for the system shard the rules, definitions and policies.
    var rows = Tally()
    var state = Tally()
    var tombstones = Tally()

    static let none = StoredWatermark(watermark: Watermark(term: 0, appliedIndex: 0, auditSequence: 0))

    fileprivate func checksum(shard: Int) -> UInt32 {
        var checksum = RowChecksum()
        checksum.add(Int64(shard))
        checksum.add(watermark.term)
        checksum.add(watermark.appliedIndex)
        checksum.add(watermark.auditSequence)
        for tally in [rows, state, tombstones] {
            checksum.add(tally.count)
            checksum.add(tally.sum)
        }
        return checksum.value
    }
}

/// All watermarks, and how far the audit history goes: what a reader must find, whatever happened to the file.
struct StoredTotals: Equatable, Sendable {
    var shards: [Int: StoredWatermark] = [:]
    /// Number of the last audit entry of all shards; numbers are dense from 1.
    var auditLast: Int64 = 0
    /// Stamp of that entry.
    var auditStamp: Int64 = 0
    /// By how much a stamp exceeds its entry's time at most, in milliseconds.
    var auditSkew: Int64 = 0

    /// Sum of the shards' own audit sequences: must be `auditLast`.
    private var auditSum: UInt64 { shards.values.reduce(0) { $0 &+ $1.watermark.auditSequence } }

    private var watermarks: Tally {
        var tally = Tally()
        for (shard, stored) in shards { tally.add(Self.hash(shard, stored.checksum(shard: shard))) }
        return tally
    }

    private static func hash(_ shard: Int, _ checksum: UInt32) -> UInt64 {
        Tally.hash(UUID128(high: 0, low: UInt64(shard)), checksum)
    }

    private func checksum(_ watermarks: Tally) -> UInt32 {
        var checksum = RowChecksum()
        checksum.add(watermarks.count)
        checksum.add(watermarks.sum)
        checksum.add(auditLast)
        checksum.add(auditStamp)
        checksum.add(auditSkew)
        return checksum.value
    }
}

extension StoredTotals {
    /// Reads and checks both tables. Empty in a file that nothing was written to.
    static func read(_ connection: SQLiteConnection, path: String) throws -> StoredTotals {
        var totals = StoredTotals()
        let rows = try connection.prepare(
            """
            SELECT shard, term, applied_index, audit_sequence, row_count, row_digest, state_count, state_digest,
                tombstone_count, tombstone_digest, crc FROM watermarks
            """)
        while try rows.step() {
            let shard = Int(rows.int(0))
            func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: rows.int(column)) }
            func tally(_ column: Int32) -> Tally { Tally(count: rows.int(column), sum: unsigned(column + 1)) }
            let stored = StoredWatermark(
                watermark: Watermark(term: unsigned(1), appliedIndex: unsigned(2), auditSequence: unsigned(3)),
                rows: tally(4), state: tally(6), tombstones: tally(8))
            guard rows.int(10) == Int64(stored.checksum(shard: shard)) else {
                throw CheckpointError.damaged(path, "the watermark of shard \(shard) has a wrong checksum")
            }
            totals.shards[shard] = stored
        }
        let one = try connection.prepare(
            "SELECT watermark_count, watermark_digest, audit_last, audit_stamp, audit_skew, crc FROM totals")
        defer { one.reset() }
        let watermarks = totals.watermarks
        guard try one.step() else {
            if totals.shards.isEmpty { return totals }
            throw CheckpointError.damaged(path, "the row of totals is missing")
        }
        (totals.auditLast, totals.auditStamp, totals.auditSkew) = (one.int(2), one.int(3), one.int(4))
        guard one.int(0) == watermarks.count, UInt64(bitPattern: one.int(1)) == watermarks.sum,
            one.int(5) == Int64(totals.checksum(watermarks)), totals.auditLast == Int64(bitPattern: totals.auditSum)
        else { throw CheckpointError.damaged(path, "the watermarks are not those that were written") }
        return totals
    }

    /// Writes the watermarks of `changed` and the row of totals.
    func write(_ connection: SQLiteConnection, changed: Set<Int>) throws {
        let insert = try connection.prepare("INSERT OR REPLACE INTO watermarks VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        for shard in changed.sorted() {
            guard let stored = shards[shard] else { continue }
            var values = [stored.watermark.term, stored.watermark.appliedIndex, stored.watermark.auditSequence]
                .map(Int64.init(bitPattern:))
            for tally in [stored.rows, stored.state, stored.tombstones] {
                values += [tally.count, Int64(bitPattern: tally.sum)]
            }
            insert.bind(1, Int64(shard))
            for (position, value) in values.enumerated() { insert.bind(Int32(position + 2), value) }
            insert.bind(11, Int64(stored.checksum(shard: shard)))
            try insert.run()
        }
        let watermarks = watermarks
        let totals = try connection.prepare("INSERT OR REPLACE INTO totals VALUES (1,?,?,?,?,?,?)")
        let values = [
            watermarks.count, Int64(bitPattern: watermarks.sum), auditLast, auditStamp, auditSkew,
            Int64(checksum(watermarks)),
        ]
        for (position, value) in values.enumerated() { totals.bind(Int32(position + 1), value) }
        try totals.run()
    }
}
