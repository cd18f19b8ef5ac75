import Testing

@testable import WriteAheadLog

@Suite("Records")
struct RecordTests {
    private let seed = SegmentSeed(node: SegmentImage.node, sequence: 7)

    private func encoded(_ payload: [UInt8], at offset: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: LogFormat.recordBytes(payloadBytes: payload.count))
        bytes.withUnsafeMutableBytes { bytes in
            payload.withUnsafeBytes {
                Record.encode(
                    RecordHeader(kind: .entry, startsBatch: true, group: 513, entryKind: 200, index: 1 << 40, term: 9),
                    payload: $0,
                    into: bytes, at: offset, seed: seed)
            }
        }
        return bytes
    }

    /// Reads `record` as if it stood at `offset` of a segment that ends with it.
    private func read(_ record: [UInt8], at offset: Int, seed: SegmentSeed? = nil) -> Record.Reading {
        let segment = [UInt8](repeating: 0, count: offset) + record
        return segment.withUnsafeBytes { Record.read($0, at: offset, seed: seed ?? self.seed) }
    }

    @Test("What is written is read back, whatever its length and place")
    func roundTrip() {
        for length in [0, 1, 31, 32, 33, 479, 480, 481, 5000] {
            for offset in [0, 32, 480, 512, 4064] {
                let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
                let record = encoded(payload, at: offset)
                guard case .record(let header) = read(record, at: offset) else {
                    Issue.record("\(length) bytes at \(offset) were not read back")
                    continue
                }
                #expect(header.kind == .entry && header.startsBatch && header.group == 513)
                #expect(header.index == 1 << 40 && header.term == 9 && header.payloadBytes == UInt32(length))
                #expect(header.entryKind == 200)
                let segment = [UInt8](repeating: 0, count: offset) + record
                segment.withUnsafeBytes { bytes in
                    Record.withPayload(of: header, in: bytes, at: offset, seed: seed) {
                        #expect(Array($0) == payload)
                    }
                }
            }
        }
    }

    /// Reads `record`, which stands at `offset`, as an entry.
    private func readEntry(_ record: [UInt8], at offset: Int) throws(LogDamage.Reason) -> LogEntry {
        try record.withUnsafeBytes { bytes in
            Result { () throws(LogDamage.Reason) in
                let header = try Record.entryHeader(bytes, at: offset, seed: seed)
                guard header.recordBytes == record.count else { throw .length }
                return try Record.entry(header, in: bytes, at: offset, seed: seed)
            }
        }.get()
    }

    @Test("An entry is read back from its record alone, masked or not; every flipped bit of it is damage")
    func entryAlone() throws {
        for payload in [[UInt8](repeating: 0, count: 1500), [UInt8](repeating: 0xA5, count: 701), [], [1]] {
            let record = encoded(payload, at: 480)
            let entry = LogEntry(point: LogPoint(index: 1 << 40, term: 9), kind: 200, payload: payload)
            #expect(try readEntry(record, at: 480) == entry)
            for byte in record.indices {
                var damaged = record
                damaged[byte] ^= 1 << UInt8(byte % 8)
                #expect(throws: LogDamage.Reason.self) { try readEntry(damaged, at: 480) }
            }
            #expect(throws: LogDamage.Reason.headerChecksum) { try readEntry(record, at: 512) }
        }
    }

    @Test("Every flipped bit of a record is damage, never a torn tail: zeros in the payload change nothing")
    func flippedBits() {
        for payload in [[UInt8](repeating: 0, count: 1500), [UInt8](repeating: 0xA5, count: 700), [1]] {
            let record = encoded(payload, at: 480)
            for byte in record.indices {
                var damaged = record
                damaged[byte] ^= 1 << UInt8(byte % 8)
                switch read(damaged, at: 480) {
                case .damaged: break
                case .record, .hole, .torn: Issue.record("byte \(byte) of \(payload.count): \(read(damaged, at: 480))")
                }
            }
        }
    }

    @Test("A record of which any sector but the header's is missing is torn")
    func tornSectors() {
        for payload in [[UInt8](repeating: 0, count: 3000), (0..<3000).map { UInt8(truncatingIfNeeded: $0) }] {
            let record = encoded(payload, at: 480)
            var sector = 512
            while sector < 480 + record.count {
                var torn = record
                for at in sector..<min(sector + 512, 480 + record.count) { torn[at - 480] = 0 }
                #expect(read(torn, at: 480) == .torn)
                sector += 512
            }
        }
    }

    @Test("A record that lies elsewhere than it was written is refused")
    func movedRecord() {
        let record = encoded([1, 2, 3], at: 512)
        #expect(read(record, at: 544) == .damaged(.headerChecksum))
        #expect(read(record, at: 512, seed: SegmentSeed(node: SegmentImage.node, sequence: 8)) == .damaged(.headerChecksum))
        let stranger = LogNodeID(high: 1, low: 2)
        #expect(read(record, at: 512, seed: SegmentSeed(node: stranger, sequence: 7)) == .damaged(.headerChecksum))
    }

    @Test("Every prefix of a record that is cut off is a hole or damage")
    func prefixes() {
        let record = encoded((0..<200).map { UInt8($0) }, at: 0)
        for length in 0..<record.count {
            switch read(Array(record.prefix(length)), at: 0) {
            case .hole, .damaged: break
            case .record, .torn: Issue.record("a prefix of \(length) bytes passes for a record")
            }
        }
    }
}

