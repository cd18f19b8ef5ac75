import CypherSyntax
import CypherValues
import Foundation
import Testing

@Suite("The page of functions")
struct FunctionPageTests {
    private static let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/cypher-functions.md")

    private static var page: String {
        var text = """
            # Functions of Cypher

            Names are the same in upper and lower case. A question mark: may be left out. Where nothing else is said, a null among the
            arguments makes null. Characters are Unicode's code points. Made by
            `VTAG_WRITE_DOCS=1 swift test --filter FunctionPageTests`; the same test fails when this page says otherwise.

            | function | what it gives |
            | --- | --- |

            """
        for function in CypherFunction.allCases {
            let entry = function.documentation
            text += "| `\(entry.signature)` | \(entry.summary) |\n"
        }
        text += "\nAggregations, which pass nulls over and take `DISTINCT` before their argument: "
        text += AggregateFunction.allCases.map { "`\($0.documentation)`" }.joined(separator: ", ") + ".\n"
        return text
    }

    @Test("docs/cypher-functions.md tells every function there is")
    func page() throws {
        if ProcessInfo.processInfo.environment["VTAG_WRITE_DOCS"] == "1" { try Data(Self.page.utf8).write(to: Self.url) }
        let written = try String(contentsOf: Self.url, encoding: .utf8)
        #expect(
            written == Self.page,
            "docs/cypher-functions.md is out of date: VTAG_WRITE_DOCS=1 swift test --filter FunctionPageTests")
    }
}
