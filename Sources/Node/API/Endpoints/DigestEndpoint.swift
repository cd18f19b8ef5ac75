import HTTPTransport
import JSON
import Model
import NodeRuntime
import PostgresSink

/// Hashes of what should be in PostgreSQL, for `vtag verify`.
enum DigestEndpoint {
    static let query = [QueryParameter("limit"), QueryParameter("after")]

    // MARK: GET /cluster/shards/{number}/digests

    static let digests: Route.Handler = { call in
        let node = call.api.node
        guard let number = call.parameters.first.flatMap({ Int($0) }), (0...node.shardCount).contains(number) else {
            throw Problem.notFound("There is no shard of this number.")
        }
        let after = try after(call.query["after"], shard: number, of: node.shardCount)
        let limit = try call.limit()
        try await call.walk.begin()
        guard number > 0 else {
            let items = try await node.catalogDigests().filter { item in after.map { $0 < item.id } ?? true }
            return page(call, items.prefix(limit), isLast: items.count <= limit)
        }
        let (rows, isLast) = try await node.resultDigests(of: number, after: after.map(ResourceID.init), limit: limit)
        return page(call, rows[...], isLast: isLast)
    }

    private static func after(_ text: String?, shard: Int, of count: Int) throws(Problem) -> UUID128? {
        guard let text else { return nil }
        guard let id = UUID128(text) else { throw Problem.badParameter("after", "must be a UUID") }
        guard shard == 0 || ResourceID(id).slot.shard(of: count) == shard - 1 else {
            throw Problem.badParameter("after", "must be an id of that shard")
        }
        return id
    }

    private static func page(_ call: Call, _ rows: ArraySlice<ResultDigest.Row>, isLast: Bool) -> HTTPResponse {
        call.json { json in
            json.beginObject()
            json.key("items")
            json.beginArray()
            for row in rows {
                json.beginObject()
                json.key("id")
                json.uuid(row.id)
                json.member("changed_index", row.changedIndex)
                json.member("digest", row.hexadecimal)
                json.endObject()
            }
            json.endArray()
            json.optional("next_after", isLast ? nil : rows.last?.id)
            json.endObject()
        }
    }
}
