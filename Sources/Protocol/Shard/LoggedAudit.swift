package import Model

/// An audit entry as an entry of the log holds it: values that the entry's own rows tell are not told again.
package struct LoggedAudit: Hashable, Sendable {
    /// Without the values that come from rows.
    fileprivate let entry: AuditEntry
    /// The old value is the tag's as the row was before this entry of the log.
    fileprivate let oldIsFromRow: Bool
    /// The new value is the tag's as the row is after it.
    fileprivate let newIsFromRow: Bool

    /// - Parameters:
    ///   - before: the row of the entry's resource as it was; nil where there was none.
    ///   - after: the row as it is now; nil where there is none.
    package init(_ entry: AuditEntry, before: [UInt8]?, after: [UInt8]?) {
        oldIsFromRow = Self.tells(before, of: entry.tagKey, entry.oldValue)
        newIsFromRow = Self.tells(after, of: entry.tagKey, entry.newValue)
        self.entry = entry.with(
            oldValue: oldIsFromRow ? nil : entry.oldValue, newValue: newIsFromRow ? nil : entry.newValue)
    }

    fileprivate init(_ entry: AuditEntry, oldIsFromRow: Bool, newIsFromRow: Bool) {
        self.entry = entry
        self.oldIsFromRow = oldIsFromRow
        self.newIsFromRow = newIsFromRow
    }

    var sequence: UInt64 { entry.sequence }
    var resourceID: ResourceID? { entry.resourceID }

    private static func tells(_ row: [UInt8]?, of key: String, _ value: String?) -> Bool {
        guard let row, let value else { return false }
        return RecordCodec.has(value, for: key, in: row)
    }

    /// The whole entry. Throws where the rows are not those that it was made with.
    func whole(before: [UInt8]?, after: [UInt8]?) throws(CodecError) -> AuditEntry {
        guard oldIsFromRow || newIsFromRow else { return entry }
        return entry.with(
            oldValue: oldIsFromRow ? try value(in: before) : entry.oldValue,
            newValue: newIsFromRow ? try value(in: after) : entry.newValue)
    }

    private func value(in row: [UInt8]?) throws(CodecError) -> String {
        guard let row, let value = try RecordCodec.value(of: entry.tagKey, in: row) else {
            throw CodecError("audit entry \(entry.sequence) tells of a tag that its row does not have")
        }
        return value
    }
}

extension AuditEntry {
    fileprivate func with(oldValue: String?, newValue: String?) -> AuditEntry {
        AuditEntry(
            id: id, sequence: sequence, resourceID: resourceID, action: action, tagKey: tagKey, oldValue: oldValue,
            newValue: newValue, actor: actor, source: source, ruleID: ruleID, requestID: requestID, at: at)
    }
}

// MARK: - Stored form

/// What the entries of one command share is written once: they follow each other in sequence, and mostly have the actor, the
/// request, the time and the resource of the one before. Their ids follow from resource and sequence.
struct AuditListCodec {
    /// When the entry of the log was decided.
    let at: Timestamp

    private struct Flags: OptionSet {
        let rawValue: UInt64
        static let hasResource = Self(rawValue: 1 << 0)
        static let sameResource = Self(rawValue: 1 << 1)
        static let hasSource = Self(rawValue: 1 << 2)
        static let hasRule = Self(rawValue: 1 << 3)
        static let sameRule = Self(rawValue: 1 << 4)
        static let sameOrigin = Self(rawValue: 1 << 5)
        static let hasOldValue = Self(rawValue: 1 << 6)
        static let oldIsFromRow = Self(rawValue: 1 << 7)
        static let hasNewValue = Self(rawValue: 1 << 8)
        static let newIsFromRow = Self(rawValue: 1 << 9)
        static let hasID = Self(rawValue: 1 << 10)
        static let hasTime = Self(rawValue: 1 << 11)
        static let all = Self(rawValue: 1 << 12 - 1)
    }

    func write(_ list: [LoggedAudit], to writer: inout ByteWriter) {
        writer.varint(list.count)
        guard let first = list.first else { return }
        writer.varint(first.sequence)
        var last: AuditEntry?
        for (position, logged) in list.enumerated() {
            precondition(
                logged.sequence == first.sequence + UInt64(position), "audit entry \(logged.sequence) is out of order")
            write(logged, after: last, to: &writer)
            last = logged.entry
        }
    }

