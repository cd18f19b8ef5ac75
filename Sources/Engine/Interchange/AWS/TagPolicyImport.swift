internal import Conditions
package import JSON
internal import Model

/// Tag policies of AWS Organizations: each key becomes a tag definition; lists of values with wildcards, and what is
/// enforced or required for some resources, become compliance policies.
///
/// Several documents are read as a chain from the organization's root down to the account, with the operators `@@assign`,
/// `@@append`, `@@remove` and `@@operators_allowed_for_child_policies`. An effective policy, without operators, is read
/// too, and what the AWS command line prints around one.
package struct TagPolicyImport {
    /// What the chain says of one key so far.
    private struct Key {
        var place: (item: String, pointer: JSONPointer)
        var name: Inherited?
        var values: Inherited?
        var enforced: Inherited?
        var required: Inherited?
    }

    private struct Inherited {
        var values: [String] = []
        /// Nil: all.
        var allowed: Set<String>?
    }

    /// By the policy key in lower case, which is what AWS goes by.
    private var keys: [String: Key] = [:]
    private var order: [String] = []
    private var imported = ImportedDefinitions()

    package init() {}

    /// Reads one document of the chain. Throws when it is no tag policy.
    package mutating func read(_ document: JSONValue) throws(NotImportable) {
        let policy = try Self.content(of: document)
        guard let tags = policy["tags"]?.members else {
            throw NotImportable(pointer: "/tags", message: "expected a tag policy of AWS: an object with `tags`")
        }
        for member in tags.prefix(ImportedDefinitions.itemsMax) where !member.name.hasPrefix("@@") {
            do throws(Untranslatable) {
                try read(member, at: JSONPointer.root.appending("tags").appending(member.name))
            } catch {
                imported.leave(member.name, error)
            }
        }
    }

    /// The policy itself, out of what `describe-policy` and `describe-effective-policy` print.
    private static func content(of document: JSONValue) throws(NotImportable) -> JSONValue {
        let wrapped = document["Policy"]?["Content"] ?? document["EffectivePolicy"]?["PolicyContent"] ?? document["Content"]
        guard let wrapped else { return document }
        guard let text = wrapped.string, let policy = try? JSONValue(parsing: text) else {
            throw NotImportable(pointer: "", message: "the policy's content is not JSON in a string")
        }
        return policy
    }

    private mutating func read(_ member: JSONValue.Member, at pointer: JSONPointer) throws(Untranslatable) {
        guard let fields = member.value.members else {
            throw Untranslatable("expected an object, found \(member.value.kindName)", "mend it in the source", at: pointer)
        }
        let name = member.name.lowercased()
        var key = keys[name] ?? Key(place: (member.name, pointer))
        for field in fields where !field.name.hasPrefix("@@") {
            let place = pointer.appending(field.name)
            switch field.name {
            case "tag_key": try merge(field.value, into: &key.name, at: place)
            case "tag_value": try merge(field.value, into: &key.values, at: place)
            case "enforced_for": try merge(field.value, into: &key.enforced, at: place)
            case "report_required_tag_for": try merge(field.value, into: &key.required, at: place)
            default:
                imported.note(
                    .leftOut, member.name, at: place, "tag policies have no such field that is known here",
                    "say it with a compliance policy")
            }
        }
        if keys.updateValue(key, forKey: name) == nil { order.append(name) }
    }

    private func merge(_ value: JSONValue, into inherited: inout Inherited?, at pointer: JSONPointer) throws(Untranslatable)
    {
        var result = inherited ?? Inherited()
        // An effective policy has the values themselves.
        let operators = value.members ?? [.init("@@assign", value)]
        for member in operators {
            let place = value.members == nil ? pointer : pointer.appending(member.name)
            let texts = try Self.texts(member.value, at: place)
            if member.name == "@@operators_allowed_for_child_policies" { continue }
            guard result.allowed.map({ $0.contains(member.name) }) ?? true else {
                throw Untranslatable(
                    "a policy above does not let this one use \(member.name.shortened)", "change the policy above", at: place
                )
            }
            switch member.name {
            case "@@assign": result.values = texts
            case "@@append": result.values += texts.filter { !result.values.contains($0) }
            case "@@remove": result.values.removeAll { texts.contains($0) }
            default:
                throw Untranslatable(
                    "there is no operator \"\(member.name.shortened)\"", "use @@assign, @@append or @@remove", at: place)
            }
        }
        if let allowed = value["@@operators_allowed_for_child_policies"] {
            let texts = try Self.texts(allowed, at: pointer.appending("@@operators_allowed_for_child_policies"))
            result.allowed = texts.contains("@@all") ? nil : Set(texts)
        }
        inherited = result
    }

    private static func texts(_ value: JSONValue, at pointer: JSONPointer) throws(Untranslatable) -> [String] {
        let elements = value.array ?? [value]
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else {
            throw Untranslatable("expected a text or a list of texts", "put quotes around each value", at: pointer)
        }
        return texts
    }

    // MARK: Definitions

    /// What all documents together say.
    package mutating func definitions() -> ImportedDefinitions {
        for name in order {
            guard let key = keys[name] else { continue }
            do throws(Untranslatable) {
                try define(key, named: name)
            } catch {
                imported.leave(key.place.item, error)
            }
        }
        return imported
    }

    private mutating func define(_ key: Key, named name: String) throws(Untranslatable) {
        let (item, pointer) = key.place
        let tagKey = key.name?.values.last ?? name
        guard tagKey.lowercased() == name else {
            throw Untranslatable(
                "the tag key \"\(tagKey.shortened)\" is not the policy key \"\(item.shortened)\"",
                "make them the same but for case", at: pointer.appending("tag_key"))
        }
        let values = key.values?.values ?? []
        let hasWildcards = values.contains { $0.contains("*") }
        let listed = hasWildcards ? nil : values.map(JSONValue.string)
        let document = JSONValue.object([
            "tag_key": .string(tagKey), "description": .string("From the AWS tag policy's key \(item)."),
            "data_type": .string(listed?.isEmpty == false ? "enum" : "string"),
            "allowed_values": listed.flatMap { $0.isEmpty ? nil : .array($0) },
        ])
        guard imported.add(definition: document, from: item, at: pointer) else { return }
        let enforced = try scope(key.enforced?.values ?? [], at: pointer.appending("enforced_for"))
        if hasWildcards || (enforced != nil && !values.isEmpty) {
            let pattern = values.map {
                $0.split(separator: "*", omittingEmptySubsequences: false).map { quotedPattern(String($0)) }
                    .joined(separator: ".*")
            }.joined(separator: "|")
            let rules = JSONValue.object([
                "tag_key": .string(tagKey), "allowed_values": hasWildcards ? nil : .array(values.map(JSONValue.string)),
                "pattern": hasWildcards ? .string("(?s)^(?:\(pattern))$") : nil,
            ])
            policy("values of \(tagKey)", "VALUE_VALIDATION", rules, enforced, isEnforced: enforced != nil, item, pointer)
        }
        if let required = try scope(key.required?.values ?? [], at: pointer.appending("report_required_tag_for")) {
            let rules = JSONValue.object(["required_tags": .array([.string(tagKey)])])
            policy("required: \(tagKey)", "REQUIRED_TAGS", rules, required, isEnforced: false, item, pointer)
        }
        if enforced != nil {
            imported.note(
                .changed, item, at: pointer.appending("enforced_for"),
                "AWS refuses the change; here it is a violation of high severity", "nothing, or keep AWS's policy beside it")
        }
    }

    private mutating func policy(
        _ title: String, _ type: String, _ rules: JSONValue, _ scope: Condition?, isEnforced: Bool, _ item: String,
        _ pointer: JSONPointer
    ) {
        let aws = Condition.test(FieldTest(.provider, .eq, .text("aws")))
        let document = JSONValue.object([
            "policy_name": .string("AWS tag policy, \(title)"), "policy_type": .string(type),
            "severity": .string(isEnforced ? "HIGH" : "MEDIUM"), "scope": (scope ?? aws).json, "rules": rules,
        ])
        imported.add(policy: document, from: item, at: pointer)
    }

    /// `ec2:instance`, `ec2:*` and `ec2:ALL_SUPPORTED` as types here; nil without any.
    private func scope(_ resources: [String], at pointer: JSONPointer) throws(Untranslatable) -> Condition? {
        var types: [String] = []
        var parts: [Condition] = []
        for resource in resources {
            let halves = resource.split(separator: ":", maxSplits: 1).map(String.init)
            guard halves.count == 2, !halves[0].contains("*") else {
                throw Untranslatable(
                    "\"\(resource.shortened)\" is no type of resource", "write it as service:type or service:*", at: pointer)
            }
            if halves[1] == "*" || halves[1] == "ALL_SUPPORTED" {
                parts.append(.test(FieldTest(.resourceType, .startsWith, .text("\(halves[0])."))))
            } else {
                types.append("\(halves[0]).\(halves[1])")
            }
        }
        if !types.isEmpty { parts.append(.test(FieldTest(.resourceType, .isIn, .list(types)))) }
        return parts.isEmpty ? nil : parts.count == 1 ? parts[0] : .any(parts)
    }
}
