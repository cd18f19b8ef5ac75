import Checkpoint
import HTTPTransport
import JSON
import Model
import NodeRuntime

/// What the audit history proves, and what it tells of the past.
enum HistoryEndpoints {
    static let verifyQuery = QueryParameter.paging

    // MARK: GET /audit/verify

    static let verify: Route.Handler = { call in
        let place = try call.cursorPosition().map(Node.VerificationPlace.init(position:)) ?? .start
        // It takes a thread for as long as a walk over rows would.
        try await call.walk.begin()
        let (found, next) = try await call.api.node.verifyAudit(from: place, limit: try call.limit())
        let cursor = next.map { call.cursor(at: $0.bytes) }
        return call.json { json in json.page(found, next: cursor) { $0.verification($1) } }
    }

    // MARK: GET /resources/{id}/virtual-tags?at=

    private static let unknownResource = Problem.notFound("There is no resource with this id, and there never was.")

    static func tags(of id: ResourceID, _ call: Call) async throws -> HTTPResponse {
        guard let time = call.query["at"].flatMap({ Timestamp($0) }) else {
            throw Problem.badParameter("at", "must be a date or a time as in RFC 3339")
        }
        // Nobody can tell any more whether a resource that is gone was within the caller's scope.
        if call.principal.scope != nil, try await call.record(of: id) == nil { throw Self.unknownResource }
        guard let past = try await call.api.node.tags(of: id, at: time, call.consistency) else {
            throw Self.unknownResource
        }
        if let earliest = past.knownFrom { throw Problem.historyRemoved(until: earliest.description) }
        return call.json { json in
            json.beginObject()
            json.key("at")
            json.time(time)
            json.member("existed", past.existed)
            json.key("items")
            json.beginArray()
            for tag in past.tags { json.pastTag(tag, of: id) }
            json.endArray()
            json.key("next_cursor")
            json.null()
            json.endObject()
        }
    }
}

extension Node.VerificationPlace {
    fileprivate var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 16)
        writer.varint(group)
        writer.varint(sequence)
        return writer.bytes
    }

    fileprivate init(position bytes: [UInt8]) throws(Problem) {
        let place = try? bytes.reading { reader throws(CodecError) in
            let group = Int(clamping: try reader.varint())
            let place = Node.VerificationPlace(group: group, sequence: try reader.varint())
            return reader.atEnd ? place : nil
        }
        guard let place = place.flatMap(\.self) else { throw .badCursor }
        self = place
    }
}

extension JSONWriter {
    fileprivate mutating func verification(_ found: AuditVerification) {
        beginObject()
        member("shard", found.shard)
        member("first", found.first)
        member("last", found.last)
        optional("head", found.head.isEmpty ? nil : found.head.hexadecimal)
        member("intact", found.fault == nil)
        key("fault")
        if let fault = found.fault {
            beginObject()
            member("sequence", fault.sequence)
            member("problem", fault.problem.rawValue)
            endObject()
        } else {
            null()
        }
        key("removed")
        if let removed = found.removals {
            beginObject()
            member("entries", removed.entries)
            member("up_to", removed.base)
            key("before")
            time(removed.horizon)
            member("months", removed.months)
            endObject()
        } else {
            null()
        }
        endObject()
    }

    fileprivate mutating func pastTag(_ tag: PastTags.PastTag, of id: ResourceID) {
        beginObject()
        key("id")
        uuid(PartID.virtualTag(of: id, key: tag.key))
        key("resource_id")
        uuid(id.uuid)
        member("tag_key", tag.key)
        member("tag_value", tag.value)
        optional("source", tag.source?.rawValue)
        optional("rule_id", tag.ruleID)
        optional("created_by", tag.set?.actor)
        key("updated_at")
        if let change = tag.set { time(change.at) } else { null() }
        endObject()
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
