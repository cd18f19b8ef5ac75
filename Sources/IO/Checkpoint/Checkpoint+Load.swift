package import Model

/// Reading back at a start. Each call has a connection of its own, so that shards load side by side. Blocks.
extension Checkpoint {
    /// The watermark of every shard that has one; shard 0 is the system shard.
    package func watermarks() throws(CheckpointError) -> [Int: Watermark] {
        try watermarkRows().mapValues(\.watermark)
    }

    /// Hands over a data shard: its state first, then its rows in id order. Throws when anything is not as it was written.
    package func load(
        shard: Int, ids: ClosedRange<UUID128>, state: (String, [UInt8]) -> Void, row: (ResourceID, [UInt8]) -> Void
    ) throws(CheckpointError) {
        let expected = try watermarkRows()[shard]
        try reading { connection throws in
            try loadState(connection, shard, expected?.state ?? RowDigest(), state)
            let rows = try connection.prepare("SELECT id, crc, record FROM rows WHERE id BETWEEN ?1 AND ?2")
            rows.bind(1, ids.lowerBound)
            rows.bind(2, ids.upperBound)
            var digest = RowDigest()
            while try rows.step() {
                let bytes = rows.blob(2)
                guard let id = rows.uuid(0), Int64(RowChecksum.of(id, bytes)) == rows.int(1) else {
                    throw CheckpointError.damaged(path, "a row of shard \(shard) fails its checksum")
                }
                digest.add(RowDigest.hash(id, UInt32(truncatingIfNeeded: rows.int(1))))
                row(ResourceID(id), Array(bytes))
            }
            guard digest == expected?.rows ?? RowDigest() else {
                throw CheckpointError.damaged(
                    path, "shard \(shard) has \(digest.count) rows whose digest does not fit its watermark")
            }
        }
    }

    package func loadSystem(
        state: (String, [UInt8]) -> Void, item: (SystemCheckpointBatch.Table, UUID128, [UInt8]) -> Void
    ) throws(CheckpointError) {
        let expected = try watermarkRows()[0]
        try reading { connection throws in
            try loadState(connection, 0, expected?.state ?? RowDigest(), state)
            var digest = RowDigest()
            for table in SystemCheckpointBatch.Table.allCases {
                let rows = try connection.prepare("SELECT id, crc, record FROM \(table.rawValue)")
                while try rows.step() {
                    let bytes = rows.blob(2)
                    guard let id = rows.uuid(0), Int64(RowChecksum.of(id, bytes)) == rows.int(1) else {
                        throw CheckpointError.damaged(path, "a row of \(table.rawValue) fails its checksum")
                    }
                    digest.add(RowDigest.hash(id, UInt32(truncatingIfNeeded: rows.int(1))))
                    item(table, id, Array(bytes))
                }
            }
            guard digest == expected?.rows ?? RowDigest() else {
                throw CheckpointError.damaged(path, "rules, schema and policies do not fit their watermark")
            }
        }
    }

    private func loadState(
        _ connection: SQLiteConnection, _ shard: Int, _ expected: RowDigest, _ body: (String, [UInt8]) -> Void
    ) throws {
        let rows = try connection.prepare("SELECT key, value, crc FROM shard_state WHERE shard = ?1")
        rows.bind(1, shard)
        var digest = RowDigest()
        while try rows.step() {
            let key = rows.text(0)
            let value = Array(rows.blob(1))
            let crc = RowChecksum.of(key, value)
            guard Int64(crc) == rows.int(2) else {
                throw CheckpointError.damaged(path, "state \"\(key)\" of shard \(shard) fails its checksum")
            }
            digest.add(RowDigest.hash(key, crc))
            body(key, value)
        }
        guard digest == expected else {
            throw CheckpointError.damaged(path, "the state of shard \(shard) does not fit its watermark")
        }
    }

    private func watermarkRows() throws(CheckpointError) -> [Int: WatermarkRow] {
        var found: [Int: WatermarkRow] = [:]
        try reading { connection throws in
            let rows = try connection.prepare("SELECT \(WatermarkRow.columns) FROM watermarks")
            while try rows.step() {
                guard let row = WatermarkRow(rows) else {
                    throw CheckpointError.damaged(path, "a watermark fails its checksum")
                }
                found[row.shard] = row
            }
        }
        return found
    }

    func reading(_ body: (SQLiteConnection) throws -> Void) throws(CheckpointError) {
        do {
            try body(try SQLiteConnection(path: path, readOnly: true))
        } catch let error as SQLiteError {
            throw CheckpointError(error, path)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw CheckpointError(.unavailable, "\(path): \(error)")
        }
    }
}
