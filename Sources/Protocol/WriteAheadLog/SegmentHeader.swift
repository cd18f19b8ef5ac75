import CChecksum

/// What a segment says about itself and about the log before it.
package struct SegmentHeader: Equatable, Sendable {
    package var node: LogNodeID
    package var sequence: UInt64
    /// Size of the file in bytes.
    package var capacity: UInt64
    /// Where the records of the segment before this one end, in bytes; 0 in the first segment of a log.
    package var previousEnd: UInt64
    /// What became of every group before this segment.
    package var groups: [GroupID: GroupState]

    package init(
        node: LogNodeID, sequence: UInt64, capacity: UInt64, previousEnd: UInt64, groups: [GroupID: GroupState]
    ) {
        self.node = node
        self.sequence = sequence
        self.capacity = capacity
        self.previousEnd = previousEnd
        self.groups = groups
    }

    package var seed: SegmentSeed { SegmentSeed(node: node, sequence: sequence) }

    /// Offset of the first record behind the segment header.
    package var recordsStart: Int { Self.recordsStart(groups: groups.count) }

    package static func recordsStart(groups: Int) -> Int {
        LogFormat.preambleBytes + LogFormat.recordBytes(payloadBytes: fixedBytes + groups * groupBytes)
    }

    /// How many bytes of a file `decode` needs at most.
    package static var bytesMax: Int { recordsStart(groups: LogFormat.groupsMax) }

    /// Name of the file that holds segment `sequence`.
    package static func fileName(sequence: UInt64) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits + ".log"
    }

    /// The sequence number that a file name stands for; nil if it is not a segment's name.
    package static func sequence(fileName: String) -> UInt64? {
        guard fileName.utf8.count == 24, fileName.hasSuffix(".log") else { return nil }
        let digits = fileName.utf8.prefix(20)
        guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return UInt64(fileName.prefix(20))
    }

    private static let fixedBytes = 24
    /// Group, flags, last point, hard state.
    private static let groupBytes = 35
    private static let magic: UInt64 = 0x31_474F_4C47_4154_56  // "VTAGLOG1"
}

extension SegmentHeader {
    /// The first bytes of the segment's file: preamble and header record, `recordsStart` long.
    package func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: recordsStart)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeInteger(Self.magic, at: 0)
            bytes.storeInteger(LogFormat.version, at: 8)
            bytes.storeInteger(node.high, at: 12)
            bytes.storeInteger(node.low, at: 20)
            bytes.storeInteger(vtag_crc32c(0, bytes.baseAddress, 28), at: 28)
            encodedPayload().withUnsafeBytes { payload in
                Record.encode(
                    RecordHeader(kind: .segmentHeader, startsBatch: true), payload: payload,
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[LogFormat.preambleBytes...]),
                    at: LogFormat.preambleBytes, seed: seed)
            }
        }
        return bytes
    }

    private func encodedPayload() -> [UInt8] {
        var payload = [UInt8](repeating: 0, count: Self.fixedBytes + groups.count * Self.groupBytes)
        payload.withUnsafeMutableBytes { bytes in
            bytes.storeInteger(sequence, at: 0)
            bytes.storeInteger(capacity, at: 8)
            bytes.storeInteger(previousEnd, at: 16)
            for (position, group) in groups.keys.sorted().enumerated() {
                guard let state = groups[group] else { continue }
                let at = Self.fixedBytes + position * Self.groupBytes
                bytes.storeInteger(group, at: at)
                bytes.storeInteger(state.isRemoved ? 1 : 0 as UInt8, at: at + 2)
                bytes.storeInteger(state.last.index, at: at + 3)
                bytes.storeInteger(state.last.term, at: at + 11)
                bytes.storeInteger(state.hardState.term, at: at + 19)
                bytes.storeInteger(state.hardState.vote, at: at + 27)
            }
        }
        return payload
    }

    /// Reads the start of a segment's file: its first `bytesMax` bytes, or all of it where it is shorter.
    package static func decode(
        _ bytes: [UInt8], sequence: UInt64, node: LogNodeID, fileBytes: UInt64
    ) throws(LogDamage) -> SegmentHeader {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(LogDamage) in
                try decode(bytes, sequence: sequence, node: node, fileBytes: fileBytes)
            }
        }.get()
    }

    /// Reads the start of a segment's file.
    ///
    /// Preamble and version come first: they keep their place in every version of the format.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, sequence: UInt64, node: LogNodeID, fileBytes: UInt64
    ) throws(LogDamage) -> SegmentHeader {
        let file = fileName(sequence: sequence)
        func damage(_ reason: LogDamage.Reason, at offset: Int = 0) -> LogDamage {
            LogDamage(file: file, offset: offset, reason: reason)
        }
        guard bytes.count >= LogFormat.preambleBytes, bytes.loadInteger(UInt64.self, at: 0) == magic,
            bytes.loadInteger(UInt32.self, at: 28) == vtag_crc32c(0, bytes.baseAddress, 28)
        else { throw damage(.preamble) }
        let version = bytes.loadInteger(UInt32.self, at: 8)
        guard version <= LogFormat.version else { throw damage(.newerVersion(version)) }
        guard version == LogFormat.version else { throw damage(.olderVersion(version)) }
        let found = LogNodeID(high: bytes.loadInteger(UInt64.self, at: 12), low: bytes.loadInteger(UInt64.self, at: 20))
        guard found == node else { throw damage(.foreignNode) }

        let seed = SegmentSeed(node: node, sequence: sequence)
        let offset = LogFormat.preambleBytes
        guard case .record(let record) = Record.read(bytes, at: offset, seed: seed), record.kind == .segmentHeader,
            let header = Record.withPayload(
                of: record, in: bytes, at: offset, seed: seed, { decodePayload($0, node: node) }),
            header.sequence == sequence, sequence <= UInt64(UInt32.max)
        else { throw damage(.segmentHeader, at: offset) }
        guard header.capacity == fileBytes else {
            throw damage(.size(expected: header.capacity, actual: fileBytes))
        }
        return header
    }

    private static func decodePayload(_ bytes: UnsafeRawBufferPointer, node: LogNodeID) -> SegmentHeader? {
        guard bytes.count >= fixedBytes, (bytes.count - fixedBytes) % groupBytes == 0 else { return nil }
        let count = (bytes.count - fixedBytes) / groupBytes
        guard count <= LogFormat.groupsMax else { return nil }
        var groups: [GroupID: GroupState] = [:]
        groups.reserveCapacity(count)
        for position in 0..<count {
            let at = fixedBytes + position * groupBytes
            func word(_ offset: Int) -> UInt64 { bytes.loadInteger(UInt64.self, at: at + offset) }
            groups[bytes.loadInteger(GroupID.self, at: at)] = GroupState(
                last: LogPoint(index: word(3), term: word(11)), hardState: LogHardState(term: word(19), vote: word(27)),
                isRemoved: bytes[at + 2] != 0)
        }
        return SegmentHeader(
            node: node, sequence: bytes.loadInteger(UInt64.self, at: 0), capacity: bytes.loadInteger(UInt64.self, at: 8),
            previousEnd: bytes.loadInteger(UInt64.self, at: 16), groups: groups)
    }
}
