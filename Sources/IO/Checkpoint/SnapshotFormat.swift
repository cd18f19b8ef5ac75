import CChecksum

/// A shard's part of the checkpoint as a file: how a replica that is too far behind, or new, gets its copy.
///
/// # Problem
/// The file is made while writers go on, travels over a network, lies on a disk, and then replaces a replica's whole copy
/// of a shard. It must be the state as of one applied index, whole, and belong to that shard; nothing of it may be
/// believed before all of it was checked. It may be larger than memory.
///
/// # Layout
/// Integers of fixed length are little-endian; varints are LEB128, and the rest is as `ByteWriter` writes it.
///
///     file     = preamble(16) block*
///     preamble = "VTAGSNAP"(8) version(4) crc(4)
///     block    = kind(1) zero(3) payloadBytes(4) payloadCRC(4) headerCRC(4) payload
///
/// All CRCs are CRC-32C. A header's also covers the block's offset in the file (8 bytes), so that a block that was moved,
/// repeated or left out is refused. Kinds stand in this order, and only `head` and `end` must be there, once each:
///
/// | kind | payload |
/// | --- | --- |
/// | 1 `head` | shard, watermark, configuration; what there must be of each of the following |
/// | 2 `records` | rows of a data shard, in the order of their numbers |
/// | 3 `tombstones` | rows that are gone |
/// | 4 `items` | the system shard's items, table by table, each in the order of their ids |
/// | 5 `audit` | the audit history, without gaps, what was removed of it in its place |
/// | 6 `state` | small state in the order of the keys' bytes |
/// | 7 `end` | the number of blocks before it; nothing follows |
///
/// A block holds whole entries and at least one. `SnapshotEntry` says how they are written. The head's tallies are those of
/// the checkpoint that the file was made from: they lead unbroken from the rows that were applied to the rows taken over.
///
/// # Which damage is noticed, by what
/// - A flipped bit: the CRCs; and whoever carries the file compares its SHA-256.
/// - A file cut short, at a block or within one: the block `end`, and the sizes.
/// - Entries lost, added or exchanged with the CRCs made to fit: the tallies, and the audit history's dense sequence and hashes.
/// - A file of another shard, another point, with ids of other shards' slots, or with contents that the state machine
///   cannot read: `SnapshotScan`.
enum SnapshotFormat {
    static let magic = Array("VTAGSNAP".utf8)
    /// The version that this code writes, and the only one that it reads.
    static let version: UInt32 = 3
    static let preambleBytes = 16
    static let headerBytes = 16
    /// A block is written once its payload has this many bytes.
    static let payloadBytesTarget = 256 << 10
    /// Longest payload in bytes: what a reader keeps in memory. An entry is at most a few times as long as an entry of the
    /// log, which has at most 16 MiB.
    static let payloadBytesMax = 64 << 20

    enum Kind: UInt8 {
        case head = 1
        case records
        case tombstones
        case items
        case audit
        case state
        case end
    }

    static var preamble: [UInt8] {
        var bytes = magic
        append(version, to: &bytes)
        append(checksum(bytes[...]), to: &bytes)
        return bytes
    }

    /// The header of a block at `offset`.
    static func header(_ kind: Kind, _ payload: [UInt8], at offset: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [kind.rawValue, 0, 0, 0]
        append(UInt32(payload.count), to: &bytes)
        append(checksum(payload[...]), to: &bytes)
        append(headerChecksum(bytes[...], at: offset), to: &bytes)
        return bytes
    }

    static func headerChecksum(_ fields: ArraySlice<UInt8>, at offset: UInt64) -> UInt32 {
        withUnsafeBytes(of: offset.littleEndian) { vtag_crc32c(checksum(fields), $0.baseAddress, $0.count) }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
    }

    /// The four bytes at `offset`.
    static func integer(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// What is wrong with a snapshot.
struct SnapshotFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
