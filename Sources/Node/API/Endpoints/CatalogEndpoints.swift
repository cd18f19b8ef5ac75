import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard
import TaggingRules

/// Rules, tag definitions, policies and waivers: the same five operations on each family.
struct CatalogEndpoints: Sendable {
    let kind: CatalogItem.Kind
    /// Where the family lives: `/tag-rules`.
    let path: String
    /// Reads a document as its author wrote it, for the item of that id. Throws a 422 with all that is wrong.
    ///
    /// It is checked against the catalogue in force: what only shows among several items is a 409.
    let decode: @Sendable (JSONValue, UUID128, Catalog) throws -> CatalogItem
    let render: @Sendable (inout JSONWriter, CatalogItem) -> Void
    /// What is odd about an item that was just written, where the family's documents do not say it anyway.
    var warnings: (@Sendable (CatalogItem, Catalog) async -> ValidationErrors)?

    static let listQuery = QueryParameter.paging + [QueryParameter("name")]

    var list: Route.Handler {
        { call in
            let limit = try call.limit()
            let after = try call.cursorPosition().map { try CatalogPosition($0) }
            let name = call.query["name"]
            let items = try await call.catalog().items(of: kind).filter { item in
                (name.map { $0 == item.name } ?? true) && (after.map { $0 < CatalogPosition(item) } ?? true)
            }
            let page = items.prefix(limit)
            let next = items.count > limit ? page.last.map { call.cursor(at: CatalogPosition($0).bytes) } : nil
            return call.json { $0.page(page, next: next, render) }
        }
    }

    var get: Route.Handler {
        { call in
            let item = try await item(try call.id(kind.noun), call)
            return call.entity(tag: EntityTag(index: item.version)) { render(&$0, item) }
        }
    }

    var create: Route.Handler {
        { call in
            let (value, body) = try await call.document()
            let new = try decode(value, .random(), try await call.catalog())
            let reply = try await call.api.node.submit(.create(new), by: try await call.stamp(body: body).context())
            if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: kind.noun) { throw problem }
            let catalog = try await call.catalog()
            guard let item = catalog[reply.subject ?? new.id] else {
                throw Problem.conflict("The \(kind.noun) was deleted after it was created.")
            }
            let location = Problem.Header(name: "location", value: "\(path)/\(item.id)")
            let warnings = await warnings?(item, catalog)
            return call.entity(201, tag: EntityTag(index: item.version), headers: [location]) {
                write(item, warnings, to: &$0)
            }
        }
    }

    var replace: Route.Handler {
        { call in
            let id = try call.id(kind.noun)
            let (value, body) = try await call.document()
            let new = try decode(value, id, try await call.catalog())
            let precondition = try ConditionalRequest.precondition(of: call.request.head)
            let reply = try await call.api.node.submit(
                .update(new, precondition), by: try await call.stamp(body: body).context())
            if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: kind.noun) { throw problem }
            let catalog = try await call.catalog()
            guard let item = catalog[id] else {
                throw Problem.conflict("The \(kind.noun) was deleted after it was replaced.")
            }
            let warnings = await warnings?(item, catalog)
            return call.entity(200, tag: EntityTag(index: item.version)) { write(item, warnings, to: &$0) }
        }
    }

    var delete: Route.Handler {
        { call in
            let id = try call.id(kind.noun)
            let precondition = try ConditionalRequest.precondition(of: call.request.head)
            let reply = try await call.api.node.submit(
                .delete(kind, id, precondition), by: try await call.stamp(body: nil).context())
            if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: kind.noun) { throw problem }
            return call.empty(204)
        }
    }

    private func write(_ item: CatalogItem, _ warnings: ValidationErrors?, to json: inout JSONWriter) {
        guard let warnings, case .rule(let rule) = item, case .object(let members) = rule.json else {
            return render(&json, item)
        }
        json.value(.object(members + [.init("warnings", warnings.json)]))
    }

    func item(_ id: UUID128, _ call: Call) async throws -> CatalogItem {
        guard let item = try await call.catalog()[id], item.kind == kind else {
            throw Problem.notFound("There is no \(kind.noun) with this id.")
        }
        return item
    }
}

/// Where a page of a family ends: a place in its order, which holds also when the item there is deleted.
private struct CatalogPosition: Comparable {
    let priority: Int32
    let name: String
    let id: UUID128

    init(_ item: CatalogItem) {
        if case .rule(let rule) = item { priority = rule.priority } else { priority = 0 }
        name = item.name
        id = item.id
    }

    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count >= 20, let name = String(validating: bytes[20...], as: UTF8.self) else { throw .badCursor }
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        priority = Int32(truncatingIfNeeded: word(0..<4))
        id = UUID128(high: word(4..<12), low: word(12..<20))
        self.name = name
    }

    var bytes: [UInt8] {
        withUnsafeBytes(of: priority.bigEndian) { Array($0) }
            + withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { Array($0) } + Array(name.utf8)
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.priority, left.name, left.id) < (right.priority, right.name, right.id)
    }
}

extension Catalog {
    /// In the order in which they are listed.
    func items(of kind: CatalogItem.Kind) -> [CatalogItem] {
        switch kind {
        case .rule: rules.map(CatalogItem.rule)
        case .definition: definitions.map(CatalogItem.definition)
        case .policy: policies.map(CatalogItem.policy)
        case .waiver: waivers.map(CatalogItem.waiver)
        }
    }
}

extension UUID128 {
    /// RFC 9562 section 5.4.
    static func random() -> UUID128 {
        .stamped(high: .random(in: .min ... .max), low: .random(in: .min ... .max), version: 4)
    }
}
