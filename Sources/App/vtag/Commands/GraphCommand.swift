import ArgumentParser
import Foundation
import JSON

struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Ask the graph of resources and relationships, in Cypher.",
        discussion: """
            EXAMPLES
              vtag graph 'MATCH (v:Resource)-[:ATTACHED_TO]->(i) RETURN v.name, i.name LIMIT 10'
              vtag graph 'MATCH (r:Resource {region: $region}) RETURN count(r)' --param region=eu-west-1
              vtag graph 'MATCH p = (:Resource {name: "web"})-[*1..2]-() RETURN p' --svg web.svg
              vtag graph -f question.cypher -o json
            """)

    @Argument(help: "The query, in openCypher; - reads it from standard input.") var query: String?
    @Option(name: [.short, .customLong("file")], help: "Read the query from this file.", completion: .file()) var file:
        String?
    @Option(
        name: [.short, .long],
        help: "NAME=VALUE for $NAME in the query; JSON where it is JSON, else text. May be repeated.")
    var param: [Parameter] = []
    @Option(help: "A named graph, instead of the inventory.") var graph: String?
    @Option(help: "Draw the nodes and relationships of the result into this file.", completion: .file(extensions: ["svg"]))
    var svg: String?
    @OptionGroup var connection: ConnectionOptions

    struct Parameter: ExpressibleByArgument {
        let name: String
        let value: JSONValue

        init?(argument: String) {
            guard let split = argument.firstIndex(of: "="), split != argument.startIndex else { return nil }
            name = String(argument[..<split])
            let text = String(argument[argument.index(after: split)...])
            value = (try? JSONValue(parsing: text)) ?? .string(text)
        }
    }

    /// Bytes of a query, at most.
    private static let queryBytesMax = 1 << 20

    func validate() throws {
        guard (query == nil) != (file == nil) else { throw ValidationError("name a query, or a file with one (-f)") }
        var seen: Set<String> = []
        for parameter in param where !seen.insert(parameter.name).inserted {
            throw ValidationError("--param \(parameter.name) is given twice")
        }
    }

    func run() async throws {
        let query = try text()
        try await Session.run(connection) { session in
            var body: [JSONValue.Member] = [
                .init("query", .string(query)),
                .init("parameters", .object(param.map { .init($0.name, $0.value) })),
            ]
            if let graph { body.append(.init("graph", .string(graph))) }
            let answer = try await session.client.json(
                Request(
                    method: "POST", target: Target("graph", "query").text, headers: [("content-type", "application/json")],
                    body: .bytes(JSONValue.object(body).serialised)))
            let result = GraphResult(answer)
            if let svg { try draw(result, into: svg) }
            session.printer.one(result.items) { _ in result.words }
        }
    }

    private func text() throws -> String {
        guard let source = query == "-" ? "-" : file else { return query ?? "" }
        return String(decoding: try InputFile(path: source).contents(bytesMax: Self.queryBytesMax), as: UTF8.self)
    }

    private func draw(_ result: GraphResult, into path: String) throws {
        let picture = GraphSVG(try GraphPicture(rows: result.rows)).text
        do {
            try Data(picture.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Failure.usage("cannot write \(path): \((error as NSError).localizedDescription)")
        }
    }
}

/// The answer to a graph query.
private struct GraphResult {
    let columns: [String]
    let rows: [[JSONValue]]
    private let statistics: [JSONValue.Member]
    /// Of EXPLAIN and PROFILE.
    private let plan: [String]

    init(_ answer: JSONValue) {
        columns = (answer["columns"]?.array ?? []).map(\.cell)
        rows = (answer["rows"]?.array ?? []).map { $0.array ?? [] }
        statistics = answer["stats"]?.members ?? []
        plan = (answer["plan"]?.array ?? []).map(\.cell)
    }

    /// As a list of objects: what the other commands print.
    var items: JSONValue {
        .object(
            [
                .init("items", .array(rows.map { row in .object(zip(columns, row).map { .init($0, $1) }) })),
                .init("stats", .object(statistics)),
            ] + (plan.isEmpty ? [] : [.init("plan", .array(plan.map(JSONValue.string)))]))
    }

    var words: String {
        let lines = plan.map { Terminal.clean($0) + "\n" }.joined()
        guard !rows.isEmpty || plan.isEmpty else { return lines }
        guard !columns.isEmpty else { return summary.isEmpty ? "done\n" : summary }
        var table = Table(columns.map { .init($0, shrinks: columns.count > 1) })
        return table.render(rows.map { row in columns.indices.map { $0 < row.count ? GraphText.cell(row[$0]) : "" } })
            + summary + (lines.isEmpty ? "" : "\n" + lines)
    }

    /// `3 nodes created, 1 property set`; what did not happen is left out.
    private var summary: String {
        let changes = statistics.compactMap { statistic -> String? in
            guard let count = statistic.value.int, count > 0, statistic.name.contains("_") else { return nil }
            return "\(count) \(statistic.name.replacing("_", with: " "))"
        }
        return changes.isEmpty ? "" : changes.joined(separator: ", ") + "\n"
    }
}
