import Checkpoint
import Model

/// A question about one group's audit history, as one node asks another: answered from that node's checkpoint alone.
enum HistoryQuery: Hashable, Sendable {
    static let path = "/history"

    /// The tags that a resource had at a time; `isStale`: as far as they are known there, else with everything that was
    /// acknowledged.
    case tags(ResourceID, at: Timestamp, group: Int, isStale: Bool)
    /// Whether the hashes of some entries are right.
    case verification(group: Int, from: UInt64, limit: Int)

    var group: Int {
        switch self {
        case .tags(_, _, let group, _), .verification(let group, _, _): group
        }
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 32)
        writer.varint(group)
        switch self {
        case .tags(let id, let time, _, let isStale):
            writer.byte(0)
            writer.uuid(id.uuid)
            writer.zigzag(time.milliseconds)
            writer.byte(isStale ? 1 : 0)
        case .verification(_, let first, let limit):
            writer.byte(1)
            writer.varint(first)
            writer.varint(limit)
        }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            guard let group = UInt16(exactly: try reader.varint()) else { throw CodecError("there is no such group") }
            switch try reader.byte() {
            case 0:
                let id = ResourceID(try reader.uuid())
                let time = Timestamp(milliseconds: try reader.zigzag())
                return .tags(id, at: time, group: Int(group), isStale: try reader.byte() == 1)
            case 1:
                let first = try reader.varint()
                guard let limit = Int(exactly: try reader.varint()), limit <= Node.verifiedEntriesMax else {
                    throw CodecError("too many entries at once")
                }
                return .verification(group: Int(group), from: first, limit: limit)
            case let kind: throw CodecError("unknown question \(kind) about a history")
            }
        }
    }
}

/// What is answered to it.
enum HistoryAnswer: Hashable, Sendable {
    /// Nil: no such resource was ever known.
    case tags(PastTags?)
    case verification(AuditVerification)

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        switch self {
        case .tags(nil): writer.byte(0)
        case .tags(let past?):
            writer.byte(1)
            writer.byte((past.existed ? 1 : 0) | (past.knownFrom == nil ? 0 : 2))
            if let time = past.knownFrom { writer.zigzag(time.milliseconds) }
            writer.varint(past.tags.count)
            for tag in past.tags { writer.pastTag(tag) }
        case .verification(let found):
            writer.byte(2)
            writer.varint(found.shard)
            writer.varint(found.first)
            writer.varint(found.last)
            writer.blob(found.head)
            writer.byte(found.fault == nil ? 0 : 1)
            if let fault = found.fault {
                writer.varint(fault.sequence)
                writer.string(fault.problem.rawValue)
            }
            // Entries count from 1.
            writer.varint(found.next ?? 0)
            writer.byte(found.removals == nil ? 0 : 1)
            if let removals = found.removals {
                writer.varint(removals.entries)
                writer.varint(removals.base)
                writer.zigzag(removals.horizon.milliseconds)
                writer.varint(removals.months)
            }
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            switch try reader.byte() {
            case 0: return .tags(nil)
            case 1:
                let flags = try reader.byte()
                let knownFrom = flags & 2 != 0 ? Timestamp(milliseconds: try reader.zigzag()) : nil
                var tags: [PastTags.PastTag] = []
                for _ in 0..<(try reader.count()) { tags.append(try reader.pastTag()) }
                return .tags(PastTags(existed: flags & 1 != 0, tags: tags, knownFrom: knownFrom))
            case 2: return .verification(try reader.verification())
            case let kind: throw CodecError("unknown answer \(kind) about a history")
            }
        }
    }
}

extension ByteWriter {
    fileprivate mutating func pastTag(_ tag: PastTags.PastTag) {
        string(tag.key)
        string(tag.value)
        byte((tag.ruleID == nil ? 0 : 1) | (tag.set == nil ? 0 : 2) | (tag.source == nil ? 0 : 4))
        if let source = tag.source { byte(source.code) }
        if let rule = tag.ruleID { uuid(rule) }
        if let change = tag.set {
            string(change.actor)
            zigzag(change.at.milliseconds)
        }
    }
}

extension ByteReader {
    fileprivate mutating func pastTag() throws(CodecError) -> PastTags.PastTag {
        let key = try string()
        let value = try string()
        let flags = try byte()
        var source: TagSource?
        if flags & 4 != 0 {
            source = TagSource(code: try byte())
            guard source != nil else { throw CodecError("unknown tag source") }
        }
        let rule = flags & 1 != 0 ? try uuid() : nil
        var change: PastTags.PastTag.Change?
        if flags & 2 != 0 {
            let actor = try string()
            change = .init(actor: actor, at: Timestamp(milliseconds: try zigzag()))
        }
        return PastTags.PastTag(key: key, value: value, source: source, ruleID: rule, set: change)
    }

    fileprivate mutating func verification() throws(CodecError) -> AuditVerification {
        guard let shard = UInt16(exactly: try varint()) else { throw CodecError("there is no such group") }
        let first = try varint()
        let last = try varint()
        let head = try blob()
        var fault: AuditFault?
        if try byte() == 1 {
            let sequence = try varint()
            guard let problem = AuditFault.Problem(rawValue: try string()) else { throw CodecError("unknown fault") }
            fault = AuditFault(sequence: sequence, problem: problem)
        }
        let next = try varint()
        var removals: AuditVerification.Removals?
        if try byte() == 1 {
            removals = .init(
                entries: try varint(), base: try varint(), horizon: Timestamp(milliseconds: try zigzag()),
                months: Int(clamping: try varint()))
        }
        return AuditVerification(
            shard: Int(shard), first: first, last: last, head: head, fault: fault, next: next == 0 ? nil : next,
            removals: removals)
    }
}
