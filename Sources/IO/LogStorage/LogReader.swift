import Glibc
package import WriteAheadLog

/// Entries read back from the log.
package enum LogReading: Equatable, Sendable {
    /// From the first one asked for, without gap. Empty where that one is not, or no longer, in the log.
    case entries([LogEntry])
    /// The log starts above the first one asked for.
    case compacted
}

/// Reads durable entries from the segments, beside the writer. Any thread, several at a time.
struct LogReader: Sendable {
    /// Most entries of one answer.
    static let entriesMax = 4096

    let files: any LogFileSystem
    let index: LogIndex
    let node: LogNodeID

    func entries(
        of group: GroupID, from first: UInt64, through last: UInt64, bytesMax: Int
    ) throws(LogError) -> LogReading {
        // An entry weighs a header at least, so that this many are enough.
        let countMax = min(Self.entriesMax, max(1, bytesMax / LogFormat.headerBytes))
        var missing: LogPosition?
        while true {
            // All from one look at the index: entries of two looks might never have followed one another.
            guard case .positions(let positions) = index.find(group, from: first, through: last, countMax: countMax) else {
                return .compacted
            }
            var segments = SegmentReader(files: files, node: node)
            do throws(LogError) {
                return .entries(try segments.entries(of: group, at: positions, from: first, bytesMax: bytesMax))
            } catch {
                // The segment was trimmed after the look. The next look finds the entry elsewhere, or not at all.
                guard error.isMissingFile, positions.first != missing else { throw error }
                missing = positions.first
            }
        }
    }
}

/// Reads records, ascending, through a window into one segment at a time.
private struct SegmentReader: ~Copyable {
    /// Bytes that one call to the operating system reads, unless less is wanted or a single record is longer.
    private static let windowBytes = 128 << 10
    /// Bytes read for the last record wanted, of which only the start is known.
    private static let recordBytesGuess = 4 << 10
    /// How many records ahead a window may reach.
    private static let recordsAhead = 64

    private let files: any LogFileSystem
    private let node: LogNodeID
    private var segment: Segment?
    private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Offset of the window in the segment, and how many of its bytes were read.
    private var windowStart = 0
    private var windowCount = 0

    private struct Segment {
        var sequence: UInt64
        /// A handle of this reader's own. A trim takes the name away, not what is open.
        var file: any LogFile
        var bytes: Int
        var seed: SegmentSeed
    }

    init(files: any LogFileSystem, node: LogNodeID) {
        self.files = files
        self.node = node
    }

    deinit { window.deallocate() }

    /// The entries of `group` at `positions`, the first of which is entry `first`: as many as weigh at most `bytesMax` with
    /// a header each, and at least one.
    mutating func entries(
        of group: GroupID, at positions: [LogPosition], from first: UInt64, bytesMax: Int
    ) throws(LogError) -> [LogEntry] {
        var entries: [LogEntry] = []
        var bytesLeft = bytesMax
        for (number, position) in positions.enumerated() {
            let end = positions[number...].prefix(Self.recordsAhead).last { $0.sequence == position.sequence } ?? position
            do throws(LogError) {
                let entry = try entry(
                    first + UInt64(number), of: group, at: position,
                    wanting: end.offset - position.offset + Self.recordBytesGuess)
                bytesLeft -= LogFormat.headerBytes + entry.payload.count
                if bytesLeft < 0, !entries.isEmpty { return entries }
                entries.append(entry)
            } catch {
                guard error.isMissingFile, !entries.isEmpty else { throw error }
                return entries
            }
        }
        return entries
    }

    private mutating func entry(
        _ index: UInt64, of group: GroupID, at position: LogPosition, wanting wanted: Int
    ) throws(LogError) -> LogEntry {
        let offset = position.offset
        let seed = try open(position.sequence)
        let start = try load(LogFormat.headerBytes, at: offset, wanting: wanted)
        let header = try sound(at: position) { () throws(LogDamage.Reason) in
            let header = try Record.entryHeader(start, at: offset, seed: seed)
            guard header.group == group, header.index == index else { throw .entryMissing(group: group, index: index) }
            return header
        }
        let record = try load(header.recordBytes, at: offset, wanting: wanted)
        return try sound(at: position) { () throws(LogDamage.Reason) in
            try Record.entry(header, in: record, at: offset, seed: seed)
        }
    }

    /// What `body` reads at `position`; damage is told with its place.
    private func sound<R>(
        at position: LogPosition, _ body: () throws(LogDamage.Reason) -> R
    ) throws(LogError) -> R {
        do throws(LogDamage.Reason) {
            return try body()
        } catch {
            let file = SegmentHeader.fileName(sequence: position.sequence)
            throw LogError(LogDamage(file: file, offset: position.offset, reason: error), in: files.directory)
        }
    }

    /// Makes segment `sequence` the one to read from.
    private mutating func open(_ sequence: UInt64) throws(LogError) -> SegmentSeed {
        if let segment, segment.sequence == sequence { return segment.seed }
        do throws(LogIOError) {
            let file = try files.open(SegmentHeader.fileName(sequence: sequence))
            let opened = Segment(
                sequence: sequence, file: file, bytes: Int(clamping: try file.size()),
                seed: SegmentSeed(node: node, sequence: sequence))
            segment = opened
            windowCount = 0
            return opened.seed
        } catch {
            throw .io(error)
        }
    }

    /// The `count` bytes at `offset`, valid until the next call. Where they must be read, `wanted` are, within limits.
    private mutating func load(
        _ count: Int, at offset: Int, wanting wanted: Int
    ) throws(LogError) -> UnsafeRawBufferPointer {
        if offset < windowStart || offset + count > windowStart + windowCount {
            guard let segment else { preconditionFailure("no segment is open") }
            // A segment that was cut short fails in the read below.
            let toRead = max(count, min(wanted, Self.windowBytes, segment.bytes - offset))
            if window.count < toRead {
                window.deallocate()
                window = .allocate(byteCount: max(toRead, Self.windowBytes), alignment: 16)
            }
            windowCount = 0
            do throws(LogIOError) {
                try segment.file.read(into: UnsafeMutableRawBufferPointer(rebasing: window[..<toRead]), at: offset)
            } catch {
                throw .io(error)
            }
            (windowStart, windowCount) = (offset, toRead)
        }
        let start = offset - windowStart
        return UnsafeRawBufferPointer(rebasing: window[start..<start + count])
    }
}
