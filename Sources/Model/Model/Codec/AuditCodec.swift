/// The stored form of audit entries.
extension ByteWriter {
    package mutating func auditEntry(_ entry: AuditEntry) {
        var flags: UInt8 = 0
        if entry.resourceID != nil { flags |= 1 }
        if entry.source != nil { flags |= 2 }
        if entry.ruleID != nil { flags |= 4 }
        byte(flags)
        byte(entry.action.code)
        uuid(entry.id)
        varint(entry.sequence)
        zigzag(entry.at.milliseconds)
        if let resource = entry.resourceID { uuid(resource.uuid) }
        if let source = entry.source { byte(source.code) }
        if let rule = entry.ruleID { uuid(rule) }
        string(entry.tagKey)
        optionalString(entry.oldValue)
        optionalString(entry.newValue)
        string(entry.actor)
        string(entry.requestID)
    }
}

extension ByteReader {
    package mutating func auditEntry() throws(CodecError) -> AuditEntry {
        let flags = try byte()
        let actionCode = try byte()
        guard flags < 8, let action = AuditEntry.Action(code: actionCode) else {
            throw CodecError("unknown kind of audit entry: \(actionCode)")
        }
        let id = try uuid()
        let sequence = try varint()
        let at = Timestamp(milliseconds: try zigzag())
        let resource = flags & 1 != 0 ? ResourceID(try uuid()) : nil
        var source: TagSource?
        if flags & 2 != 0 {
            let code = try byte()
            guard let known = TagSource(code: code) else { throw CodecError("unknown tag source \(code)") }
            source = known
        }
        let rule = flags & 4 != 0 ? try uuid() : nil
        return AuditEntry(
            id: id, sequence: sequence, resourceID: resource, action: action, tagKey: try string(),
            oldValue: try optionalString(), newValue: try optionalString(), actor: try string(), source: source,
            ruleID: rule, requestID: try string(), at: at)
    }
}
