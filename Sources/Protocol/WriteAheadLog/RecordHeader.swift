import CChecksum

/// What a record says.
package enum RecordKind: UInt8, Sendable {
    /// First record of a segment: `SegmentHeader`.
    case segmentHeader = 1
    /// One entry of a group; the payload is the entry's bytes.
    case entry = 2
    /// The group's entries above `index` are void; `term` is that of the entry at `index`. No payload.
    case truncate = 3
    /// The segment ends here and goes on in the next. No payload.
    case seal = 4
    /// A process opened the log here. No payload.
    case opened = 5
    /// A process stopped in an orderly way here. No payload.
    case stopped = 6
    /// The group's hard state: `term`, and the vote in the place of `index`. No payload.
    case hardState = 7
    /// All entries of the group are void, it goes on behind `index` and `term`. The payload is empty, or the hard state
    /// that comes with it: one record, so that a crash leaves both or neither.
    case restart = 8
    /// The group was removed: all its entries are void, its hard state stays. No payload.
    case remove = 9
}

/// The 32 bytes in front of every record, see `LogFormat`.
package struct RecordHeader: Equatable, Sendable {
    package var kind: RecordKind
    /// Everything before this record was durable when it was written.
    package var startsBatch: Bool
    /// Number of the mask that the payload is stored under, 0 for none; at most `PayloadMask.numberMax`.
    package var mask: UInt8
    package var group: GroupID
    /// Length of the payload in bytes, padding excluded.
    package var payloadBytes: UInt32
    /// What an entry's payload is, by the owner's own numbers; 0 in other records.
    package var entryKind: UInt8
    package var index: UInt64
    package var term: UInt64
    /// CRC32C of payload and padding as they are stored.
    package var payloadCRC: UInt32

    package init(
        kind: RecordKind, startsBatch: Bool = false, mask: UInt8 = 0, group: GroupID = 0, payloadBytes: UInt32 = 0,
        entryKind: UInt8 = 0, index: UInt64 = 0, term: UInt64 = 0, payloadCRC: UInt32 = 0
    ) {
        self.kind = kind
        self.startsBatch = startsBatch
        self.mask = mask
        self.group = group
        self.payloadBytes = payloadBytes
        self.entryKind = entryKind
        self.index = index
        self.term = term
        self.payloadCRC = payloadCRC
    }

    /// Size of header, payload and padding in bytes.
    package var recordBytes: Int { LogFormat.recordBytes(payloadBytes: Int(payloadBytes)) }
}

/// Binds every header of one segment to its place: the CRC of a header starts from here.
package struct SegmentSeed: Equatable, Sendable {
    private let crc: UInt32
    /// Where the masks of this segment's payloads start from.
    let maskSeed: UInt64

    package init(node: LogNodeID, sequence: UInt64) {
        crc = withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { bytes in
            bytes.storeInteger(node.high, at: 0)
            bytes.storeInteger(node.low, at: 8)
            bytes.storeInteger(sequence, at: 16)
            return vtag_crc32c(0, bytes.baseAddress, 24)
        }
        maskSeed = node.high ^ node.low &* 0x9E37_79B9_7F4A_7C15 ^ sequence
    }

    fileprivate func headerCRC(of header: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        var place = UInt64(offset).littleEndian
        return vtag_crc32c(vtag_crc32c(crc, &place, 8), header.baseAddress, 28)
    }
}

/// What 32 bytes turned out to be.
enum HeaderReading: Equatable {
    case zero
    case invalid
    case header(RecordHeader)
}

extension RecordHeader {
    /// Writes the header to the first 32 bytes of `bytes`, which will lie at `offset` of the seed's segment.
    func encode(into bytes: UnsafeMutableRawBufferPointer, at offset: Int, seed: SegmentSeed) {
        bytes[0] = kind.rawValue
        bytes[1] = (startsBatch ? 1 : 0) | mask << 1
        bytes.storeInteger(group, at: 2)
        bytes.storeInteger(payloadBytes | UInt32(entryKind) << 24, at: 4)
        bytes.storeInteger(index, at: 8)
        bytes.storeInteger(term, at: 16)
        bytes.storeInteger(payloadCRC, at: 24)
        bytes.storeInteger(seed.headerCRC(of: UnsafeRawBufferPointer(bytes), at: offset), at: 28)
    }

    /// Reads the first 32 bytes of `bytes`, which lie at `offset` of the seed's segment.
    static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed) -> HeaderReading {
        if bytes.loadInteger(UInt64.self, at: 0) == 0, bytes.isZero(from: 8, to: LogFormat.headerBytes) { return .zero }
        guard bytes.loadInteger(UInt32.self, at: 28) == seed.headerCRC(of: bytes, at: offset),
            let kind = RecordKind(rawValue: bytes[0])
        else { return .invalid }
        return .header(
            RecordHeader(
                kind: kind, startsBatch: bytes[1] & 1 != 0, mask: bytes[1] >> 1,
                group: bytes.loadInteger(GroupID.self, at: 2),
                payloadBytes: bytes.loadInteger(UInt32.self, at: 4) & 0xFF_FFFF, entryKind: bytes[7],
                index: bytes.loadInteger(UInt64.self, at: 8), term: bytes.loadInteger(UInt64.self, at: 16),
                payloadCRC: bytes.loadInteger(UInt32.self, at: 24)))
    }
}
