import Consensus
import WriteAheadLog

/// What a node's restart finds on its disk, per group.
struct NodeRecovery {
    struct Group {
        var hardState = HardState()
        /// How many hard states there have been.
        var hardStateNumber: UInt64 = 0
        /// The same for those that are not in the log alone.
        var hardStateNumberInMeta: UInt64 = 0
        /// The state as of the newest snapshot; nil where there never was one.
        var snapshot: (point: SnapshotPoint, state: [UInt8])?
        var log = StoredLog()
        /// The last index that is known to be complete, where later ones were lost and may have been acknowledged.
        var lostAfter: UInt64?

        /// The members in force: the newest that the log sets, else those of `base`.
        func configuration(base: SnapshotPoint) -> IndexedConfiguration {
            if let inLog = log.configuration { return inLog }
            return IndexedConfiguration(index: base.point.index, configuration: base.configuration)
        }
    }

    private(set) var groups: [Group]
    private(set) var logEnd: Int
    private(set) var metaEnd: Int
    private(set) var ending: NodeLog.Ending

    /// `meta` holds hard states and marks alone, in the log's format: a damaged log does not take them along.
    init(log bytes: [UInt8], meta metaBytes: [UInt8], groups count: Int, bugs: ShellBugs) {
        let log = NodeLog.recover(bytes, skippingDamage: bugs.contains(.readBehindDamage))
        let meta = NodeLog.recover(metaBytes)
        groups = Array(repeating: Group(), count: count)
        logEnd = log.end
        metaEnd = meta.end
        ending = log.ending
        for record in log.records where record.group < count { take(record) }
        for record in meta.records where record.group < count {
            take(record)
            if record.kind == .hardState, let number = Self.number(of: record) {
                groups[record.group].hardStateNumberInMeta = number
            }
        }
        if ending == .damaged, !bugs.contains(.ignoreSuspectMark), !bugs.contains(.readBehindDamage) {
            for group in groups.indices {
                let last = groups[group].log.last.index
                groups[group].lostAfter = min(groups[group].lostAfter ?? last, last)
            }
        }
        for group in groups.indices {
            if bugs.contains(.forgetHardState) { groups[group].hardState = HardState() }
            if bugs.contains(.forgetVote) { groups[group].hardState.vote = nil }
        }
    }

    private mutating func take(_ record: NodeLog.Record) {
        let point = LogPoint(index: record.index, term: record.term)
        switch record.kind {
        case .entry:
            guard let content = Self.content(of: record.payload) else { return }
            // Where a truncation is missing, what came first stays.
            guard record.index == groups[record.group].log.last.index + 1 else { return }
            groups[record.group].log.append(Entry(point: point, content: content))
        case .truncate: groups[record.group].log.truncate(to: record.index)
        case .hardState:
            guard let number = Self.number(of: record), number > groups[record.group].hardStateNumber else { return }
            groups[record.group].hardStateNumber = number
            groups[record.group].hardState = HardState(
                term: record.term, vote: record.index == 0 ? nil : ReplicaID(record.index))
        case .snapshot, .restart:
            guard let (members, state) = Self.snapshot(of: record.payload) else { return }
            groups[record.group].snapshot = (SnapshotPoint(point: point, configuration: members), state)
            if record.kind == .restart {
                groups[record.group].log.restart(at: point)
            } else {
                groups[record.group].log.compact(upTo: point)
            }
        case .suspect: groups[record.group].lostAfter = record.index
        case .repaired: groups[record.group].lostAfter = nil
        }
    }

    // MARK: Payloads

    static func record(of hardState: HardState, number: UInt64, group: Int) -> NodeLog.Record {
        var writer = WordWriter(capacity: 8)
        writer.word(number)
        return NodeLog.Record(
            kind: .hardState, group: group, index: hardState.vote?.rawValue ?? 0, term: hardState.term,
            payload: writer.bytes)
    }

    private static func number(of record: NodeLog.Record) -> UInt64? {
        var reader = WordReader(record.payload)
        return reader.word()
    }

    static func payload(of content: Entry.Content) -> [UInt8] { [content.kind.rawValue] + content.storedBytes }

    private static func content(of payload: [UInt8]) -> Entry.Content? {
        guard let first = payload.first, let kind = EntryKind(rawValue: first) else { return nil }
        return try? Entry.Content(kind: kind, storedBytes: Array(payload.dropFirst()))
    }

    static func payload(ofSnapshot members: Configuration, state: [UInt8]) -> [UInt8] {
        var writer = WordWriter(capacity: 64 + state.count)
        writer.block(members.encoded)
        writer.block(state)
        return writer.bytes
    }

    private static func snapshot(of payload: [UInt8]) -> (Configuration, [UInt8])? {
        var reader = WordReader(payload)
        guard let members = reader.block(), let state = reader.block(),
            let configuration = try? Configuration(encoded: members)
        else { return nil }
        return (configuration, state)
    }
}
