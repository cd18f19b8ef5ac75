import ArgumentParser
import JSON

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a resource has its tags, and why not others.",
        discussion: """
            For each tag: who says so, and who was overruled. For each rule: what its conditions asked and found, and what it \
            did. Without --key the rules are those that might have matched; with it, those that write that key.

            EXAMPLES
              vtag explain i-0abc1234def567890
              vtag explain i-0abc1234def567890 --key team
              vtag explain i-0abc1234def567890 --key team --all -o json
            """)

    @Argument(help: "Its UUID, or the provider's own id.") var resource: String
    @Option(help: "Only this tag, and the rules that write it.") var key: String?
    @Flag(help: "Every rule, also those that could not match.") var all = false
    @Option(help: "Most rules to show, 1 to 1000.") var limit: Int?
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await Session.run(connection) { session in
            let id = try await session.resource(resource).id
            var target = Target("resources", id, "explain")
            target.add("tag_key", key)
            if all { target.add("rules", "all") }
            target.add("limit", limit.map(String.init))
            let words = ExplanationWords(hasColour: session.printer.terminal.hasColour)
            session.printer.one(try await session.client.get(target)) { words.text(of: $0) }
        }
    }
}

/// An explanation for people.
struct ExplanationWords {
    let hasColour: Bool

    func text(of explanation: JSONValue) -> String {
        var text = ""
        let tags = explanation["tags"]?.array ?? []
        if tags.isEmpty {
            let key = explanation.cell("tag_key")
            text += key.isEmpty ? "it has no tags\n" : "it has no tag \(Terminal.clean(key))\n"
        }
        for tag in tags { text += words(ofTag: tag) }
        if explanation["settled"]?.bool == false { text += "the newest rules are on their way to this resource\n" }
        let rules = explanation["rules"]?.array ?? []
        if !rules.isEmpty { text += "\n" }
        for rule in rules { text += words(ofRule: rule) }
        if let omitted = explanation["rules_omitted"]?.int, omitted > 0 {
            text += "\n\(omitted) more rules; --limit shows more\n"
        }
        return text
    }

    // MARK: Tags

    private func words(ofTag tag: JSONValue) -> String {
        var text = strong("\(show(tag, "tag_key")) = \(show(tag, "tag_value"))")
        text += "   \(show(tag, "because"))\n"
        text += "  \(mark(true)) \(show(tag, "source")) by \(show(tag, "created_by")), \(show(tag, "updated_at"))\n"
        if let way = tag["path"]?.array { text += "  ← by way of \(words(ofWay: way))\n" }
        for loser in tag["provenance"]?.array ?? [] {
            text += "  \(mark(false)) \(show(loser, "tag_value")): \(show(loser, "source")) by \(show(loser, "created_by"))"
            text += ", overruled by \(show(loser, "shadowed_by"))\n"
        }
        return text
    }

    // MARK: Rules

    private func words(ofRule rule: JSONValue) -> String {
        let matched = rule["matched"]?.bool == true
        var text = "\(mark(matched)) \(strong(show(rule, "rule_name")))  priority \(show(rule, "priority"))"
        let state = rule.cell("state")
        if state != "in_force" { text += ", \(show(rule, "state").replacing("_", with: " ")): it does not run" }
        text += "\n"
        if let conditions = rule["conditions"] { text += words(ofCondition: conditions, indent: 2) }
        for action in rule["actions"]?.array ?? [] { text += "  → \(words(ofAction: action))\n" }
        return text
    }

    private func words(ofAction action: JSONValue) -> String {
        let key = show(action, "tag_key")
        let value = show(action, "tag_value")
        switch action.cell("outcome") {
        case "won": return "\(key) = \(value)"
        case "shadowed":
            let winner = action["shadowed_by"] ?? .null
            return "\(key) = \(value), overruled by \(show(winner, "created_by")): \(show(winner, "tag_value"))"
        case "removed": return "removes \(key)"
        case "shut": return "\(key): an earlier rule removed it for all later ones"
        case "repeated": return "\(key): the rule has set it already"
        case "kept": return "\(key): it has a value already, which the rule keeps"
        case "no_value": return "\(key): no value, as what it refers to has none here"
        case "full": return "\(key): the resource carries as many tags as it may"
        default: return "\(key): \(show(action, "outcome"))"
        }
    }

    private func words(ofCondition condition: JSONValue, indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        let sign = mark(condition["holds"]?.bool == true)
        for name in ["all", "any"] {
            guard let parts = condition[name]?.array else { continue }
            if parts.isEmpty { return "\(space)\(sign) for every resource\n" }
            let title = name == "all" ? "all of" : "any of"
            return "\(space)\(sign) \(title)\n" + parts.map { words(ofCondition: $0, indent: indent + 2) }.joined()
        }
        if let part = condition["not"] { return "\(space)\(sign) not\n" + words(ofCondition: part, indent: indent + 2) }
        if let related = condition["related"] {
            return "\(space)\(sign) \(words(ofRelated: related))   found \(words(ofWay: condition["found"]?.array ?? []))\n"
        }
        var text = "\(space)\(sign) \(show(condition, "field")) \(show(condition, "operator"))"
        if let value = condition["value"] { text += " \(Terminal.clean(String(decoding: value.serialised, as: UTF8.self)))" }
        if condition["ignore_case"]?.bool == true { text += " ignoring case" }
        let found = condition["found"] ?? .null
        return text + "   found \(found.isNull ? "nothing" : "\"\(Terminal.clean(found.cell))\"")\n"
    }

    private func words(ofRelated related: JSONValue) -> String {
        let types = (related["types"]?.array ?? []).map { Terminal.clean($0.cell) }.joined(separator: ", ")
        let (least, most) = (show(related, "min_depth"), show(related, "max_depth"))
        let steps = least == most ? "\(least) step\(least == "1" ? "" : "s")" : "\(least) to \(most) steps"
        let wanted = related["where"].map { Terminal.clean(String(decoding: $0.serialised, as: UTF8.self)) } ?? ""
        return
            "a resource \(steps) along \(types) (\(show(related, "direction"))) for which \(wanted)"
    }

    /// `UUID → UUID`, the last is where something was found.
    private func words(ofWay way: [JSONValue]) -> String {
        way.isEmpty ? "nothing" : way.map { Terminal.clean($0.cell) }.joined(separator: " → ")
    }

    // MARK: Form

    private func show(_ value: JSONValue, _ name: String) -> String { Terminal.clean(value.cell(name)) }

    private func mark(_ holds: Bool) -> String {
        let sign = holds ? "✓" : "✗"
        return hasColour ? "\u{1B}[\(holds ? 32 : 31)m\(sign)\u{1B}[0m" : sign
    }

    private func strong(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
