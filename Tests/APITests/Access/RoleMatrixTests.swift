import HTTPTransport
import Testing

@testable import API

/// Who may do what, written out a second time: a route that is new, or whose role has changed, needs a decision here.
@Suite("Roles and endpoints")
struct RoleMatrixTests {
    /// The least role; nil: no token is needed.
    static let expected: [String: Role?] = [
        "GET /health/live": nil,
        "GET /health/ready": nil,
        "OPTIONS /events/eventgrid": nil,

        "GET /openapi.yaml": .viewer,
        "GET /metrics": .viewer,
        "GET /cluster": .viewer,
        "GET /stats": .viewer,
        "GET /resources": .viewer,
        "GET /resources/{id}": .viewer,
        "GET /resources/{id}/virtual-tags": .viewer,
        "GET /resources/{id}/explain": .viewer,
        "GET /tag-rules/lint": .viewer,
        "GET /tag-rules": .viewer,
        "GET /tag-rules/{id}": .viewer,
        "GET /tag-schema": .viewer,
        "GET /tag-schema/{id}": .viewer,
        "GET /compliance/policies": .viewer,
        "GET /compliance/policies/{id}": .viewer,
        "GET /compliance/status": .viewer,
        "GET /compliance/violations": .viewer,
        "GET /compliance/scores": .viewer,
        "GET /audit/verify": .viewer,
        "GET /cluster/shards/{number}/digests": .viewer,
        "GET /compliance/history": .viewer,
        "GET /compliance/waivers": .viewer,
        "GET /compliance/waivers/{id}": .viewer,
        "GET /tag-schema/proposals": .viewer,
        "GET /executions/{id}": .viewer,
        "GET /plans": .viewer,
        "GET /plans/{id}": .viewer,
        "GET /audit/trail": .viewer,
        "GET /audit/reports": .viewer,
        "GET /audit/retention": .viewer,
        "GET /export/focus": .viewer,
        "POST /virtual-tags/lookup": .viewer,
        "POST /graph/query": .viewer,
        "GET /resources/{id}/neighbors": .viewer,
        "GET /resources/{id}/impact": .viewer,
        "GET /graphs": .viewer,
        "GET /graphs/{name}": .viewer,
        "POST /db/{name}/query/v2": .viewer,

        "POST /virtual-tags/apply": .tagger,
        "POST /virtual-tags/bulk-apply": .tagger,
        "PUT /virtual-tags/{id}": .tagger,
        "DELETE /virtual-tags/{id}": .tagger,
        "POST /tag-rules/test": .tagger,

        "POST /ingest/aws": .governor,
        "POST /ingest/gcp": .governor,
        "POST /ingest/azure": .governor,
        "POST /ingest/focus": .governor,
        "POST /events/eventbridge": .governor,
        "POST /events/pubsub": .governor,
        "POST /events/eventgrid": .governor,
        "PUT /resources/{id}": .governor,
        "POST /tag-rules": .governor,
        "PUT /tag-rules/{id}": .governor,
        "DELETE /tag-rules/{id}": .governor,
        "POST /tag-rules/{id}/execute": .governor,
        "POST /tag-schema": .governor,
        "PUT /tag-schema/{id}": .governor,
        "DELETE /tag-schema/{id}": .governor,
        "POST /compliance/policies": .governor,
        "PUT /compliance/policies/{id}": .governor,
        "DELETE /compliance/policies/{id}": .governor,
        "POST /compliance/recheck": .governor,
        "POST /compliance/waivers": .governor,
        "PUT /compliance/waivers/{id}": .governor,
        "DELETE /compliance/waivers/{id}": .governor,
        "POST /tag-schema/proposals/{id}/accept": .governor,
        "POST /tag-schema/proposals/{id}/reject": .governor,
        "POST /tag-schema/proposals/{id}/reconsider": .governor,

        "PUT /graphs/{name}": .governor,
        "DELETE /graphs/{name}": .governor,

        "POST /plans": .governor,
        "DELETE /plans/{id}": .governor,
        "POST /plans/{id}/apply": .governor,

        "PUT /audit/retention": .admin,
        "GET /audit/holds": .admin,
        "POST /audit/holds": .admin,
        "GET /audit/holds/{id}": .admin,
        "DELETE /audit/holds/{id}": .admin,
        "DELETE /resources/{id}": .admin,
        "POST /cluster/nodes/{name}/drain": .admin,
        "POST /cluster/nodes/{name}/activate": .admin,
        "POST /region/promote": .admin,
    ]

    @Test("Every route has a decision here, and every decision a route")
    func complete() {
        let table = Set(Route.all.map(\.name))
        #expect(table.subtracting(Self.expected.keys) == [])
        #expect(Set(Self.expected.keys).subtracting(table) == [])
    }

    @Test("Each role, no token and an expired one meet each route as decided: 401, 403, or an answer of the route's own")
    func matrix() async throws {
        try await LiveAPI.run { api in
            var callers: [(name: String, role: Role?, token: String)] = [
                ("nobody", nil, ""), ("an expired admin", nil, try await api.token(.admin, lifetime: -120)),
            ]
            for role in Role.allCases { callers.append((role.rawValue, role, try await api.token(role))) }
            for route in Route.all {
                guard let least = Self.expected[route.name] else { continue }
                for caller in callers {
                    let status = try await route.probe(api, token: caller.token).status
                    let comment: Comment = "\(route.name) by \(caller.name) answered \(status)"
                    switch (least, caller.role) {
                    case (nil, _): #expect(status != 401 && status != 403, comment)
                    case (_, nil): #expect(status == 401, comment)
                    case (let least?, let role?):
                        if role < least {
                            #expect(status == 403, comment)
                        } else {
                            #expect(![401, 403].contains(status), comment)
                        }
                    }
                }
            }
        }
    }
}

extension Route {
    /// `GET /tag-rules/{id}`.
    var name: String { "\(method.name) \(template)" }

    /// Calls it with an empty document, for an id that nothing has.
    func probe(_ api: LiveAPI, token: String) async throws -> Answer {
        let path = template.replacing("{id}", with: "00000000-0000-4000-8000-000000000000")
            .replacing("{name}", with: "nobody")
        switch body {
        case .none: return try await api.send(method.name, path, token: token)
        case .json: return try await api.send(method.name, path, token: token, body: Array("{}".utf8))
        case .stream(let types):
            return try await api.send(method.name, path, token: token, type: types.first, body: Array("{}".utf8))
        }
    }
}