    func read(from reader: inout ByteReader) throws(CodecError) -> [LoggedAudit] {
        let count = try reader.count()
        guard count > 0 else { return [] }
        let first = try reader.varint()
        guard first <= UInt64.max - UInt64(count) else { throw CodecError("a sequence is too large") }
        var list: [LoggedAudit] = []
        list.reserveCapacity(count)
        for position in 0..<count {
            list.append(try read(first + UInt64(position), after: list.last?.entry, from: &reader))
        }
        return list
    }

    private static func id(of resource: ResourceID?, _ sequence: UInt64) -> UUID128? {
        resource.map { PartID.auditEntry(of: $0, sequence: sequence) }
    }

    private func flags(_ logged: LoggedAudit, after last: AuditEntry?) -> Flags {
        let entry = logged.entry
        var flags: Flags = []
        if let resource = entry.resourceID {
            flags.insert(.hasResource)
            if resource == last?.resourceID { flags.insert(.sameResource) }
        }
        if entry.source != nil { flags.insert(.hasSource) }
        if let rule = entry.ruleID {
            flags.insert(.hasRule)
            if rule == last?.ruleID { flags.insert(.sameRule) }
        }
        if let last, entry.actor == last.actor, entry.requestID == last.requestID { flags.insert(.sameOrigin) }
        if entry.oldValue != nil { flags.insert(.hasOldValue) }
        if logged.oldIsFromRow { flags.insert(.oldIsFromRow) }
        if entry.newValue != nil { flags.insert(.hasNewValue) }
        if logged.newIsFromRow { flags.insert(.newIsFromRow) }
        if entry.id != Self.id(of: entry.resourceID, entry.sequence) { flags.insert(.hasID) }
        if entry.at != at { flags.insert(.hasTime) }
        return flags
    }

    private func write(_ logged: LoggedAudit, after last: AuditEntry?, to writer: inout ByteWriter) {
        let (entry, flags) = (logged.entry, flags(logged, after: last))
        writer.varint(flags.rawValue)
        writer.byte(entry.action.code)
        if let resource = entry.resourceID, !flags.contains(.sameResource) { writer.uuid(resource.uuid) }
        if let source = entry.source { writer.byte(source.code) }
        if let rule = entry.ruleID, !flags.contains(.sameRule) { writer.uuid(rule) }
        if flags.contains(.hasID) { writer.uuid(entry.id) }
        if flags.contains(.hasTime) { writer.zigzag(entry.at.milliseconds) }
        writer.string(entry.tagKey)
        if let value = entry.oldValue { writer.string(value) }
        if let value = entry.newValue { writer.string(value) }
        guard !flags.contains(.sameOrigin) else { return }
        writer.string(entry.actor)
        writer.string(entry.requestID)
    }

    private func read(
        _ sequence: UInt64, after last: AuditEntry?, from reader: inout ByteReader
    ) throws(CodecError) -> LoggedAudit {
        let flags = Flags(rawValue: try reader.varint())
        let actionCode = try reader.byte()
        guard flags.isSubset(of: .all), let action = AuditEntry.Action(code: actionCode) else {
            throw CodecError("unknown kind of audit entry: \(actionCode)")
        }
        var resource: ResourceID?
        if flags.contains(.hasResource) {
            resource = flags.contains(.sameResource) ? last?.resourceID : ResourceID(try reader.uuid())
        }
        var source: TagSource?
        if flags.contains(.hasSource) {
            let code = try reader.byte()
            guard let known = TagSource(code: code) else { throw CodecError("unknown tag source \(code)") }
            source = known
        }
        var rule: UUID128?
        if flags.contains(.hasRule) { rule = flags.contains(.sameRule) ? last?.ruleID : try reader.uuid() }
        let id = flags.contains(.hasID) ? try reader.uuid() : Self.id(of: resource, sequence)
        guard let id else { throw CodecError("an audit entry has no id") }
        let time = flags.contains(.hasTime) ? Timestamp(milliseconds: try reader.zigzag()) : at
        let key = try reader.string()
        let oldValue = flags.contains(.hasOldValue) ? try reader.string() : nil
        let newValue = flags.contains(.hasNewValue) ? try reader.string() : nil
        var origin = last.map { (actor: $0.actor, request: $0.requestID) }
        if !flags.contains(.sameOrigin) { origin = (try reader.string(), try reader.string()) }
        guard let origin else { throw CodecError("an audit entry has no actor") }
        let entry = AuditEntry(
            id: id, sequence: sequence, resourceID: resource, action: action, tagKey: key, oldValue: oldValue,
            newValue: newValue, actor: origin.actor, source: source, ruleID: rule, requestID: origin.request, at: time)
        return LoggedAudit(
            entry, oldIsFromRow: flags.contains(.oldIsFromRow), newIsFromRow: flags.contains(.newIsFromRow))
    }
}
