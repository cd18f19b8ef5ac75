import Conditions
import Model
import TaggingRules

/// What rules do, one after the other, in the plainest way: every rule is asked, tags are a list that is searched.
struct NaiveTagger {
    private struct Claim {
        let source: TagSource
        let value: String
        let by: String
        var assertion: TagAssertion?
        var isExact = false
        var rule: UUID128?
    }

    private struct Entry {
        let key: String
        let form: String
        /// In order of precedence.
        var claims: [Claim] = []
        var isShut = false
    }

    let rules: [TagRule]
    private let normaliser: TagNormaliser

    init(_ written: [TagRule], definitions: [TagDefinition]) {
        rules = written.filter { $0.state == .inForce }.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
        normaliser = TagNormaliser(definitions: definitions, spoken: rules.flatMap { $0.actions.map(\.key) })
    }

    /// `key=value by > value by …`, sorted by key.
    func outline(of resource: Resource, claims: [VirtualTag]) -> [String] {
        var entries: [Entry] = []
        for tag in claims { for claim in tag.assertions { add(claim, of: tag.key, &entries) } }
        for tag in resource.nativeTags.tags { add(tag, of: resource.provider, &entries) }
        for rule in rules { run(rule, resource, &entries) }
        return entries.filter { !$0.claims.isEmpty }.sorted { $0.key < $1.key }.map { entry in
            "\(entry.key)=" + entry.claims.map { "\($0.value) \($0.by)" }.joined(separator: " > ")
        }
    }

    // MARK: Claims

    private func insert(
        _ claim: Claim, _ key: String, _ entries: inout [Entry], isBefore: (Claim) -> Bool = { _ in false }
    ) {
        let form = TagKeyForm.form(of: key)
        let position = entries.firstIndex { $0.form == form } ?? entries.count
        if position == entries.count { entries.append(Entry(key: key, form: form)) }
        let place = entries[position].claims.firstIndex { other in
            claim.source.code < other.source.code || claim.source == other.source && isBefore(other)
        }
        entries[position].claims.insert(claim, at: place ?? entries[position].claims.count)
    }

    private func add(_ assertion: TagAssertion, of written: String, _ entries: inout [Entry]) {
        let key = normaliser.key(written)
        let claim = Claim(
            source: assertion.source, value: normaliser.value(assertion.value, for: key), by: assertion.createdBy,
            assertion: assertion)
        insert(claim, key, &entries) { other in
            guard let rival = other.assertion else { return false }
            return assertion.source == .manual ? assertion.updatedAt > rival.updatedAt : assertion.precedes(rival)
        }
    }

    private func add(_ tag: Tag, of provider: Provider, _ entries: inout [Entry]) {
        let key = normaliser.key(native: tag.key)
        guard !ReservedKeys.contains(tag.key, of: provider), TagLimits.problem(key: key, value: "") == nil else { return }
        let claim = Claim(
            source: .inherited, value: normaliser.value(tag.value, for: key), by: "native:\(tag.key)",
            isExact: tag.key == key)
        insert(claim, key, &entries) { _ in claim.isExact }
    }

    // MARK: Rules

    private func facts(_ resource: Resource, _ entries: [Entry]) -> NaiveConditions {
        var tags: [String: String] = [:]
        for entry in entries { tags[entry.form] = entry.claims.first?.value }
        return NaiveConditions(resource, tags: tags)
    }

    private func run(_ rule: TagRule, _ resource: Resource, _ entries: inout [Entry]) {
        guard facts(resource, entries).holds(rule.condition, spelling: normaliser.key(_:)) else { return }
        for action in rule.actions {
            let key = normaliser.key(action.key)
            let form = TagKeyForm.form(of: key)
            let position = entries.firstIndex { $0.form == form }
            if let position {
                if entries[position].isShut { continue }
                if entries[position].claims.contains(where: { $0.rule == rule.id }) { continue }
            }
            if case .removeTag = action {
                if position == nil { entries.append(Entry(key: key, form: form)) }
                let at = position ?? entries.count - 1
                entries[at].isShut = true
                entries[at].claims.removeAll { $0.source == .ml || $0.source == .inherited }
                continue
            }
            if rule.ifTagExists == .keep, let position, !entries[position].claims.isEmpty { continue }
            guard let value = value(of: action, rule, facts(resource, entries)) else { continue }
            insert(Claim(source: .rule, value: value, by: "rule:\(rule.name)", rule: rule.id), key, &entries)
        }
    }

    private func value(of action: TagAction, _ rule: TagRule, _ facts: NaiveConditions) -> String? {
        func text(_ field: ConditionField) -> String? {
            guard case .text(let text) = facts.find(field, normaliser.key(_:)), !text.isEmpty else { return nil }
            return text
        }
        let fallback = rule.defaultValue.map { normaliser.value($0, for: action.key) }
        let made: String?
        switch action {
        case .setTag(let key, let value):
            // The tests' templates are `${FIELD}-…` or no template.
            guard value.hasPrefix("${") else { return normaliser.value(value, for: key) }
            let end = value.firstIndex(of: "}") ?? value.endIndex
            let field = ConditionField(String(value[value.index(value.startIndex, offsetBy: 2)..<end]))
            made = field.flatMap(text).map { $0 + value[value.index(after: end)...] }
        case .copyTag(let from, _): made = text(from)
        case .mapValue(let key, let from, let mapping, let ownFallback):
            let looked = text(from)
            let found = mapping.first { $0.key == looked } ?? mapping.first { $0.key.lowercased() == looked?.lowercased() }
            return (found?.value ?? ownFallback).map { normaliser.value($0, for: key) } ?? fallback
        case .removeTag: return nil
        case .inheritTag: made = facts.resource.relations.first { $0.query == action.relationQuery?.key }?.value
        }
        let normal = made.map { normaliser.value($0, for: action.key) }
        return normal.flatMap { $0.isEmpty ? nil : $0 } ?? fallback
    }
}
