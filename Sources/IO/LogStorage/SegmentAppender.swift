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
    /// Every group, staged records included.
    private var slots = GroupSlots()
    private var states: [GroupState] = []
    /// What the staged records change.
    private var changes: [LogIndex.Change] = []
    private let index: LogIndex

    /// Bytes kept free at the end of a segment: a seal, and the marks of one run of a process.
    private static let reservedBytes = 3 * LogFormat.headerBytes

    /// Goes on in `file` at `end`.
    init(
        files: any LogFileSystem, options: LogOptions, file: any LogFile, header: SegmentHeader, end: Int,
        groups: [GroupID: GroupState], index: LogIndex
    ) {
        self.files = files
        self.options = options
        self.file = file
        self.header = header
        seed = header.seed
        self.end = end
        for (group, state) in groups {
            _ = slots.add(group)
            states.append(state)
        }
        self.index = index
        staging = StagingBuffer(
            capacity: max(options.batchBytesMax, LogFormat.recordBytes(payloadBytes: options.payloadBytesMax)))
        staging.start(at: end)
    }

    var sequence: UInt64 { header.sequence }
    var stagedBytes: Int { staging.count }
    private(set) var stagedRecords = 0

    /// Bytes of records that still fit in the segment behind the staged ones.
    var room: Int { max(0, freeBytes - Self.reservedBytes) }

    private var freeBytes: Int { Int(header.capacity) - end - staging.count }

    /// Adds the record to the batch; false where it must first be written, or a new segment begun.
    mutating func stage(_ record: PendingRecord) -> Bool {
        let bytes = LogFormat.recordBytes(payloadBytes: record.payload.count)
        guard bytes <= (record.isMark ? freeBytes - LogFormat.headerBytes : room), bytes <= staging.room else {
            return false
        }
        if let change = record.change { follow(change, of: record.group) }
        put(record, bytes: bytes)
        return true
    }

    /// Writes and syncs the batch. Returns whether it voided entries. After an error nothing may be done any more.
    @discardableResult
    mutating func commit() throws(LogIOError) -> Bool {
        guard staging.count > 0 else { return false }
        try file.write(staging.bytes, at: end)
        try file.sync()
        end += staging.count
        staging.start(at: end)
        stagedRecords = 0
        defer { changes.removeAll(keepingCapacity: true) }
        return index.publish(changes, sequence: header.sequence)
    }

    /// Goes on in the segment in reserve. The batch must be empty. Returns the number of the one that was sealed.
    mutating func rotate() throws(LogIOError) -> UInt64 {
        precondition(staging.count == 0, "a batch of \(staging.count) bytes would straddle two segments")
        let next = SegmentHeader(
            node: header.node, sequence: header.sequence + 1, capacity: UInt64(options.segmentBytes),
            previousEnd: UInt64(end),
            groups: Dictionary(uniqueKeysWithValues: zip(slots.groups, states)))
        let nextFile = try Self.install(next, files: files)
        put(PendingRecord(mark: .seal), bytes: LogFormat.headerBytes)
        try commit()
        let sealed = header.sequence
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
        precondition(bytes.count < Int(header.capacity) / 2, "\(header.groups.count) groups do not fit a segment header")
        try file.write(bytes, at: 0)
        try file.sync()
        try files.rename(SegmentKeeper.spareName, to: SegmentHeader.fileName(sequence: header.sequence))
        try files.syncDirectory()
        return file
    }

    private mutating func put(_ record: PendingRecord, bytes: Int) {
        let offset = end + staging.count
        let header = RecordHeader(
            kind: record.kind, startsBatch: staging.count == 0, group: record.group, entryKind: record.entryKind,
            index: record.point.index, term: record.point.term)
        if let change = record.change {
            changes.append(LogIndex.Change(group: record.group, change: change, offset: offset))
        }
        stagedRecords += 1
        let place = staging.extend(by: bytes)
        record.payload.withUnsafeBytes { payload in
            Record.encode(header, payload: payload, into: place, at: offset, seed: seed)
        }
    }

    /// A group's records follow one another; anything else is an error of the caller that recovery would refuse.
    private mutating func follow(_ change: GroupChange, of group: GroupID) {
        if case .truncate(let point) = change, !changes.contains(where: { $0.group == group && $0.change.voidsEntries }) {
            precondition(
                index.allowsTruncation(of: group, to: point),
                "group \(group) is cut back to \(point), which it does not have")
        }
        do throws(LogDamage.Reason) {
            try states[slot(of: group)].apply(change, group: group)
        } catch {
            preconditionFailure("group \(group) goes on with \(change): \(error)")
        }
    }

    private mutating func slot(of group: GroupID) -> Int {
        if let slot = slots.slot(of: group) { return slot }
        precondition(slots.count < LogFormat.groupsMax, "more than \(LogFormat.groupsMax) groups")
        states.append(GroupState())
        return slots.add(group)
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
