import JSON

/// The kinds of definitions that live on the server and in files.
struct DefinitionKind: Sendable {
    /// What people call one and many.
    let noun: String
    let plural: String
    /// The subcommand of `vtag` for them.
    let command: String
    /// The collection's path below the root.
    let path: [String]
    /// The member that names one.
    let key: String
    /// Members that a file may hold; the server adds others.
    let members: [String]
    let required: [String]

    static let rule = DefinitionKind(
        noun: "rule", plural: "rules", command: "rules", path: ["tag-rules"], key: "rule_name",
        members: [
            "rule_name", "description", "priority", "enabled", "conditions", "actions", "if_tag_exists", "default_value",
            "effective_start", "effective_end",
        ],
        required: ["rule_name", "conditions", "actions"])

    static let schema = DefinitionKind(
        noun: "tag definition", plural: "tag definitions", command: "schema", path: ["tag-schema"], key: "tag_key",
        members: [
            "tag_key", "display_name", "description", "data_type", "allowed_values", "required", "aliases", "value_aliases",
            "case_policy", "providers",
        ],
        required: ["tag_key"])

    static let policy = DefinitionKind(
        noun: "policy", plural: "policies", command: "policies", path: ["compliance", "policies"], key: "policy_name",
        members: ["policy_name", "description", "policy_type", "severity", "scope", "rules", "enabled"],
        required: ["policy_name", "policy_type", "rules"])

    static let waiver = DefinitionKind(
        noun: "waiver", plural: "waivers", command: "compliance waivers", path: ["compliance", "waivers"],
        key: "waiver_name", members: ["waiver_name", "reason", "scope", "policies", "expires_at"],
        required: ["waiver_name", "reason", "policies", "expires_at"])

    var collection: Target { target() }

    func target(_ id: String? = nil, _ more: String...) -> Target {
        var target = Target()
        for segment in path + [id].compactMap({ $0 }) + more { target.descend(segment) }
        return target
    }

    /// Finds one by its name or its id.
    func find(_ name: String, _ client: Client) async throws -> JSONValue {
        for item in try await client.all(collection) where item[key]?.string == name || item["id"]?.string == name {
            return item
        }
        throw Failure.refused("there is no \(noun) \"\(Terminal.clean(name))\"; `vtag \(command) list` shows them")
    }

    /// Checks the shape before anything is sent, so that a slip in the last definition does not leave half a file applied.
    func check(_ definitions: [Definition]) throws {
        var seen: [String: Definition] = [:]
        for definition in definitions {
            let place = definition.place("") ?? definition.file
            for name in required where definition.value[name] == nil {
                throw Failure.usage("\(place): a \(noun) needs \"\(name)\"")
            }
            guard let name = definition.value[key]?.string, !name.isEmpty else {
                throw Failure.usage("\(definition.place("/\(key)") ?? place): \"\(key)\" must be text")
            }
            for member in definition.value.members ?? [] where !members.contains(member.name) {
                let near = members.min { Self.distance($0, member.name) < Self.distance($1, member.name) } ?? key
                throw Failure.usage(
                    "\(definition.place("/\(member.name)") ?? place): a \(noun) has no such field; did you mean \"\(near)\"?"
                )
            }
            if let other = seen.updateValue(definition, forKey: name) {
                throw Failure.usage("\(place): \"\(name)\" is defined already at \(other.place("") ?? other.file)")
            }
        }
    }

    /// Levenshtein's edit distance; names are short.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
