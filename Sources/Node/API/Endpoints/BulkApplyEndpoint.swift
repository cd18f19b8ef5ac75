import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// `POST /virtual-tags/bulk-apply`: tags for many resources, named one by one or by a condition.
enum BulkApplyEndpoint {
    /// Resources that are looked at in one go when a condition names them.
    static let pageSize = 500

    static let apply: Route.Handler = { call in
        let (value, body) = try await call.document()
        let request = try BulkRequest(value)
        let stamp = try await call.stamp(body: body)
        let catalog = try await call.catalogHere()
        var warnings = ValidationErrors()
        let result: BulkResult
        let parts = PartedWrite(call.api.node)
        switch request {
        case .items(let items):
            result = try await parts.carryOut { try await applyItems(items, call, parts, stamp) }
            for (position, item) in items.enumerated() {
                let place = JSONPointer.root.appending("items").appending(position).appending("tags")
                catalog.warn(of: item.tags, at: place, into: &warnings)
            }
        case .matching(let condition, let tags):
            result = try await parts.carryOut { try await applyWhere(condition, tags, call, parts, stamp) }
            catalog.warn(of: tags, at: .root.appending("tags"), into: &warnings)
        }
        return call.json { result.write(warnings, to: &$0) }
    }

    // MARK: Named one by one

