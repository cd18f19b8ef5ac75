import WriteAheadLog

@testable import LogStorage

/// What a group should hold: as simple as can be.
struct GroupModel: Equatable {
    /// What the group started or restarted from.
    var start = LogPoint.zero
    /// All entries above the start, trimmed ones included.
    var entries: [LogEntry] = []
    var hardState = LogHardState()
    var isRemoved = false

    var last: LogPoint { entries.last?.point ?? start }

    func point(at index: UInt64) -> LogPoint {
        index == start.index ? start : entries[Int(index - start.index) - 1].point
    }

    mutating func apply(_ record: PendingRecord) {
        guard let change = record.change else { return }
        isRemoved = false
        switch change {
        case .entry(let point):
            entries.append(LogEntry(point: point, kind: record.entryKind, payload: record.payload))
        case .truncate(let point): entries.removeLast(Int(last.index - point.index))
        case .hardState(let state): hardState = state
        case .restart(let point, let state):
            (start, entries) = (point, [])
            hardState = state ?? hardState
        case .remove: self = GroupModel(hardState: hardState, isRemoved: true)
        }
    }
}

/// What a log holds of some groups.
struct LogModel: Equatable {
    var groups: [GroupID: GroupModel] = [:]

    subscript(group: GroupID) -> GroupModel { groups[group] ?? GroupModel() }

    mutating func apply(_ record: PendingRecord) {
        if record.change != nil { groups[record.group, default: GroupModel()].apply(record) }
    }

    /// Whether a log that was trimmed at most up to `watermarks` shows this.
    func matches(_ found: FoundLog, trimmedUpTo watermarks: [GroupID: UInt64]) -> Bool {
        Set(groups.keys).union(found.groups.keys).allSatisfy { group in
            let (model, found) = (self[group], found.groups[group] ?? FoundLog.Group())
            guard found.isRemoved == model.isRemoved, found.hardState == model.hardState, found.last == model.last else {
                return false
            }
            let base = found.base
            guard base.index >= model.start.index, base.index <= model.last.index, base == model.point(at: base.index),
                base.index == model.start.index || base.index <= watermarks[group, default: 0]
            else { return false }
            return found.entries == model.entries.filter { $0.point.index > base.index }
        }
    }
}

/// What recovery found.
struct FoundLog {
    struct Group {
        var base = LogPoint.zero
        var last = LogPoint.zero
        var entries: [LogEntry] = []
        var hardState = LogHardState()
        var isRemoved = false
    }

    var groups: [GroupID: Group] = [:]

    init(_ recovered: RecoveredLog) throws(LogError) {
        for (group, history) in recovered.groups {
            groups[group] = Group(base: history.base, last: history.last)
        }
        for group in recovered.removed { groups[group, default: Group()].isRemoved = true }
        for (group, state) in recovered.hardStates { groups[group, default: Group()].hardState = state }
        var entries: [GroupID: [LogEntry]] = [:]
        try recovered.forEachEntry(above: [:]) { entry in
            entries[entry.group, default: []].append(
                LogEntry(point: entry.point, kind: entry.kind, payload: Array(entry.payload)))
        }
        for (group, entries) in entries { groups[group, default: Group()].entries = entries }
    }
}

/// Writes as consensus might ask for, one after the other, of every kind.
struct WriteGenerator {
    var random: SeededRandom
    /// How the groups will be once everything generated is carried out.
    var model: LogModel
    /// Indexes that consensus would have committed: never cut back.
    var committed: [GroupID: UInt64] = [:]
    var payloadBytesMax = 3000

    mutating func next(for group: GroupID, ticket: UInt64) -> PendingWrite {
        let state = model[group]
        var write = GroupWrite(ticket: ticket)
        var term = max(state.last.term, state.hardState.term, 1)
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return remember(PendingWrite(group: group, content: .remove(ticket: ticket)))
        case 1, 2:
            // A snapshot, from below the end of the log or from beyond it.
            let index = UInt64.random(in: committed[group, default: 0]...state.last.index + 20, using: &random)
            write.restart = LogPoint(index: index, term: UInt64.random(in: 1...term, using: &random))
            if Bool.random(using: &random) { write.hardState = hardState(after: state.hardState, &term) }
        case 3...7:
            let from = max(committed[group, default: 0], state.start.index)
            write.truncateTo = state.point(at: UInt64.random(in: from...state.last.index, using: &random))
            if Bool.random(using: &random) { write.hardState = hardState(after: state.hardState, &term) }
        case 8...12: write.hardState = hardState(after: state.hardState, &term)
        default: break
        }
        let last = write.restart ?? write.truncateTo ?? state.last
        for offset in 0..<UInt64.random(in: 0...3, using: &random) {
            write.entries.append(
                LogEntry(
                    point: LogPoint(index: last.index + 1 + offset, term: max(term, last.term)),
                    kind: UInt8.random(in: 0...255, using: &random), payload: payload()))
        }
        return remember(PendingWrite(group: group, content: .write(write)))
    }

    private mutating func remember(_ write: PendingWrite) -> PendingWrite {
        write.forEachRecord { model.apply($0) }
        committed[write.group] = min(committed[write.group, default: 0], model[write.group].last.index)
        if case .write(let content) = write.content, let point = content.restart { committed[write.group] = point.index }
        return write
    }

    private mutating func hardState(after state: LogHardState, _ term: inout UInt64) -> LogHardState {
        let next = LogHardState(
            term: max(state.term, term) + UInt64.random(in: 0...1, using: &random),
            vote: UInt64.random(in: 0...3, using: &random))
        term = max(term, next.term)
        return state.mayBecome(next) ? next : state
    }

    /// Half the payloads hold long runs of zeros, which must not pass for sectors that were never written.
    private mutating func payload() -> [UInt8] {
        let count = Int.random(in: 0...payloadBytesMax, using: &random)
        let isSparse = Bool.random(using: &random)
        let salt = UInt8.random(in: 0...255, using: &random)
        return (0..<count).map { isSparse && $0 % 900 > 0 ? 0 : UInt8(truncatingIfNeeded: $0 &* 13) ^ salt }
    }
}
