import Model

/// A row of `watermarks`: how far a shard's copy has come, and what there must be of it.
struct StoredWatermark: Equatable, Sendable {
    var watermark: Watermark
    /// The group's configuration as of the watermark.
    var configuration: [UInt8] = []
    /// Stamp of the last audit entry, in milliseconds.
    var auditStamp: Int64 = 0
    /// By how much a stamp exceeds its entry's time at most, in milliseconds.
    var auditSkew: Int64 = 0
    /// Hash of the last audit entry (`AuditChain`); empty where there is none.
    var auditHash: [UInt8] = []
    /// What clean-ups took from the audit history.
    var removals = StoredRemovals()
    /// `records`; for the system shard the rules, definitions and policies.
    var rows = Tally()
    var state = Tally()
    var tombstones = Tally()
    /// The snapshot that made the copy, until the log is known to go on behind it.
    var installed: SnapshotMark?

    static let none = StoredWatermark(watermark: Watermark(term: 0, appliedIndex: 0, auditSequence: 0))

    /// An audit entry of `time` is written next; returns its stamp.
    mutating func stamp(_ time: Timestamp) -> Int64 {
        auditStamp = max(auditStamp, time.milliseconds)
        let skew = auditStamp.subtractingReportingOverflow(time.milliseconds)
        auditSkew = max(auditSkew, skew.overflow ? .max : skew.partialValue)
        return auditStamp
    }

    fileprivate func checksum(shard: Int) -> UInt32 {
        var checksum = RowChecksum()
        checksum.add(Int64(shard))
        checksum.add(watermark.term)
        checksum.add(watermark.appliedIndex)
        checksum.add(watermark.auditSequence)
        checksum.add(auditStamp)
        checksum.add(auditSkew)
        checksum.add(auditHash)
        checksum.add(removals.encoded)
        for tally in [rows, state, tombstones] {
            checksum.add(tally.count)
            checksum.add(tally.sum)
        }
        checksum.add(installed?.index ?? 0)
        checksum.add(installed?.term ?? 0)
        checksum.add(configuration)
        return checksum.value
    }
}

/// All watermarks: what a reader must find, whatever happened to the file.
struct StoredTotals: Equatable, Sendable {
    var shards: [Int: StoredWatermark] = [:]

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
        return checksum.value
    }
}

extension StoredTotals {
    /// Reads and checks both tables. Empty in a file that nothing was written to.
    static func read(_ connection: SQLiteConnection, path: String) throws -> StoredTotals {
        var totals = StoredTotals()
        let rows = try connection.prepare(
            """
            SELECT shard, term, applied_index, audit_sequence, audit_stamp, audit_skew, row_count, row_digest, state_count, state_digest,
                tombstone_count, tombstone_digest, installed_index, installed_term, configuration, crc, audit_hash,
                audit_removals FROM watermarks
            """)
        while try rows.step() {
            let shard = Int(rows.int(0))
            func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: rows.int(column)) }
            func tally(_ column: Int32) -> Tally { Tally(count: rows.int(column), sum: unsigned(column + 1)) }
            let mark = SnapshotMark(index: unsigned(12), term: unsigned(13))
            guard let removals = try? StoredRemovals(decoding: Array(rows.blob(17))) else {
                throw CheckpointError.damaged(path, "the watermark of shard \(shard) has a wrong checksum")
            }
            let stored = StoredWatermark(
                watermark: Watermark(term: unsigned(1), appliedIndex: unsigned(2), auditSequence: unsigned(3)),
                configuration: Array(rows.blob(14)), auditStamp: rows.int(4), auditSkew: rows.int(5),
                auditHash: Array(rows.blob(16)), removals: removals, rows: tally(6),
                state: tally(8), tombstones: tally(10), installed: mark.index > 0 ? mark : nil)
            guard rows.int(15) == Int64(stored.checksum(shard: shard)) else {
                throw CheckpointError.damaged(path, "the watermark of shard \(shard) has a wrong checksum")
            }
            totals.shards[shard] = stored
        }
        let one = try connection.prepare(
            "SELECT watermark_count, watermark_digest, crc FROM totals")
        defer { one.reset() }
        let watermarks = totals.watermarks
        guard try one.step() else {
            if totals.shards.isEmpty { return totals }
            throw CheckpointError.damaged(path, "the row of totals is missing")
        }
        guard one.int(0) == watermarks.count, UInt64(bitPattern: one.int(1)) == watermarks.sum,
            one.int(2) == Int64(totals.checksum(watermarks))
        else { throw CheckpointError.damaged(path, "the watermarks are not those that were written") }
        return totals
    }

    /// Writes the watermarks of `changed`, drops those that are gone, and writes the row of totals.
    func write(_ connection: SQLiteConnection, changed: Set<Int>) throws {
        let insert = try connection.prepare(
            """
            INSERT OR REPLACE INTO watermarks (
                shard, term, applied_index, audit_sequence, audit_stamp, audit_skew, row_count, row_digest, state_count,
                state_digest, tombstone_count, tombstone_digest, installed_index, installed_term, configuration, crc, audit_hash,
                audit_removals)
            VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """)
        for shard in changed.sorted() {
            guard let stored = shards[shard] else {
                try connection.execute("DELETE FROM watermarks WHERE shard = \(shard)")
                continue
            }
            var values = [stored.watermark.term, stored.watermark.appliedIndex, stored.watermark.auditSequence]
                .map(Int64.init(bitPattern:))
            values += [stored.auditStamp, stored.auditSkew]
            for tally in [stored.rows, stored.state, stored.tombstones] {
                values += [tally.count, Int64(bitPattern: tally.sum)]
            }
            insert.bind(1, Int64(shard))
            for (position, value) in values.enumerated() { insert.bind(Int32(position + 2), value) }
            insert.bind(13, bits: stored.installed?.index ?? 0)
            insert.bind(14, bits: stored.installed?.term ?? 0)
            insert.bind(15, blob: stored.configuration)
            insert.bind(16, Int64(stored.checksum(shard: shard)))
            insert.bind(17, blob: stored.auditHash)
            insert.bind(18, blob: stored.removals.encoded)
            try insert.run()
        }
        let watermarks = watermarks
        let totals = try connection.prepare("INSERT OR REPLACE INTO totals VALUES (1,?,?,?)")
        let values = [
            watermarks.count, Int64(bitPattern: watermarks.sum), Int64(checksum(watermarks)),
        ]
        for (position, value) in values.enumerated() { totals.bind(Int32(position + 1), value) }
        try totals.run()
    }
}
