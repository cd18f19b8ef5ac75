internal import Conditions
internal import JSON
internal import Model

/// What the actions of one policy come to here.
struct CustodianActions {
    /// For a rule.
    var actions: [TagAction] = []
    /// Keys that get another case of value: for tag definitions.
    var casePolicies: [(key: String, policy: TagDefinition.CasePolicy, pointer: JSONPointer)] = []
    /// Keys that are renamed to another spelling of themselves: for tag definitions.
    var spellings: [(key: String, pointer: JSONPointer)] = []
    /// What is not carried over.
    var problems: [Untranslatable] = []

    let target: CustodianTarget

    init(_ value: JSONValue?, of target: CustodianTarget, at pointer: JSONPointer) {
        self.target = target
        let elements = value.map { $0.array ?? [$0] } ?? []
        for (position, element) in elements.enumerated() where !element.isNull {
            let place = value?.array == nil ? pointer : pointer.appending(position)
            do throws(Untranslatable) {
                try add(element, at: place)
            } catch {
                problems.append(error)
            }
        }
    }

    /// Keys that the actions write.
    var keysWritten: Set<String> { Set(actions.map { keyForm($0.target) }) }

    private mutating func add(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) {
        guard let type = value.string ?? value["type"]?.string else {
            throw Untranslatable("the action has no type", "mend it in the source", at: pointer)
        }
        switch type {
        case "tag", "mark": try set(value, at: pointer)
        case "set-labels": try labels(value, at: pointer)
        case "remove-tag", "unmark", "untag":
            let keys = try texts("tags", in: value, at: pointer) ?? [CustodianFilters.markKey]
            actions += keys.map { .removeTag(key: $0) }
        case "rename-tag": try rename(value, at: pointer)
        case "normalize-tag": try normalise(value, at: pointer)
        case "mark-for-op":
            throw Untranslatable(
                "the tag would say a day that is counted from when Cloud Custodian runs",
                "let a rule set a tag that says what is wrong, or a policy report it", at: pointer)
        case "auto-tag-user", "auto-tag-date":
            throw Untranslatable(
                "who created a resource is in the provider's event, which rules do not read",
                "the audit trail of change events tells who; set the tag from there", at: pointer)
        case "copy-related-tag":
            throw Untranslatable(
                "what related resources there are is said in Cloud Custodian's terms",
                "write a rule with `inherit_tag`, which names types of relationships", at: pointer)
        case "tag-trim":
            throw Untranslatable(
                "tags here do not take up the provider's", "a policy of type TAG_COUNT reports resources with too many",
                at: pointer)
        default:
            throw Untranslatable(
                "`\(type.shortened)` does something to the resource itself; nothing here touches it",
                "leave it to Cloud Custodian", at: pointer)
        }
    }

    // MARK: Setting

    private mutating func set(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) {
        var pairs: [(key: String, value: JSONValue, pointer: JSONPointer)] = []
        if let tags = value["tags"], !tags.isNull {
            guard let members = tags.members else {
                throw Untranslatable(
                    "`tags` is \(tags.kindName), not keys with values", "mend it in the source",
                    at: pointer.appending("tags"))
            }
            let place = pointer.appending("tags")
            pairs = members.map { ($0.name, $0.value, place.appending($0.name)) }
        }
        if let (name, text) = ["value", "msg"].compactMap({ name in value[name].map { (name, $0) } }).first {
            let key = try member("key", in: value, at: pointer)
            let tag = try member("tag", in: value, at: pointer)
            pairs.append((key ?? tag ?? CustodianFilters.markKey, text, pointer.appending(name)))
        }
        guard !pairs.isEmpty else {
            throw Untranslatable("the action sets no tag", "give `tags`, or `key` and `value`", at: pointer)
        }
        var made: [TagAction] = []
        for pair in pairs {
            guard let text = pair.value.scalar else {
                throw Untranslatable(
                    "the value is \(pair.value.kindName): Cloud Custodian would look it up on the resource",
                    "write a rule with copy_tag by hand", at: pair.pointer)
            }
            made.append(.setTag(key: pair.key, value: try template(text, at: pair.pointer)))
        }
        actions += made
    }

