import Model

/// A row of `audit_removed`: entries in a row that a clean-up removed, behind one that stayed.
///
/// What stays of an entry is the SHA-256 of its stored form, from which the chain's hashes follow, and where its resource's
/// entry before it is.
struct StoredRemoval {
    var shard: Int
    /// Sequence of the first of them.
    var first: Int64
    var entries: [Entry]
    /// Hash of the last of them in the chain.
    var hash: [UInt8]

    struct Entry {
        /// 32 bytes.
        var digest: [UInt8]
        /// Sequence of the resource's entry before, 0 for none.
        var previous: Int64
    }

    /// In the place of a digest or a hash that could not be read.
    static let unknown = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    /// Most entries of one row.
    static let entriesMax = 1_024
    private static let entryBytes = SHA256Digest.byteCount + 8

    var last: Int64 { first + Int64(entries.count) - 1 }

    private var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * Self.entryBytes)
        for entry in entries {
            bytes += entry.digest
            withUnsafeBytes(of: entry.previous.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    static let columns = "number, hash, entries, crc"
    static let insert = "INSERT INTO audit_removed (\(columns)) VALUES (?,?,?,?)"

    private static func checksum(_ number: Int64, _ hash: [UInt8], _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var checksum = RowChecksum()
        checksum.add(number)
        checksum.add(hash)
        checksum.add(bytes)
        return checksum.value
    }

    /// For the tally of a shard's rows.
    var tallied: UInt64 {
        let number = StoredAuditEntry.number(shard: shard, sequence: first)
        let checksum = bytes.withUnsafeBytes { Self.checksum(number, hash, $0) }
        return Tally.hash(UUID128(high: 0, low: UInt64(bitPattern: number)), checksum)
    }

    func write(with insert: SQLiteStatement) throws {
        let number = StoredAuditEntry.number(shard: shard, sequence: first)
        let bytes = bytes
        insert.bind(1, number)
        insert.bind(2, blob: hash)
        insert.bind(3, blob: bytes)
        insert.bind(4, Int64(bytes.withUnsafeBytes { Self.checksum(number, hash, $0) }))
        try insert.run()
    }

    /// The row that the statement stands on; nil where it is not what was written.
    init?(_ row: SQLiteStatement, shard: Int) {
        let number = row.int(0)
        let numbers = StoredRecord.rows(of: shard)
        hash = Array(row.blob(1))
        let bytes = row.blob(2)
        guard number > numbers.first, number <= numbers.last, hash.count == SHA256Digest.byteCount,
            bytes.count > 0, bytes.count % Self.entryBytes == 0, bytes.count / Self.entryBytes <= Self.entriesMax,
            row.int(3) == Int64(Self.checksum(number, hash, bytes))
        else { return nil }
        self.shard = shard
        first = number - numbers.first
        entries = stride(from: 0, to: bytes.count, by: Self.entryBytes).map { offset in
            let digest = Array(bytes[offset..<offset + SHA256Digest.byteCount])
            let previous = bytes.loadUnaligned(fromByteOffset: offset + SHA256Digest.byteCount, as: Int64.self)
            return Entry(digest: digest, previous: Int64(littleEndian: previous))
        }
    }

    init(shard: Int, first: Int64, entries: [Entry], hash: [UInt8]) {
        self.shard = shard
        self.first = first
        self.entries = entries
        self.hash = hash
    }

    /// The one that holds the entry `sequence`; nil where none does. Throws `damaged`.
    static func find(
        _ sequence: Int64, shard: Int, _ connection: SQLiteConnection, path: String
    ) throws -> StoredRemoval? {
        let find = try connection.prepare(
            "SELECT \(columns) FROM audit_removed WHERE number BETWEEN ? AND ? ORDER BY number DESC LIMIT 1")
        find.bind(1, StoredAuditEntry.number(shard: shard, sequence: 0))
        find.bind(2, StoredAuditEntry.number(shard: shard, sequence: sequence))
        defer { find.reset() }
        guard try find.step() else { return nil }
        guard let found = StoredRemoval(find, shard: shard) else {
            throw CheckpointError.damagedAudit(path, shard, sequence)
        }
        return found.last >= sequence ? found : nil
    }
}

/// What clean-ups took from a shard's audit history: a part of its watermark.
struct StoredRemovals: Equatable, Sendable {
    /// All entries up to this one are gone, and nothing is left of them but the hash of the last one.
    var base: Int64 = 0
    /// Hash of the entry `base`; empty where there is none.
    var baseHash: [UInt8] = []
    /// `audit_removed`.
    var rows = Tally()
    /// How many entries are gone, in all.
    var entries: Int64 = 0
    /// Entries from before this time may be gone, in milliseconds; none where it is the smallest number.
    var horizon = Int64.min
    /// The retention that the last clean-up went by.
    var months = 0

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.varint(UInt64(bitPattern: base))
        writer.blob(baseHash)
        writer.varint(UInt64(bitPattern: rows.count))
        writer.varint(rows.sum)
        writer.varint(UInt64(bitPattern: entries))
        writer.zigzag(horizon)
        writer.varint(months)
        return writer.bytes
    }

    init() {}

    init(from reader: inout ByteReader) throws(CodecError) {
        base = Int64(bitPattern: try reader.varint())
        baseHash = try reader.blob()
        rows = Tally(count: Int64(bitPattern: try reader.varint()), sum: try reader.varint())
        entries = Int64(bitPattern: try reader.varint())
        horizon = try reader.zigzag()
        months = Int(clamping: try reader.varint())
        guard base >= 0, base < 1 << CheckpointSchema.rowBits, base <= entries, months <= AuditRetention.monthsMax,
            baseHash.count == (base == 0 ? 0 : SHA256Digest.byteCount)
        else { throw CodecError("what was removed of the audit history cannot be") }
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let removals = try StoredRemovals(from: &reader)
            guard reader.atEnd else { throw CodecError("bytes are left over") }
            return removals
        }
    }
}
