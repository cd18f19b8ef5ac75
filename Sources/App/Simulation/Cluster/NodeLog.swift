import CChecksum

/// The format of a simulated node's log, and what a restart concludes from its bytes.
///
/// It follows the rules of `WriteAheadLog` with records for hard state and snapshots besides: records start at multiples
/// of 32 bytes; header and payload have a CRC-32C each, the header's also covers its place; payload and padding are stored
/// under a mask, so that no sector of a whole record is all zero; a record that starts a batch promises that everything
/// before it was synced.
///
/// | found | means |
/// | --- | --- |
/// | 32 zero bytes where a header should be | the end, or a hole |
/// | a good header, a bad payload, and a sector of the record all zero | torn by a crash |
/// | a hole or a torn record, and no batch starts behind it | the end of the log: what is missing was never synced |
/// | anything else | damage: what is missing may have been acknowledged |
package enum NodeLog {
    package enum Kind: UInt8, Sendable {
        /// An entry of a group.
        case entry = 1
        /// The group's entries above `index` are void.
        case truncate = 2
        /// The group's term and vote; `index` is the vote (0: none). The payload numbers the hard states of a group.
        case hardState = 3
        /// The group's state as of `index` and `term`. Entries at or below it no longer count.
        case snapshot = 4
        /// As `snapshot`, and entries above it are void as well.
        case restart = 5
        /// The group lost entries above `index` that it may have acknowledged.
        case suspect = 6
        /// The group holds again what it had lost.
        case repaired = 7
    }

    package struct Record: Equatable, Sendable {
        package var kind: Kind
        package var group: Int
        package var index: UInt64
        package var term: UInt64
        package var payload: [UInt8]

        package init(kind: Kind, group: Int, index: UInt64, term: UInt64, payload: [UInt8] = []) {
            self.kind = kind
            self.group = group
            self.index = index
            self.term = term
            self.payload = payload
        }
    }

    package enum Ending: Equatable, Sendable {
        /// The log ends where the last process stopped writing.
        case whole
        /// A crash left an unsynced batch incomplete.
        case torn
        /// Synced bytes changed.
        case damaged
    }

    static let headerBytes = 32
    static let alignmentBytes = 32

    // MARK: Writing

    /// Appends the record to `bytes`, which will start at `offset` of the log.
    package static func encode(_ record: Record, startsBatch: Bool, into bytes: inout [UInt8], startingAt offset: Int) {
        let start = bytes.count
        let padded = (record.payload.count + alignmentBytes - 1) & ~(alignmentBytes - 1)
        let place = offset + start
        bytes.append(contentsOf: repeatElement(0, count: headerBytes + padded))
        bytes.withUnsafeMutableBytes { whole in
            let body = UnsafeMutableRawBufferPointer(rebasing: whole[(start + headerBytes)...])
            body.copyBytes(from: record.payload)
            toggleMask(of: body, at: place)
            let header = UnsafeMutableRawBufferPointer(rebasing: whole[start..<start + headerBytes])
            header[0] = record.kind.rawValue
            header[1] = startsBatch ? 1 : 0
            header.storeBytes(of: UInt16(record.group).littleEndian, toByteOffset: 2, as: UInt16.self)
            header.storeBytes(of: UInt32(record.payload.count).littleEndian, toByteOffset: 4, as: UInt32.self)
            header.storeBytes(of: record.index.littleEndian, toByteOffset: 8, as: UInt64.self)
            header.storeBytes(of: record.term.littleEndian, toByteOffset: 16, as: UInt64.self)
            let payloadCRC = vtag_crc32c(0, body.baseAddress, body.count)
            header.storeBytes(of: payloadCRC.littleEndian, toByteOffset: 24, as: UInt32.self)
            let headerCRC = headerCRC(UnsafeRawBufferPointer(header), at: place)
            header.storeBytes(of: headerCRC.littleEndian, toByteOffset: 28, as: UInt32.self)
        }
    }

    // MARK: Reading

    package struct Recovered: Equatable, Sendable {
        package var records: [Record] = []
        /// Offset behind the last record.
        package var end = 0
        package var ending = Ending.whole
    }

    /// `skippingDamage` goes on behind it: a planted bug.
    package static func recover(_ bytes: [UInt8], skippingDamage: Bool = false) -> Recovered {
        bytes.withUnsafeBytes { bytes in
            var recovered = Recovered()
            while recovered.end < bytes.count {
                switch read(bytes, at: recovered.end) {
                case .record(let record, let length):
                    recovered.records.append(record)
                    recovered.end += length
                case .missing where skippingDamage, .damaged where skippingDamage:
                    recovered.end += alignmentBytes
                case .missing:
                    recovered.ending = batchStarts(in: bytes, from: recovered.end + alignmentBytes) ? .damaged : .torn
                    return recovered
                case .damaged:
                    recovered.ending = .damaged
                    return recovered
                }
            }
            return recovered
        }
    }

    private enum Reading {
        case record(Record, length: Int)
        /// A hole, or a record with a sector missing.
        case missing
        case damaged
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Reading {
        guard offset + headerBytes <= bytes.count else { return .damaged }
        let header = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + headerBytes])
        if header.allSatisfy({ $0 == 0 }) { return .missing }
        guard UInt32(littleEndian: header.load(fromByteOffset: 28, as: UInt32.self)) == headerCRC(header, at: offset),
            let kind = Kind(rawValue: header[0])
        else { return .damaged }
        let count = Int(UInt32(littleEndian: header.load(fromByteOffset: 4, as: UInt32.self)))
        let padded = (count + alignmentBytes - 1) & ~(alignmentBytes - 1)
        let start = offset + headerBytes
        guard start + padded <= bytes.count else { return .damaged }
        let body = UnsafeRawBufferPointer(rebasing: bytes[start..<start + padded])
        guard
            vtag_crc32c(0, body.baseAddress, body.count)
                == UInt32(littleEndian: header.load(fromByteOffset: 24, as: UInt32.self))
        else { return hasZeroSector(bytes, from: start, to: start + padded) ? .missing : .damaged }
        var payload = [UInt8](body)
        payload.withUnsafeMutableBytes { toggleMask(of: $0, at: offset) }
        payload.removeLast(padded - count)
        let record = Record(
            kind: kind, group: Int(UInt16(littleEndian: header.load(fromByteOffset: 2, as: UInt16.self))),
            index: UInt64(littleEndian: header.load(fromByteOffset: 8, as: UInt64.self)),
            term: UInt64(littleEndian: header.load(fromByteOffset: 16, as: UInt64.self)), payload: payload)
        return .record(record, length: headerBytes + padded)
    }

    /// Whether one of the sectors that the range touches shows zeros alone within it.
    private static func hasZeroSector(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Bool {
        var position = start
        while position < end {
            let next = min((position / SimulatedDisk.sectorBytes + 1) * SimulatedDisk.sectorBytes, end)
            if bytes[position..<next].allSatisfy({ $0 == 0 }) { return true }
            position = next
        }
        return false
    }

    /// Whether a batch starts at or behind `start`: then everything before it was once synced.
    private static func batchStarts(in bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var offset = start
        while offset + headerBytes <= bytes.count {
            let header = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + headerBytes])
            if header[1] & 1 != 0,
                UInt32(littleEndian: header.load(fromByteOffset: 28, as: UInt32.self)) == headerCRC(header, at: offset)
            {
                return true
            }
            offset += alignmentBytes
        }
        return false
    }

    // MARK: Checksums

    private static func headerCRC(_ header: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        var place = UInt64(offset).littleEndian
        return vtag_crc32c(vtag_crc32c(0x5A17_AB1E, &place, 8), header.baseAddress, 28)
    }

    /// Sets or removes the mask: a pattern without zero words that depends on the record's place.
    private static func toggleMask(of body: UnsafeMutableRawBufferPointer, at place: Int) {
        var word = UInt64(truncatingIfNeeded: place) &* 0x9E37_79B9_7F4A_7C15 | 1
        var position = 0
        while position + 8 <= body.count {
            word = (word ^ (word >> 31)) &* 0xBF58_476D_1CE4_E5B9 | 1
            let masked = body.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ word
            body.storeBytes(of: masked, toByteOffset: position, as: UInt64.self)
            position += 8
        }
    }
}
