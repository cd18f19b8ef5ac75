import Model

extension CheckpointTransaction {
    /// Puts what the snapshot holds in the place of all there is of its shard. Throws what the scan throws.
    mutating func install(_ scan: SnapshotScan, goOn: () throws -> Void) throws -> SnapshotHead {
        try clear(scan.shard)
        var row = StoredRecord.rows(of: scan.shard).first
        let head = try scan.run(goOn: goOn) { entry in
            try statements.write(entry, shard: scan.shard, nextRow: &row, connection)
        }
        nextRows[scan.shard] = row
        var stored = head.stored
        stored.installed = scan.mark
        set(stored, of: scan.shard)
        return head
    }

    /// Drops all there is of a shard.
    mutating func remove(_ shard: Int) throws {
        try clear(shard)
        set(nil, of: shard)
    }

    mutating func clearInstalled(_ shard: Int) {
        guard var stored = totals.shards[shard], stored.installed != nil else { return }
        stored.installed = nil
        set(stored, of: shard)
    }

    private mutating func clear(_ shard: Int) throws {
        let numbers = StoredRecord.rows(of: shard)
        for (table, key) in [
            ("records", "row"), ("resources", "row"), ("virtual_tags", "row"), ("compliance_status", "row"),
            ("tag_audit", "number"), ("audit_removed", "number"),
        ] {
            let delete = try connection.prepare("DELETE FROM \(table) WHERE \(key) BETWEEN ? AND ?")
            delete.bind(1, numbers.first)
            delete.bind(2, numbers.last)
            try delete.run()
        }
        for table in ["shard_state", "tombstones"] {
            let delete = try connection.prepare("DELETE FROM \(table) WHERE shard = ?")
            delete.bind(1, Int64(shard))
            try delete.run()
        }
        if shard == Self.systemShard {
            for table in SystemCheckpointBatch.Table.allCases { try connection.execute("DELETE FROM \(table.rawValue)") }
        }
        nextRows[shard] = nil
    }
}
