package import Model

/// What a shard is: changed by `apply` alone, the same on every replica.
package struct ShardState: Sendable {
    package private(set) var rows: SlotTable
    package private(set) var totals = InventoryTotals()
    package private(set) var idempotency = IdempotencyTable()
    package private(set) var sweep = SweepPosition()
    /// Graphs of users' own whose names fall to this shard.
    package private(set) var graphs = NamedGraphTable()
    /// All rows are judged under this version of the catalogue or a later one; nil: nobody knows, as after a restart in the
    /// middle of a sweep. Derived: replicas may differ in it.
    private(set) var judgedSince: UInt64? = 0
    /// Index of the last applied entry.
    package private(set) var appliedIndex: UInt64
    /// Number of the last audit entry of this shard.
    package private(set) var auditSequence: UInt64
    /// How far clean-ups of its audit history have come.
    package private(set) var cleaning = AuditCleaningProgress()

    /// How far the background judgement under a version of the catalogue has come.
    package struct SweepPosition: Hashable, Sendable {
        /// The version being applied.
        package var version: UInt64 = 0
        /// The last id judged under it; nil when all are, or none yet (see `isComplete`).
        package var upTo: ResourceID?
        package var isComplete = true

        package init() {}
        package init(version: UInt64, upTo: ResourceID?, isComplete: Bool) {
            self.version = version
            self.upTo = upTo
            self.isComplete = isComplete
        }
    }

    /// What changed, for whoever keeps a copy.
    package struct Changes: Sendable {
        package var rows: [ResourceID] = []
        /// Of these rows: those that were deleted, whatever became of them then.
        package var deleted: [ResourceID] = []
        package var audit: [AuditEntry] = []
        /// Entries that go, after those that came.
        package var removals: [AuditRemoval] = []
        package var remembered: [IdempotencyKey] = []
        package var forgotten: [IdempotencyKey] = []
        package var graphs: [NamedGraphTable.Change] = []

        package init() {}
    }

    package init(slots: Range<Int>) {
        rows = SlotTable(slots: slots)
        appliedIndex = 0
        auditSequence = 0
    }

    /// Starts from a checkpoint's watermark; the rows follow with `restore`.
    package init(
        slots: Range<Int>, appliedIndex: UInt64, auditSequence: UInt64, sweep: SweepPosition,
        cleaning: AuditCleaningProgress = AuditCleaningProgress(), remembered: [(IdempotencyKey, Remembered)]
    ) {
        rows = SlotTable(slots: slots)
        self.cleaning = cleaning
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        self.sweep = sweep
        judgedSince = sweep.isComplete ? sweep.version : nil
        idempotency.restore(remembered)
    }

    /// An empty copy for another region, where nothing is judged or proposed.
    package init(copying slots: Range<Int>, appliedIndex: UInt64, auditSequence: UInt64) {
        self.init(
            slots: slots, appliedIndex: appliedIndex, auditSequence: auditSequence,
            // Rows are judged where the shard is led: here none waits.
            sweep: SweepPosition(version: .max, upTo: nil, isComplete: true), remembered: [])
    }

    /// The slots of data shard `position` (from 0) of `count`: those that `Slot.shard(of:)` sends there.
    package static func slots(ofShard position: Int, of count: Int) -> Range<Int> {
        (position * Slot.count + count - 1) / count..<((position + 1) * Slot.count + count - 1) / count
    }

    /// One graph of a checkpoint.
    package mutating func restore(_ graph: NamedGraph) throws(CodecError) { try graphs.restore(graph) }

    /// One row of a checkpoint.
    package mutating func restore(_ id: ResourceID, _ bytes: [UInt8]) throws(CodecError) {
        if let old = rows.put(id, bytes) { try totals.count(old, sign: -1) }
        try totals.count(bytes, sign: 1)
    }

    /// Applies the entry at `index`, which follows the last one. Throws when a row in it cannot be read.
    package mutating func apply(_ payload: EntryPayload, at index: UInt64) throws(CodecError) -> Changes {
        precondition(index == appliedIndex + 1, "entry \(index) does not follow \(appliedIndex)")
        var changes = Changes()
        // The rows as they were before.
        var former: [ResourceID: [UInt8]] = [:]
        for effect in payload.effects {
            switch effect {
            case .put(let id, let bytes):
                former[id] = try put(id, bytes)
                changes.rows.append(id)
            case .patch(let id, let delta):
                try checkOwned(id)
                guard let row = rows[id] else { throw CodecError("there is no row of \(id) to change") }
                former[id] = try put(id, delta.applied(to: row))
                changes.rows.append(id)
            case .delete(let id):
                try checkOwned(id)
                if let old = rows.remove(id) {
                    try totals.count(old, sign: -1)
                    former[id] = old
                }
                changes.rows.append(id)
                changes.deleted.append(id)
            case .audit(let entries):
                auditSequence = entries.last?.sequence ?? auditSequence
                for entry in entries { changes.audit.append(try whole(entry, former)) }
            case .remember(let key, let answer):
                changes.forgotten.append(contentsOf: idempotency.remember(key, answer))
                changes.remembered.append(key)
            case .swept(let version, let upTo):
                sweep = SweepPosition(version: version, upTo: upTo, isComplete: upTo == nil)
                if sweep.isComplete { judgedSince = version }
            case .graph(let effect): changes.graphs.append(try graphs.apply(effect, at: index))
            case .auditFenced: break
            case .auditRemoved(let part): changes.removals.append(part)
            }
        }
        cleaning.note(payload.effects)
        appliedIndex = index
        return changes
    }

    /// Brings a copy forward: rows that changed, as they are now, and those that are gone. Throws where one is not this shard's, or
    /// cannot be read.
    package mutating func bringForward(
        _ changed: [(id: ResourceID, bytes: [UInt8])], gone: [ResourceID]
    ) throws(CodecError) {
        for id in gone {
            try checkOwned(id)
            if let old = rows.remove(id) { try totals.count(old, sign: -1) }
        }
        for (id, bytes) in changed { _ = try put(id, bytes) }
    }

    /// The copy has everything up to there.
    package mutating func reached(appliedIndex: UInt64, auditSequence: UInt64) {
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
    }

    /// Returns the row as it was.
    private mutating func put(_ id: ResourceID, _ bytes: [UInt8]) throws(CodecError) -> [UInt8]? {
        try checkOwned(id)
        let old = rows.put(id, bytes)
        if let old { try totals.count(old, sign: -1) }
        try totals.count(bytes, sign: 1)
        return old
    }

    private func whole(_ logged: LoggedAudit, _ former: [ResourceID: [UInt8]]) throws(CodecError) -> AuditEntry {
        guard let id = logged.resourceID else { return try logged.whole(before: nil, after: nil) }
        try checkOwned(id)
        return try logged.whole(before: former[id], after: rows[id])
    }

    /// An entry without content for the shard stands at `index`, which follows the last one.
    package mutating func advance(to index: UInt64) {
        precondition(index == appliedIndex + 1, "entry \(index) does not follow \(appliedIndex)")
        appliedIndex = index
    }

    private func checkOwned(_ id: ResourceID) throws(CodecError) {
        guard rows.slots.contains(Int(id.slot.number)) else {
            throw CodecError("\(id) belongs to slot \(id.slot.number), this shard owns \(rows.slots)")
        }
    }

    /// The row of that resource, decoded.
    package func record(_ id: ResourceID) throws(CodecError) -> ResourceRecord? {
        guard let bytes = rows[id] else { return nil }
        return try RecordCodec.decode(bytes, id: id)
    }

    /// The resource that a virtual tag's id belongs to, and the tag.
    package func virtualTag(_ id: UUID128) throws(CodecError) -> (ResourceRecord, VirtualTag)? {
        for row in rows.rows(sharingPrefixOf: id) {
            let record = try RecordCodec.decode(row.bytes, id: row.id)
            if let tag = record.tags.first(where: { PartID.virtualTag(of: row.id, key: $0.key) == id }) {
                return (record, tag)
            }
        }
        return nil
    }

    /// How many rows wait to be judged under `version`.
    package func pending(under version: UInt64) -> Int {
        if sweep.version >= version { return sweep.isComplete ? 0 : rows.count(after: sweep.upTo) }
        return rows.count
    }
}
