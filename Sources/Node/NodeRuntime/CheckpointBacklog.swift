import Checkpoint
import Consensus
import Model
import Shard
import WriteAheadLog

/// What a shard changed since the last batch that it handed to the checkpoint.
///
/// Bounded by distinct rows, but for the audit trail, whose every entry must be kept; the host makes writes wait when
/// `count` grows too large.
struct CheckpointBacklog: Sendable {
    private var changed: Set<ResourceID> = []
    /// The last deletion of each row that was deleted; some are there again.
    private var deletions: [ResourceID: UInt64] = [:]
    private var audit: [AuditEntry] = []
    private var removals: [AuditRemoval] = []
    private var remembered: Set<IdempotencyKey> = []
    private var forgotten: Set<IdempotencyKey> = []
    private var graphs = NamedGraphBacklog()
    private(set) var group: GroupPosition
    private var isWriting = false
    private var writing = 0

    /// `group`: what the checkpoint has.
    init(_ group: GroupPosition) { self.group = group }

    /// Changes that are not in the checkpoint yet.
    var count: Int { changed.count + audit.count + removed + graphs.count + writing }

    /// Entries that are to be removed.
    private var removed: Int { removals.reduce(0) { $0 + $1.count } }

    /// `entry` was applied, and changed this.
    mutating func note(_ changes: ShardState.Changes, _ entry: Entry) {
        group.applied(entry)
        changed.formUnion(changes.rows)
        for id in changes.deleted { deletions[id] = entry.index }
        audit.append(contentsOf: changes.audit)
        removals.append(contentsOf: changes.removals)
        remembered.formUnion(changes.remembered)
        forgotten.formUnion(changes.forgotten)
        for change in changes.graphs { graphs.note(change) }
    }

    /// Everything up to the state's applied index; nil when that is written already, or a batch is under way.
    mutating func take(from state: ShardState, shard: Int) -> CheckpointBatch? {
        guard !isWriting, group.takeChange() else { return nil }
        isWriting = true
        writing = changed.count + audit.count + removed + graphs.count
        let pages = graphs.take(from: state.graphs)
        var rows: [(id: ResourceID, bytes: [UInt8])] = []
        var deleted: [CheckpointBatch.Deletion] = []
        rows.reserveCapacity(changed.count)
        for id in changed.sorted() {
            if let bytes = state.rows[id] {
                rows.append((id, bytes))
            } else {
                deleted.append(CheckpointBatch.Deletion(id: id, index: deletions[id] ?? state.appliedIndex))
            }
        }
        let batch = CheckpointBatch(
            shard: shard,
            watermark: group.watermark(auditSequence: state.auditSequence), configuration: group.configuration.encoded,
            rows: rows, deleted: deleted, audit: audit, removals: removals, state: changedState(state),
            pages: { body in try pages.forEach(body) })
        changed.removeAll(keepingCapacity: true)
        deletions.removeAll()
        audit.removeAll(keepingCapacity: true)
        removals.removeAll()
        remembered.removeAll()
        forgotten.removeAll()
        return batch
    }

    mutating func written() {
        isWriting = false
        writing = 0
    }

    private func changedState(_ state: ShardState) -> [(key: String, value: [UInt8]?)] {
        var values: [(key: String, value: [UInt8]?)] = [
            (StateKey.sweep, StateKey.encode(state.sweep)), (StateKey.cleaning, StateKey.encode(state.cleaning)),
        ]
        for key in remembered.union(forgotten) {
            values.append((StateKey.idempotency(key), state.idempotency[key].map(StateKey.encode)))
        }
        return values
    }
}

/// The same for the system shard.
struct SystemBacklog: Sendable {
    private var changed: Set<UUID128> = []
    private var kinds: [UUID128: SystemItem.Kind]
    private var audit: [AuditEntry] = []
    private var removals: [AuditRemoval] = []
    private var remembered: Set<IdempotencyKey> = []
    private(set) var group: GroupPosition
    private var isWriting = false

    init(_ group: GroupPosition, state: SystemState) {
        self.group = group
        kinds = state.kinds
    }

    mutating func note(_ changes: SystemState.Changes, _ entry: Entry) {
        group.applied(entry)
        changed.formUnion(changes.items)
        audit.append(contentsOf: changes.audit)
        removals.append(contentsOf: changes.removals)
        remembered.formUnion(changes.remembered)
        remembered.formUnion(changes.forgotten)
    }

    mutating func take(from state: SystemState) -> SystemCheckpointBatch? {
        guard !isWriting, group.takeChange() else { return nil }
        isWriting = true
        var items: [SystemCheckpointBatch.Item] = []
        for id in changed.sorted() {
            if let item = state.item(id) {
                kinds[id] = item.kind
                items.append(item.checkpointItem)
            } else if let kind = kinds.removeValue(forKey: id) {
                items.append(.init(table: kind.table, id: id, record: nil, columns: []))
            }
        }
        var values: [(key: String, value: [UInt8]?)] = [
            (StateKey.catalogVersion, StateKey.encode(state.catalogVersion)),
            (StateKey.cleaning, StateKey.encode(state.cleaning)),
        ]
        for key in remembered {
            values.append((StateKey.idempotency(key), state.idempotency[key].map(StateKey.encode)))
        }
        let batch = SystemCheckpointBatch(
            watermark: group.watermark(auditSequence: state.auditSequence), configuration: group.configuration.encoded,
            items: items, audit: audit, removals: removals, state: values)
        changed.removeAll()
        audit.removeAll()
        removals.removeAll()
        remembered.removeAll()
        return batch
    }

    mutating func written() { isWriting = false }
}

/// How far a group's entries are applied, and its members as of there; and how much of that was handed to the checkpoint.
struct GroupPosition: Sendable {
    private(set) var point: LogPoint
    private(set) var configuration: Configuration
    private var taken: LogPoint

    init(_ snapshot: SnapshotPoint) {
        point = snapshot.point
        configuration = snapshot.configuration
        taken = snapshot.point
    }

    var snapshot: SnapshotPoint { SnapshotPoint(point: point, configuration: configuration) }

    mutating func applied(_ entry: Entry) {
        point = entry.point
        if case .configuration(let new) = entry.content { configuration = new }
    }

    /// Whether something was applied since the last call.
    mutating func takeChange() -> Bool {
        defer { taken = point }
        return point != taken
    }

    func watermark(auditSequence: UInt64) -> Watermark {
        Watermark(term: point.term, appliedIndex: point.index, auditSequence: auditSequence)
    }
}
