import Consensus
import LogStorage
import WriteAheadLog

/// Between the forms in which consensus and the log know the same things.
extension GroupWrite {
    init(_ write: LogWrite) {
        self.init(
            hardState: write.hardState.map(LogHardState.init), restart: write.restart?.point,
            truncateTo: write.truncateTo, entries: write.entries.map(LogEntry.init), ticket: write.ticket)
    }
}

extension LogHardState {
    init(_ state: HardState) { self.init(term: state.term, vote: state.vote?.rawValue ?? 0) }
}

extension HardState {
    init(_ state: LogHardState) {
        self.init(term: state.term, vote: state.vote == 0 ? nil : ReplicaID(state.vote))
    }
}

extension LogEntry {
    init(_ entry: Entry) {
        self.init(point: entry.point, kind: entry.content.kind.rawValue, payload: entry.content.storedBytes)
    }
}

extension Entry {
    init(_ entry: RecoveredEntry) throws(CodecFault) {
        try self.init(LogEntry(point: entry.point, kind: entry.kind, payload: Array(entry.payload)))
    }

    /// Throws for a kind or a configuration that this version did not write.
    init(_ entry: LogEntry) throws(CodecFault) {
        guard let kind = EntryKind(rawValue: entry.kind) else {
            throw .unknownKind(entry.kind)
        }
        self.init(point: entry.point, content: try Content(kind: kind, storedBytes: entry.payload))
    }
}
