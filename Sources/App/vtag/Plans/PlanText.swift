import JSON

/// Plans as people read them.
enum PlanText {
    /// What would change, field by field, as far as the server says it.
    static func changes(_ plan: JSONValue) -> String {
        (plan["changes"]?.array ?? []).map { change in
            let kind = DefinitionKind.planned.first { $0.planWord == change.cell("kind") } ?? .rule
            let (before, after) = (change["before"], change["after"])
            var text = heading(change.cell("action"), kind.noun, change.cell("name"), version: change.cell("from_version"))
            for name in kind.members where name != kind.key || change.cell("action") == "update" {
                text += field(name, before?[name], after?[name])
            }
            return text
        }.joined()
    }

    /// The same before there is a plan.
    static func changes(_ document: PlanDocument) -> String {
        document.changes.map { change in
            var text = heading(
                change.action.rawValue, change.kind.noun, change.name, version: change.existing?.cell("version") ?? "")
            guard change.action != .delete else { return text }
            for name in change.kind.members where name != change.kind.key {
                let (old, new) = (change.existing?[name], change.definition?.value[name])
                if let existing = change.existing, let definition = change.definition,
                    Application.says(existing, definition.value, members: [name])
                {
                    continue
                }
                text += field(name, old, new)
            }
            return text
        }.joined()
    }

    private static func heading(_ action: String, _ noun: String, _ name: String, version: String) -> String {
        let mark = action == "create" ? "+" : action == "delete" ? "-" : "~"
        return "\(mark) \(noun) \(Terminal.clean(name))" + (version.isEmpty ? "" : "  (version \(version))") + "\n"
    }

    private static func field(_ name: String, _ before: JSONValue?, _ after: JSONValue?) -> String {
        guard before != after, !says(nothing: before) || !says(nothing: after) else { return "" }
        var text = ""
        if let before, !says(nothing: before) { text += "    - \(name): \(Terminal.clean(before.cell))\n" }
        if let after, !says(nothing: after) { text += "    + \(name): \(Terminal.clean(after.cell))\n" }
        return text
    }

    private static func says(nothing value: JSONValue?) -> Bool {
        switch value {
        case nil, .null?, .string("")?, .array([])?, .object([])?: true
        default: false
        }
    }

    /// What it would do to the resources.
    static func figures(_ plan: JSONValue) -> String {
        guard let figures = plan["figures"], !figures.isNull else { return warnings(plan) }
        var text = "\(figures.cell("would_change")) of \(figures.cell("scanned")) resources would change"
        text += RulesCommand.Test.costs(figures["cost_moved"], ", moving ") + "\n"
        for key in figures["by_key"]?.array ?? [] { text += RulesCommand.Test.words(ofKey: key) }
        text += omitted(figures, "keys_omitted", "keys")
        for policy in figures["by_policy"]?.array ?? [] {
            text += "  policy \(Terminal.clean(policy.cell("policy_name"))): \(policy.cell("violating_before")) → "
            text += "\(policy.cell("violating_after")) resources violate it\n"
        }
        text += omitted(figures, "policies_omitted", "policies")
        for conflict in figures["conflicts"]?.array ?? [] {
            let other = conflict.cell("rule_name")
            text += "  rule \(Terminal.clean(conflict.cell("of_rule_name"))) \(conflict.cell("outcome")) against "
            text += Terminal.clean(other.isEmpty ? conflict.cell("against") : "rule \(other)")
            text += " on \(Terminal.clean(conflict.cell("tag_key"))): \(conflict.cell("count")) resources\n"
        }
        text += omitted(figures, "conflicts_omitted", "conflicts")
        for rule in figures["by_rule"]?.array ?? [] where rule["matched"]?.int == 0 {
            text += "  rule \(Terminal.clean(rule.cell("rule_name"))) matches nothing"
            text += rule.cell("state") == "in_force" ? "\n" : ": \(rule.cell("state").replacing("_", with: " "))\n"
        }
        return text + warnings(plan)
    }

    private static func omitted(_ figures: JSONValue, _ member: String, _ noun: String) -> String {
        guard let count = figures[member]?.int, count > 0 else { return "" }
        return "  … and \(count) more \(noun)\n"
    }

    private static func warnings(_ plan: JSONValue) -> String {
        (plan["warnings"]?.array ?? []).map { "  warning: \(Terminal.clean($0.cell("message")))\n" }.joined()
    }

    /// `2 to create, 1 to update, none to delete`.
    static func summary(_ plan: JSONValue) -> String {
        let counts = ["create", "update", "delete"].map { action in
            "\(plan["summary"]?.cell(action) ?? "0") to \(action)"
        }
        return counts.joined(separator: ", ")
    }
}
