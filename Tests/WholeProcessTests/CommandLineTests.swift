import Foundation
import HTTPTransport
import JSON
import Synchronization
import Testing

/// `vtag` as people run it: a process, its output, its exit status.
@Suite("The command line")
struct CommandLineTests {
    // MARK: Usage and connection

    @Test("Wrong usage ends with 64 and says how to do it")
    func wrongUsage() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        for arguments in [
            ["resources", "list", "--limit", "0"], ["tags", "set", "i-1", "no-equals-sign"], ["ingest"], ["nonsense"],
        ] {
            let outcome = try await tool.run(arguments)
            #expect(outcome.status == 64, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.contains("Usage:"))
            #expect(outcome.output.isEmpty)
        }
    }

    @Test("A server that is not there ends with 69 and names it")
    func unreachable() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let outcome = try await tool.run("status", url: "http://127.0.0.1:1")
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("http://127.0.0.1:1"))
    }

    @Test(
        "An address that is none ends with 64",
        arguments: ["ftp://host", "127.0.0.1:8080", "http://", "http://user:word@host"])
    func badAddress(_ url: String) async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        #expect(try await tool.run("status", url: url).status == 64)
    }

    @Test("The authorities to trust come from the flag, else from VTAG_CA_FILE; one that cannot be read is named")
    func authorities() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let url = "https://127.0.0.1:1"
        let other = try await tool.run("status", url: url, caFile: "/nowhere/ca.pem")
        #expect(other.status == 64 && other.errors.contains("/nowhere/ca.pem"))
        let flag = try await tool.run("status", "--ca-file", "/elsewhere/ca.pem", url: url, caFile: "/nowhere/ca.pem")
        #expect(flag.status == 64 && flag.errors.contains("/elsewhere/ca.pem"))
        #expect(try await tool.run("status", url: url, caFile: "").status == 69)
    }

    @Test("A refused token ends with 77")
    func unauthorised() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in
            .problem(401, #"{"title":"Unauthorized","status":401,"detail":"it expired"}"#)
        }) { url, server async throws in
            let outcome = try await tool.run("resources", "list", url: url, token: "stale")
            #expect(outcome.status == 77)
            #expect(outcome.errors.contains("it expired"))
            #expect(server.calls.first?.headers["authorization"] == "Bearer stale")
        }
    }

    @Test("The connection's flags count before the command and after it")
    func flagsAnywhere() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(#"{"items":[],"next_cursor":null}"#) }) { url, server async throws in
            for arguments in [
                ["--url", url, "--token=first", "-o", "json", "rules", "list"],
                ["rules", "list", "--url", url, "--token", "last"],
            ] {
                #expect(try await tool.run(arguments, token: nil).status == 0)
            }
            #expect(server.calls.map { $0.headers["authorization"] } == ["Bearer first", "Bearer last"])
        }
    }

    @Test("A busy server is asked again after the time it names")
    func busy() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let attempts = Counter()
        try await ScriptedServer.serving({ _ in
            attempts.next() == 1
                ? ScriptedServer.Reply(status: 503, headers: ["retry-after": "1"], body: "{}")
                : .json(#"{"items":[],"next_cursor":null}"#)
        }) { url, server async throws in
            #expect(try await tool.run("resources", "list", url: url).status == 0)
            #expect(server.calls.count == 2)
        }
    }

    // MARK: Contexts

    @Test("A context keeps the address and the token, readable by its owner alone")
    func contexts() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(#"{"items":[],"next_cursor":null}"#) }) { url, server async throws in
            let token = try tool.file("token", "from-file\n")
            #expect(try await tool.run("context", "add", "here", "--url", url, "--token-file", token).status == 0)
            #expect(
                try await tool.run("context", "add", "there", "--url", "https://there.example", "--token", "secret").status
                    == 0)
            let config = tool.home.appending(path: ".config/vtag/config.yaml").path
            let mode = try FileManager.default.attributesOfItem(atPath: config)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let list = try await tool.run("context", "list")
            #expect(list.output.contains("*  here"))
            #expect(!list.output.contains("secret"))
            #expect(try await tool.run("resources", "list", token: nil).status == 0)
            #expect(server.calls.last?.headers["authorization"] == "Bearer from-file")
            #expect(try await tool.run("context", "use", "nowhere").status == 64)
            #expect(try await tool.run("context", "remove", "here").status == 0)
            let remaining = try await tool.run("context", "list", "-o", "yaml").output
            #expect(remaining.contains("name: there") && !remaining.contains("name: here"))
        }
    }

    @Test("The token of a context does not go to another server")
    func tokenStaysHome() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        _ = try await tool.run("context", "add", "home", "--url", "https://home.example", "--token", "secret")
        try await ScriptedServer.serving({ _ in .json(#"{"items":[],"next_cursor":null}"#) }) { url, server async throws in
            #expect(try await tool.run("resources", "list", url: url, token: nil).status == 0)
            #expect(server.calls.first?.headers["authorization"] == nil)
        }
    }

    // MARK: Lists

    @Test("--all follows the cursors, and the filters travel with each page")
    func pages() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ call in
            call.query.contains("cursor=next%2Bpage")
                ? .json(#"{"items":[{"resource_id":"i-2","name":"two"}],"next_cursor":null}"#)
                : .json(#"{"items":[{"resource_id":"i-1","name":"one"}],"next_cursor":"next+page"}"#)
        }) { url, server async throws in
            let outcome = try await tool.run("resources", "list", "--all", "--tag", "team=a b", "-o", "json", url: url)
            #expect(outcome.status == 0)
            let list = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            #expect((list?["items"] as? [[String: Any]])?.compactMap { $0["resource_id"] as? String } == ["i-1", "i-2"])
            #expect(server.calls.count == 2)
            #expect(server.calls.allSatisfy { $0.query.contains("tag=team%3Da%20b") })
        }
    }

    @Test("Control characters from the server do not reach the terminal")
    func controlCharacters() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(#"{"items":[{"name":"a\u001b[2Jb\nc"}],"next_cursor":null}"#) }) {
            url, _ async throws in
            let outcome = try await tool.run("resources", "list", url: url)
            #expect(!outcome.output.contains("\u{1B}"))
            #expect(outcome.output.split(separator: "\n").count == 2)
        }
    }

    @Test("The wide format adds the UUID to the provider's id; JSON has both")
    func wide() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in
            .json(
                #"{"items":[{"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e","resource_id":"i-1","name":"one"}],"next_cursor":null}"#
            )
        }) { url, _ async throws in
            let narrow = try await tool.run("resources", "list", url: url)
            #expect(narrow.output.contains("i-1") && !narrow.output.contains("6fa459ea"))
            let wide = try await tool.run("resources", "list", "-o", "wide", url: url)
            #expect(wide.output.contains("UUID") && wide.output.contains("6fa459ea-ee8a-5ca4-894e-db77e160355e"))
        }
    }

    @Test("tags get shows one tag and whom it won over; a key that is not there ends with a refusal")
    func oneTag() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let id = "6fa459ea-ee8a-5ca4-894e-db77e160355e"
        try await ScriptedServer.serving({ call in
            call.path.hasSuffix("virtual-tags")
                ? .json(
                    #"{"items":[{"id":"1","tag_key":"owner","tag_value":"jo","source":"manual","provenance":[{"tag_value":"al","source":"rule"}]}],"next_cursor":null}"#
                ) : .json(#"{"items":[{"id":"\#(id)","resource_id":"i-1"}],"next_cursor":null}"#)
        }) { url, _ async throws in
            let found = try await tool.run("tags", "get", "i-1", "owner", url: url)
            #expect(found.status == 0 && found.output.contains("jo") && found.output.contains("al"), "\(found)")
            let missing = try await tool.run("tags", "get", "i-1", "team", url: url)
            #expect(missing.status != 0 && missing.errors.contains("no tag \"team\""), "\(missing)")
        }
    }

    // MARK: Apply

    private let rules = """
        - rule_name: from-name
          priority: 10
          conditions: {field: name, operator: starts_with, value: prd-}
          actions:
            - set_tag: {key: environment, value: production}
        - rule_name: from-account
          conditions: {field: account_id, operator: eq, value: "111122223333"}
          actions:
            - set_tag: {key: team, value: "on"}
        """

    @Test("apply creates what is missing, updates what differs and leaves the rest")
    func apply() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let file = try tool.file("rules.yaml", rules)
        // `from-name` is there with what a server fills in; `from-account` is there with another value.
        let stored = """
            {"items":[{"id":"1","rule_name":"from-name","priority":10,"enabled":true,"description":"","version":3,
             "conditions":{"field":"name","operator":"starts_with","value":"prd-","ignore_case":false},
             "actions":[{"set_tag":{"value":"production","key":"environment"}}]},
             {"id":"2","rule_name":"from-account","version":7,"priority":500,"enabled":true,
             "conditions":{"field":"account_id","operator":"eq","value":"999"},
             "actions":[{"set_tag":{"key":"team","value":"on"}}]}],
             "next_cursor":null}
            """
        try await ScriptedServer.serving({ call in
            switch call.path {
            case "/tag-rules": .json(stored)
            case "/plans": .json(#"{"id":"p1","changes":[{"kind":"rule","name":"from-account"}]}"#, status: 201)
            default: .json(#"{"id":"p1"}"#)
            }
        }) { url, server async throws in
            let rehearsal = try await tool.run("rules", "apply", "-f", file, "--dry-run", url: url)
            #expect(rehearsal.output.contains("0 created, 1 updated, 1 unchanged"))
            #expect(server.calls.allSatisfy { $0.method == "GET" })
            let outcome = try await tool.run("rules", "apply", "-f", file, url: url)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("rule from-name: unchanged"))
            #expect(outcome.output.contains("rule from-account: updated"))
            let writes = server.calls.filter { $0.method == "POST" }
            #expect(writes.map(\.path) == ["/plans", "/plans/p1/apply"])
            let plan = try JSONValue(parsing: writes[0].body)
            let change = plan["changes"]?.array?.first
            #expect(plan["changes"]?.array?.count == 1 && plan["figures"]?.bool == false)
            #expect(change?["id"]?.string == "2" && change?["version"]?.int == 7 && change?["action"]?.string == "update")
            #expect(change?["definition"]?["conditions"]?["value"]?.string == "111122223333")
        }
    }

    @Test("A refusal names the line of the file that caused it")
    func refusalWithLine() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let file = try tool.file("rules.yaml", rules)
        let problem = """
            {"title":"Unprocessable","status":422,"detail":"no",
             "errors":[{"pointer":"/changes/0/definition/actions/0/set_tag/key","message":"reserved"}]}
            """
        try await ScriptedServer.serving({ call in
            call.method == "GET" ? .json(#"{"items":[],"next_cursor":null}"#) : .problem(422, problem)
        }) { url, _ async throws in
            let outcome = try await tool.run("rules", "apply", "-f", file, url: url)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("rules.yaml:5: actions/0/set_tag/key: reserved"))
        }
    }

    @Test("A file that is wrong in any part changes nothing")
    func wrongFile() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let cases = [
            (
                "misspelt.yaml", rules + "\n- rule_name: third\n  condition: {}\n  conditions: {}\n  actions: []\n",
                "misspelt.yaml:11"
            ),
            ("incomplete.yaml", rules + "\n- rule_name: third\n", "incomplete.yaml:10"),
            ("twice.yaml", rules + "\n" + rules, "defined already"),
            ("scalar.yaml", "just text\n", "expected a mapping"),
            ("broken.yaml", "- rule_name: [\n", "broken.yaml"),
        ]
        for (name, text, complaint) in cases {
            let file = try tool.file(name, text)
            let outcome = try await tool.run("rules", "apply", "-f", file, url: "http://127.0.0.1:1")
            #expect(outcome.status == 64, "\(name): \(outcome.errors)")
            #expect(outcome.errors.contains(complaint), "\(name): \(outcome.errors)")
        }
    }

    // MARK: Ingest

    @Test("Every file of a directory is sent with the hints; refused ones are named and the others still go")
    func ingest() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        _ = try tool.file("payloads/a.json", #"{"Vpcs":[]}"#)
        _ = try tool.file("payloads/deep/b.ndjson", "{}\n{}\n")
        _ = try tool.file("payloads/c.json", "not json")
        _ = try tool.file("payloads/README.md", "ignored")
        let summary = """
            {"resources":2,"relationships":1,"created":1,"updated":1,"unchanged":0,
             "errors":[{"index":4,"detail":"it has no id"}]}
            """
        try await ScriptedServer.serving({ call in
            call.body == "not json"
                ? .problem(400, #"{"title":"Bad Request","status":400,"detail":"the body is not JSON"}"#) : .json(summary)
        }) { url, server async throws in
            let outcome = try await tool.run(
                "ingest", "aws", "payloads", "--account-id", "111122223333", "--operation", "ec2.describe-vpcs", url: url)
            #expect(outcome.status == 1)
            #expect(
                outcome.output.contains("4 resources and 2 relationships from 3 files: 2 created, 2 updated, 0 unchanged"))
            #expect(outcome.output.contains("2 items refused, 1 files failed"))
            #expect(outcome.errors.contains("a.json: item 4: it has no id"))
            #expect(outcome.errors.contains("c.json: the body is not JSON"))
            #expect(server.calls.map(\.path) == ["/ingest/aws", "/ingest/aws", "/ingest/aws"])
            #expect(server.calls.allSatisfy { $0.query == "account_id=111122223333&operation=ec2.describe-vpcs" })
            #expect(
                server.calls.map { $0.headers["content-type"] ?? "" }.sorted() == [
                    "application/json", "application/json", "application/x-ndjson",
                ])
        }
    }

    @Test("A file larger than a window arrives whole, and standard input too")
    func largeFile() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let text = String(repeating: "{\"a\":\"0123456789\"}\n", count: 500_000)
        let file = try tool.file("large.ndjson", text)
        try await ScriptedServer.serving({ call in .json(#"{"resources":\#(call.body.utf8.count)}"#) }) {
            url, _ async throws in
            let sent = try await tool.run("ingest", "gcp", file, url: url)
            #expect(sent.output.contains("\(text.utf8.count) resources"), "\(sent.errors)")
            let piped = try await tool.run("ingest", "gcp", "-", url: url, input: "{\"a\":1}")
            #expect(piped.output.contains("7 resources"), "\(piped.errors)")
        }
    }

    @Test("A manifest sends each file where it belongs")
    func manifest() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        _ = try tool.file("set/one.json", "{}")
        _ = try tool.file("set/costs.csv", "A,B\n")
        let manifest = try tool.file(
            "set/manifest.yaml",
            """
            files:
              - file: one.json
                endpoint: /ingest/azure
                query: {account_id: "7"}
              - file: costs.csv
                endpoint: /ingest/focus
            """)
        try await ScriptedServer.serving({ _ in .json(#"{"resources":1,"created":1}"#) }) { url, server async throws in
            #expect(try await tool.run("ingest", "--manifest", manifest, url: url).status == 0)
            #expect(server.calls.map { "\($0.path)?\($0.query)" } == ["/ingest/azure?account_id=7", "/ingest/focus?"])
            #expect(server.calls.last?.headers["content-type"] == "text/csv")
        }
    }

    // MARK: Tags

    @Test("A provider's own id finds the resource; an unknown one ends with 1")
    func tagsByNativeID() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let id = "6fa459ea-ee8a-5ca4-894e-db77e160355e"
        try await ScriptedServer.serving({ call in
            switch call.path {
            case "/resources" where call.query.contains("resource_id=i-1&"):
                .json(#"{"items":[{"id":"\#(id)"}],"next_cursor":null}"#)
            case "/resources": .json(#"{"items":[],"next_cursor":null}"#)
            default: .json("{}", status: 201)
            }
        }) { url, server async throws in
            #expect(try await tool.run("tags", "set", "i-1", "owner=a=b", url: url).status == 0)
            #expect(server.calls.last?.body == #"{"resource_id":"\#(id)","tags":[{"key":"owner","value":"a=b"}]}"#)
            #expect(try await tool.run("tags", "set", "i-2", "owner=me", url: url).status == 1)
            #expect(
                try await tool.run("tags", "bulk", "--where", "{field: name, operator: exists}", "a=b", url: url).status == 0
            )
            #expect(
                server.calls.last?.body
                    == #"{"where":{"field":"name","operator":"exists"},"tags":[{"key":"a","value":"b"}]}"#)
        }
    }
}

/// Counts calls across threads.
private final class Counter: Sendable {
    private let count = Mutex(0)

    /// How many calls there have been, with this one.
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
