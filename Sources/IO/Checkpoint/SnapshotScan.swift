package import Model

/// What a shard may hold, as its state machine knows: what an install checks before it takes anything over.
package struct SnapshotContents: Sendable {
    /// The ids that a data shard's resources may have; nil for the system shard.
    package let ids: ClosedRange<UUID128>?
    /// Throws where the state machine cannot read this.
    package let state: @Sendable (_ key: String, _ value: [UInt8]) throws -> Void
    /// The columns for readers of SQL; throws where the state machine cannot read this.
    package let item:
        @Sendable (_ table: SystemCheckpointBatch.Table, _ id: UUID128, _ bytes: [UInt8]) throws -> [(
            name: String, value: String
        )]

    /// Of a data shard.
    package init(ids: ClosedRange<UUID128>, state: @escaping @Sendable (_ key: String, _ value: [UInt8]) throws -> Void) {
        self.ids = ids
        self.state = state
        item = { table, _, _ in throw SnapshotFault("a data shard has no rows of \(table.rawValue)") }
    }

    /// Of the system shard.
    package init(
        state: @escaping @Sendable (_ key: String, _ value: [UInt8]) throws -> Void,
        item:
            @escaping @Sendable (_ table: SystemCheckpointBatch.Table, _ id: UUID128, _ bytes: [UInt8]) throws -> [(
                name: String, value: String
            )]
    ) {
        ids = nil
        self.state = state
        self.item = item
    }
}

/// An entry that was checked, and what was found out on the way.
enum ScannedEntry: Sendable {
    case record(ResourceRecord, bytes: [UInt8], auditHead: Int64, checksum: UInt32)
    case tombstone(UUID128, StoredTombstone)
    case item(StoredItem, columns: [(name: String, value: String)])
    case audit(StoredAuditEntry)
    case removed(StoredRemoval)
    case state(StoredState)
}

/// Goes through a snapshot from its first to its last byte and checks everything that can be checked.
struct SnapshotScan {
    let shard: Int
    let mark: SnapshotMark
    let sha256: [UInt8]
    let contents: SnapshotContents
    let path: String

    /// What was found so far; in the end it must be the head.
    private struct Found {
        var head: SnapshotHead
        let auditChain: AuditChain
        var stored = StoredWatermark.none
        /// Keys rise, so that none can be there twice; rows and tombstones that are, the tables refuse.
        var lastItem: (table: Int, id: UUID128)?
        var lastState: String?

        /// What is gone before the history begins is told by the head alone.
        init(head: SnapshotHead) throws(CheckpointError) {
            self.head = head
            auditChain = try AuditChain()
            var removals = head.stored.removals
            removals.rows = Tally()
            removals.entries = removals.base
            stored.removals = removals
            stored.auditHash = removals.baseHash
            stored.watermark = Watermark(term: 0, appliedIndex: 0, auditSequence: UInt64(clamping: removals.base))
        }
    }

    /// Hands each entry to `body` as it is read: whoever uses one must be able to take that back until this returns.
    ///
    /// `goOn` is asked from block to block; it throws to stop. Returns the head. Blocks.
    func run(goOn: () throws -> Void, _ body: (ScannedEntry) throws -> Void) throws -> SnapshotHead {
        let file = try SnapshotFileReader(path: path)
        var found: Found?
        while let block = try file.next() {
            try goOn()
            switch block.kind {
            case .head: found = try Found(head: try head(block.payload))
            case .end: break
            case .records, .tombstones, .items, .audit, .state:
                guard var progress = found else { throw SnapshotFault("it has no head") }
                try scan(block, &progress, body)
                found = progress
            }
        }
        guard let found else { throw SnapshotFault("it has no head") }
        try compare(found)
        guard try file.finish() == sha256 else { throw SnapshotFault("its SHA-256 is not the one that was announced") }
        return found.head
    }

