import Model
import NIOCore

/// Renders the tags of a resource straight from its stored row (`RecordCodec`'s layout), without decoding it into values.
///
/// Says the same, byte for byte, as `JSONWriter.tags(of:)` does of the decoded record.
enum StoredTagsRenderer {
    /// What one claim takes beside its strings, in bytes; rounded up.
    private static let claimBytes = 512

    /// The index of the entry that last changed the row: what its ETag is made of.
    @inline(__always)
    static func changedIndex(of row: UnsafeRawBufferPointer) throws(CodecError) -> UInt64 {
        var reader = ByteReader(row)
        try checkFormat(&reader)
        return try reader.varint()
    }

    static func write(tagsOf id: ResourceID, row: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) throws(CodecError) {
        var reader = ByteReader(row)
        try checkFormat(&reader)
        _ = try reader.varint()
        _ = try reader.varint()
        let base = try reader.zigzag()
        buffer.writeStaticString(#"{"items":["#)
        for position in 0..<(try reader.count()) {
            try write(tag: position, of: id, base: base, &reader, to: &buffer)
        }
        buffer.writeStaticString(#"],"next_cursor":null}"#)
    }

    @inline(__always)
    private static func write(
        tag position: Int, of id: ResourceID, base: Int64, _ reader: inout ByteReader, to buffer: inout ByteBuffer
    ) throws(CodecError) {
        let key = try reader.slice()
        let losers = try reader.count()
        let winner = try StoredClaim(&reader, base: base)
        let room = claimBytes + 6 * (key.count + winner.stringBytes)
        reserve(room, in: &buffer) { json in
            json.literal(position == 0 ? #"{"id":""# : #",{"id":""#)
            json.uuid(PartID.virtualTag(of: id, keyBytes: key))
            json.literal(#"","resource_id":""#)
            json.uuid(id.uuid)
            json.literal(#"","tag_key":""#)
            json.escaped(key)
            json.literal(#"","#)
            winner.write(to: &json)
            json.literal(losers == 0 ? #","provenance":[]}"# : #","provenance":["#)
        }
        for loser in 0..<losers {
            let claim = try StoredClaim(&reader, base: base)
            reserve(claimBytes + 6 * claim.stringBytes, in: &buffer) { json in
                json.literal(loser == 0 ? "{" : ",{")
                claim.write(to: &json)
                json.literal(loser == losers - 1 ? "}]}" : "}")
            }
        }
    }

    @inline(__always)
    private static func reserve(_ bytes: Int, in buffer: inout ByteBuffer, _ body: (inout RawJSON) -> Void) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { raw in
            guard let start = raw.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
            var json = RawJSON(start)
            body(&json)
            let written = json.at - start
            assert(written <= bytes, "a claim took \(written) bytes where \(bytes) were reserved")
            return written
        }
    }

    @inline(__always)
    private static func checkFormat(_ reader: inout ByteReader) throws(CodecError) {
        guard [RecordCodec.format, RecordCodec.formatWithRelations].contains(try reader.byte()) else {
            throw CodecError("a row has a format this version does not know")
        }
    }
}

/// One claim inside a stored row; its strings point into the row.
private struct StoredClaim {
    let source: TagSource
    let value: UnsafeRawBufferPointer
    let createdBy: UnsafeRawBufferPointer
    let createdAt: Int64
    let updatedAt: Int64
    let confidence: Double
    let rule: (id: UUID128, version: UInt64)?

    @inline(__always)
    init(_ reader: inout ByteReader, base: Int64) throws(CodecError) {
        let flags = try reader.byte()
        guard flags < 32, let source = TagSource(code: flags & 3) else {
            throw CodecError("unknown flags of a tag: \(flags)")
        }
        self.source = source
        value = try reader.slice()
        createdBy = try reader.slice()
        createdAt = base &+ (try reader.zigzag())
        updatedAt = flags & 16 != 0 ? createdAt &+ (try reader.zigzag()) : createdAt
        confidence = flags & 8 != 0 ? try reader.double() : 1
        if flags & 4 != 0 {
            rule = (try reader.uuid(), try reader.varint())
            _ = try reader.zigzag()
        } else {
            rule = nil
        }
    }

    var stringBytes: Int { value.count + createdBy.count }

    @inline(__always)
    func write(to json: inout RawJSON) {
        json.literal(#""tag_value":""#)
        json.escaped(value)
        switch source {
        case .manual: json.literal(#"","source":"manual","confidence":"#)
        case .rule: json.literal(#"","source":"rule","confidence":"#)
        case .ml: json.literal(#"","source":"ml","confidence":"#)
        case .inherited: json.literal(#"","source":"inherited","confidence":"#)
        }
        json.double(confidence)
        if let rule {
            json.literal(#","rule_id":""#)
            json.uuid(rule.id)
            json.literal(#"","rule_version":"#)
            json.integer(rule.version)
            json.literal(#","created_by":""#)
        } else {
            json.literal(#","rule_id":null,"rule_version":null,"created_by":""#)
        }
        json.escaped(createdBy)
        json.literal(#"","created_at":""#)
        json.time(milliseconds: createdAt)
        json.literal(#"","updated_at":""#)
        json.time(milliseconds: updatedAt)
        json.literal(#"""#)
    }
}
