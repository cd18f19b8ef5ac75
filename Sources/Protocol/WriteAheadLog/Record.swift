import CChecksum

/// Writes and reads whole records.
package enum Record {
    /// Writes a record to `bytes`, which are `header.recordBytes` long and will lie at `offset` of the seed's segment.
    ///
    /// Fills in the header's payload length, mask and checksums.
    package static func encode(
        _ header: RecordHeader, payload: UnsafeRawBufferPointer, into bytes: UnsafeMutableRawBufferPointer, at offset: Int,
        seed: SegmentSeed
    ) {
        precondition(
            payload.count <= LogFormat.payloadBytesMax && offset % LogFormat.alignmentBytes == 0,
            "a record of \(payload.count) bytes at \(offset)")
        var header = header
        header.payloadBytes = UInt32(payload.count)
        precondition(bytes.count == header.recordBytes, "a record needs \(header.recordBytes) bytes, got \(bytes.count)")
        let body = UnsafeMutableRawBufferPointer(rebasing: bytes[LogFormat.headerBytes...])
        body.copyMemory(from: payload)
        UnsafeMutableRawBufferPointer(rebasing: body[payload.count...]).initializeMemory(as: UInt8.self, repeating: 0)
        header.mask = PayloadMask.apply(to: body, at: offset + LogFormat.headerBytes, seed: seed)
        header.payloadCRC = vtag_crc32c(0, body.baseAddress, body.count)
        header.encode(into: bytes, at: offset, seed: seed)
    }

    /// What stands at `offset` of a segment whose first `segment.count` bytes are given.
    static func read(_ segment: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed) -> Reading {
        // Bytes behind the last place where a header fits cannot hold a record.
        guard offset + LogFormat.headerBytes <= segment.count else { return .hole }
        let header: RecordHeader
        switch RecordHeader.decode(UnsafeRawBufferPointer(rebasing: segment[offset...]), at: offset, seed: seed) {
        case .zero: return .hole
        case .invalid: return .damaged(.headerChecksum)
        case .header(let decoded): header = decoded
        }
        guard header.payloadBytes <= LogFormat.payloadBytesMax, offset + header.recordBytes <= segment.count else {
            return .damaged(.length)
        }
        let start = offset + LogFormat.headerBytes
        let body = UnsafeRawBufferPointer(rebasing: segment[start..<offset + header.recordBytes])
        if vtag_crc32c(0, body.baseAddress, body.count) == header.payloadCRC { return .record(header) }
        return PayloadMask.hasShare(of: body, at: start, under: 1) ? .torn : .damaged(.payloadChecksum)
    }

    enum Reading: Equatable {
        case record(RecordHeader)
        /// No record: the log ends here, or a part of it is missing.
        case hole
        /// A record of which a sector is missing.
        case torn
        case damaged(LogDamage.Reason)
    }

    /// Calls `body` with the payload of the record `header` at `offset`, without mask; valid during the call only.
    static func withPayload<R, E: Error>(
        of header: RecordHeader, in segment: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed,
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        let start = offset + LogFormat.headerBytes
        let length = Int(header.payloadBytes)
        if header.mask == 0 { return try body(UnsafeRawBufferPointer(rebasing: segment[start..<start + length])) }
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: header.recordBytes - LogFormat.headerBytes, alignment: 16)
        defer { copy.deallocate() }
        copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: segment[start..<start + copy.count]))
        PayloadMask.toggle(copy, number: header.mask, at: start, seed: seed)
        return try body(UnsafeRawBufferPointer(rebasing: copy[..<length]))
    }
}

// MARK: - One entry, to be read back

extension Record {
    /// The header of the entry at `offset`, of which `bytes` are the first `LogFormat.headerBytes` or more. Throws where
    /// anything but an entry stands there.
    package static func entryHeader(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed
    ) throws(LogDamage.Reason) -> RecordHeader {
        guard case .header(let header) = RecordHeader.decode(bytes, at: offset, seed: seed) else { throw .headerChecksum }
        guard header.kind == .entry else { throw .unexpectedKind(header.kind) }
        return header
    }

    /// The entry whose header is `header` at `offset`, of which `bytes` are the whole record. Checks the payload.
    package static func entry(
        _ header: RecordHeader, in bytes: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed
    ) throws(LogDamage.Reason) -> LogEntry {
        let body = UnsafeRawBufferPointer(rebasing: bytes[LogFormat.headerBytes..<header.recordBytes])
        guard vtag_crc32c(0, body.baseAddress, body.count) == header.payloadCRC else { throw .payloadChecksum }
        let isMasked = header.mask != 0
        let length = Int(header.payloadBytes)
        let payload = [UInt8](unsafeUninitializedCapacity: isMasked ? body.count : length) { copy, count in
            let copy = UnsafeMutableRawBufferPointer(copy)
            copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: body[..<(isMasked ? body.count : length)]))
            if isMasked {
                PayloadMask.toggle(
                    UnsafeMutableRawBufferPointer(rebasing: copy[..<body.count]), number: header.mask,
                    at: offset + LogFormat.headerBytes, seed: seed)
            }
            count = length
        }
        return LogEntry(
            point: LogPoint(index: header.index, term: header.term), kind: header.entryKind, payload: payload)
    }
}
