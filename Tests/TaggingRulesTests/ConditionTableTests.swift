import Conditions
import Foundation
import Model
import TaggingRules
import Testing

@Suite("docs/conditions.md")
struct ConditionTableTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/conditions.md")

    private static func engine(_ condition: Condition, _ resource: Resource, _ tags: [String: String]) -> Bool {
        let context = EvaluationContext()
        context.facts.startResource(
            resource,
            tags: tags.map { key, value in
                VirtualTag(
                    key: key,
                    winner: TagAssertion(
                        value: value, source: .manual, createdBy: "ada", createdAt: .at(0), updatedAt: .at(0)))
            })
        return CompiledCondition(condition).holds(&context.facts)
    }

    private static func naive(_ condition: Condition, _ resource: Resource, _ tags: [String: String]) -> Bool {
        NaiveConditions(resource, tags: tags).holds(condition)
    }

    @Test(
        "Every operator means for every kind of field and every edge case what the page says, and what a naive engine says")
    func table() throws {
        let computed = ConditionTable.page(Self.engine)
        let expected = ConditionTable.page(Self.naive)
        for (ours, theirs) in zip(computed.split(separator: "\n"), expected.split(separator: "\n")) {
            #expect(ours == theirs)
        }
        if ProcessInfo.processInfo.environment["VTAG_WRITE_DOCS"] == "1" {
            try computed.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(
            written == computed,
            "docs/conditions.md is out of date: VTAG_WRITE_DOCS=1 swift test --filter ConditionTableTests")
    }

    @Test("The page has every operator, with and without regard to case where it makes a difference")
    func complete() {
        #expect(Set(ConditionTable.tests.map(\.0)) == Set(ConditionOperator.allCases))
    }
}
