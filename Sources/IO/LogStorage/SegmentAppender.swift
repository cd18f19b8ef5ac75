import WriteAheadLog

/// Puts records into segments and segments on the disk. Knows nothing of threads; the writer's thread alone calls it.
///
/// Order of effects, on which recovery builds (`LogFormat`): a batch is written only after the one before it was synced;
/// a segment carries its header, durably, before it gets its name; the segment before it is sealed, durably, before the
/// first record goes into the new one.
struct SegmentAppender: ~Copyable {
    private let files: any LogFileSystem
    private let options: LogOptions
    private var file: any LogFile
    private var header: SegmentHeader
    private var seed: SegmentSeed
    /// Where the records that are durable end.
    private var end: Int
    private var staging: StagingBuffer
    /// The last entry of every group, staged ones included.
    private(set) var lasts: [GroupID: LogPoint]

    /// Bytes kept free at the end of a segment: a seal, and the marks of one run of a process.
    private static let reservedBytes = 3 * LogFormat.headerBytes

    /// Goes on in `file` at `end`.
    init(
        files: any LogFileSystem, options: LogOptions, file: any LogFile, header: SegmentHeader, end: Int,
        lasts: [GroupID: LogPoint]
    ) {
        self.files = files
        self.options = options
        self.file = file
        self.header = header
        seed = header.seed
        self.end = end
        self.lasts = lasts
        staging = StagingBuffer(
            capacity: max(options.batchBytesMax, LogFormat.recordBytes(payloadBytes: options.payloadBytesMax)))
        staging.start(at: end)
    }

    var sequence: UInt64 { header.sequence }
    var stagedBytes: Int { staging.count }

    /// Bytes of records that still fit in the segment behind the staged ones.
    var room: Int { max(0, freeBytes - Self.reservedBytes) }

    private var freeBytes: Int { Int(header.capacity) - end - staging.count }

    /// Adds the record to the batch; false where it must first be written, or a new segment begun.
    mutating func stage(_ record: PendingRecord) -> Bool {
        let bytes = LogFormat.recordBytes(payloadBytes: record.payload.count)
        let isMark = record.kind == .opened || record.kind == .stopped
        guard bytes <= (isMark ? freeBytes - LogFormat.headerBytes : room), bytes <= staging.room else { return false }
        follow(record)
        put(record, bytes: bytes)
        return true
    }

    /// Writes and syncs the batch. After an error nothing may be done any more.
    mutating func commit() throws(LogIOError) {
        guard staging.count > 0 else { return }
        try file.write(staging.bytes, at: end)
        try file.sync()
        end += staging.count
        staging.start(at: end)
    }

    /// Goes on in the segment in reserve. The batch must be empty. Returns what was sealed.
    mutating func rotate() throws(LogIOError) -> SegmentKeeper.Sealed {
        precondition(staging.count == 0, "a batch of \(staging.count) bytes would straddle two segments")
        let next = SegmentHeader(
            node: header.node, sequence: header.sequence + 1, capacity: UInt64(options.segmentBytes),
            previousEnd: UInt64(end), lasts: lasts)
        let nextFile = try Self.install(next, files: files)
        put(PendingRecord(kind: .seal, group: 0, point: .zero, payload: []), bytes: LogFormat.headerBytes)
        try commit()
        let sealed = SegmentKeeper.Sealed(sequence: header.sequence, lasts: lasts)
        file = nextFile
        header = next
        seed = next.seed
        end = next.recordsStart
        staging.start(at: end)
        return sealed
    }

    /// Turns the segment in reserve into the one that `header` describes.
    static func install(_ header: SegmentHeader, files: any LogFileSystem) throws(LogIOError) -> any LogFile {
        let file = try files.open(SegmentKeeper.spareName)
        let bytes = header.encoded()
        precondition(bytes.count < Int(header.capacity) / 2, "\(header.lasts.count) groups do not fit a segment header")
        try file.write(bytes, at: 0)
        try file.sync()
        try files.rename(SegmentKeeper.spareName, to: SegmentHeader.fileName(sequence: header.sequence))
        try files.syncDirectory()
        return file
    }

    private mutating func put(_ record: PendingRecord, bytes: Int) {
        let offset = end + staging.count
        let header = RecordHeader(
            kind: record.kind, startsBatch: staging.count == 0, group: record.group, index: record.point.index,
            term: record.point.term)
        let place = staging.extend(by: bytes)
        record.payload.withUnsafeBytes { payload in
            Record.encode(header, payload: payload, into: place, at: offset, seed: seed)
        }
    }

    /// A group's entries follow one another; anything else is an error of the caller that recovery would refuse.
    private mutating func follow(_ record: PendingRecord) {
        let last = lasts[record.group] ?? .zero
        switch record.kind {
        case .entry:
            precondition(
                record.point.index == last.index + 1 && record.point.term >= last.term,
                "group \(record.group) is at \(last) and cannot go on with \(record.point)")
            precondition(
                lasts[record.group] != nil || lasts.count < LogFormat.groupsMax, "more than \(LogFormat.groupsMax) groups")
            lasts[record.group] = record.point
        case .truncate:
            precondition(
                record.point.index <= last.index && record.point.term <= last.term,
                "group \(record.group) is at \(last) and cannot be cut back to \(record.point)")
            lasts[record.group] = record.point
        case .opened, .stopped, .seal, .segmentHeader: break
        }
    }
}

/// Memory in which a batch is put together.
///
/// It lies in its pages as the batch will lie in the file's pages: a write that a dying process leaves unfinished ends
/// at a page of one or the other, so in either case between two sectors of the file.
private struct StagingBuffer: ~Copyable {
    private static let pageBytes = 4096
    private let memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private(set) var count = 0

    /// Room for `capacity` bytes, wherever in a page they start. Untouched pages take no memory.
    init(capacity: Int) {
        memory = .allocate(byteCount: capacity + Self.pageBytes, alignment: Self.pageBytes)
    }

    deinit { memory.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<start + count]) }
    var room: Int { memory.count - start - count }

    /// Empties the buffer for a batch that will be written at `offset`.
    mutating func start(at offset: Int) {
        start = offset % Self.pageBytes
        count = 0
    }

    mutating func extend(by bytes: Int) -> UnsafeMutableRawBufferPointer {
        let from = start + count
        count += bytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[from..<from + bytes])
    }
}
