import Model

/// The first block's payload: what the snapshot is of, and what there must be in it.
struct SnapshotHead: Equatable {
    var shard: Int
    /// `installed` is nil: it is a matter of the node.
    var stored: StoredWatermark

    var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.varint(shard)
        writer.varint(stored.watermark.term)
        writer.varint(stored.watermark.appliedIndex)
        writer.varint(stored.watermark.auditSequence)
        writer.zigzag(stored.auditStamp)
        writer.zigzag(stored.auditSkew)
        writer.blob(stored.auditHash)
        writer.blob(stored.removals.encoded)
        for tally in [stored.rows, stored.state, stored.tombstones] {
            writer.varint(UInt64(bitPattern: tally.count))
            writer.varint(tally.sum)
        }
        writer.blob(stored.configuration)
        return writer.bytes
    }

    init(shard: Int, stored: StoredWatermark) {
        self.shard = shard
        self.stored = stored
        self.stored.installed = nil
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let number = try reader.varint()
        guard number <= UInt64(UInt16.max) else { throw CodecError("there is no shard \(number)") }
        shard = Int(number)
        stored = .none
        stored.watermark = Watermark(
            term: try reader.varint(), appliedIndex: try reader.varint(), auditSequence: try reader.varint())
        stored.auditStamp = try reader.zigzag()
        stored.auditSkew = try reader.zigzag()
        stored.auditHash = try reader.blob()
        let removals = try reader.blob()
        do { stored.removals = try StoredRemovals(decoding: removals) } catch { throw CodecError("\(error)") }
        stored.rows = try reader.tally()
        stored.state = try reader.tally()
        stored.tombstones = try reader.tally()
        stored.configuration = try reader.blob()
        guard stored.watermark.appliedIndex > 0 else { throw CodecError("it is of index 0") }
    }
}

extension ByteReader {
    fileprivate mutating func tally() throws(CodecError) -> Tally {
        Tally(count: Int64(bitPattern: try varint()), sum: try varint())
    }
}

/// What the blocks between the first and the last hold, one after the other.
enum SnapshotEntry {
    /// A resource's row. `auditHead`: sequence of its newest audit entry.
    case record(ResourceID, bytes: [UInt8], auditHead: Int64)
    case tombstone(UUID128, StoredTombstone)
    case item(StoredItem)
    case audit(AuditEntry, previous: Int64, stamp: Int64, changedIndex: UInt64)
    /// Between two entries of the history.
    case removed(StoredRemoval)
    case state(key: String, changedIndex: UInt64, value: [UInt8])

    var kind: SnapshotFormat.Kind {
        switch self {
        case .record: .records
        case .tombstone: .tombstones
        case .item: .items
        case .audit, .removed: .audit
        case .state: .state
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .record(let id, let bytes, let auditHead):
            writer.uuid(id.uuid)
            writer.varint(UInt64(bitPattern: auditHead))
            writer.blob(bytes)
        case .tombstone(let id, let tombstone):
            writer.uuid(id)
            writer.varint(tombstone.changedIndex)
            writer.varint(UInt64(bitPattern: tombstone.auditHead))
        case .item(let item):
            writer.string(item.table.rawValue)
            writer.uuid(item.id)
            writer.varint(item.changedIndex)
            writer.blob(item.record)
        case .audit(let entry, let previous, let stamp, let changedIndex):
            writer.byte(0)
            writer.auditEntry(entry)
            writer.varint(UInt64(bitPattern: previous))
            writer.zigzag(stamp)
            writer.varint(changedIndex)
        case .removed(let removal):
            writer.byte(1)
            writer.varint(UInt64(bitPattern: removal.first))
            writer.blob(removal.hash)
            writer.varint(removal.entries.count)
            for entry in removal.entries {
                writer.blob(entry.digest)
                writer.varint(UInt64(bitPattern: entry.previous))
            }
        case .state(let key, let changedIndex, let value):
            writer.string(key)
            writer.varint(changedIndex)
            writer.blob(value)
        }
    }

    /// Reads an entry of a block of `kind`, which is not the first or the last.
    init(_ kind: SnapshotFormat.Kind, from reader: inout ByteReader) throws(CodecError) {
        switch kind {
        case .records:
            let id = ResourceID(try reader.uuid())
            let auditHead = try reader.sequence()
            self = .record(id, bytes: try reader.blob(), auditHead: auditHead)
        case .tombstones:
            let id = try reader.uuid()
            let changedIndex = try reader.varint()
            self = .tombstone(id, StoredTombstone(changedIndex: changedIndex, auditHead: try reader.sequence()))
        case .items:
            let name = try reader.string()
            guard let table = SystemCheckpointBatch.Table(rawValue: name) else {
                throw CodecError("there is no table \"\(name.prefix(40))\" in this version")
            }
            let id = try reader.uuid()
            let changedIndex = try reader.varint()
            self = .item(StoredItem(table: table, id: id, changedIndex: changedIndex, record: try reader.blob()))
        case .audit:
            switch try reader.byte() {
            case 0:
                let entry = try reader.auditEntry()
                let previous = try reader.sequence()
                let stamp = try reader.zigzag()
                self = .audit(entry, previous: previous, stamp: stamp, changedIndex: try reader.varint())
            case 1: self = .removed(try reader.removedEntries())
            case let kind: throw CodecError("unknown part \(kind) of an audit history")
            }
        case .state:
            let key = try reader.string()
            let changedIndex = try reader.varint()
            self = .state(key: key, changedIndex: changedIndex, value: try reader.blob())
        case .head, .end:
            throw CodecError("there are no entries in the first and the last block")
        }
    }
}

extension ByteReader {
    /// Of no shard yet.
    fileprivate mutating func removedEntries() throws(CodecError) -> StoredRemoval {
        let first = try sequence()
        let hash = try blob()
        let count = try count()
        guard (1...StoredRemoval.entriesMax).contains(count), hash.count == SHA256Digest.byteCount else {
            throw CodecError("removed entries cannot be")
        }
        var entries: [StoredRemoval.Entry] = []
        for _ in 0..<count {
            let digest = try blob()
            guard digest.count == SHA256Digest.byteCount else { throw CodecError("a digest of \(digest.count) bytes") }
            entries.append(.init(digest: digest, previous: try sequence()))
        }
        return StoredRemoval(shard: 0, first: first, entries: entries, hash: hash)
    }

    /// Of an audit entry; 0 for none.
    fileprivate mutating func sequence() throws(CodecError) -> Int64 {
        let value = try varint()
        guard value < 1 << UInt64(CheckpointSchema.rowBits) else { throw CodecError("there is no audit entry \(value)") }
        return Int64(value)
    }
}
