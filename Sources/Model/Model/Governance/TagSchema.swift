/// What a tag key means: its type, values, and the spellings that count as it.
package struct TagDefinition: Hashable, Sendable {
    package enum DataType: String, CaseIterable, Hashable, Sendable { case string, number, boolean, date, `enum` }

    /// What becomes of the case of values that are not among the allowed ones.
    package enum CasePolicy: String, CaseIterable, Hashable, Sendable {
        case preserve, lower, upper

        package var code: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }

        package func applied(to value: String) -> String {
            switch self {
            case .preserve: value
            case .lower: value.lowercased()
            case .upper: value.uppercased()
            }
        }
    }

    /// Values that are written otherwise, and what they mean.
    package struct ValueAliases: Hashable, Sendable {
        package let value: String
        package let aliases: [String]

        package init(value: String, aliases: [String]) {
            self.value = value
            self.aliases = aliases
        }
    }

    package let id: UUID128
    package var tagKey: String
    package var displayName: String
    package var description: String
    package var dataType: DataType
    package var allowedValues: [String]
    /// Each resource has the tag, or violates the tag schema.
    package var required: Bool
    /// Other spellings of the key.
    package var aliases: [String]
    package var valueAliases: [ValueAliases]
    package var casePolicy: CasePolicy
    /// Providers that could be given the tag: what they would not take is a violation there.
    package var providers: [Provider]
    package var version: UInt64
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: UUID128, tagKey: String, displayName: String = "", description: String = "", dataType: DataType = .string,
        allowedValues: [String] = [], required: Bool = false, aliases: [String] = [], valueAliases: [ValueAliases] = [],
        casePolicy: CasePolicy = .preserve, providers: [Provider] = [], version: UInt64 = 1, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.tagKey = tagKey
        self.displayName = displayName
        self.description = description
        self.dataType = dataType
        self.allowedValues = allowedValues
        self.required = required
        self.aliases = aliases
        self.valueAliases = valueAliases
        self.casePolicy = casePolicy
        self.providers = providers
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
