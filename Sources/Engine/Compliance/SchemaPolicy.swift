internal import Conditions
package import Model

/// What the tag schema asks for: a definition's allowed values and data type, what its providers would take, and that a
/// required tag is there.
///
/// It is judged like a policy, under an id and a name of its own, wherever there is a definition that asks for anything. A
/// required tag is asked of every resource; where only some need it, a policy of type `REQUIRED_TAGS` with a scope says so.
package struct SchemaPolicy: Sendable {
    package static let id = UUID128.stamped(high: 0x7461_672D_7363_0000, low: 0x6865_6D61, version: 8)
    package static let name = "tag schema"

    struct Definition: Sendable {
        let key: String
        let allowedValues: [String]
        let type: TagDefinition.DataType
        let allowed: ByteMap?
        let isRequired: Bool
        let providers: [Provider]
        /// Those of them that would not even take the key.
        let refusers: [Provider]

        init(_ definition: TagDefinition) {
            key = definition.tagKey
            allowedValues = definition.allowedValues
            type = definition.dataType
            allowed = definition.allowedValues.isEmpty ? nil : ByteMap(definition.allowedValues)
            isRequired = definition.required
            providers = definition.providers
            refusers = definition.providers.filter { ProviderTagLimits.problem(key: definition.tagKey, of: $0) != nil }
        }

        /// What is wrong with the tag's value, nil being none.
        func violation(by value: String?, of provider: Provider) -> Violation.Code? {
            guard let value, !(isRequired && value.isEmpty) else { return isRequired ? .missingTag : nil }
            if !permits(value) { return .valueNotAllowed }
            guard providers.contains(provider) else { return nil }
            let isTaken = !refusers.contains(provider) && ProviderTagLimits.problem(value: value, of: provider) == nil
            return isTaken ? nil : .providerLimit
        }

        func permits(_ value: String) -> Bool {
            if let allowed { return value.withBytes { allowed.contains($0) } }
            return type.accepts(value)
        }
    }

    /// Those that ask for anything, by key.
    let definitions: [Definition]
    private let positions: [String: Int]

    package init(_ definitions: [TagDefinition]) {
        self.definitions = definitions.filter { definition in
            !definition.allowedValues.isEmpty || definition.dataType != .string && definition.dataType != .enum
                || definition.required || !definition.providers.isEmpty
        }.map(Definition.init)
        positions = Dictionary(
            self.definitions.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var isEmpty: Bool { definitions.isEmpty }

    /// Why the schema does not permit the tag, and what it does permit; nil when it does. The key in the virtual layer's
    /// spelling, the value normalised.
    package func objection(key: String, value: String) -> String? {
        guard let definition = positions[key].map({ definitions[$0] }), !definition.permits(value) else { return nil }
        if definition.allowedValues.isEmpty {
            return "the schema asks for a \(definition.type.rawValue) as `\(key.shortened)`; \"\(value.shortened)\" is none"
        }
        return "\"\(value.shortened)\" is not one of the values that the schema allows for `\(key.shortened)`"
            + Suggestion.clause(for: value, among: definition.allowedValues)
    }

    /// Whether `objection` is nil, without the words.
    package func permits(key: String, value: String) -> Bool {
        positions[key].map { definitions[$0].permits(value) } ?? true
    }

    /// As it is shown beside the policies that people wrote.
    package var policy: CompliancePolicy {
        let long = Timestamp(milliseconds: 0)
        return CompliancePolicy(
            id: Self.id, name: Self.name, description: "Tags as their definitions ask for them.", severity: .medium,
            rules: .valueValidation(tagKey: "*", allowedValues: [], pattern: nil), createdBy: "system", createdAt: long,
            updatedAt: long)
    }
}
