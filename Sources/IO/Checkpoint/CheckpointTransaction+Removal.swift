import Model

/// Clean-ups of the audit history.
extension CheckpointTransaction {
    /// Removes what the leader has decided, and keeps of each entry what the chain's hashes follow from.
    ///
    /// Where nothing older is left, only the last hash is kept. An entry that is not there, or altered, is no reason to stop, as
    /// the other replicas go on: what is kept of it fits no chain, so that verification names the place from then on.
    mutating func remove(_ part: AuditRemoval, shard: Int, _ stored: inout StoredWatermark) throws {
        for range in part.removed {
            let (first, last) = (Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound))
            precondition(
                range.upperBound <= stored.watermark.auditSequence,
                "entry \(last) of shard \(shard) is removed before it is there")
            try remove(first, last, shard: shard, &stored)
        }
        stored.removals.horizon = max(stored.removals.horizon, part.before.milliseconds)
        stored.removals.months = part.months
    }

    private func remove(_ first: Int64, _ last: Int64, shard: Int, _ stored: inout StoredWatermark) throws {
        let numbers = (
            StoredAuditEntry.number(shard: shard, sequence: first), StoredAuditEntry.number(shard: shard, sequence: last)
        )
        let isPrefix = stored.removals.base == first - 1
        let rows = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number")
        rows.bind(1, numbers.0)
        rows.bind(2, numbers.1)
        var sequence = first - 1
        var pending: [StoredRemoval.Entry] = []
        var hash = StoredRemoval.unknown
        func note(_ row: SQLiteStatement?) throws {
            sequence += 1
            hash =
                row.map { Array($0.blob(17)) }.flatMap { $0.count == SHA256Digest.byteCount ? $0 : nil }
                ?? StoredRemoval.unknown
            guard !isPrefix else { return }
            let found = row.flatMap { AuditRow($0) }
            let digest = try found?.entry.map { try statements.auditChain.digest(of: $0) }
            pending.append(
                .init(digest: digest ?? StoredRemoval.unknown, previous: digest == nil ? 0 : found?.previous ?? 0))
            if pending.count == StoredRemoval.entriesMax {
                try keep(&pending, endingAt: sequence, hash, shard: shard, &stored)
            }
        }
        while try rows.step() {
            let place = rows.int(0) - StoredRecord.rows(of: shard).first
            while sequence + 1 < place { try note(nil) }
            try note(rows)
        }
        while sequence < last { try note(nil) }
        try keep(&pending, endingAt: sequence, hash, shard: shard, &stored)
        let delete = try connection.prepare("DELETE FROM tag_audit WHERE number BETWEEN ? AND ?")
        delete.bind(1, numbers.0)
        delete.bind(2, numbers.1)
        try delete.run()
        stored.removals.entries += last - first + 1
        if isPrefix {
            (stored.removals.base, stored.removals.baseHash) = (last, hash)
            try absorb(shard: shard, &stored)
        }
    }

    private func keep(
        _ pending: inout [StoredRemoval.Entry], endingAt last: Int64, _ hash: [UInt8], shard: Int,
        _ stored: inout StoredWatermark
    ) throws {
        guard !pending.isEmpty else { return }
        let removal = StoredRemoval(
            shard: shard, first: last - Int64(pending.count) + 1, entries: pending, hash: hash)
        pending.removeAll(keepingCapacity: true)
        stored.removals.rows.add(removal.tallied)
        try removal.write(with: statements.insertRemoval)
    }

    /// What was removed behind entries that are gone now, too, need not be kept any more.
    private func absorb(shard: Int, _ stored: inout StoredWatermark) throws {
        while stored.removals.rows.count > 0,
            let next = try StoredRemoval.find(stored.removals.base + 1, shard: shard, connection, path: path)
        {
            guard next.first == stored.removals.base + 1 else {
                throw CheckpointError.damagedAudit(path, shard, next.first)
            }
            stored.removals.rows.remove(next.tallied)
            (stored.removals.base, stored.removals.baseHash) = (next.last, next.hash)
            let delete = try connection.prepare("DELETE FROM audit_removed WHERE number = ?")
            delete.bind(1, StoredAuditEntry.number(shard: shard, sequence: next.first))
            try delete.run()
        }
    }
}
