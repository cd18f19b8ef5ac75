import CChecksum
import Model

/// How many rows there are, and the sum of their hashes: the same for any order, and another when a row is lost or changed.
struct RowDigest: Hashable, Sendable {
    var count: Int64 = 0
    var sum: UInt64 = 0

    mutating func add(_ hash: UInt64) {
        count += 1
        sum &+= hash
    }

    mutating func remove(_ hash: UInt64) {
        count -= 1
        sum &-= hash
    }

    static func hash(_ id: UUID128, _ crc: UInt32) -> UInt64 {
        StableHash.mix(id.high ^ StableHash.mix(id.low ^ StableHash.mix(UInt64(crc))))
    }

    static func hash(_ key: String, _ crc: UInt32) -> UInt64 { StableHash.hash(key, seed: UInt64(crc)) }
}

enum RowChecksum {
    /// Over the id and what is stored under it.
    static func of(_ id: UUID128, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let head = withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { vtag_crc32c(0, $0.baseAddress, $0.count) }
        return vtag_crc32c(head, bytes.baseAddress, bytes.count)
    }

    static func of(_ id: UUID128, _ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of(id, $0) } }

    static func of(_ key: String, _ bytes: [UInt8]) -> UInt32 {
        var key = key
        let head = key.withUTF8 { vtag_crc32c(0, $0.baseAddress, $0.count) }
        return bytes.withUnsafeBytes { vtag_crc32c(head, $0.baseAddress, $0.count) }
    }
}

/// A stored watermark with its digests.
struct WatermarkRow: Hashable, Sendable {
    var shard: Int
    var watermark: Watermark
    var rows = RowDigest()
    var state = RowDigest()

    var crc: UInt32 {
        var writer = ByteWriter(reserving: 96)
        for value in [
            UInt64(shard), watermark.term, watermark.appliedIndex, watermark.auditSequence, UInt64(bitPattern: rows.count),
            rows.sum, UInt64(bitPattern: state.count), state.sum,
        ] { writer.varint(value) }
        return writer.bytes.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
    }

    static let columns =
        "shard, incarnation, term, applied_index, audit_sequence, row_count, row_digest, state_count, state_digest, crc"

    init(shard: Int, watermark: Watermark) {
        self.shard = shard
        self.watermark = watermark
    }

    /// Nil when the row is not as it was written.
    init?(_ statement: SQLiteStatement) {
        self.init(
            shard: Int(statement.int(0)),
            watermark: Watermark(
                term: statement.bits(2), appliedIndex: statement.bits(3), auditSequence: statement.bits(4)))
        rows = RowDigest(count: statement.int(5), sum: statement.bits(6))
        state = RowDigest(count: statement.int(7), sum: statement.bits(8))
        guard shard >= 0, statement.int(9) == Int64(crc) else { return nil }
    }
}
