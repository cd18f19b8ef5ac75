import Checkpoint
import Model

/// A page of the audit trail of one resource, as one node asks another for it.
struct AuditQuery: Sendable {
    static let path = "/audit"

    let resource: ResourceID
    let filter: AuditFilter
    let before: AuditCursor?
    let limit: Int

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.uuid(resource.uuid)
        writer.optionalString(filter.tagKey)
        writer.optionalString(filter.actor)
        writer.optionalString(filter.action?.rawValue)
        writer.optional(filter.ruleID) { $0.uuid($1) }
        writer.optional(filter.from) { $0.zigzag($1.milliseconds) }
        writer.optional(filter.to) { $0.zigzag($1.milliseconds) }
        writer.optional(before) { $0.blob($1.bytes) }
        writer.varint(limit)
        return writer.bytes
    }

    init(resource: ResourceID, filter: AuditFilter, before: AuditCursor?, limit: Int) {
        self.resource = resource
        self.filter = filter
        self.before = before
        self.limit = limit
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            var filter = AuditFilter()
            let resource = ResourceID(try reader.uuid())
            filter.resource = resource
            filter.tagKey = try reader.optionalString()
            filter.actor = try reader.optionalString()
            if let name = try reader.optionalString() {
                guard let action = AuditEntry.Action(rawValue: name) else { throw CodecError("unknown action \(name)") }
                filter.action = action
            }
            if try reader.byte() == 1 { filter.ruleID = try reader.uuid() }
            if try reader.byte() == 1 { filter.from = Timestamp(milliseconds: try reader.zigzag()) }
            if try reader.byte() == 1 { filter.to = Timestamp(milliseconds: try reader.zigzag()) }
            var before: AuditCursor?
            if try reader.byte() == 1 {
                guard let cursor = AuditCursor(bytes: try reader.blob()) else { throw CodecError("no place in a trail") }
                before = cursor
            }
            guard let limit = Int(exactly: try reader.varint()), (1...1_000).contains(limit) else {
                throw CodecError("a page of too many entries")
            }
            return AuditQuery(resource: resource, filter: filter, before: before, limit: limit)
        }
    }
}

extension AuditPage {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 4096)
        writer.varint(entries.count)
        for entry in entries { writer.auditEntry(entry) }
        writer.optional(next) { $0.blob($1.bytes) }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            var entries: [AuditEntry] = []
            for _ in 0..<(try reader.count()) { entries.append(try reader.auditEntry()) }
            let next = try reader.byte() == 1 ? AuditCursor(bytes: try reader.blob()) : nil
            return AuditPage(entries: entries, next: next)
        }
    }
}

extension ByteWriter {
    fileprivate mutating func optional<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        byte(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }
}
