internal import Conditions
package import JSON
package import Model
internal import TaggingRules

/// Policies of Cloud Custodian: those with tag actions become rules, those that only select become compliance policies.
///
/// A policy is carried over with all of its filters or not at all: without one of them it would tag what it was not meant
/// for. An action that cannot be carried over is left out alone. Filters and actions mean what Cloud Custodian's
/// documentation says ("Generic Filters", "Value Filter", and the tag actions of each resource).
package struct CustodianImport {
    /// What ages and marks are counted from; nil: policies that ask for them are left out.
    let moment: Timestamp?
    /// The priority of the first rule; the next ones count up.
    let priority: Int

    private static let members = [
        "name", "resource", "description", "comment", "comments", "title", "filters", "actions", "mode", "tags", "vars",
        "source", "max-resources", "max-resources-percent", "region", "start", "end", "tz", "conditions", "metadata",
    ]

    private struct ReadPolicy {
        let name: String
        let pointer: JSONPointer
        let document: JSONValue
        let reads: Set<String>
        let writes: Set<String>
    }

    package init(at moment: Timestamp? = nil, priority: Int = 1000) {
        self.moment = moment
        self.priority = priority
    }

    /// Reads `{"policies": […]}`. Throws when it is no file of policies.
    package func definitions(from document: JSONValue) throws(NotImportable) -> ImportedDefinitions {
        guard let policies = document["policies"]?.array else {
            throw NotImportable(
                pointer: document.members == nil ? "" : "/policies",
                message: "expected a file of Cloud Custodian: an object with a list of `policies`")
        }
        var imported = ImportedDefinitions()
        var rules: [ReadPolicy] = []
        for (position, policy) in policies.prefix(ImportedDefinitions.itemsMax).enumerated() {
            let pointer = JSONPointer.root.appending("policies").appending(position)
            let name = policy["name"]?.string ?? "policy \(position + 1)"
            do throws(Untranslatable) {
                if let rule = try read(policy, name, at: pointer, into: &imported) { rules.append(rule) }
            } catch {
                imported.leave(name, error)
            }
        }
        if policies.count > ImportedDefinitions.itemsMax {
            imported.note(
                .leftOut, "", at: .root.appending("policies"),
                "there are \(policies.count) policies; \(ImportedDefinitions.itemsMax) are read", "split the file")
        }
        for (position, rule) in ordered(rules, &imported).enumerated() {
            var members = rule.document.members ?? []
            members.insert(.init("priority", .int(priority + position)), at: min(2, members.count))
            imported.add(rule: .object(members), from: rule.name, at: rule.pointer)
        }
        return imported
    }

    // MARK: One policy

    private func read(
        _ policy: JSONValue, _ name: String, at pointer: JSONPointer, into imported: inout ImportedDefinitions
    ) throws(Untranslatable) -> ReadPolicy? {
        guard let members = policy.members, policy["name"]?.string != nil else {
            throw Untranslatable("a policy is an object with a name", "mend it in the source", at: pointer)
        }
        guard let resource = policy["resource"]?.string else {
            throw Untranslatable("the policy names no resource", "give it `resource`", at: pointer.appending("resource"))
        }
        if let other = members.first(where: { !Self.members.contains($0.name) }) {
            throw Untranslatable(
                "`\(other.name.shortened)` narrows the policy in a way that a condition cannot", "say it with filters",
                at: pointer.appending(other.name))
        }
        let target = try CustodianTarget(resource, at: pointer.appending("resource"))
        var filters = CustodianFilters(target: target, moment: moment)
        let own = try policy["filters"].map { value throws(Untranslatable) in
            try filters.all(value, at: pointer.appending("filters"))
        }
        let outer = try conditions(of: policy, target, at: pointer)
        let selection = Selection.all([outer, own ?? .everything]).normalised
        let actions = CustodianActions(policy["actions"], of: target, at: pointer.appending("actions"))

        var rule: ReadPolicy?
        if actions.actions.isEmpty {
            try judge(policy, name, selection, target, actions, at: pointer, into: &imported)
        } else {
            rule = try tag(policy, name, selection, target, actions, at: pointer)
        }
        for problem in actions.problems { imported.leave(name, problem) }
        for change in filters.changes { imported.note(.changed, name, at: change.pointer, change.why, change.advice) }
        if let mode = policy["mode"]?["type"]?.string, mode != "pull" {
            imported.note(
                .changed, name, at: pointer.appending("mode"), "it ran on \(mode.shortened)",
                "nothing: rules and policies here follow every change by themselves")
        }
        return rule
    }

    /// `conditions` ask for the account, the region and the provider that the policy runs in.
    private func conditions(
        of policy: JSONValue, _ target: CustodianTarget, at pointer: JSONPointer
    ) throws(Untranslatable) -> Selection {
        var selection = Selection.everything
        if let value = policy["conditions"], !value.isNull {
            let outside = target.runningIn
            var filters = CustodianFilters(target: outside, moment: nil)
            selection = try filters.all(value, at: pointer.appending("conditions"))
            if let change = filters.changes.first {
                throw Untranslatable(
                    "a policy's conditions are about its run", "region, account_id and provider can be asked for",
                    at: change.pointer)
            }
        }
        guard let region = policy["region"], !region.isNull else { return selection }
        guard let text = region.string else {
            throw Untranslatable("`region` is no text", "mend it in the source", at: pointer.appending("region"))
        }
        return .all([selection, .test(FieldTest(.region, .eq, .text(text)))])
    }

    private func tag(
        _ policy: JSONValue, _ name: String, _ selection: Selection, _ target: CustodianTarget,
        _ actions: CustodianActions, at pointer: JSONPointer
    ) throws(Untranslatable) -> ReadPolicy {
        let scoped = Selection.all([Selection(target.scope), selection]).normalised
        let document = JSONValue.object([
            "rule_name": .string(name), "description": .string(description(of: policy)),
            "conditions": try scoped.condition.json, "actions": .array(actions.actions.map(\.json)),
            "effective_start": try time("start", of: policy, at: pointer),
            "effective_end": try time("end", of: policy, at: pointer),
        ])
        return ReadPolicy(
            name: name, pointer: pointer, document: document, reads: scoped.keysRead, writes: actions.keysWritten)
    }

    private func time(
        _ name: String, of policy: JSONValue, at pointer: JSONPointer
    ) throws(Untranslatable) -> JSONValue? {
        guard let value = policy[name], !value.isNull else { return nil }
        guard let moment = value.string.flatMap({ Timestamp($0.replacing("/", with: "-")) }) else {
            throw Untranslatable(
                "`\(name)` is no date", "write it as 2026-10-31", at: pointer.appending(name))
        }
        return .string(moment.description)
    }

    private func judge(
        _ policy: JSONValue, _ name: String, _ selection: Selection, _ target: CustodianTarget,
        _ actions: CustodianActions, at pointer: JSONPointer, into imported: inout ImportedDefinitions
    ) throws(Untranslatable) {
        let fromActions = addDefinitions(name, actions, into: &imported)
        if let faults = CustodianCompliance.faults(of: selection) {
            let made = try CustodianCompliance.policies(
                faults, named: name, description: description(of: policy), of: target)
            for policy in made { imported.add(policy: policy, from: name, at: pointer) }
            if faults.contains(where: { if case .count = $0.kind { true } else { false } }) {
                imported.note(
                    .changed, name, at: pointer, "virtual tags count, too; the provider's own do not where they are its",
                    "see that the bound still fits")
            }
        } else if !fromActions {
            throw Untranslatable(
                "it selects resources without a tag that would be wrong about them, and sets no tag",
                "give it a tag action, or write a policy by hand", at: pointer.appending("filters"))
        }
    }

    /// What actions came to definitions: for all resources, not only those that are selected.
    private func addDefinitions(
        _ name: String, _ actions: CustodianActions, into imported: inout ImportedDefinitions
    ) -> Bool {
        for (key, casePolicy, pointer) in actions.casePolicies {
            let document = JSONValue.object(["tag_key": .string(key), "case_policy": .string(casePolicy.rawValue)])
            if imported.add(definition: document, from: name, at: pointer) {
                imported.note(
                    .changed, name, at: pointer, "the case of a tag's values is a matter of its definition",
                    "nothing, unless other resources should keep their values of \"\(key.shortened)\" as they are")
            }
        }
        for (key, pointer) in actions.spellings {
            imported.add(definition: .object(["tag_key": .string(key)]), from: name, at: pointer)
        }
        return !actions.casePolicies.isEmpty || !actions.spellings.isEmpty
    }

    private func description(of policy: JSONValue) -> String {
        let own = ["description", "comment", "comments", "title"].compactMap { policy[$0]?.string }.first ?? ""
        let trimmed = own.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\n")
        return String(trimmed.prefix(1000))
    }

    // MARK: Order

    /// In Cloud Custodian the policy that runs last has its way; here the rule with the lowest priority. So a later policy
    /// goes before an earlier one that writes the same key, unless it reads what that one writes.
    private func ordered(_ rules: [ReadPolicy], _ imported: inout ImportedDefinitions) -> [ReadPolicy] {
        var order: [ReadPolicy] = []
        for rule in rules {
            let after = order.lastIndex { !$0.writes.isDisjoint(with: rule.reads) }.map { $0 + 1 } ?? 0
            guard let before = order.firstIndex(where: { !$0.writes.isDisjoint(with: rule.writes) }) else {
                order.append(rule)
                continue
            }
            if after <= before {
                order.insert(rule, at: before)
                continue
            }
            let both = order[before].writes.intersection(rule.writes).sorted().joined(separator: ", ")
            imported.note(
                .changed, rule.name, at: rule.pointer,
                "it writes \(both.shortened) after \"\(order[before].name.shortened)\", which it also reads; here the earlier one wins",
                "see what comes out with `vtag rules test`")
            order.append(rule)
        }
        return order
    }
}

extension CustodianTarget {
    /// The fields that a policy's `conditions` read.
    fileprivate var runningIn: CustodianTarget {
        CustodianTarget(
            provider: provider, resourceType: resourceType,
            fields: ["account_id": .accountID, "region": .region, "provider": .provider])
    }

    private init(provider: Provider, resourceType: String, fields: [String: ConditionField]) {
        self.provider = provider
        self.resourceType = resourceType
        self.fields = fields
    }
}
