import Checkpoint
import Model
import Shard

/// What a snapshot of this version's state machines may hold: all that a restart would have to read back.
extension SnapshotContents {
    /// Of data shard `number` (1…) of so many.
    static func dataShard(_ number: Int, of shards: Int) -> SnapshotContents {
        SnapshotContents(ids: ShardState.slots(ofShard: number - 1, of: shards).ids, state: checkState)
    }

    static let systemShard = SnapshotContents(state: checkState) { table, id, bytes in
        let item = try SystemItem(decoding: bytes).checkpointItem
        guard item.table == table, item.id == id else { throw CodecError("row \(id) of \(table.rawValue) is another one") }
        return item.columns
    }

    @Sendable private static func checkState(_ key: String, _ value: [UInt8]) throws {
        var restored = StateKey.Restored()
        try restored.take(key, value)
    }
}

extension Range<Int> {
    /// The ids that these slots hold, the slot being an id's first 16 bits.
    var ids: ClosedRange<UUID128> {
        UUID128(
            high: UInt64(lowerBound) << 48, low: 0)...UUID128(high: UInt64(upperBound - 1) << 48 | (1 << 48 - 1), low: .max)
    }
}
