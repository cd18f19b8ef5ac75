/// Decides, from the bytes of the segments, what the log holds. Pure: the caller reads the files and carries out `LogTail`.
///
/// Use: all headers in `init`, then every segment's bytes to `scan`, oldest first, then `finish`.
package struct LogRecovery: Sendable {
    /// The segments, oldest first.
    package let headers: [SegmentHeader]
    private var slots = GroupSlots()
    private var recovered: [RecoveredGroup] = []
    private var scanned = 0
    private var tail: LogTail?
    /// The segment before the newest carries no seal: the process ended while it changed segments.
    private var sealMissing = false

    /// `headers` in ascending order of sequence, at least one.
    package init(headers: [SegmentHeader]) throws(LogDamage) {
        precondition(!headers.isEmpty, "a log has at least one segment")
        for (header, next) in zip(headers, headers.dropFirst()) where next.sequence != header.sequence + 1 {
            let missing = header.sequence + 1
            throw LogDamage(
                file: SegmentHeader.fileName(sequence: missing), offset: 0, reason: .segmentMissing(sequence: missing))
        }
        self.headers = headers
        for (group, state) in headers[0].groups {
            _ = slots.add(group)
            recovered.append(RecoveredGroup(state, isTrimmed: headers[0].previousEnd > 0))
        }
    }

    /// What the log holds of each group, as far as it was scanned.
    package var groups: [GroupID: RecoveredGroup] {
        Dictionary(uniqueKeysWithValues: zip(slots.groups, recovered))
    }

    /// Takes the next segment, whole.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(LogDamage) {
        let header = headers[scanned]
        let next = scanned + 1 < headers.count ? headers[scanned + 1] : nil
        precondition(bytes.count == Int(header.capacity), "segment \(header.sequence) was not read whole")
        do throws(Fault) {
            if scanned > 0 { try compareGroups(with: header) }
            if let next {
                try scanSealed(
                    bytes, header, end: Int(clamping: next.previousEnd), isBeforeNewest: scanned + 2 == headers.count)
            } else {
                tail = try scanNewest(bytes, header)
            }
        } catch {
            throw LogDamage(
                file: SegmentHeader.fileName(sequence: header.sequence), offset: error.offset, reason: error.reason)
        }
        scanned += 1
    }

    /// What is left to do before the log may be appended to.
    package func finish() -> LogTail {
        guard var tail else { preconditionFailure("\(scanned) of \(headers.count) segments were scanned") }
        let newest = headers[headers.count - 1]
        // Until a record follows it, the seal may be missing, or written but not on disk.
        if headers.count > 1, tail.end == newest.recordsStart { tail.sealOfPrevious = Int(newest.previousEnd) }
        return tail
    }

    /// Offset in segment `position` where its records end.
    package func end(ofSegment position: Int) -> Int {
        position + 1 < headers.count ? Int(headers[position + 1].previousEnd) : finish().end
    }

    /// Calls `body` with every entry of segment `position` that is in force and above its group's index in `above`.
    ///
    /// `bytes` is the segment, whole, as it was scanned. In the order of the log.
    package func forEachEntry<E: Error>(
        ofSegment position: Int, in bytes: UnsafeRawBufferPointer, above: [GroupID: UInt64],
        _ body: (RecoveredEntry) throws(E) -> Void
    ) throws(E) {
        let header = headers[position]
        let seed = header.seed
        let end = end(ofSegment: position)
        var offset = header.recordsStart
        while offset < end {
            guard case .record(let record) = Record.read(bytes, at: offset, seed: seed) else {
                preconditionFailure("segment \(header.sequence) changed at byte \(offset) after it was scanned")
            }
            let at = LogPosition(sequence: header.sequence, offset: offset)
            if record.kind == .entry, record.index > above[record.group, default: 0],
                slots.slot(of: record.group).map({ recovered[$0].history.isLive(record.index, at: at) }) == true
            {
                try Record.withPayload(of: record, in: bytes, at: offset, seed: seed) { (payload) throws(E) in
                    try body(
                        RecoveredEntry(
                            group: record.group, point: LogPoint(index: record.index, term: record.term),
                            kind: record.entryKind, payload: payload))
                }
            }
            offset += record.recordBytes
        }
    }
}

/// What the log holds of one group.
package struct RecoveredGroup: Sendable {
    package private(set) var state: GroupState
    package private(set) var history: GroupHistory

    init(_ state: GroupState = GroupState(), isTrimmed: Bool = false) {
        self.state = state
        history = GroupHistory(base: state.last, isTrimmed: isTrimmed)
    }

    fileprivate mutating func apply(
        _ change: GroupChange, at position: LogPosition, group: GroupID
    ) throws(LogDamage.Reason) {
        try state.apply(change, group: group)
        try history.apply(change, at: position, group: group)
    }
}

/// An entry that recovery hands over.
package struct RecoveredEntry {
    package let group: GroupID
    package let point: LogPoint
    /// As it was given with the entry.
    package let kind: UInt8
    /// Valid only during the call that hands the entry over.
    package let payload: UnsafeRawBufferPointer
}

/// How the newest segment ends, and what must be done to it before the first append.
///
/// In this order: zero `end..<dirtyEnd`; write `unconfirmedStart..<end` again as it was read; write a seal to the
/// previous segment at `sealOfPrevious`; sync both files.
package struct LogTail: Equatable, Sendable {
    package var sequence: UInt64
    /// Offset of the next record in bytes.
    package var end: Int
    /// Offset of the last batch that no later one confirms; `end` where there is none.
    package var unconfirmedStart: Int
    /// Offset behind the last byte of the torn tail; `end` where nothing is torn.
    package var dirtyEnd: Int
    /// The last process stopped in an orderly way.
    package var stoppedOrderly: Bool
    /// Where the segment before the newest must be sealed once more.
    package var sealOfPrevious: Int?
}