    private static func applyItems(
        _ items: [BulkRequest.Item], _ call: Call, _ parts: PartedWrite, _ stamp: WriteStamp
    ) async throws -> BulkResult {
        var result = BulkResult()
        var taken: Set<ResourceID> = []
        var byShard: [Int: [(index: Int, application: TagApplication)]] = [:]
        let ids = try await resolve(items, call)
        for (index, item) in items.enumerated() {
            guard let id = ids[index] else {
                result.fail(index, "there is no resource \"\(item.resource.shortened)\"")
                continue
            }
            guard taken.insert(id).inserted else {
                result.fail(index, "the resource is named twice in this request; only its first item counts")
                continue
            }
            byShard[parts.shard(of: id), default: []]
                .append((index, TagApplication(resource: id, tags: item.tags)))
        }
        let outcomes = try await withThrowingTaskGroup(of: [(Int, Outcome)].self) { group in
            for (shard, items) in byShard {
                group.addTask {
                    // Which items there are depends on the inventory: an answer fits the same ones alone.
                    let contents = items.reduce(UInt64(items.count)) { digest, item in
                        StableHash.mix(digest ^ UInt64(item.index) ^ item.application.resource.uuid.low)
                    }
                    let reply = try await parts.submit(
                        .applyTags(items.map(\.application)), shard: shard, by: stamp.context(contents: contents))
                    return Array(zip(items.map(\.index), reply.outcomes))
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for (index, outcome) in outcomes { result.count(outcome, index: index) }
        result.sort()
        return result
    }

    /// Side by side: whatever is asked of one shard in one moment shares its confirmation.
    private static func resolve(_ items: [BulkRequest.Item], _ call: Call) async throws -> [Int: ResourceID] {
        try await withThrowingTaskGroup(of: (Int, ResourceID?).self) { group in
            for (index, item) in items.enumerated() {
                group.addTask { (index, try await ResourceReference(item.resource).resolve(call)) }
            }
            return try await group.reduce(into: [:]) { ids, found in ids[found.0] = found.1 }
        }
    }

    // MARK: Named by a condition

    private static func applyWhere(
        _ condition: Condition, _ tags: [Tag], _ call: Call, _ parts: PartedWrite, _ stamp: WriteStamp
    ) async throws -> BulkResult {
        var result = BulkResult()
        var after: ResourceID?
        var page = 0
        let matcher = ConditionMatcher(condition)
        // Before anything is written.
        try await call.walk.begin()
        repeat {
            let records = try await call.scan(after: after, limit: pageSize) { _ in true }
            let ids = await matcher.matches(among: records).map(\.resource.id)
            page += 1
            for (shard, ids) in Dictionary(grouping: ids, by: parts.shard(of:)).sorted(by: { $0.key < $1.key }) {
                let contents = ids.reduce(UInt64(ids.count)) { StableHash.mix($0 ^ $1.uuid.low) }
                let reply = try await parts.submit(
                    .applyTags(ids.map { TagApplication(resource: $0, tags: tags) }), shard: shard,
                    by: stamp.context(part: UInt64(page), contents: contents))
                for outcome in reply.outcomes { result.count(outcome, index: result.seen) }
            }
            after = records.count == pageSize ? records.last?.resource.id : nil
        } while after != nil
        return result
    }
}

/// The body of a bulk request.
enum BulkRequest {
    struct Item {
        let resource: String
        let tags: [Tag]
    }

    case items([Item])
    case matching(Condition, [Tag])

    /// Throws a 422 for what has not the form of a request. What an item asks for in vain is that item's own failure.
    init(_ value: JSONValue) throws(Problem) {
        var errors = ValidationErrors()
        let reader = ObjectReader(value, at: .root, accepting: ["items", "where", "tags"], into: &errors)
        guard let reader else { throw Problem(errors) }
        var request: BulkRequest?
        switch (reader.value("items"), reader.value("where")) {
        case (let items?, nil):
            if reader.value("tags") != nil { errors.add("tags go into the items", at: reader.place(of: "tags")) }
            request = Self.items(of: items, at: reader.place(of: "items"), into: &errors).map { .items($0) }
        case (nil, let condition?):
            let condition = Condition(json: condition, at: reader.place(of: "where"), into: &errors)
            let tags = TagReader.tags(of: reader, into: &errors)
            if let condition, let tags { request = .matching(condition, tags) }
        case (nil, nil), (_?, _?): errors.add("expected either items, or where and tags", at: .root)
        }
        guard errors.isEmpty, let request else { throw Problem(errors) }
        self = request
    }

    private static func items(of value: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) -> [Item]? {
        guard let elements = value.array, (1...VirtualTagEndpoints.itemsMax).contains(elements.count) else {
            errors.add("expected an array of 1 to \(VirtualTagEndpoints.itemsMax) items", at: place)
            return nil
        }
        return elements.enumerated().compactMap { position, element in
            guard
                let reader = ObjectReader(
                    element, at: place.appending(position), accepting: ["resource_id", "tags"], into: &errors),
                let resource = reader.requiredText("resource_id", bytes: 1...ResourceReference.bytesMax, into: &errors),
                let tags = TagReader.tags(of: reader, into: &errors)
            else { return nil }
            return Item(resource: resource, tags: tags)
        }
    }
}

/// What a bulk request is answered with.
struct BulkResult: Sendable {
    private(set) var applied = 0
    private(set) var failed: [(index: Int, error: String)] = []
    private(set) var failedCount = 0

    /// How many items have an outcome.
    var seen: Int { applied + failedCount }

    mutating func fail(_ index: Int, _ error: String) {
        failedCount += 1
        if failed.count < IngestSummary.errorsMax { failed.append((index, error)) }
    }

    mutating func count(_ outcome: Outcome, index: Int) {
        switch outcome {
        case .created, .updated, .unchanged, .deleted: applied += 1
        case .notFound: fail(index, "the resource is gone")
        case .preconditionFailed: fail(index, "the resource was changed meanwhile")
        case .invalid(let detail), .conflict(let detail): fail(index, detail)
        case .notPermitted: fail(index, "not permitted: the change would take the resource out of the token's scope")
        }
    }

    mutating func sort() { failed.sort { $0.index < $1.index } }

    func write(_ warnings: ValidationErrors, to json: inout JSONWriter) {
        json.beginObject()
        json.member("applied", applied)
        json.key("failed")
        json.beginArray()
        for (index, error) in failed {
            json.beginObject()
            json.member("index", index)
            json.member("error", error)
            json.endObject()
        }
        json.endArray()
        json.member("failed_count", failedCount)
        json.key("warnings")
        json.value(warnings.json)
        json.endObject()
    }
}
