import Foundation
import HTTPTransport
import JSON
import Testing

/// What a limited token can find out of an account that is not its own.
@Suite("A token without an account")
struct ScopeTimingTests {
    private static let (own, foreign, nowhere) = ("111122223333", "444455556666", "777788889999")

    private static func instances(_ count: Int, account: String, digit: String) -> String {
        let all = (0..<count).map {
            #"{"InstanceId":"i-\#(digit)\#(String(repeating: "0", count: 10))\#(10_000 + $0)","Tags":[{"Key":"Name","Value":"\#(String(repeating: "a", count: 60))"}]}"#
        }
        return #"{"Reservations":[{"OwnerId":"\#(account)","Instances":[\#(all.joined(separator: ","))]}]}"#
    }

    /// One question that would take long of many resources, were they asked.
    private struct Question {
        let method: HTTPMethod
        let path: String
        let body: String?

        init(_ method: HTTPMethod, _ path: String, _ body: String? = nil) {
            self.method = method
            self.path = path
            self.body = body
        }
    }

    private static func questions(about account: String) -> [Question] {
        let dear = #"{"field":"name","operator":"regex","value":"(a|b|ab)*c"}"#
        let condition = #"{"all":[{"field":"account_id","operator":"eq","value":"\#(account)"},\#(dear)]}"#
        return [
            Question(
                .post, "/tag-rules/test",
                #"{"id":"00000000-0000-4000-8000-000000000001","rule_name":"r","priority":1,"conditions":\#(condition),"actions":[{"set_tag":{"key":"a","value":"b"}}]}"#
            ),
            Question(.post, "/virtual-tags/bulk-apply", #"{"where":\#(condition),"tags":[{"key":"a","value":"b"}]}"#),
            Question(.get, "/resources?account_id=\(account)&name=x"),
            Question(.get, "/compliance/violations?limit=1000"),
            Question(.get, "/stats"),
        ]
    }

    @Test(
        "Trying rules out, counting and searching answer the same of it as of one that is nowhere, with work of the same order"
    )
    func nothing() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        let ingest = "/ingest/aws?region=eu-west-1"
        for (count, account, digit) in [(20, Self.own, "a"), (4_000, Self.foreign, "b")] {
            let answer = try await node.send(.post, ingest, Self.instances(count, account: account, digit: digit))
            #expect(answer.json["created"]?.int == count)
        }
        let path = tool.home.appending(path: "limited.jwt").path
        let made = try await tool.run(
            "token", "create", "--subject", "limited", "--role", "tagger", "--account", Self.own, "--lifetime", "5m",
            "--data-dir", scratch.url.path, "--save", path, token: nil)
        #expect(made.status == 0)
        let token = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pairs = zip(Self.questions(about: Self.foreign), Self.questions(about: Self.nowhere))
        for (foreign, nowhere) in pairs {
            var best = [Duration](repeating: .seconds(60), count: 2)
            // In turns, and the quickest of each: whatever else the machine does concerns both.
            for _ in 0..<9 {
                var texts: [String] = []
                for (position, question) in [foreign, nowhere].enumerated() {
                    let clock = ContinuousClock()
                    let started = clock.now
                    let answer = try await node.send(question.method, question.path, question.body, token: token)
                    best[position] = min(best[position], clock.now - started)
                    #expect(answer.status == 200, "\(question.path)")
                    texts.append(answer.text.replacing(Self.foreign, with: Self.nowhere))
                }
                #expect(texts[0] == texts[1])
            }
            #expect(best[0] < best[1] * 3 && best[1] < best[0] * 3, "\(foreign.path): \(best)")
        }
        #expect(node.terminate() == 0)
        await node.close()
    }
}
