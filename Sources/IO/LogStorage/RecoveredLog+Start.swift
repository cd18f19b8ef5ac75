package import Logging
package import WriteAheadLog

extension RecoveredLog {
    /// Repairs the tail, marks the start of a run, and starts the threads of the log. Once only.
    ///
    /// `onFatal` is called, on a thread of the log, when a write or a sync failed: what is on disk is unknown, and the
    /// process must end (design, section 7). Nothing is acknowledged after it. `onTrimmed` is called, on a thread of the
    /// log, when a segment is gone, with the new bases of the groups that had entries in it.
    package func start(
        logger: Logger, onTrimmed: @escaping @Sendable ([GroupID: LogPoint]) -> Void = { _ in },
        onFatal: @escaping @Sendable (LogIOError) -> Void
    ) throws(LogError) -> LogStorage {
        do throws(LogIOError) {
            var sealed = sealedSegments
            let index = LogIndex(recovery?.groups.mapValues(\.history) ?? [:])
            let appender = try appender(index: index, sealing: &sealed)
            return LogStorage(
                files: files, options: options, appender: appender, sealed: sealed, index: index, logger: logger,
                onTrimmed: onTrimmed, onFatal: onFatal)
        } catch {
            throw .io(error)
        }
    }

    /// Repairs the tail and marks the start of a run. Adds to `sealed` where that takes a new segment.
    func appender(index: LogIndex, sealing sealed: inout [UInt64]) throws(LogIOError) -> SegmentAppender {
        try removeSpare()
        var appender = if let recovery { try resume(recovery, index) } else { try begin(index) }
        let mark = PendingRecord(mark: .opened)
        if !appender.stage(mark) {
            try files.create(SegmentKeeper.spareName, bytes: options.segmentBytes)
            sealed.append(try appender.rotate())
            let fits = appender.stage(mark)
            precondition(fits, "an empty segment of \(options.segmentBytes) bytes has room")
        }
        try appender.commit()
        return appender
    }

    private var sealedSegments: [UInt64] { recovery?.headers.dropLast().map(\.sequence) ?? [] }

    /// A reserve that the last process left: it holds nothing.
    private func removeSpare() throws(LogIOError) {
        if try files.fileNames().contains(SegmentKeeper.spareName) { try files.remove(SegmentKeeper.spareName) }
    }

    /// The first segment of a new log.
    private func begin(_ index: LogIndex) throws(LogIOError) -> SegmentAppender {
        let header = SegmentHeader(
            node: options.node, sequence: 1, capacity: UInt64(options.segmentBytes), previousEnd: 0, groups: [:])
        try files.create(SegmentKeeper.spareName, bytes: options.segmentBytes)
        let file = try SegmentAppender.install(header, files: files)
        return SegmentAppender(
            files: files, options: options, file: file, header: header, end: header.recordsStart,
            groups: [:], index: index)
    }

    /// Carries out `LogTail` and goes on behind it.
    private func resume(_ recovery: LogRecovery, _ index: LogIndex) throws(LogIOError) -> SegmentAppender {
        let tail = recovery.finish()
        let header = recovery.headers[recovery.headers.count - 1]
        let file = try files.open(SegmentHeader.fileName(sequence: tail.sequence))
        try rewrite(file, from: tail.end, to: tail.dirtyEnd, zeroed: true)
        try rewrite(file, from: tail.unconfirmedStart, to: tail.end, zeroed: false)
        try file.sync()
        if let offset = tail.sealOfPrevious {
            let previous = recovery.headers[recovery.headers.count - 2]
            let file = try files.open(SegmentHeader.fileName(sequence: previous.sequence))
            var seal = [UInt8](repeating: 0, count: LogFormat.headerBytes)
            seal.withUnsafeMutableBytes { bytes in
                Record.encode(
                    RecordHeader(kind: .seal, startsBatch: true), payload: UnsafeRawBufferPointer(start: nil, count: 0),
                    into: bytes, at: offset, seed: previous.seed)
            }
            try file.write(seal, at: offset)
            try file.sync()
        }
        try files.syncDirectory()
        return SegmentAppender(
            files: files, options: options, file: file, header: header, end: tail.end,
            groups: recovery.groups.mapValues(\.state), index: index)
    }

    private func rewrite(_ file: any LogFile, from start: Int, to end: Int, zeroed: Bool) throws(LogIOError) {
        guard start < end else { return }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 4096)
        defer { bytes.deallocate() }
        if zeroed {
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        } else {
            try file.read(into: bytes, at: start)
        }
        try file.write(UnsafeRawBufferPointer(bytes), at: start)
    }
}
