package import WriteAheadLog

/// A log that was read and found good, and that nothing was written to yet.
///
/// The way of a start: `init`, `check` against the checkpoint, `forEachEntry` above it, `start`. The caller holds the
/// `DirectoryLock`. Blocks; for a thread that may.
package struct RecoveredLog: Sendable {
    /// What the log holds of each group, removed ones excepted.
    package let groups: [GroupID: GroupHistory]
    /// The hard state of each group that has one, removed ones included.
    package let hardStates: [GroupID: LogHardState]
    /// Groups that were removed and not written to since.
    package let removed: Set<GroupID>
    /// The last process stopped in an orderly way.
    package let stoppedOrderly: Bool
    /// Bytes of a torn tail that `start` will cut.
    package let tornBytes: Int

    let files: any LogFileSystem
    let options: LogOptions
    /// Nil where there is no segment yet.
    let recovery: LogRecovery?

    /// No segment was there.
    package var isNew: Bool { recovery == nil }

    /// Reads and checks the whole log in `files`.
    package init(files: any LogFileSystem, options: LogOptions) throws(LogError) {
        self.files = files
        self.options = options
        recovery = try Self.recover(files, options)
        let all = recovery?.groups ?? [:]
        groups = all.filter { !$0.value.state.isRemoved }.mapValues(\.history)
        hardStates = all.mapValues(\.state.hardState).filter { $0.value != LogHardState() }
        removed = Set(all.keys).subtracting(groups.keys)
        let tail = recovery?.finish()
        stoppedOrderly = tail?.stoppedOrderly ?? true
        tornBytes = tail.map { $0.dirtyEnd - $0.end } ?? 0
    }

    /// Throws `damaged` where log and checkpoint do not meet: `checkpoint` holds the last applied index of every group
    /// that the checkpoint knows. Groups of `installed` are left out: a snapshot became their state, and the process may
    /// have ended before their log was restarted behind it. So are removed ones, whose state may still be there.
    package func check(checkpoint: [GroupID: UInt64], installed: Set<GroupID> = []) throws(LogError) {
        let file = SegmentHeader.fileName(sequence: recovery?.headers.first?.sequence ?? 1)
        let checked = Set(checkpoint.keys).union(groups.keys).subtracting(installed).subtracting(removed)
        for group in checked.sorted() {
            let held = checkpoint[group] ?? 0
            let start = groups[group]?.base.index ?? 0
            let end = groups[group]?.last.index ?? 0
            let reason: LogDamage.Reason? =
                if held < start {
                    .gap(group: group, checkpoint: held, logStartsAfter: start)
                } else if held > end {
                    .behind(group: group, checkpoint: held, logEndsAt: end)
                } else {
                    nil
                }
            if let reason {
                throw .damaged(directory: files.directory, LogDamage(file: file, offset: 0, reason: reason))
            }
        }
    }

    /// Calls `body` with every entry that is in force and above its group's index in `above`, in the order of the log.
    package func forEachEntry(above: [GroupID: UInt64], _ body: (RecoveredEntry) -> Void) throws(LogError) {
        guard let recovery else { return }
        for (position, header) in recovery.headers.enumerated() {
            let isNeeded =
                position + 1 == recovery.headers.count
                || recovery.headers[position + 1].groups.contains { $0.value.last.index > above[$0.key, default: 0] }
            guard isNeeded else { continue }
            try Self.withBytes(of: header, in: files) { bytes throws(LogDamage) in
                recovery.forEachEntry(ofSegment: position, in: bytes, above: above, body)
            }
        }
    }

    // MARK: Reading

    private static func recover(_ files: any LogFileSystem, _ options: LogOptions) throws(LogError) -> LogRecovery? {
        let sequences: [UInt64]
        do throws(LogIOError) {
            sequences = try files.fileNames().compactMap(SegmentHeader.sequence(fileName:)).sorted()
        } catch {
            throw .io(error)
        }
        guard !sequences.isEmpty else { return nil }
        var headers: [SegmentHeader] = []
        for sequence in sequences {
            headers.append(try header(of: sequence, in: files, node: options.node))
        }
        var recovery: LogRecovery
        do throws(LogDamage) {
            recovery = try LogRecovery(headers: headers)
        } catch {
            throw LogError(error, in: files.directory)
        }
        for header in headers {
            try withBytes(of: header, in: files) { bytes throws(LogDamage) in try recovery.scan(bytes) }
        }
        return recovery
    }

    private static func header(
        of sequence: UInt64, in files: any LogFileSystem, node: LogNodeID
    ) throws(LogError) -> SegmentHeader {
        let bytes: [UInt8]
        let size: UInt64
        do throws(LogIOError) {
            let file = try files.open(SegmentHeader.fileName(sequence: sequence))
            size = try file.size()
            bytes = try file.read(count: Int(min(size, UInt64(SegmentHeader.bytesMax))), at: 0)
        } catch {
            throw .io(error)
        }
        do throws(LogDamage) {
            return try SegmentHeader.decode(bytes, sequence: sequence, node: node, fileBytes: size)
        } catch {
            throw LogError(error, in: files.directory)
        }
    }

    private static func withBytes(
        of header: SegmentHeader, in files: any LogFileSystem, _ body: (UnsafeRawBufferPointer) throws(LogDamage) -> Void
    ) throws(LogError) {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(header.capacity), alignment: 4096)
        defer { bytes.deallocate() }
        do throws(LogIOError) {
            try files.open(SegmentHeader.fileName(sequence: header.sequence)).read(into: bytes, at: 0)
        } catch {
            throw .io(error)
        }
        do throws(LogDamage) {
            try body(UnsafeRawBufferPointer(bytes))
        } catch {
            throw LogError(error, in: files.directory)
        }
    }
}