    private func head(_ payload: [UInt8]) throws -> SnapshotHead {
        let head = try payload.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let head = try SnapshotHead(from: &reader)
            guard reader.atEnd else { throw SnapshotFault("its head is too long") }
            return head
        }
        guard head.shard == shard else { throw SnapshotFault("it is of shard \(head.shard), not of \(shard)") }
        let watermark = head.stored.watermark
        guard watermark.appliedIndex == mark.index, watermark.term == mark.term else {
            throw SnapshotFault(
                "it is of index \(watermark.appliedIndex) in term \(watermark.term), not of \(mark.index) in \(mark.term)")
        }
        return head
    }

    private func scan(
        _ block: SnapshotFileReader.Block, _ found: inout Found, _ body: (ScannedEntry) throws -> Void
    ) throws {
        guard isOfShard(block.kind) else { throw SnapshotFault("there are no \(block.kind) in shard \(shard)") }
        try block.payload.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            repeat { try body(check(try SnapshotEntry(block.kind, from: &reader), &found)) } while !reader.atEnd
        }
    }

    private func isOfShard(_ kind: SnapshotFormat.Kind) -> Bool {
        switch kind {
        case .records, .tombstones: contents.ids != nil
        case .items: contents.ids == nil
        case .audit, .state, .head, .end: true
        }
    }

    private func check(_ entry: SnapshotEntry, _ found: inout Found) throws -> ScannedEntry {
        let watermark = found.head.stored.watermark
        switch entry {
        case .record(let id, let bytes, let auditHead):
            try checkOwner(id.uuid)
            let record = try RecordCodec.decode(bytes, id: id)
            try check(record.changedIndex, auditHead, watermark)
            let checksum = bytes.withUnsafeBytes {
                StoredRecord.checksum(id.uuid, changedIndex: record.changedIndex, auditHead: auditHead, record: $0)
            }
            found.stored.rows.add(Tally.hash(id.uuid, checksum))
            return .record(record, bytes: bytes, auditHead: auditHead, checksum: checksum)
        case .tombstone(let id, let tombstone):
            try checkOwner(id)
            try check(tombstone.changedIndex, tombstone.auditHead, watermark)
            found.stored.tombstones.add(Tally.hash(id, tombstone.checksum))
            return .tombstone(id, tombstone)
        case .item(let item):
            try check(item.changedIndex, 0, watermark)
            let place = (table: SystemCheckpointBatch.Table.allCases.firstIndex(of: item.table) ?? 0, id: item.id)
            if let last = found.lastItem, last >= place { throw SnapshotFault("its \(item.table) are out of order") }
            found.lastItem = place
            found.stored.rows.add(Tally.hash(item.id, item.checksum))
            return .item(item, columns: try contents.item(item.table, item.id, item.record))
        case .audit(let entry, let previous, let stamp, let changedIndex):
            let sequence = found.stored.watermark.auditSequence + 1
            guard entry.sequence == sequence, previous < Int64(clamping: sequence), stamp >= entry.at.milliseconds else {
                throw SnapshotFault("audit entry \(sequence) is missing or out of order")
            }
            if let resource = entry.resourceID { try checkOwner(resource.uuid) }
            try check(changedIndex, Int64(clamping: sequence), watermark)
            found.stored.watermark = Watermark(term: 0, appliedIndex: 0, auditSequence: sequence)
            found.stored.auditHash = try found.auditChain.hash(entry, after: found.stored.auditHash, shard: shard)
            return .audit(
                StoredAuditEntry(
                    shard: shard, previous: previous, stamp: try self.stamp(stamp, of: entry, &found),
                    changedIndex: changedIndex,
                    hash: found.stored.auditHash, entry: entry))
        case .removed(let removal): return .removed(try check(removal, &found))
        case .state(let key, let changedIndex, let value):
            try check(changedIndex, 0, watermark)
            if let last = found.lastState, !last.utf8.lexicographicallyPrecedes(key.utf8) {
                throw SnapshotFault("its state is out of order")
            }
            found.lastState = key
            try contents.state(key, value)
            let state = StoredState(shard: shard, key: key, changedIndex: changedIndex, value: value)
            found.stored.state.add(StoredState.hash(key, state.checksum))
            return .state(state)
        }
    }

    /// The entry that made it what it is may be one of those that are gone.
    private func stamp(_ stamp: Int64, of entry: AuditEntry, _ found: inout Found) throws(SnapshotFault) -> Int64 {
        let own = found.stored.stamp(entry.at)
        guard stamp == own || stamp > own && found.stored.removals.entries > 0 else {
            throw SnapshotFault("the time of audit entry \(entry.sequence) was altered")
        }
        found.stored.auditStamp = stamp
        let skew = stamp.subtractingReportingOverflow(entry.at.milliseconds)
        found.stored.auditSkew = max(found.stored.auditSkew, skew.overflow ? .max : skew.partialValue)
        return stamp
    }

    private func check(_ removal: StoredRemoval, _ found: inout Found) throws -> StoredRemoval {
        var removal = removal
        removal.shard = shard
        guard removal.first == Int64(clamping: found.stored.watermark.auditSequence) + 1,
            zip(removal.first..., removal.entries).allSatisfy({ $1.previous < $0 })
        else { throw SnapshotFault("audit entry \(found.stored.watermark.auditSequence + 1) is missing or out of order") }
        for entry in removal.entries {
            found.stored.auditHash = try found.auditChain.hash(entry.digest, after: found.stored.auditHash, shard: shard)
        }
        guard removal.hash == found.stored.auditHash else {
            throw SnapshotFault("what was removed behind audit entry \(removal.first - 1) was altered")
        }
        try check(0, removal.last, found.head.stored.watermark)
        found.stored.watermark = Watermark(term: 0, appliedIndex: 0, auditSequence: UInt64(clamping: removal.last))
        found.stored.removals.rows.add(removal.tallied)
        found.stored.removals.entries += Int64(removal.entries.count)
        return removal
    }

    private func checkOwner(_ id: UUID128) throws(SnapshotFault) {
        guard let ids = contents.ids, ids.contains(id) else {
            throw SnapshotFault("resource \(id) is not in the slots of shard \(shard)")
        }
    }

    /// Nothing is newer than the watermark.
    private func check(_ index: UInt64, _ auditSequence: Int64, _ watermark: Watermark) throws(SnapshotFault) {
        guard index <= watermark.appliedIndex, UInt64(clamping: auditSequence) <= watermark.auditSequence else {
            throw SnapshotFault("it holds what came after its own index")
        }
    }

    private func compare(_ found: Found) throws(SnapshotFault) {
        let (head, found) = (found.head.stored, found.stored)
        func check(_ found: Tally, _ expected: Tally, _ what: String) throws(SnapshotFault) {
            guard found == expected else {
                throw SnapshotFault("its \(what) (\(found.count)) are not those that were written (\(expected.count))")
            }
        }
        try check(found.rows, head.rows, "rows")
        try check(found.tombstones, head.tombstones, "tombstones")
        try check(found.state, head.state, "entries of state")
        let isWhole = head.removals.entries == 0
        guard found.watermark.auditSequence == head.watermark.auditSequence, found.auditHash == head.auditHash,
            found.removals == head.removals,
            isWhole
                ? found.auditStamp == head.auditStamp && found.auditSkew == head.auditSkew
                : found.auditStamp <= head.auditStamp && found.auditSkew <= head.auditSkew
        else { throw SnapshotFault("its audit history ends too early, or was altered") }
    }
}
