import Foundation
import HTTPTransport
import JSON
import Testing

/// Retention and holds as people set them, on a node as people start it.
@Suite("vtag audit")
struct AuditCommandLineTests {
    private static let payload =
        #"{"Reservations":[{"OwnerId":"111122223333","Instances":[{"InstanceId":"i-0aaaaaaaaaaaaaaa1"}]}]}"#

    @Test("Retention and holds are set, shown, kept over a kill, and released; the token may come from VTAG_TOKEN_FILE")
    func retention() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        var node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.post, "/ingest/aws?region=eu-west-1", Self.payload).status == 200)
        let token = try tool.file("admin.jwt", node.token + "\n")
        func vtag(_ arguments: String...) async throws -> CommandLineTool.Outcome {
            try await tool.run(["audit"] + arguments, url: node.url, token: nil, tokenFile: token)
        }
        #expect(try await vtag("retention").output.contains("for ever"))
        let set = try await vtag("retention", "set", "24")
        #expect(set.status == 0 && set.output.contains("24 months") && set.output.contains("next clean-up"), "\(set.errors)")
        for wrong in ["0", "1201", "-1", "soon"] { #expect(try await vtag("retention", "set", wrong).status != 0) }
        let placed = try await vtag(
            "hold", "add", "case 1", "--reason", "because", "--resource", "i-0aaaaaaaaaaaaaaa1", "--since", "2026-01-01")
        #expect(placed.status == 0, "\(placed.errors)")
        let nothing = try await vtag("hold", "add", "all", "--reason", "because")
        #expect(nothing.status == 1 && nothing.errors.contains("/scope"))

        node.kill()
        await node.close()
        node = try await NodeProcess.serving(scratch.url)
        #expect(try await vtag("retention").output.contains("24 months"))
        let list = try await vtag("hold", "list", "-o", "json")
        let holds = try JSONValue(parsing: Array(list.output.utf8))["items"]?.array
        #expect(holds?.map { $0["hold_name"]?.string } == ["case 1"], "\(list.output)")
        #expect(try await vtag("hold", "release", "case 1").status == 0)
        #expect(try await vtag("hold", "release", "case 1").errors.contains("there is no hold"))
        #expect(try await vtag("retention", "set", "forever").output.contains("for ever"))
        let verified = try await vtag("verify")
        #expect(verified.status == 0 && verified.output.contains("REMOVED"))
        #expect(node.terminate() == 0)
        await node.close()
    }
}
