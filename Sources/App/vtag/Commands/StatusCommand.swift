import ArgumentParser
import JSON

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the node's health, what it holds, and the compliance score.",
        discussion: "EXAMPLES\n  vtag status\n  vtag status -o json | jq .compliance.score")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await Session.run(connection) { session in
            session.printer.one(try await Status.read(session.client), Status.words)
        }
    }
}

/// Health, stock and score in one value.
enum Status {
    static func read(_ client: Client) async throws -> JSONValue {
        let health = try await client.exchange(Request(method: "GET", target: Target("health", "ready").text))
        let stock = try await client.get(Target("stats"))
        let compliance = try await client.get(Target("compliance", "status"))
        // A token that is limited to some resources sees no nodes.
        let cluster = try await client.exchange(Request(method: "GET", target: Target("cluster").text))
        let nodes = cluster.status == 200 ? try cluster.json()["nodes"] ?? .array([]) : .array([])
        return .object([
            .init("url", .string(client.address.text)), .init("ready", .bool(health.status == 200)), .init("nodes", nodes),
            .init("stats", stock), .init("compliance", compliance),
        ])
    }

    static func words(_ status: JSONValue) -> String {
        let stock = status["stats"] ?? .null
        let compliance = status["compliance"] ?? .null
        let pending = stock["pending"]?.int ?? 0
        return Printer.fields([
            ("server", "\(status.cell("url")), \(status["ready"]?.bool == true ? "ready" : "not ready")"),
            ("nodes", nodes(status["nodes"]?.array ?? [])),
            ("resources", count(stock["resources"]) + breakdown(stock["by_provider"])),
            ("relationships", count(stock["relationships"])),
            ("tags", count(total(stock["tags"])) + breakdown(stock["tags"])),
            ("compliance", score(compliance)),
            ("pending", pending == 0 ? "nothing" : "\(pending) resources to judge again"),
        ])
    }

    private static func nodes(_ nodes: [JSONValue]) -> String {
        nodes.isEmpty ? "not shown to this token" : nodes.map(node).joined(separator: ", ")
    }

    private static func node(_ node: JSONValue) -> String {
        "\(node.cell("name")) (\(node.cell("state")), \(node.cell("health")))"
    }

    private static func score(_ compliance: JSONValue) -> String {
        guard let score = compliance["score"]?.double else { return "nothing judged" }
        let rounded = Double(Int((score * 10).rounded())) / 10
        guard let all = compliance["resources"]?.int, let good = compliance["compliant_resources"]?.int else {
            return "\(rounded) %"
        }
        return "\(rounded) %, \(good) of \(all) resources meet every policy"
    }

    private static func total(_ tags: JSONValue?) -> JSONValue {
        .int((tags?.members ?? []).reduce(0) { $0 + ($1.value.int ?? 0) })
    }

    private static func count(_ value: JSONValue?) -> String { value.map(\.cell) ?? "0" }

    private static func breakdown(_ value: JSONValue?) -> String {
        let parts = (value?.members ?? []).filter { $0.value.int != 0 }.map { "\($0.name) \($0.value.cell)" }
        return parts.isEmpty ? "" : " (" + parts.joined(separator: ", ") + ")"
    }
}
