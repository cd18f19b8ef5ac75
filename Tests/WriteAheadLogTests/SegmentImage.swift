@testable import WriteAheadLog

/// A segment put together in memory, batch by batch, as the writer does it.
struct SegmentImage {
    static let node = LogNodeID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    var header: SegmentHeader
    var bytes: [UInt8]
    /// Offsets of the records behind the segment header.
    var offsets: [Int] = []
    var end: Int
    var isBatchStart = true

    init(sequence: UInt64 = 1, capacity: Int = 16 << 10, previousEnd: Int = 0, groups: [GroupID: GroupState] = [:]) {
        header = SegmentHeader(
            node: Self.node, sequence: sequence, capacity: UInt64(capacity), previousEnd: UInt64(previousEnd), groups: groups
        )
        bytes = header.encoded() + [UInt8](repeating: 0, count: capacity - header.recordsStart)
        end = header.recordsStart
    }

    /// What follows starts a batch.
    mutating func batch() { isBatchStart = true }

    mutating func append(
        _ kind: RecordKind = .entry, group: GroupID = 1, index: UInt64 = 0, term: UInt64 = 1, payload: [UInt8] = []
    ) {
        let count = LogFormat.recordBytes(payloadBytes: payload.count)
        let header = RecordHeader(kind: kind, startsBatch: isBatchStart, group: group, index: index, term: term)
        let (offset, seed) = (end, self.header.seed)
        bytes.withUnsafeMutableBytes { bytes in
            payload.withUnsafeBytes { payload in
                Record.encode(
                    header, payload: payload, into: .init(rebasing: bytes[offset..<offset + count]), at: offset, seed: seed)
            }
        }
        offsets.append(end)
        end += count
        isBatchStart = false
    }

    /// Zeroes the sectors of the file with these numbers, as if they had never been written.
    mutating func lose(sectors: Range<Int>) {
        for at in sectors.lowerBound * 512..<min(bytes.count, sectors.upperBound * 512) { bytes[at] = 0 }
    }

    func successor(capacity: Int = 16 << 10, groups: [GroupID: GroupState]) -> SegmentImage {
        SegmentImage(sequence: header.sequence + 1, capacity: capacity, previousEnd: end, groups: groups)
    }
}

/// Runs recovery over segments in memory, headers read from their bytes.
func recover(_ segments: [SegmentImage]) throws(LogDamage) -> LogRecovery {
    var headers: [SegmentHeader] = []
    for segment in segments {
        headers.append(
            try SegmentHeader.decode(
                segment.bytes, sequence: segment.header.sequence, node: SegmentImage.node,
                fileBytes: UInt64(segment.bytes.count)))
    }
    var recovery = try LogRecovery(headers: headers)
    for segment in segments {
        try segment.bytes.withUnsafeBytes { bytes in
            Result { () throws(LogDamage) in try recovery.scan(bytes) }
        }.get()
    }
    return recovery
}

/// The reason for which recovery refuses; nil where it does not.
func refusal(_ segments: [SegmentImage]) -> LogDamage.Reason? {
    do throws(LogDamage) {
        _ = try recover(segments)
        return nil
    } catch {
        return error.reason
    }
}

/// All entries in force, as (group, index, payload).
func entries(_ segments: [SegmentImage], above: [GroupID: UInt64] = [:]) throws -> [Entry] {
    let recovery = try recover(segments)
    var entries: [Entry] = []
    for (position, segment) in segments.enumerated() {
        segment.bytes.withUnsafeBytes { bytes in
            recovery.forEachEntry(ofSegment: position, in: bytes, above: above) { entry in
                entries.append(Entry(group: entry.group, point: entry.point, payload: Array(entry.payload)))
            }
        }
    }
    return entries
}

struct Entry: Equatable {
    var group: GroupID
    var point: LogPoint
    var payload: [UInt8]
}
