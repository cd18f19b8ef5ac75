import Foundation
import HTTPTransport
import JSON
import Testing

/// Tokens as people make them, on nodes as people start them.
@Suite("vtag token and login")
struct TokenTests {
    private static let payload =
        #"{"Reservations":[{"OwnerId":"111122223333","Instances":[{"InstanceId":"i-0aaaaaaaaaaaaaaa1"}]},{"OwnerId":"444455556666","Instances":[{"InstanceId":"i-0bbbbbbbbbbbbbbb1"}]}]}"#

    @Test("A token made with the node's key is taken with its role and its limits, and is readable by its owner alone")
    func create() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.post, "/ingest/aws?region=eu-west-1", Self.payload).status == 200)
        let path = tool.home.appending(path: "blue.jwt").path
        let made = try await tool.run(
            "token", "create", "--subject", "blue", "--role", "tagger", "--account", "111122223333", "--lifetime", "5m",
            "--data-dir", scratch.url.path, "--save", path, token: nil)
        #expect(made.status == 0, "\(made.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let list = try await tool.run("resources", "list", "--token-file", path, "-o", "json", url: node.url, token: nil)
        let items = try JSONValue(parsing: Array(list.output.utf8))["items"]?.array
        #expect(items?.map { $0["account_id"]?.string } == ["111122223333"], "\(list.errors)")
        let set = try await tool.run(
            "tags", "set", "i-0aaaaaaaaaaaaaaa1", "owner=jo", "--token-file", path, url: node.url, token: nil)
        #expect(set.status == 0)
        let outside = try await tool.run(
            "tags", "set", "i-0bbbbbbbbbbbbbbb1", "owner=jo", "--token-file", path, url: node.url, token: nil)
        #expect(outside.status == 1 && outside.errors.contains("no resource has the id"))
        #expect(try await tool.run("rules", "list", "--token-file", path, url: node.url, token: nil).status == 77)
        #expect(try await tool.run("status", "--token-file", path, url: node.url, token: nil).status == 0)

        let inspected = try await tool.run("token", "inspect", path, token: nil)
        #expect(inspected.output.contains("accounts 111122223333") && inspected.output.contains("tagger"))
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("Limits that no node would take are refused by their place before a token is made")
    func refused() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(node.terminate() == 0)
        await node.close()
        for (limits, words) in [
            (["--provider", "awss"], "did you mean \"aws\""), (["--condition", "{"], "not JSON"),
            (["--condition", #"{"field":"nam","operator":"eq","value":"x"}"#], "/condition/field"),
            (["--lifetime", "0d"], "--lifetime"), (["--lifetime", "99999d"], "--lifetime"), (["--role", "root"], "--role"),
            (["--key", "/nowhere"], "exclude each other"),
        ] {
            let made = try await tool.run(
                ["token", "create", "--subject", "x", "--data-dir", scratch.url.path] + limits
                    + (limits[0] == "--role" ? [] : ["--role", "viewer"]), token: nil)
            #expect(made.status == 64 && made.errors.contains(words) && made.output.isEmpty, "\(limits): \(made.errors)")
        }
        let lost = try await tool.run("token", "create", "--subject", "x", "--role", "viewer", token: nil)
        #expect(lost.status == 64 && lost.errors.contains("data/keys/es256.pem"))
    }

    @Test("Login keeps a token that the server takes, and no other")
    func login() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        let wrong = try await tool.run("login", node.url, "--name", "n", token: nil, input: "not-a-token\n")
        #expect(wrong.status == 77 && !wrong.errors.contains("not-a-token"))
        #expect(try await tool.run("context", "list", token: nil).output.contains("there are no contexts"))
        #expect(try await tool.run("login", node.url, token: nil, input: "").status == 64)
        let right = try await tool.run("login", node.url, "--name", "n", token: nil, input: node.token + "\n")
        #expect(right.status == 0 && right.output == "n is the current context\n", "\(right.errors)")
        #expect(try await tool.run("status", token: nil).status == 0)
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("A node whose keys are at a URL takes tokens of that key for its audience alone, also while the URL is away")
    func keysAtURL() async throws {
        let (signing, served) = (try Scratch(), try Scratch())
        defer {
            signing.remove()
            served.remove()
        }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let issuer = try await NodeProcess.serving(signing.url)
        #expect(issuer.terminate() == 0)
        await issuer.close()
        let set = try await tool.run("token", "keys", "--data-dir", signing.url.path, token: nil)
        #expect(set.status == 0)
        func token(_ more: String...) async throws -> String {
            try await tool.run(
                ["token", "create", "--subject", "jo", "--role", "admin", "--data-dir", signing.url.path] + more, token: nil
            ).output.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let (good, other) = (try await token("--audience", "vtag"), try await token("--audience", "else"))
        var flags: [String] = []
        try await ScriptedServer.serving({ _ in .json(set.output) }) { url, _ in
            flags = ["--jwks", "\(url)/jwks.json", "--jwt-audience", "vtag", "--jwt-issuer", "virtual-tagger"]
            try await check(served, flags)
        }
        // The same address, with nobody there.
        try await check(served, flags)

        func check(_ scratch: Scratch, _ flags: [String]) async throws {
            let node = try StartingNode(scratch.url, flags)
            let ready = try #require(await node.log.line(with: #""message":"ready""#), "\(node.log.text)")
            let url = try #require(try JSONValue(parsing: ready)["http"]?.string)
            #expect(try await tool.run("status", url: url, token: good).status == 0)
            #expect(try await tool.run("status", url: url, token: other).status == 77)
            #expect(node.terminate() == 0)
            let said = node.log.text
            #expect(!said.contains(good.suffix(40)) && !said.contains(other.suffix(40)))
        }
    }
}
