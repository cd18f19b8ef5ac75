import Model
import Shard

/// How the small things of a shard's state are named and stored in the checkpoint.
enum StateKey {
    static let sweep = "sweep"
    static let catalogVersion = "catalog_version"
    static let cleaning = "audit_cleaning"
    private static let idempotencyPrefix = "idempotency/"

    static func idempotency(_ key: IdempotencyKey) -> String {
        idempotencyPrefix + UUID128(high: key.high, low: key.low).description
    }

    static func encode(_ sweep: ShardState.SweepPosition) -> [UInt8] {
        var writer = ByteWriter(reserving: 32)
        writer.varint(sweep.version)
        writer.byte(sweep.isComplete ? 1 : 0)
        writer.byte(sweep.upTo == nil ? 0 : 1)
        if let upTo = sweep.upTo { writer.uuid(upTo.uuid) }
        return writer.bytes
    }

    static func encode(_ cleaning: AuditCleaningProgress) -> [UInt8] {
        var writer = ByteWriter(reserving: 32)
        writer.progress(cleaning)
        return writer.bytes
    }

    static func encode(_ version: UInt64) -> [UInt8] {
        var writer = ByteWriter(reserving: 10)
        writer.varint(version)
        return writer.bytes
    }

    static func encode(_ answer: Remembered) -> [UInt8] {
        var writer = ByteWriter(reserving: 64)
        answer.write(to: &writer)
        return writer.bytes
    }

    /// The small things of a shard, as they are read back.
    struct Restored {
        var sweep = ShardState.SweepPosition()
        var catalogVersion: UInt64 = 0
        var cleaning = AuditCleaningProgress()
        var remembered: [(IdempotencyKey, Remembered)] = []
        var graphs = RestoredGraphs()

        /// Throws `CodecError` for a value that `encode` did not make, or an unknown key.
        mutating func take(_ key: String, _ value: [UInt8]) throws(CodecError) {
            let result: Result<Void, CodecError> = value.withUnsafeBytes { raw in
                do throws(CodecError) {
                    var reader = ByteReader(raw)
                    return .success(try take(key, &reader))
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
        }

        private mutating func take(_ key: String, _ reader: inout ByteReader) throws(CodecError) {
            switch key {
            case StateKey.sweep:
                let version = try reader.varint()
                let isComplete = try reader.byte() == 1
                let upTo = try reader.byte() == 0 ? nil : ResourceID(try reader.uuid())
                sweep = ShardState.SweepPosition(version: version, upTo: upTo, isComplete: isComplete)
            case StateKey.cleaning:
                cleaning = try reader.progress()
            case StateKey.catalogVersion:
                catalogVersion = try reader.varint()
            case _ where key.hasPrefix(NamedGraphKey.prefix):
                try graphs.take(key, &reader)
            default:
                guard key.hasPrefix(StateKey.idempotencyPrefix),
                    let id = UUID128(key.dropFirst(StateKey.idempotencyPrefix.count))
                else { throw CodecError("unknown state \(key)") }
                remembered.append((IdempotencyKey(high: id.high, low: id.low), try Remembered(from: &reader)))
            }
        }
    }
}
