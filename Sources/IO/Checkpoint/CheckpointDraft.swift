package import Model

/// One shard on its way into a new checkpoint: its audit history first, whose chain is worked out anew, then everything else. One
/// thread at a time.
///
/// Memory holds the newest entry's number of each resource, and a piece that is not handed over yet.
package struct CheckpointDraft {
    private let shard: Int
    private let watermark: Watermark
    private let builder: CheckpointBuilder
    private let chain: AuditChain
    private var stored: StoredWatermark
    /// Sequence of the newest entry of each resource whose row was not put yet.
    private var heads: [ResourceID: Int64] = [:]
    private var sequence: Int64 = 0
    private var piece: [ScannedEntry] = []
    private var pieceBytes = 0

    /// A piece is handed over when it has so many entries, or bytes of rows.
    private static let pieceEntriesMax = 1_000
    private static let pieceBytesMax = 2 << 20

    /// - Parameters:
    ///   - watermark: what there is is as of then. The group's log is going to begin there, as behind a snapshot.
    ///   - configuration: of the group, encoded.
    package init(
        shard: Int, _ watermark: Watermark, configuration: [UInt8], into builder: CheckpointBuilder
    ) throws(CheckpointError) {
        self.shard = shard
        self.watermark = watermark
        self.builder = builder
        chain = try AuditChain()
        stored = .none
        stored.watermark = watermark
        stored.configuration = configuration
        stored.installed = SnapshotMark(index: watermark.appliedIndex, term: watermark.term)
    }

    // MARK: The audit history

    /// The next entry; its sequence is above that of the last one, and not above the watermark's. What is left out counts as
    /// removed by a clean-up.
    package mutating func append(_ entry: AuditEntry) throws(CheckpointError) {
        let next = Int64(bitPattern: entry.sequence)
        precondition(
            next > sequence && entry.sequence <= watermark.auditSequence,
            "audit entry \(next) of shard \(shard) after \(sequence)")
        try skip(to: next - 1, before: entry.at)
        let previous = entry.resourceID.map { heads[$0] ?? 0 } ?? 0
        if let resource = entry.resourceID { heads[resource] = next }
        stored.auditHash = try chain.hash(entry, after: stored.auditHash, shard: shard)
        let row = StoredAuditEntry(
            shard: shard, previous: previous, stamp: stored.stamp(entry.at), changedIndex: watermark.appliedIndex,
            hash: stored.auditHash, entry: entry)
        sequence = next
        try add(.audit(row), bytes: 0)
    }

    /// Entries up to `last` are missing. Nothing is known of them: their digests are the unknown one.
    private mutating func skip(to last: Int64, before time: Timestamp?) throws(CheckpointError) {
        guard sequence < last else { return }
        stored.removals.entries += last - sequence
        stored.removals.horizon = max(stored.removals.horizon, time?.milliseconds ?? stored.auditStamp)
        if sequence == 0 {
            stored.auditHash = try chain.hash(StoredRemoval.unknown, after: [], shard: shard)
            (stored.removals.base, stored.removals.baseHash) = (last, stored.auditHash)
            sequence = last
        }
        while sequence < last {
            let count = min(last - sequence, Int64(StoredRemoval.entriesMax))
            for _ in 0..<count {
                stored.auditHash = try chain.hash(StoredRemoval.unknown, after: stored.auditHash, shard: shard)
            }
            let unknown = StoredRemoval.Entry(digest: StoredRemoval.unknown, previous: 0)
            let removal = StoredRemoval(
                shard: shard, first: sequence + 1, entries: Array(repeating: unknown, count: Int(count)),
                hash: stored.auditHash)
            stored.removals.rows.add(removal.tallied)
            sequence += count
            try add(.removed(removal), bytes: Int(count) * StoredRemoval.unknown.count)
        }
    }

    // MARK: The rest

    /// A data shard's row; its audit history is there already. Throws `CodecError` where it cannot be read.
    package mutating func put(_ id: ResourceID, _ bytes: [UInt8]) throws {
        let record = try RecordCodec.decode(bytes, id: id)
        let head = heads.removeValue(forKey: id) ?? 0
        let checksum = bytes.withUnsafeBytes {
            StoredRecord.checksum(id.uuid, changedIndex: record.changedIndex, auditHead: head, record: $0)
        }
        stored.rows.add(Tally.hash(id.uuid, checksum))
        try add(.record(record, bytes: bytes, auditHead: head, checksum: checksum), bytes: bytes.count)
    }

    /// A resource that is gone.
    package mutating func delete(_ id: ResourceID, changedIndex: UInt64) throws(CheckpointError) {
        let tombstone = StoredTombstone(changedIndex: changedIndex, auditHead: heads.removeValue(forKey: id) ?? 0)
        stored.tombstones.add(Tally.hash(id.uuid, tombstone.checksum))
        try add(.tombstone(id.uuid, tombstone), bytes: 0)
    }

    /// Something that the system shard keeps; its record is there.
    package mutating func put(_ item: SystemCheckpointBatch.Item, changedIndex: UInt64) throws(CheckpointError) {
        guard let record = item.record else { preconditionFailure("item \(item.id) is put without a record") }
        let row = StoredItem(table: item.table, id: item.id, changedIndex: changedIndex, record: record)
        stored.rows.add(Tally.hash(item.id, row.checksum))
        try add(.item(row, columns: item.columns), bytes: record.count)
    }

    /// A small thing of the state machine.
    package mutating func set(_ key: String, _ value: [UInt8]) throws(CheckpointError) {
        let row = StoredState(shard: shard, key: key, changedIndex: watermark.appliedIndex, value: value)
        stored.state.add(StoredState.hash(key, row.checksum))
        try add(.state(row), bytes: value.count)
    }

    /// The last thing to do. Resources of which there is nothing but their history count as gone.
    package mutating func finish() throws(CheckpointError) {
        try skip(to: Int64(bitPattern: watermark.auditSequence), before: nil)
        if shard != CheckpointTransaction.systemShard {
            for id in heads.keys.sorted() { try delete(id, changedIndex: watermark.appliedIndex) }
        }
        try handOver()
        builder.complete(stored, of: shard)
    }

    // MARK: Private

    private mutating func add(_ entry: ScannedEntry, bytes: Int) throws(CheckpointError) {
        piece.append(entry)
        pieceBytes += bytes
        if piece.count >= Self.pieceEntriesMax || pieceBytes >= Self.pieceBytesMax { try handOver() }
    }

    private mutating func handOver() throws(CheckpointError) {
        guard !piece.isEmpty else { return }
        try builder.write(piece, of: shard)
        piece = []
        pieceBytes = 0
    }
}