// MARK: - One segment

extension LogRecovery {
    fileprivate struct Fault: Error {
        var offset: Int
        var reason: LogDamage.Reason
    }

    private func compareGroups(with header: SegmentHeader) throws(Fault) {
        let groups = groups
        for group in Set(groups.keys).union(header.groups.keys).sorted() {
            let expected = header.groups[group] ?? GroupState()
            let found = groups[group]?.state ?? GroupState()
            if expected != found {
                throw Fault(offset: 0, reason: .groupState(group: group, expected: expected, found: found))
            }
        }
    }

    /// A segment with a successor: good up to `end`, without exception.
    private mutating func scanSealed(
        _ bytes: UnsafeRawBufferPointer, _ header: SegmentHeader, end: Int, isBeforeNewest: Bool
    ) throws(Fault) {
        let seed = header.seed
        var offset = header.recordsStart
        while offset < end {
            switch Record.read(bytes, at: offset, seed: seed) {
            case .record(let record):
                try take(record, in: bytes, at: LogPosition(sequence: header.sequence, offset: offset), seed: seed)
                offset += record.recordBytes
            case .hole: throw Fault(offset: offset, reason: .hole)
            case .torn: throw Fault(offset: offset, reason: .payloadChecksum)
            case .damaged(let reason): throw Fault(offset: offset, reason: reason)
            }
        }
        guard offset == end else { throw Fault(offset: offset, reason: .end(expected: UInt64(end))) }
        switch Record.read(bytes, at: end, seed: seed) {
        case .record(let record) where record.kind == .seal: return
        case .hole where isBeforeNewest: sealMissing = true
        case .record, .hole, .torn, .damaged: throw Fault(offset: end, reason: .end(expected: UInt64(end)))
        }
    }

    /// The segment that was written last: its last batch may be incomplete.
    private mutating func scanNewest(_ bytes: UnsafeRawBufferPointer, _ header: SegmentHeader) throws(Fault) -> LogTail {
        let seed = header.seed
        var offset = header.recordsStart
        var unconfirmedStart = offset
        var lastKind = RecordKind.segmentHeader
        records: while true {
            switch Record.read(bytes, at: offset, seed: seed) {
            case .record(let record):
                if record.kind == .seal {
                    throw Fault(offset: offset, reason: .segmentMissing(sequence: header.sequence + 1))
                }
                // Nothing may be written behind a segment change before the seal is on disk.
                if sealMissing { throw Fault(offset: 0, reason: .hole) }
                try take(record, in: bytes, at: LogPosition(sequence: header.sequence, offset: offset), seed: seed)
                if record.startsBatch { unconfirmedStart = offset }
                lastKind = record.kind
                offset += record.recordBytes
            case .damaged(let reason): throw Fault(offset: offset, reason: reason)
            case .hole, .torn: break records
            }
        }
        let dirtyEnd = bytes.endOfNonZero(from: offset)
        if lastKind == .stopped, dirtyEnd > offset { throw Fault(offset: offset, reason: .bytesAfterStop) }
        if batchStarts(in: bytes, from: offset + LogFormat.alignmentBytes, to: dirtyEnd, seed: seed) {
            throw Fault(offset: offset, reason: .hole)
        }
        return LogTail(
            sequence: header.sequence, end: offset, unconfirmedStart: unconfirmedStart, dirtyEnd: dirtyEnd,
            stoppedOrderly: lastKind == .stopped)
    }

    /// Whether a batch starts somewhere in the range: then all before it was once durable.
    private func batchStarts(in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, seed: SegmentSeed) -> Bool {
        var offset = start
        while offset + LogFormat.headerBytes <= bytes.count, offset < end {
            let candidate = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            if case .header(let header) = RecordHeader.decode(candidate, at: offset, seed: seed), header.startsBatch {
                return true
            }
            offset += LogFormat.alignmentBytes
        }
        return false
    }

    private mutating func take(
        _ record: RecordHeader, in bytes: UnsafeRawBufferPointer, at position: LogPosition, seed: SegmentSeed
    ) throws(Fault) {
        do throws(LogDamage.Reason) {
            guard let change = try change(record, in: bytes, at: position.offset, seed: seed) else { return }
            try recovered[try slot(of: record.group)].apply(change, at: position, group: record.group)
        } catch {
            throw Fault(offset: position.offset, reason: error)
        }
    }

    private mutating func slot(of group: GroupID) throws(LogDamage.Reason) -> Int {
        if let slot = slots.slot(of: group) { return slot }
        guard slots.count < LogFormat.groupsMax else { throw .tooManyGroups }
        recovered.append(RecoveredGroup())
        return slots.add(group)
    }

    /// What a record changes in its group; nil where it concerns none.
    private func change(
        _ record: RecordHeader, in bytes: UnsafeRawBufferPointer, at offset: Int, seed: SegmentSeed
    ) throws(LogDamage.Reason) -> GroupChange? {
        let point = LogPoint(index: record.index, term: record.term)
        switch record.kind {
        case .entry: return .entry(point)
        case .truncate: return .truncate(point)
        case .hardState: return .hardState(LogHardState(term: record.term, vote: record.index))
        case .restart:
            if record.payloadBytes == 0 { return .restart(point, nil) }
            guard record.payloadBytes == UInt32(LogHardState.encodedBytes) else { throw .length }
            let hardState = Record.withPayload(of: record, in: bytes, at: offset, seed: seed) { LogHardState(encoded: $0) }
            return .restart(point, hardState)
        case .remove: return .remove
        case .opened, .stopped: return nil
        case .segmentHeader, .seal: throw .unexpectedKind(record.kind)
        }
    }
}
