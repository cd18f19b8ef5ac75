/// A log that must not be used: what is wrong, and where.
///
/// Throwing this is how recovery refuses; it never drops what it cannot explain by a crash.
package struct LogDamage: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// The file is shorter or longer than the capacity it was made with.
        case size(expected: UInt64, actual: UInt64)
        /// The first bytes are not those of a log segment.
        case preamble
        case newerVersion(UInt32)
        case olderVersion(UInt32)
        case foreignNode
        case segmentHeader
        case headerChecksum
        case payloadChecksum
        case length
        /// Records that were confirmed on disk stand behind a hole or a torn record.
        case hole
        /// Bytes stand behind the record of an orderly stop.
        case bytesAfterStop
        case segmentMissing(sequence: UInt64)
        /// The segment ends elsewhere than its successor says.
        case end(expected: UInt64)
        case unexpectedKind(RecordKind)
        case index(group: GroupID, expected: UInt64, found: UInt64)
        case term(group: GroupID, lowest: UInt64, found: UInt64)
        /// A truncation to a point that is not in the log.
        case truncation(group: GroupID, to: LogPoint)
        /// A hard state that goes back in term, or changes a vote.
        case hardState(group: GroupID, held: LogHardState, found: LogHardState)
        /// The segment's header tells another state of the group than the records before it give.
        case groupState(group: GroupID, expected: GroupState, found: GroupState)
        /// An entry of the group does not stand where it was written.
        case entryMissing(group: GroupID, index: UInt64)
        case tooManyGroups
        /// The log starts above what the checkpoint holds.
        case gap(group: GroupID, checkpoint: UInt64, logStartsAfter: UInt64)
        /// The log ends below what the checkpoint holds.
        case behind(group: GroupID, checkpoint: UInt64, logEndsAt: UInt64)
    }

    /// File name inside the log's directory.
    package var file: String
    /// Offset in the file, in bytes.
    package var offset: Int
    package var reason: Reason

    package init(file: String, offset: Int, reason: Reason) {
        self.file = file
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(file), byte \(offset): \(reason.explanation). \(advice)" }

    private var advice: String {
        if case .newerVersion = reason { return "Start the version that wrote it, or a later one." }
        if case .olderVersion = reason { return "Nothing was changed. Let this node rejoin with an empty directory." }
        return "Nothing was changed. Restore the data directory from a backup, or let this node rejoin with an empty one."
    }
}

extension LogDamage.Reason {
    fileprivate var explanation: String {
        switch self {
        case .size(let expected, let actual): "the file has \(actual) bytes instead of \(expected)"
        case .preamble: "this is not the start of a log segment"
        case .newerVersion(let version): "written by a newer version (log format \(version))"
        case .olderVersion(let version): "written by an older version (log format \(version)) that this one cannot read"
        case .foreignNode: "the segment belongs to another node or cluster"
        case .segmentHeader: "the segment's header is damaged"
        case .headerChecksum: "the header of a record is damaged"
        case .payloadChecksum: "the payload of a record is damaged"
        case .length: "a record is longer than what may stand here"
        case .hole: "records are missing in front of others that were confirmed on disk"
        case .bytesAfterStop: "there are bytes behind the record of an orderly stop"
        case .segmentMissing(let sequence): "segment \(sequence) is missing"
        case .end(let expected): "the segment should end at byte \(expected)"
        case .unexpectedKind(let kind): "a record of kind \(kind) may not stand here"
        case .index(let group, let expected, let found): "group \(group) goes on at index \(found) instead of \(expected)"
        case .term(let group, let lowest, let found): "group \(group) goes back from term \(lowest) to \(found)"
        case .truncation(let group, let point):
            "group \(group) is cut back to index \(point.index) of term \(point.term), which is not in the log"
        case .hardState(let group, let held, let found):
            "group \(group) goes from term \(held.term) and vote \(held.vote) to term \(found.term) and vote \(found.vote)"
        case .groupState(let group, let expected, let found):
            "group \(group) is at \(found.explanation) instead of \(expected.explanation)"
        case .entryMissing(let group, let index): "entry \(index) of group \(group) does not stand here"
        case .tooManyGroups: "more groups than a log may hold"
        case .gap(let group, let checkpoint, let start):
            "the checkpoint of group \(group) ends at index \(checkpoint), the log starts after \(start)"
        case .behind(let group, let checkpoint, let end):
            "the checkpoint of group \(group) holds index \(checkpoint), the log ends at \(end)"
        }
    }
}

extension GroupState {
    fileprivate var explanation: String {
        "index \(last.index) of term \(last.term), hard state \(hardState.term)/\(hardState.vote)\(isRemoved ? ", removed" : "")"
    }
}

extension LogDamage.Reason: Error {}
