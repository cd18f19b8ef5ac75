import HTTPTransport
import Testing

@testable import API

@Suite("The description")
struct OpenAPITests {
    /// Paths, methods and query parameters that the document has, read by its indentation.
    private struct Described {
        var operations: Set<String> = []
        var parameters: [String: Set<String>] = [:]
        /// Operations that take `Read-Consistency`, and those whose answer may have `Staleness-Ms`.
        var consistency: Set<String> = []
        var staleness: Set<String> = []

        init(_ text: String) {
            var path = ""
            var operation = ""
            for line in text.split(separator: "\n") {
                let indent = line.prefix { $0 == " " }.count
                let content = line.dropFirst(indent)
                if indent == 2, content.hasPrefix("/") {
                    path = String(content.dropLast())
                } else if indent == 4, ["get:", "put:", "post:", "delete:", "options:"].contains(content) {
                    operation = "\(content.dropLast().uppercased()) \(path)"
                    operations.insert(operation)
                } else if content.hasPrefix("- name: ") && indent == 8 {
                    parameters[operation, default: []].insert(String(content.dropFirst(8)))
                } else if content.hasPrefix("- { name: ") && indent == 8 {
                    parameters[operation, default: []].insert(String(content.dropFirst(10).prefix { $0 != "," }))
                } else if content == "- $ref: '#/components/parameters/Limit'" {
                    parameters[operation, default: []].insert("limit")
                } else if content == "- $ref: '#/components/parameters/ReadConsistency'" {
                    consistency.insert(operation)
                } else if content.hasPrefix("Staleness-Ms:")
                    || content == "'200': { $ref: '#/components/responses/Resource' }"
                {
                    staleness.insert(operation)
                } else if line == "components:" {
                    break
                }
            }
        }
    }

    @Test("It has exactly the routes of the table")
    func routes() {
        let described = Described(OpenAPIDocument.text).operations
        let table = Set(Route.all.map { "\($0.method.name) \($0.template)" })
        #expect(described.subtracting(table) == [])
        #expect(table.subtracting(described) == [])
    }

    /// A cursor and a token in the query cannot be made up, so the document explains them in words.
    @Test("It has exactly the query parameters of each route, but for those that only the server can give out")
    func parameters() {
        let described = Described(OpenAPIDocument.text).parameters
        for route in Route.all {
            let operation = "\(route.method.name) \(route.template)"
            let table = Set(route.query.map(\.name)).subtracting(["cursor", "access_token"])
            #expect(described[operation, default: []] == table, "\(operation)")
        }
    }

    @Test("Every read of what shards hold takes Read-Consistency, and says how stale it may be")
    func consistency() {
        let described = Described(OpenAPIDocument.text)
        let ofTheNode = [
            "/health/live", "/health/ready", "/openapi.yaml", "/metrics", "/cluster", "/cluster/shards/{number}/digests",
            "/audit/verify",
        ]
        let reads = Route.all.filter { $0.method == .get && !ofTheNode.contains($0.template) }.map { "GET \($0.template)" }
        let queries = ["POST /graph/query", "POST /db/{name}/query/v2"]
        #expect(described.consistency == Set(reads + queries))
        #expect(described.staleness.isSuperset(of: described.consistency))
    }

    @Test("Every reference leads somewhere")
    func references() {
        let text = OpenAPIDocument.text
        let lines = Set(text.split(separator: "\n").map { $0.prefix { $0 != "{" }.replacing(" ", with: "") })
        for part in text.split(separator: "#/components/").dropFirst() {
            let name = part.split(separator: "/")[1].prefix { $0.isLetter || $0.isNumber || $0 == "-" }
            #expect(lines.contains("\(name):"), "\(name)")
        }
    }
}
