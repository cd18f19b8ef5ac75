import Foundation
import JSON
import Testing

@Suite("The command line's graph queries")
struct GraphCommandLineTests {
    private static let web = #"{"$type":"node","id":"1","labels":["Resource","Instance"],"properties":{"name":"web <1>"}}"#
    private static let disk = #"{"$type":"node","id":"2","labels":["Resource","Volume"],"properties":{}}"#
    private static let attached = """
        {"$type":"relationship","id":"7","type":"ATTACHED_TO","start":"2","end":"1","properties":{"since":2024}}
        """
    private static let path = #"{"$type":"path","nodes":[\#(web),\#(disk)],"relationships":[\#(attached)]}"#

    private func asking(
        _ arguments: [String], answer: String, _ body: (CommandLineTool.Outcome, ScriptedServer) throws -> Void
    ) async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(answer) }) { url, server async throws in
            try body(try await tool.run(["graph"] + arguments, url: url), server)
        }
    }

    @Test("Values come as they are written in Cypher, changes are counted")
    func table() async throws {
        let answer = """
            {"columns":["n","p","x"],"rows":[[\(Self.web),\(Self.path),"a"],[null,[1,{"b c":true}],2.5]],
            "stats":{"nodes_created":2,"properties_set":0,"rows":2}}
            """
        try await asking(["RETURN 1"], answer: answer) { outcome, _ in
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.output.contains(
                    #"(:Resource:Instance {name: "web <1>"})<-[:ATTACHED_TO {since: 2024}]-(:Resource:Volume)"#))
            #expect(outcome.output.contains("[1, {`b c`: true}]") && outcome.output.contains("2 nodes created\n"))
            #expect(!outcome.output.contains("properties set"))
        }
    }

    @Test("Parameters are JSON where they are, else text, and go with the query")
    func parameters() async throws {
        let arguments = ["RETURN $a, $b", "--param", "a=3", "-p", "b=eu=west", "--graph", "mine", "-o", "csv"]
        try await asking(arguments, answer: #"{"columns":["a"],"rows":[[3]],"stats":{}}"#) { outcome, server in
            #expect(outcome.status == 0 && outcome.output == "a\n3\n", "\(outcome)")
            let body = try JSONValue(parsing: try #require(server.calls.first).body)
            #expect(body["query"]?.string == "RETURN $a, $b" && body["graph"]?.string == "mine")
            #expect(body["parameters"]?["a"]?.int == 3 && body["parameters"]?["b"]?.string == "eu=west")
        }
    }

    @Test("A picture has every node and relationship once, and their texts harm nothing")
    func picture() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("vtag-\(UUID().uuidString).svg")
        defer { try? FileManager.default.removeItem(at: file) }
        let answer = #"{"columns":["p","n"],"rows":[[\#(Self.path),\#(Self.web)],[[\#(Self.path)],null]],"stats":{}}"#
        try await asking(["MATCH", "--svg", file.path], answer: answer) { outcome, _ in
            #expect(outcome.status == 0, "\(outcome)")
            let svg = try String(contentsOf: file, encoding: .utf8)
            #expect(svg.components(separatedBy: "<g>").count - 1 == 3 && svg.contains("web &lt;1&gt;"))
            #expect(svg.contains(">ATTACHED_TO</text>") && svg.contains(">Volume</text>") && !svg.contains("nan"))
        }
        try await asking(["MATCH", "--svg", file.path], answer: #"{"columns":["n"],"rows":[[1]]}"#) { outcome, _ in
            #expect(outcome.status == 64 && outcome.errors.contains("no nodes to draw"))
        }
    }

    @Test("A refused query is shown with its place; a plan below its rows")
    func placeAndPlan() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let problem = #"{"status":400,"detail":"no m (line 1)\nRETURN m\n       ^","opencypher":{"class":"SyntaxError"}}"#
        try await ScriptedServer.serving({ _ in .json(problem, status: 400) }) { url, _ async throws in
            let outcome = try await tool.run(["graph", "RETURN m"], url: url)
            #expect(outcome.status != 0 && outcome.errors.hasSuffix("no m (line 1)\nRETURN m\n       ^\n"), "\(outcome)")
        }
        let answer = #"{"columns":["x"],"rows":[[1]],"stats":{},"plan":["Produce x","  Scan"]}"#
        try await asking(["PROFILE RETURN 1"], answer: answer) { outcome, _ in
            #expect(outcome.output.hasSuffix("1\n\nProduce x\n  Scan\n"), "\(outcome)")
        }
    }

    @Test("What cannot be asked is refused before it is sent")
    func refused() async throws {
        for arguments in [[], ["q", "-f", "x"], ["q", "-p", "=1"], ["q", "-p", "a=1", "-p", "a=2"], ["-f", "/none"]] {
            try await asking(arguments, answer: "{}") { outcome, server in
                #expect(outcome.status == 64 && server.calls.isEmpty, "\(arguments): \(outcome)")
            }
        }
    }
}
