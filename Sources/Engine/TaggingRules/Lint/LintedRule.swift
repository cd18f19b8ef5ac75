internal import Conditions
internal import Model

/// A rule with what lint asks of it: what its actions write, surely or perhaps, and from which tags.
struct LintedRule: Sequence {
    struct Action {
        enum Kind { case sets, removes }

        let pointer: JSONPointer
        /// In the virtual layer's spelling.
        let key: String
        let form: String
        let kind: Kind
        /// Values that it may set, as far as they stand in the rule; normalised.
        let constants: [String]
        /// Gives or takes the key wherever the rule holds.
        let isCertain: Bool
        /// Forms of tags that its value is made from.
        let sources: [String]
    }

    let rule: TagRule
    /// The conditions that must all hold.
    let tests: Set<Condition>
    private let actions: [Action]

    var id: UUID128 { rule.id }
    func makeIterator() -> IndexingIterator<[Action]> { actions.makeIterator() }

    init(_ rule: TagRule, _ normaliser: TagNormaliser) {
        self.rule = rule
        tests = rule.condition.conjuncts
        actions = rule.actions.enumerated().map { position, action in
            Action(action, of: rule, at: JSONPointer.root.appending("actions").appending(position), normaliser)
        }
    }

    /// Forms of the tags that its conditions read.
    func readForms(_ normaliser: TagNormaliser) -> Set<String> {
        var forms: Set<String> = []
        for test in tests { test.addTagForms(to: &forms, normaliser) }
        return forms
    }
}

extension LintedRule.Action {
    init(_ action: TagAction, of rule: TagRule, at pointer: JSONPointer, _ normaliser: TagNormaliser) {
        self.pointer = pointer
        key = normaliser.key(action.key)
        form = TagKeyForm.form(of: key)
        func forms(of field: ConditionField) -> [String] {
            guard case .tag(let key) = field else { return [] }
            return [TagKeyForm.form(of: normaliser.key(key))]
        }
        let fallback = rule.defaultValue.map { normaliser.value($0, for: action.key) }.flatMap { $0.isEmpty ? nil : $0 }
        var constants: [String] = []
        var isCertain = fallback != nil
        switch action {
        case .setTag(let key, let text):
            kind = .sets
            let parts = (try? Template(text))?.parts ?? [.literal(text)]
            sources = parts.flatMap { part -> [String] in
                guard case .field(let field) = part else { return [] }
                return forms(of: field)
            }
            if let constant = (try? Template(text)).map(\.constant) ?? text {
                constants = [normaliser.value(constant, for: key)]
                isCertain = isCertain || !constants[0].isEmpty
            }
        case .copyTag(let from, _):
            kind = .sets
            sources = forms(of: from)
        case .mapValue(let key, let from, let mapping, let ownFallback):
            kind = .sets
            sources = forms(of: from)
            constants = (mapping.map(\.value) + [ownFallback].compactMap(\.self)).map { normaliser.value($0, for: key) }
            isCertain = isCertain || ownFallback.map { !normaliser.value($0, for: key).isEmpty } == true
        case .removeTag:
            kind = .removes
            sources = []
            isCertain = true
        case .inheritTag:
            kind = .sets
            // Of other resources' tags.
            sources = []
        }
        if kind == .sets, let fallback { constants.append(fallback) }
        self.constants = constants
        // Who keeps what there is leaves it to later rules.
        self.isCertain = isCertain && (rule.ifTagExists == .replace || kind == .removes)
    }
}

extension Condition {
    /// What `all` of the condition asks for, itself where it is no `all`.
    var conjuncts: Set<Condition> {
        guard case .all(let parts) = self else { return [self] }
        return parts.reduce(into: []) { $0.formUnion($1.conjuncts) }
    }

    fileprivate func addTagForms(to forms: inout Set<String>, _ normaliser: TagNormaliser) {
        switch self {
        case .all(let parts), .any(let parts): for part in parts { part.addTagForms(to: &forms, normaliser) }
        case .not(let part): part.addTagForms(to: &forms, normaliser)
        case .related: break
        case .test(let test):
            if case .tag(let key) = test.field { forms.insert(TagKeyForm.form(of: normaliser.key(key))) }
        }
    }
}
