import HTTPTransport
import Testing

@Suite("The command line on rules")
struct RulesCommandLineTests {
    private static let explanation = """
        {"resource_id":"6fa459ea-ee8a-5ca4-894e-db77e160355e","tag_key":"team","catalog_version":3,"settled":true,
         "tags":[{"tag_key":"team","because":"set by hand","tag_value":"mine","source":"manual","confidence":1,"rule_id":null,
           "rule_version":null,"created_by":"ada","created_at":"T","updated_at":"2026-01-01T00:00:00.000Z",
           "provenance":[{"tag_value":"shop","source":"rule","created_by":"rule:web","shadowed_by":"ada"}]}],
         "rules":[
           {"rule_name":"web","priority":1,"state":"in_force","matched":true,"failed":[],
            "conditions":{"all":[{"field":"name","operator":"starts_with","value":"web-","found":"web-1","holds":true}],"holds":true},
            "actions":[{"action":"set_tag","tag_key":"team","outcome":"shadowed","tag_value":"shop",
              "shadowed_by":{"tag_value":"mine","created_by":"ada"}}]},
           {"rule_name":"late\\u001b[31m","priority":2,"state":"not_started","matched":false,"failed":[],
            "conditions":{"not":{"field":"tags.x","operator":"absent","found":null,"holds":true},"holds":false},"actions":[]}],
         "rules_omitted":4}
        """

    @Test("explain shows who won, what each rule asked and found, and what it did")
    func explain() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(Self.explanation) }) { url, server async throws in
            let outcome = try await tool.run(
                "explain", "6FA459EA-EE8A-5CA4-894E-DB77E160355E", "--key", "team", "--all", url: url)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let call = server.calls.first
            #expect(call?.path == "/resources/6fa459ea-ee8a-5ca4-894e-db77e160355e/explain")
            #expect(call?.query == "tag_key=team&rules=all")
            #expect(
                outcome.output == """
                    team = mine   set by hand
                      ✓ manual by ada, 2026-01-01T00:00:00.000Z
                      ✗ shop: rule by rule:web, overruled by ada

                    ✓ web  priority 1
                      ✓ all of
                        ✓ name starts_with "web-"   found "web-1"
                      → team = shop, overruled by ada: mine
                    ✗ late\u{FFFD}[31m  priority 2, not started: it does not run
                      ✗ not
                        ✓ tags.x absent   found nothing

                    4 more rules; --limit shows more

                    """)
        }
    }

    @Test("rules lint ends with 2 when something as bad as --fail-on was found, else with 0")
    func lint() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        func finding(_ severity: String) -> String {
            #"{"severity":"\#(severity)","rule_name":"r","code":"overlap","tag_key":null,"message":"odd"}"#
        }
        let found = #"{"items":[\#(finding("warning")),\#(finding("note"))],"next_cursor":null}"#
        try await ScriptedServer.serving({ _ in .json(found) }) { url, _ async throws in
            for (arguments, status) in [
                ([], 2), (["--fail-on", "error"], 0), (["--fail-on", "note"], 2), (["--fail-on", "never"], 0),
                (["--fail-on", "nonsense"], 64),
            ] as [([String], Int32)] {
                let outcome = try await tool.run(["rules", "lint"] + arguments, url: url)
                #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
                if status != 64 { #expect(outcome.output.contains("odd")) }
            }
        }
        try await ScriptedServer.serving({ _ in .json(#"{"items":[],"next_cursor":null}"#) }) { url, _ async throws in
            let outcome = try await tool.run("rules", "lint", url: url)
            #expect(outcome.status == 0 && outcome.errors.contains("nothing odd"))
        }
    }

    @Test("A file that spells a rule's times otherwise than the server changes nothing")
    func sameTimes() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let file = try tool.file(
            "rules.yaml",
            """
            rule_name: timed
            conditions: {all: []}
            actions: [{set_tag: {key: a, value: b}}]
            effective_start: 2026-10-31
            """)
        let stored = """
            {"items":[{"id":"1","rule_name":"timed","priority":1000,"enabled":true,"conditions":{"all":[]},
             "actions":[{"set_tag":{"key":"a","value":"b"}}],"if_tag_exists":"replace","default_value":null,
             "effective_start":"2026-10-31T00:00:00.000Z","effective_end":null}],"next_cursor":null}
            """
        try await ScriptedServer.serving({ _ in .json(stored) }) { url, _ async throws in
            let outcome = try await tool.run("rules", "apply", "-f", file, url: url)
            #expect(outcome.output.contains("rule timed: unchanged"), "\(outcome.output) \(outcome.errors)")
        }
    }
}
