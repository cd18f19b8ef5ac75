import Conditions
import JSON
import Model

/// Every operator asked of every kind of field in every edge case, as a page for people.
struct ConditionTable {
    struct Kind {
        let title: String
        let field: String
        let words: String
        /// What the field has, and what the resource must be like for it; no value: it is missing.
        let cases: [(title: String, value: JSONValue?)]
    }

    /// Asks whether a condition holds for a resource with these effective tags.
    typealias Ask = (Condition, Resource, _ tags: [String: String]) -> Bool

    private static let texts: [(title: String, value: JSONValue?)] = [
        ("empty", .string("")), ("`prod`", .string("prod")), ("`PROD`", .string("PROD")), ("`é`", .string("\u{E9}")),
        ("`e` + U+0301", .string("e\u{301}")), ("`É`", .string("\u{C9}")), ("`7`", .string("7")),
        ("`07.0`", .string("07.0")),
        ("`10`", .string("10")), ("`2026-03-01`", .string("2026-03-01")),
    ]

    static let kinds = [
        Kind(
            title: "A resource's own fields", field: "name",
            words:
                "`provider`, `resource_type`, `name`, `account_id`, `region`, `resource_id`: always there, perhaps empty.",
            cases: texts),
        Kind(
            title: "Virtual tags", field: "tags.KEY",
            words: "The effective value, under any spelling of the key.", cases: [("missing", nil)] + texts),
        Kind(
            title: "Native tags", field: "native_tags.KEY",
            words: "The provider's own: the very key, else the first of that form.", cases: [("missing", nil)] + texts),
        Kind(
            title: "Metadata", field: "metadata.PATH",
            words:
                "Whatever JSON is at the path. Numbers and booleans are compared as text, and as numbers where numbers are asked for.",
            cases: [("missing", nil), ("`null`", .null)] + texts + [
                ("number 7", .int(7)), ("number 7.5", .double(7.5)), ("`true`", .bool(true)),
                ("`[\"prod\", 7]`", .array([.string("prod"), .int(7)])), ("`{\"a\": 1}`", .object([.init("a", .int(1))])),
            ]),
    ]

    /// Operator, operand, and whether case is ignored.
    static let tests: [(ConditionOperator, FieldTest.Operand, Bool)] = [
        (.eq, .text("prod"), false), (.eq, .text("prod"), true), (.eq, .text(""), false), (.eq, .text("7"), false),
        (.eq, .number(7, "7"), false), (.eq, .text("\u{E9}"), false), (.eq, .text("\u{E9}"), true),
        (.eq, .text("true"), false), (.ne, .text("prod"), false), (.ne, .text("prod"), true),
        (.isIn, .list(["prod", "7"]), false), (.isIn, .list(["prod", "7"]), true), (.notIn, .list(["prod", "7"]), false),
        (.gt, .number(7, "7"), false), (.gt, .text("7"), false), (.gte, .number(7, "7"), false),
        (.lt, .number(9, "9"), false), (.lt, .text("9"), false), (.lte, .number(7, "7"), false), (.gt, .text("prod"), false),
        (.lt, .text("prod"), true), (.gte, .text("2026-03-01T00:00:00Z"), false), (.lt, .text("2026-03-02"), false),
        (.contains, .text("ro"), false), (.contains, .text("RO"), true), (.contains, .text(""), false),
        (.contains, .text("prod"), false), (.contains, .text("7"), false), (.startsWith, .text("pr"), false),
        (.startsWith, .text("PR"), true), (.endsWith, .text("od"), false), (.endsWith, .text("OD"), true),
        (.glob, .text("p*"), false), (.glob, .text("p*"), true), (.glob, .text("*"), false), (.glob, .text("?"), false),
        (.glob, .text("[7p]*"), false), (.regex, .text("^p"), false), (.regex, .text("^p"), true),
        (.regex, .text(".*"), false), (.regex, .text("^$"), false), (.regex, .text("\u{E9}"), true),
        (.regex, .text("[0-9]$"), false), (.exists, .none, false), (.absent, .none, false),
    ]

