package import Model

/// One physical consequence of a command. An entry of the log is a list of them: `apply` decides nothing.
package enum Effect: Hashable, Sendable {
    /// The row as it now is. Its changed index is the entry's.
    case put(ResourceID, [UInt8])
    /// What turns the row as it was into the row as it now is.
    case patch(ResourceID, RowDelta)
    case delete(ResourceID)
    /// Behind the rows that the values in it come from.
    case audit([LoggedAudit])
    /// What a request with an idempotency key was answered.
    case remember(IdempotencyKey, Remembered)
    /// The background sweep judged all rows up to and including `upTo` (nil: all) under this version of the catalogue.
    case swept(version: UInt64, upTo: ResourceID?)
    /// Nothing is removed from the history any more that was decided under holds from before this index of group 0's log.
    case auditFenced(UInt64)
    case auditRemoved(AuditRemoval)
    case graph(GraphEffect)
}

/// A client's key, scoped to the client, and hashed.
package struct IdempotencyKey: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// What was answered under a key: to which body, and when.
package struct Remembered: Hashable, Sendable {
    package let bodyDigest: UInt64
    package let reply: ShardReply
    package let at: Timestamp
}

/// The payload of a log entry: effects, and when they were decided.
package struct EntryPayload: Hashable, Sendable {
    package let at: Timestamp
    package let effects: [Effect]

    package init(at: Timestamp, effects: [Effect]) {
        self.at = at
        self.effects = effects
    }

    private static let format: UInt8 = 2

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 1536)
        writer.byte(Self.format)
        writer.zigzag(at.milliseconds)
        writer.varint(effects.count)
        for effect in effects { writer.effect(effect, at: at) }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) {
        let result: Result<EntryPayload, CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                let format = try reader.byte()
                guard format == Self.format else {
                    throw CodecError(
                        format < Self.format
                            ? "an older version wrote an entry in format \(format), which this one does not read"
                            : "an entry has a format this version does not know")
                }
                let at = Timestamp(milliseconds: try reader.zigzag())
                var effects: [Effect] = []
                for _ in 0..<(try reader.count()) { effects.append(try reader.effect(at: at)) }
                guard reader.atEnd else { throw CodecError("bytes are left over after an entry") }
                return .success(EntryPayload(at: at, effects: effects))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}

extension ByteWriter {
    fileprivate mutating func effect(_ effect: Effect, at: Timestamp) {
        switch effect {
        case .put(let id, let bytes):
            byte(1)
            uuid(id.uuid)
            blob(bytes)
        case .delete(let id):
            byte(2)
            uuid(id.uuid)
        case .audit(let entries):
            byte(3)
            AuditListCodec(at: at).write(entries, to: &self)
        case .remember(let key, let remembered):
            byte(4)
            uuid(UUID128(high: key.high, low: key.low))
            remembered.write(to: &self)
        case .swept(let version, let upTo):
            byte(5)
            varint(version)
            byte(upTo == nil ? 0 : 1)
            if let upTo { uuid(upTo.uuid) }
        case .patch(let id, let delta):
            byte(6)
            uuid(id.uuid)
            delta.write(to: &self)
        case .auditFenced(let index):
            byte(20)
            varint(index)
        case .auditRemoved(let part):
            byte(21)
            removal(part)
        case .graph(let effect):
            byte(30)
            self.effect(effect)
        }
    }
}

extension ByteReader {
    fileprivate mutating func effect(at: Timestamp) throws(CodecError) -> Effect {
        switch try byte() {
        case 1: return .put(ResourceID(try uuid()), try blob())
        case 2: return .delete(ResourceID(try uuid()))
        case 3:
            return .audit(try AuditListCodec(at: at).read(from: &self))
        case 4:
            let key = try uuid()
            return .remember(IdempotencyKey(high: key.high, low: key.low), try Remembered(from: &self))
        case 5:
            let version = try varint()
            return .swept(version: version, upTo: try byte() == 0 ? nil : ResourceID(try uuid()))
        case 6: return .patch(ResourceID(try uuid()), try RowDelta(from: &self))
        case 20: return .auditFenced(try varint())
        case 21: return .auditRemoved(try removal())
        case 30: return .graph(try graphEffect())
        case let kind: throw CodecError("an entry holds an effect of unknown kind \(kind)")
        }
    }
}

extension Remembered {
    package func write(to writer: inout ByteWriter) {
        writer.varint(bodyDigest)
        writer.zigzag(at.milliseconds)
        reply.write(to: &writer)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let digest = try reader.varint()
        let at = Timestamp(milliseconds: try reader.zigzag())
        self.init(bodyDigest: digest, reply: try ShardReply(from: &reader), at: at)
    }
}