    /// Google's labels: `labels` to set, `remove` to take away.
    private mutating func labels(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) {
        let removed = try texts("remove", in: value, at: pointer) ?? []
        if let labels = value["labels"] {
            actions += try setting(labels, at: pointer.appending("labels"))
        } else if removed.isEmpty {
            throw Untranslatable("the action sets no label", "give `labels` or `remove`", at: pointer)
        }
        actions += removed.map { .removeTag(key: $0) }
    }

    private func setting(_ labels: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> [TagAction] {
        var made: [TagAction] = []
        for member in labels.members ?? [] {
            guard let text = member.value.scalar else {
                throw Untranslatable("the value is no text", "mend it in the source", at: pointer.appending(member.name))
            }
            made.append(.setTag(key: member.name, value: literalTemplate(text)))
        }
        guard !made.isEmpty else { throw Untranslatable("there are no labels", "give at least one", at: pointer) }
        return made
    }

    /// Python's `{account_id}` and `{region}` as references; `{{` is a brace.
    private func template(_ text: String, at pointer: JSONPointer) throws(Untranslatable) -> String {
        var made = ""
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            made += literalTemplate(String(rest[..<brace]))
            let character = rest[brace]
            rest = rest[rest.index(after: brace)...]
            if rest.first == character {
                // Not behind a dollar, where the brace would begin a reference.
                made += made.hasSuffix("$") && character == "{" ? "${" : String(character)
                rest = rest.dropFirst()
                continue
            }
            guard character == "{", let end = rest.firstIndex(of: "}") else {
                throw Untranslatable("the value has a brace that stands alone", "write {{ or }} for one", at: pointer)
            }
            switch rest[..<end] {
            case "account_id": made += "${account_id}"
            case "region": made += "${region}"
            case let other:
                throw Untranslatable(
                    "\"{\(String(other).shortened)}\" is known only when Cloud Custodian runs", "write a fixed value",
                    at: pointer)
            }
            rest = rest[rest.index(after: end)...]
        }
        return made + literalTemplate(String(rest))
    }

    // MARK: Renaming and normalising

    private mutating func rename(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) {
        let old = try member("old_key", in: value, at: pointer)
        let more = try texts("old_keys", in: value, at: pointer) ?? []
        guard let new = try member("new_key", in: value, at: pointer), old != nil || !more.isEmpty else {
            throw Untranslatable("a renaming needs `old_key` and `new_key`", "mend it in the source", at: pointer)
        }
        for key in [old].compactMap(\.self) + more {
            if keyForm(key) == keyForm(new) {
                spellings.append((new, pointer))
            } else {
                actions += [.copyTag(from: target.tag(key), key: new), .removeTag(key: key)]
            }
        }
    }

    private mutating func normalise(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) {
        guard let key = try member("key", in: value, at: pointer), let action = try member("action", in: value, at: pointer)
        else { throw Untranslatable("a normalisation needs `key` and `action`", "mend it in the source", at: pointer) }
        switch action {
        case "lower": casePolicies.append((key, .lower, pointer))
        case "upper": casePolicies.append((key, .upper, pointer))
        default:
            throw Untranslatable(
                "values are not changed by \"\(action.shortened)\" here",
                "list the values with their aliases in the tag's definition (allowed_values, value_aliases)", at: pointer)
        }
    }

    // MARK: Members

    private func member(_ name: String, in value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> String? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let text = member.string, !text.isEmpty else {
            throw Untranslatable(
                "`\(name)` is not a text with something in it", "mend it in the source", at: pointer.appending(name))
        }
        return text
    }

    private func texts(_ name: String, in value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> [String]? {
        guard let member = value[name], !member.isNull else { return nil }
        let texts = (member.array ?? [member]).compactMap(\.string)
        guard !texts.isEmpty, texts.count == (member.array ?? [member]).count else {
            throw Untranslatable("`\(name)` is not a list of texts", "mend it in the source", at: pointer.appending(name))
        }
        return texts
    }
}

extension TagAction {
    /// The key that it writes.
    var target: String {
        switch self {
        case .setTag(let key, _), .copyTag(_, let key), .mapValue(let key, _, _, _), .removeTag(let key),
            .inheritTag(let key, _, _, _):
            key
        }
    }
}
