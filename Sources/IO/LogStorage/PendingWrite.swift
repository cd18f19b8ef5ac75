import WriteAheadLog

/// What one group wants on disk, on its way there.
struct PendingWrite: Sendable {
    enum Content: Sendable {
        case write(GroupWrite)
        case remove(ticket: UInt64)
    }

    let group: GroupID
    let content: Content
    /// What it takes in the log, in bytes.
    let bytes: Int

    init(group: GroupID, content: Content) {
        self.group = group
        self.content = content
        bytes =
            switch content {
            case .write(let write): write.recordBytes
            case .remove: LogFormat.headerBytes
            }
    }

    var ticket: UInt64 {
        switch content {
        case .write(let write): write.ticket
        case .remove(let ticket): ticket
        }
    }

    /// Its records, in the order of the parts. A crash may leave any number of the first ones.
    func forEachRecord<E: Error>(_ body: (PendingRecord) throws(E) -> Void) throws(E) {
        guard case .write(let write) = content else { return try body(PendingRecord(group: group, .remove)) }
        if let point = write.restart {
            try body(PendingRecord(group: group, .restart(point, write.hardState)))
        } else if let hardState = write.hardState {
            try body(PendingRecord(group: group, .hardState(hardState)))
        }
        if let point = write.truncateTo { try body(PendingRecord(group: group, .truncate(point))) }
        for entry in write.entries { try body(PendingRecord(group: group, entry)) }
    }
}

extension GroupWrite {
    /// What the write takes in the log, in bytes.
    fileprivate var recordBytes: Int {
        var bytes = 0
        if restart != nil {
            bytes += LogFormat.recordBytes(payloadBytes: hardState?.encoded.count ?? 0)
        } else if hardState != nil {
            bytes += LogFormat.headerBytes
        }
        if truncateTo != nil { bytes += LogFormat.headerBytes }
        for place in entries.indices { bytes += LogFormat.recordBytes(payloadBytes: entries[place].payload.count) }
        return bytes
    }
}

/// One record, as it is staged.
struct PendingRecord: Sendable {
    let kind: RecordKind
    let group: GroupID
    let point: LogPoint
    let entryKind: UInt8
    let payload: [UInt8]
    /// What it changes; nil for marks, which concern no group.
    let change: GroupChange?

    var isMark: Bool { kind == .opened || kind == .stopped }

    init(group: GroupID, _ entry: LogEntry) {
        self.init(.entry, group, entry.point, entry.kind, entry.payload, change: .entry(entry.point))
    }

    /// A change without a payload of the owner's.
    init(group: GroupID, _ change: GroupChange) {
        switch change {
        case .entry(let point): self.init(.entry, group, point, change: change)
        case .truncate(let point): self.init(.truncate, group, point, change: change)
        case .hardState(let state):
            self.init(.hardState, group, LogPoint(index: state.vote, term: state.term), change: change)
        case .restart(let point, let state):
            self.init(.restart, group, point, 0, state?.encoded ?? [], change: change)
        case .remove: self.init(.remove, group, .zero, change: change)
        }
    }

    init(mark: RecordKind) { self.init(mark, 0, .zero, change: nil) }

    private init(
        _ kind: RecordKind, _ group: GroupID, _ point: LogPoint, _ entryKind: UInt8 = 0, _ payload: [UInt8] = [],
        change: GroupChange?
    ) {
        self.kind = kind
        self.group = group
        self.point = point
        self.entryKind = entryKind
        self.payload = payload
        self.change = change
    }
}
