import Model

// The observations of a command. An observation's id is not written: it follows from the provider and its own id.

extension Observation: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.put(kind.code, provider, resourceID, resourceType, name, accountID, region)
        nativeTags.write(to: &writer)
        nativeTagChanges.write(to: &writer)
        metadata.write(to: &writer)
        relationships.write(to: &writer)
        statedTypes.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let code = try reader.byte()
        guard let kind = Kind(code: code) else { throw CodecError("unknown kind of observation \(code)") }
        self.init(
            kind, provider: try reader.take(), resourceID: try reader.take(), resourceType: try reader.take(),
            name: try reader.take(), accountID: try reader.take(), region: try reader.take(),
            nativeTags: try reader.take(), nativeTagChanges: try reader.take(), metadata: try reader.take(),
            relationships: try reader.take(), statedTypes: try reader.take())
    }
}

extension Observation.Kind {
    fileprivate var code: UInt8 {
        switch self {
        case .described: 0
        case .partial: 1
        case .deleted: 2
        }
    }

    fileprivate init?(code: UInt8) {
        switch code {
        case 0: self = .described
        case 1: self = .partial
        case 2: self = .deleted
        default: return nil
        }
    }
}

extension Provider: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.byte(code) }

    init(from reader: inout ByteReader) throws(CodecError) {
        let code = try reader.byte()
        guard let provider = Provider(code: code) else { throw CodecError("unknown provider \(code)") }
        self = provider
    }
}

extension Tag: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.string(key)
        writer.string(value)
    }

    init(from reader: inout ByteReader) throws(CodecError) { self.init(try reader.string(), try reader.string()) }
}

extension TagList: PeerCodable {
    func write(to writer: inout ByteWriter) { tags.write(to: &writer) }
    init(from reader: inout ByteReader) throws(CodecError) { self.init(try [Tag](from: &reader)) }
}

extension TagChanges: PeerCodable {
    func write(to writer: inout ByteWriter) {
        set.write(to: &writer)
        removed.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) { self.init(set: try reader.take(), removed: try reader.take()) }
}

extension TagChanges.Removal: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.string(key)
        value.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) { self.init(key: try reader.take(), value: try reader.take()) }
}

/// Says nothing of whether the bytes are JSON: `ShardCommand.init(decoding:checking:)` does, before it hands them out.
extension JSONText: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.blob(bytes) }
    init(from reader: inout ByteReader) throws(CodecError) { self.init(trusted: try reader.blob()) }
}

extension Relationship: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.byte(type.rawValue)
        writer.uuid(target.uuid)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let code = try reader.byte()
        guard let type = RelationshipType(rawValue: code) else { throw CodecError("unknown relationship type \(code)") }
        self.init(type, to: try reader.take())
    }
}

extension RelationshipTypes: PeerCodable {
    func write(to writer: inout ByteWriter) { writer.varint(rawValue) }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(rawValue: try reader.varint())
        guard isSubset(of: .all) else { throw CodecError("unknown relationship types among \(rawValue)") }
    }
}

extension CostObservation: PeerCodable {
    func write(to writer: inout ByteWriter) {
        resource.write(to: &writer)
        lines.write(to: &writer)
        writer.varint(upload)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let resource: Observation = try reader.take()
        let lines: [CostLine] = try reader.take()
        guard !zip(lines, lines.dropFirst()).contains(where: { $1 < $0 }) else {
            throw CodecError("costs are out of order")
        }
        self.init(resource: resource, lines: lines, upload: try reader.varint())
    }
}

extension CostLine: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.zigzag(Int64(month))
        writer.string(service)
        writer.string(currency)
        writer.zigzag(billedNanos)
        writer.zigzag(effectiveNanos)
        writer.varint(upload)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(
            month: Int32(truncatingIfNeeded: try reader.zigzag()), service: try reader.string(),
            currency: try reader.string(), billedNanos: try reader.zigzag(), effectiveNanos: try reader.zigzag(),
            upload: try reader.varint())
    }
}
