package import Conditions
package import JSON
package import Model

/// A tag definition as somebody sends it: checked, not stored yet.
package struct TagDefinitionDraft: Hashable, Sendable {
    package static let displayNameBytesMax = 256
    package static let descriptionBytesMax = 4096
    /// Most allowed values, and most aliases of one thing.
    package static let valuesMax = 5000

    package var tagKey: String
    package var displayName: String
    package var description: String
    package var dataType: TagDefinition.DataType
    package var allowedValues: [String]
    package var required: Bool
    package var aliases: [String]
    package var valueAliases: [TagDefinition.ValueAliases]
    package var casePolicy: TagDefinition.CasePolicy
    package var providers: [Provider]

    private static let fields = [
        "tag_key", "display_name", "description", "data_type", "allowed_values", "required", "aliases", "value_aliases",
        "case_policy", "providers",
    ]
    private static let readOnly = ["id", "version", "warnings", "created_at", "updated_at"]

    /// Reads the fields above, `value_aliases` as `{"production": ["prd", …]}`. Throws all that is wrong. What is odd, but
    /// has a meaning, is among the definition's `warnings`. An allowed value that is given twice counts once.
    package init(json: JSONValue, at pointer: JSONPointer = .root) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: pointer, accepting: Self.fields, ignoring: Self.readOnly, into: &errors)
        else { throw errors }
        let tagKey = reader.tagKey("tag_key", into: &errors)
        displayName = reader.text("display_name", bytes: 0...Self.displayNameBytesMax, into: &errors) ?? ""
        description = reader.text("description", bytes: 0...Self.descriptionBytesMax, into: &errors) ?? ""
        dataType = reader.choice("data_type", as: TagDefinition.DataType.self, into: &errors) ?? .string
        required = reader.bool("required", into: &errors) ?? false
        allowedValues = Self.values("allowed_values", in: reader, into: &errors)
        aliases =
            reader.texts("aliases", count: 0...Self.valuesMax, bytes: 1...TagLimits.keyBytesMax, into: &errors) ?? []
        valueAliases = Self.valueAliases(in: reader, into: &errors)
        casePolicy = reader.choice("case_policy", as: TagDefinition.CasePolicy.self, into: &errors) ?? .preserve
        providers = Self.providers(in: reader, into: &errors)
        guard let tagKey else { throw errors }
        self.tagKey = tagKey
        check(reader, into: &errors)
        guard errors.isEmpty else { throw errors }
    }

    private static func values(
        _ name: String, in reader: ObjectReader, into errors: inout ValidationErrors
    ) -> [String] {
        guard let value = reader.value(name) else { return [] }
        guard let elements = value.array, elements.count <= valuesMax else {
            errors.add("expected an array of at most \(valuesMax) values", at: reader.place(of: name))
            return []
        }
        var seen: Set<String> = []
        return elements.enumerated().compactMap { position, element in
            reader.tagValue(element, at: reader.place(of: name).appending(position), into: &errors)
        }.filter { seen.insert($0).inserted }
    }

    private static func valueAliases(
        in reader: ObjectReader, into errors: inout ValidationErrors
    ) -> [TagDefinition.ValueAliases] {
        guard let value = reader.value("value_aliases") else { return [] }
        let place = reader.place(of: "value_aliases")
        guard let members = value.members, members.count <= valuesMax else {
            errors.add("expected an object that maps each value to an array of its other spellings", at: place)
            return []
        }
        return members.compactMap { member in
            guard reader.tagValue(.string(member.name), at: place.appending(member.name), into: &errors) != nil else {
                return nil
            }
            guard let elements = member.value.array, elements.count <= valuesMax else {
                errors.add(
                    "expected an array of spellings, found \(member.value.kindName)", at: place.appending(member.name))
                return nil
            }
            let spellings = elements.enumerated().compactMap { position, element in
                reader.tagValue(element, at: place.appending(member.name).appending(position), into: &errors)
            }
            return TagDefinition.ValueAliases(value: member.name, aliases: spellings)
        }
    }

    /// What only shows when the fields are seen together.
    private func check(_ reader: ObjectReader, into errors: inout ValidationErrors) {
        let allowed = reader.place(of: "allowed_values")
        if dataType == .enum, allowedValues.isEmpty { errors.add("an enum needs its allowed values", at: allowed) }
        for (position, value) in allowedValues.enumerated() where !dataType.accepts(value) {
            errors.add("\"\(value.shortened)\" is no \(dataType.rawValue)", at: allowed.appending(position))
        }
    }

    private static func providers(in reader: ObjectReader, into errors: inout ValidationErrors) -> [Provider] {
        let names = Provider.allCases.map(\.rawValue)
        let written = reader.texts("providers", count: 0...names.count, bytes: 1...64, into: &errors) ?? []
        var found: [Provider] = []
        for (position, name) in written.enumerated() {
            let place = reader.place(of: "providers").appending(position)
            guard let provider = Provider(rawValue: name) else {
                errors.add(
                    "\"\(name.shortened)\" is not one of \(names.joined(separator: ", "))"
                        + Suggestion.clause(for: name, among: names), at: place)
                continue
            }
            if found.contains(provider) { errors.add("the provider is given twice", at: place) }
            found.append(provider)
        }
        return found
    }

    /// What clashes with the definitions there are: one spelling must not mean two keys. `replacing`: the definition that
    /// this one takes the place of.
    package func conflicts(with definitions: [TagDefinition], replacing id: UUID128? = nil) -> ValidationErrors {
        var errors = ValidationErrors()
        let mine =
            [(tagKey, JSONPointer.root.appending("tag_key"))]
            + aliases.enumerated().map { ($1, JSONPointer.root.appending("aliases").appending($0)) }
        var owners: [String: String] = [:]
        for definition in definitions where definition.id != id {
            for spelling in [definition.tagKey] + definition.aliases {
                owners[TagKeyForm.form(of: spelling)] = definition.tagKey
            }
        }
        for (spelling, pointer) in mine {
            if let owner = owners[TagKeyForm.form(of: spelling)] {
                errors.add("\"\(spelling.shortened)\" means \"\(owner.shortened)\" already", at: pointer)
            }
        }
        return errors
    }
}

