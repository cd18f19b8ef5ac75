import Checkpoint
import LogStorage
import Model
import WriteAheadLog

/// A part of the audit history of some groups, as one node asks another for it.
struct AuditQuery: Sendable {
    static let path = "/audit"

    enum Wanted: Hashable, Sendable {
        /// A page of so many entries.
        case page(limit: Int)
        /// Counts, for a report of so many lines.
        case counts(lines: Int)
    }

    /// Numbers of groups, ascending; 0 is the system shard.
    let groups: [Int]
    let filter: AuditFilter
    let before: AuditCursor?
    let wanted: Wanted
    /// What is applied will do; else everything that was acknowledged before the query must be in it.
    let isStale: Bool

    static let entriesMax = 1_000
    static let linesMax = 100_000

    init(groups: [Int], filter: AuditFilter, before: AuditCursor?, wanted: Wanted, isStale: Bool) {
        self.groups = groups
        self.filter = filter
        self.before = before
        self.wanted = wanted
        self.isStale = isStale
    }
}

/// What a node has of it.
struct AuditAnswer: Sendable {
    enum Part: Sendable {
        case page(AuditPage)
        /// `next`: where the rest of these groups' histories starts; nil where it was counted whole.
        case counts(AuditTally, next: AuditCursor?)
    }

    /// The groups that it could answer for, ascending; the others have no replica there, or one that is behind.
    let groups: [Int]
    /// Nil where there are none.
    let part: Part?
}

// MARK: - Form

extension AuditQuery {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.groups(groups)
        writer.optional(filter.resource) { $0.uuid($1.uuid) }
        writer.optional(filter.resources) { writer, ids in
            writer.varint(ids.count)
            for id in ids.sorted() { writer.uuid(id.uuid) }
        }
        writer.optionalString(filter.tagKey)
        writer.optionalString(filter.actor)
        writer.optionalString(filter.action?.rawValue)
        writer.optional(filter.ruleID) { $0.uuid($1) }
        writer.optional(filter.from) { $0.zigzag($1.milliseconds) }
        writer.optional(filter.to) { $0.zigzag($1.milliseconds) }
        writer.optional(filter.newerThan) { writer, floors in
            writer.varint(floors.count)
            for (group, sequence) in floors.sorted(by: { $0.key < $1.key }) {
                writer.varint(group)
                writer.varint(sequence)
            }
        }
        writer.optional(before) { $0.blob($1.bytes) }
        switch wanted {
        case .page(let limit):
            writer.byte(0)
            writer.varint(limit)
        case .counts(let lines):
            writer.byte(1)
            writer.varint(lines)
        }
        writer.byte(isStale ? 1 : 0)
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let groups = try reader.groups()
            let filter = try reader.auditFilter()
            let before = try reader.optionalCursor()
            let wanted: Wanted
            switch try reader.byte() {
            case 0: wanted = .page(limit: try reader.number(in: 1...Self.entriesMax))
            case 1: wanted = .counts(lines: try reader.number(in: 1...Self.linesMax))
            case let kind: throw CodecError("unknown part \(kind) of an audit history")
            }
            return AuditQuery(
                groups: groups, filter: filter, before: before, wanted: wanted, isStale: try reader.byte() == 1)
        }
    }
}

extension AuditAnswer {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 4096)
        writer.groups(groups)
        switch part {
        case nil: writer.byte(0)
        case .page(let page):
            writer.byte(1)
            writer.varint(page.entries.count)
            for (entry, place) in zip(page.entries, page.places) {
                writer.auditEntry(entry)
                writer.blob(place.bytes)
            }
            writer.optional(page.next) { $0.blob($1.bytes) }
        case .counts(let tally, let next):
            writer.byte(2)
            writer.varint(tally.counts.count)
            for (line, count) in tally.counts {
                writer.zigzag(line.day)
                writer.string(line.actor)
                writer.string(line.action)
                writer.varint(UInt64(clamping: count))
            }
            writer.zigzag(tally.firstDay)
            writer.optional(next) { $0.blob($1.bytes) }
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let groups = try reader.groups()
            switch try reader.byte() {
            case 0: return AuditAnswer(groups: groups, part: nil)
            case 1: return AuditAnswer(groups: groups, part: .page(try reader.auditPage()))
            case 2:
                var tally = AuditTally()
                for _ in 0..<(try reader.count()) {
                    let line = AuditTally.Line(
                        day: try reader.zigzag(), actor: try reader.string(), action: try reader.string())
                    tally.add(Int(clamping: try reader.varint()), to: line)
                }
                tally.begin(on: try reader.zigzag())
                return AuditAnswer(groups: groups, part: .counts(tally, next: try reader.optionalCursor()))
            case let kind: throw CodecError("unknown part \(kind) of an audit history")
            }
        }
    }
}

extension ByteWriter {
    fileprivate mutating func optional<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        byte(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    /// Ascending numbers of groups.
    mutating func groups(_ groups: [Int]) {
        varint(groups.count)
        for group in groups { varint(group) }
    }
}

extension ByteReader {
    mutating func groups() throws(CodecError) -> [Int] {
        var groups: [Int] = []
        for _ in 0..<(try count()) {
            let group = try number(in: 0...NodeOptions.shardsMax)
            guard groups.last.map({ $0 < group }) ?? true else { throw CodecError("groups out of order") }
            groups.append(group)
        }
        return groups
    }

    fileprivate mutating func auditFilter() throws(CodecError) -> AuditFilter {
        var filter = AuditFilter()
        if try byte() == 1 { filter.resource = ResourceID(try uuid()) }
        if try byte() == 1 {
            var ids: Set<ResourceID> = []
            for _ in 0..<(try count()) { ids.insert(ResourceID(try uuid())) }
            filter.resources = ids
        }
        filter.tagKey = try optionalString()
        filter.actor = try optionalString()
        if let name = try optionalString() {
            guard let action = AuditEntry.Action(rawValue: name) else { throw CodecError("unknown action \(name)") }
            filter.action = action
        }
        if try byte() == 1 { filter.ruleID = try uuid() }
        if try byte() == 1 { filter.from = Timestamp(milliseconds: try zigzag()) }
        if try byte() == 1 { filter.to = Timestamp(milliseconds: try zigzag()) }
        if try byte() == 1 {
            var floors: [Int: UInt64] = [:]
            for _ in 0..<(try count()) { floors[try number(in: 0...NodeOptions.shardsMax)] = try varint() }
            filter.newerThan = floors
        }
        return filter
    }

    fileprivate mutating func auditPage() throws(CodecError) -> AuditPage {
        var entries: [AuditEntry] = []
        var places: [AuditCursor] = []
        for _ in 0..<(try count()) {
            entries.append(try auditEntry())
            places.append(try cursor())
        }
        return AuditPage(entries: entries, places: places, next: try optionalCursor())
    }

    private mutating func cursor() throws(CodecError) -> AuditCursor {
        guard let cursor = AuditCursor(bytes: try blob()) else { throw CodecError("no place in a trail") }
        return cursor
    }

    fileprivate mutating func optionalCursor() throws(CodecError) -> AuditCursor? {
        try byte() == 1 ? try cursor() : nil
    }

    fileprivate mutating func number(in range: ClosedRange<Int>) throws(CodecError) -> Int {
        guard let number = Int(exactly: try varint()), range.contains(number) else {
            throw CodecError("a number out of its range")
        }
        return number
    }
}