    static func scene(_ kind: Kind, _ value: JSONValue?) -> (
        resource: Resource, field: ConditionField, tags: [String: String]
    ) {
        var native: [Tag] = []
        var tags: [String: String] = [:]
        var metadata = JSONText.emptyObject
        var name = "x"
        let field: ConditionField
        switch kind.field {
        case "name":
            field = .name
            name = value?.string ?? ""
        case "tags.KEY":
            field = .tag("k")
            tags["k"] = value?.string
        case "native_tags.KEY":
            field = .nativeTag("k")
            if let text = value?.string { native = [Tag("k", text)] }
        default:
            field = .metadata("k")
            if let value { metadata = JSONText(trusted: JSONValue.object([.init("k", value)]).serialised) }
        }
        let resource = Resource(
            provider: .aws, resourceID: "i-1", resourceType: "ec2.instance", name: name, nativeTags: TagList(native),
            metadata: metadata, firstSeen: .at(0), lastSeen: .at(0))
        return (resource, field, tags)
    }

    // MARK: The page

    static func page(_ ask: Ask) -> String {
        var text = """
            # What conditions mean

            A test is one field, one operator and, for most, a value; `ignore_case` compares without regard to case, by Unicode's
            rules. Every cell below was computed by the engine and agreed to by a second, naive one. Made by
            `VTAG_WRITE_DOCS=1 swift test --filter ConditionTableTests`; the same test fails when this page says otherwise.

            **Yes** means that the test holds.

            - Missing is not empty: a tag with an empty value is there. `null` in the metadata is missing. Of what is missing `ne`,
              `not_in` and `absent` hold, and nothing else. A resource's own field is always there; `exists` asks whether it is not empty.
            - Text is compared byte by byte: a composed `é` (U+00E9) is not `e` with U+0301. Keys are compared by their form.
            - `eq` compares as numbers where its value is a number in JSON (`7`), as text where it is a string (`"7"`).
            - `gt`, `gte`, `lt` and `lte` compare as numbers where both sides read as decimal numbers, as moments where both read as
              RFC 3339 dates or times, else as text in the order of its bytes.
            - `contains` asks of a list in the metadata whether it has the element. Lists and objects exist and equal nothing.
            - `glob` is about the whole text, and `?` is one code point; `regex` is RE2's and matches anywhere.

            """
        for kind in kinds { text += table(kind, ask) }
        return text
    }

    private static func table(_ kind: Kind, _ ask: Ask) -> String {
        var text = "\n## \(kind.title)\n\n\(kind.words)\n\n"
        text += "| `\(kind.field)` | " + kind.cases.map(\.title).joined(separator: " | ") + " |\n"
        text += "| --- |" + String(repeating: " --- |", count: kind.cases.count) + "\n"
        for (comparison, operand, ignoreCase) in tests {
            let cells = kind.cases.map { row in
                let (resource, field, tags) = scene(kind, row.value)
                let test = FieldTest(field, comparison, operand, ignoreCase: ignoreCase)
                return ask(.test(test), resource, tags) ? "yes" : "·"
            }
            text += "| \(words(comparison, operand, ignoreCase)) | \(cells.joined(separator: " | ")) |\n"
        }
        return text
    }

    private static func words(_ comparison: ConditionOperator, _ operand: FieldTest.Operand, _ ignoreCase: Bool) -> String {
        let value =
            switch operand {
            case .none: ""
            case .text(let text): " \"\(text)\""
            case .number(_, let spelling): " \(spelling)"
            case .list(let texts): " [\(texts.map { "\"\($0)\"" }.joined(separator: ", "))]"
            }
        return "`\(comparison.rawValue)\(value)`\(ignoreCase ? " ignoring case" : "")"
    }
}
