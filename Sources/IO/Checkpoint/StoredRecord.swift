import Model

/// A row of `records`: the stored form of a resource, and where its audit history ends.
struct StoredRecord {
    var row: Int64
    var changedIndex: UInt64
    /// Sequence of the newest audit entry of the resource, 0 for none.
    var auditHead: Int64
    /// As it is stored.
    var checksum: UInt32

    static func checksum(
        _ id: UUID128, changedIndex: UInt64, auditHead: Int64, record: UnsafeRawBufferPointer
    ) -> UInt32 {
        var checksum = RowChecksum()
        checksum.add(id)
        checksum.add(changedIndex)
        checksum.add(auditHead)
        checksum.add(record)
        return checksum.value
    }

    /// Finds a row by its id, through the index.
    static let select = "SELECT row, changed_index, audit_head, crc FROM records INDEXED BY records_id WHERE id = ?"

    static func find(_ id: UUID128, with select: SQLiteStatement) throws -> StoredRecord? {
        select.bind(1, id)
        defer { select.reset() }
        guard try select.step() else { return nil }
        return StoredRecord(
            row: select.int(0), changedIndex: UInt64(bitPattern: select.int(1)), auditHead: select.int(2),
            checksum: UInt32(truncatingIfNeeded: select.int(3)))
    }

    /// Reads a row's stored form by its number.
    static let read = "SELECT id, record FROM records WHERE row = ?"

    /// The stored form; nil where it is not what was written.
    func bytes(of id: UUID128, with read: SQLiteStatement) throws -> [UInt8]? {
        read.bind(1, row)
        defer { read.reset() }
        guard try read.step(), read.uuid(0) == id else { return nil }
        let bytes = read.blob(1)
        let found = Self.checksum(id, changedIndex: changedIndex, auditHead: auditHead, record: bytes)
        return found == checksum ? Array(bytes) : nil
    }

    /// The numbers that resources and audit entries of `shard` may have.
    static func rows(of shard: Int) -> (first: Int64, last: Int64) {
        let first = Int64(shard) << CheckpointSchema.rowBits
        return (first, first + 1 << CheckpointSchema.rowBits - 1)
    }
}

/// A row of `tombstones`: a resource that is gone.
struct StoredTombstone {
    /// An index at or above that of the entry which deleted it, and not above the shard's watermark of that time.
    var changedIndex: UInt64
    var auditHead: Int64

    var checksum: UInt32 {
        var checksum = RowChecksum()
        checksum.add(changedIndex)
        checksum.add(auditHead)
        return checksum.value
    }

    func write(_ id: UUID128, shard: Int, with insert: SQLiteStatement) throws {
        insert.bind(1, Int64(shard))
        insert.bind(2, id)
        insert.bind(3, bits: changedIndex)
        insert.bind(4, auditHead)
        try insert.run()
    }

    static let select = "SELECT changed_index, audit_head FROM tombstones WHERE shard = ? AND id = ?"

    static func find(_ id: UUID128, shard: Int, with select: SQLiteStatement) throws -> StoredTombstone? {
        select.bind(1, Int64(shard))
        select.bind(2, id)
        defer { select.reset() }
        guard try select.step() else { return nil }
        return StoredTombstone(changedIndex: UInt64(bitPattern: select.int(0)), auditHead: select.int(1))
    }
}