extension TagDefinition {
    /// What is odd about the definition, as pointers into its document: a schema cannot say it, and it has a meaning.
    package var warnings: ValidationErrors {
        var warnings = ValidationErrors()
        let place = JSONPointer.root.appending("value_aliases")
        let allowed = Set(allowedValues)
        var meanings: [String: String] = [:]
        for entry in valueAliases {
            let here = place.appending(entry.value)
            if !allowed.isEmpty, !allowed.contains(entry.value) {
                warnings.add(
                    "the value is not one of allowed_values\(Suggestion.clause(for: entry.value, among: allowedValues))",
                    at: here)
            }
            for (position, alias) in entry.aliases.enumerated() {
                guard let other = meanings[alias.lowercased()] else {
                    meanings[alias.lowercased()] = entry.value
                    continue
                }
                if other != entry.value {
                    warnings.add(
                        "\"\(alias.shortened)\" stands for \"\(other.shortened)\" already, and goes on doing so",
                        at: here.appending(position))
                }
            }
        }
        warnCase(&warnings)
        warnProviders(&warnings)
        return warnings
    }

    /// A listed value stays as it is listed, whatever the case policy says of others.
    private func warnCase(_ warnings: inout ValidationErrors) {
        guard casePolicy != .preserve else { return }
        for (position, value) in allowedValues.enumerated() where casePolicy.applied(to: value) != value {
            warnings.add(
                "\"\(value.shortened)\" is not in \(casePolicy.rawValue) case, as case_policy asks of values that are not listed",
                at: .root.appending("allowed_values").appending(position))
        }
    }

    /// What a provider would not take violates the schema on that provider's resources.
    private func warnProviders(_ warnings: inout ValidationErrors) {
        for provider in providers {
            if let problem = ProviderTagLimits.problem(key: tagKey, of: provider) {
                warnings.add(problem, at: .root.appending("tag_key"))
            }
            for (position, value) in allowedValues.enumerated() {
                if let problem = ProviderTagLimits.problem(value: value, of: provider) {
                    warnings.add(problem, at: .root.appending("allowed_values").appending(position))
                }
            }
        }
    }

    /// A stored definition as the API shows it.
    package var json: JSONValue {
        .object([
            .init("id", .string(id.description)),
            .init("tag_key", .string(tagKey)),
            .init("display_name", .string(displayName)),
            .init("description", .string(description)),
            .init("data_type", .string(dataType.rawValue)),
            .init("allowed_values", .array(allowedValues.map(JSONValue.string))),
            .init("required", .bool(required)),
            .init("aliases", .array(aliases.map(JSONValue.string))),
            .init(
                "value_aliases", .object(valueAliases.map { .init($0.value, .array($0.aliases.map(JSONValue.string))) })),
            .init("case_policy", .string(casePolicy.rawValue)),
            .init("providers", .array(providers.map { .string($0.rawValue) })),
            .init("warnings", warnings.json),
            .init("version", .int(Int(version))),
            .init("created_at", .string(createdAt.description)),
            .init("updated_at", .string(updatedAt.description)),
        ])
    }
}
