import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// The inventory.
enum ResourceEndpoints {
    static let filters = [
        QueryParameter("provider"), QueryParameter("resource_type"),
        QueryParameter("account_id"), QueryParameter("region"),
        QueryParameter("name"), QueryParameter("tag", isRepeatable: true),
        QueryParameter.resource,
    ]

    // MARK: GET /resources

    static let list: Route.Handler = { call in
        let limit = try call.limit()
        let after = try call.cursorPosition().map(cursorID)
        if let name = call.query["resource_id"] {
            let record = try await ResourceReference(name).record(call)
            let filter = try ResourceFilter(call.query)
            let found = record.map { filter.matches($0) ? [$0] : [] } ?? []
            return call.json { $0.page(found, next: nil) { $0.resource($1) } }
        }
        let filter = try ResourceFilter(call.query)
        let records = try await call.scan(after: after, limit: limit + 1) { filter.matches($0) }
        let page = records.prefix(limit)
        let next = records.count > limit ? page.last.map { call.cursor(at: position($0.resource.id)) } : nil
        return call.json { $0.page(page, next: next) { $0.resource($1) } }
    }

    static func position(_ id: ResourceID) -> [UInt8] {
        withUnsafeBytes(of: (id.uuid.high.bigEndian, id.uuid.low.bigEndian)) { Array($0) }
    }

    static func cursorID(_ bytes: [UInt8]) throws(Problem) -> ResourceID {
        guard bytes.count == 16 else { throw .badCursor }
        return bytes.withUnsafeBytes {
            ResourceID(
                UUID128(
                    high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
        }
    }

    // MARK: GET, PUT and DELETE /resources/{id}

    static let get: Route.Handler = { call in
        let id = ResourceID(try call.id("resource"))
        guard let record = try await call.record(of: id) else {
            throw Problem.notFound("There is no resource with this id.")
        }
        return call.entity(tag: EntityTag(index: record.changedIndex)) { $0.resource(record) }
    }

    static let put: Route.Handler = { call in
        let id = ResourceID(try call.id("resource"))
        let (value, body) = try await call.document()
        let observation = try ResourceDocument.observation(value)
        guard observation.id == id else {
            throw Problem.conflict(
                "The id in the path is not that of this provider and resource_id, which is \(observation.id).")
        }
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let reply = try await call.submit(
            .putResource(observation, precondition), to: id.slot, try await call.stamp(body: body).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "resource") { throw problem }
        guard let record = try await call.record(of: id, including: reply) else {
            throw Problem.conflict("The resource was deleted after it was written.")
        }
        let status = reply.outcomes.first == .created ? 201 : 200
        return call.entity(status, tag: EntityTag(index: record.changedIndex)) { $0.resource(record) }
    }

    static let delete: Route.Handler = { call in
        let id = ResourceID(try call.id("resource"))
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let reply = try await call.submit(
            .deleteResource(id, precondition), to: id.slot, try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "resource") { throw problem }
        return call.empty(204)
    }
}