@Suite("Segment headers")
struct SegmentHeaderTests {
    private func decode(
        _ bytes: [UInt8], sequence: UInt64 = 3, node: LogNodeID = SegmentImage.node, fileBytes: UInt64? = nil
    ) -> Result<SegmentHeader, LogDamage> {
        Result { () throws(LogDamage) in
            try SegmentHeader.decode(bytes, sequence: sequence, node: node, fileBytes: fileBytes ?? UInt64(bytes.count))
        }
    }

    private var segment: SegmentImage {
        SegmentImage(
            sequence: 3, previousEnd: 4096,
            groups: [
                0: GroupState(last: LogPoint(index: 5, term: 1)),
                9: GroupState(last: LogPoint(index: 7, term: 2), hardState: LogHardState(term: 1 << 40, vote: .max)),
                65535: GroupState(hardState: LogHardState(term: 4, vote: 1), isRemoved: true),
            ])
    }

    @Test("A header is read back")
    func roundTrip() throws {
        #expect(try decode(segment.bytes).get() == segment.header)
    }

    @Test("Another node's segment, a newer format, a shorter file and a wrong name are told apart")
    func refusals() {
        func reason(_ result: Result<SegmentHeader, LogDamage>) -> LogDamage.Reason? {
            if case .failure(let damage) = result { damage.reason } else { nil }
        }
        #expect(reason(decode(segment.bytes, node: LogNodeID(high: 1, low: 1))) == .foreignNode)
        #expect(reason(decode(segment.bytes, sequence: 4)) == .segmentHeader)
        #expect(reason(decode(Array(segment.bytes.dropLast()))) == .size(expected: 16 << 10, actual: (16 << 10) - 1))
        #expect(reason(decode([])) == .preamble)

        var newer = segment.bytes
        newer[8] = 3
        #expect(reason(decode(newer)) == .preamble, "the preamble has a checksum of its own")
        newer.withUnsafeMutableBytes { $0.storeInteger(preambleCRC(of: $0), at: 28) }
        #expect(reason(decode(newer)) == .newerVersion(3))
        var older = segment.bytes
        older[8] = 1
        older.withUnsafeMutableBytes { $0.storeInteger(preambleCRC(of: $0), at: 28) }
        #expect(reason(decode(older)) == .olderVersion(1))
    }

    @Test("Every flipped byte in front of the records is noticed")
    func flippedBytes() {
        for at in 0..<segment.header.recordsStart {
            var bytes = segment.bytes
            bytes[at] ^= 0x40
            if case .success = decode(bytes) { Issue.record("byte \(at) passes") }
        }
    }

    @Test("File names stand for sequence numbers, and nothing else does")
    func fileNames() {
        #expect(SegmentHeader.fileName(sequence: 42) == "00000000000000000042.log")
        #expect(SegmentHeader.sequence(fileName: "00000000000000000042.log") == 42)
        for name in ["spare.tmp", "LOCK", "42.log", "0000000000000000004x.log", "99999999999999999999.log", ""] {
            #expect(SegmentHeader.sequence(fileName: name) == nil)
        }
    }
}
