/// What must hold for a resource.
package indirect enum Condition: Hashable, Sendable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case test(FieldTest)
    /// Of the resources around it; the query's subject is a condition.
    case related(RelationQuery)

    /// Deepest accepted nesting.
    package static let depthMax = 16
    /// Most accepted tests in one condition.
    package static let testsMax = 256
    /// Most accepted values in one `in` or `not_in`.
    package static let valuesMax = 10_000
}

/// A field that conditions, templates and copies read.
package enum ConditionField: Hashable, Sendable {
    case provider, resourceType, name, accountID, region, resourceID
    /// The effective virtual tag.
    case tag(String)
    case nativeTag(String)
    /// Dotted path into the metadata; a number picks an element of an array.
    case metadata(String)

    /// The contract's spelling: `provider`, `tags.KEY`, `metadata.PATH` … Nil for an unknown one.
    package init?(_ text: String) {
        switch text {
        case "provider": self = .provider
        case "resource_type": self = .resourceType
        case "name": self = .name
        case "account_id": self = .accountID
        case "region": self = .region
        case "resource_id": self = .resourceID
        default:
            guard let dot = text.firstIndex(of: "."), text.index(after: dot) < text.endIndex else { return nil }
            let rest = String(text[text.index(after: dot)...])
            switch text[..<dot] {
            case "tags": self = .tag(rest)
            case "native_tags": self = .nativeTag(rest)
            case "metadata": self = .metadata(rest)
            default: return nil
            }
        }
    }

    package var text: String {
        switch self {
        case .provider: "provider"
        case .resourceType: "resource_type"
        case .name: "name"
        case .accountID: "account_id"
        case .region: "region"
        case .resourceID: "resource_id"
        case .tag(let key): "tags.\(key)"
        case .nativeTag(let key): "native_tags.\(key)"
        case .metadata(let path): "metadata.\(path)"
        }
    }

    /// The spellings without a parameter, for suggestions.
    package static let fixedNames = ["provider", "resource_type", "name", "account_id", "region", "resource_id"]
}

package enum ConditionOperator: String, CaseIterable, Hashable, Sendable {
    case eq, ne
    case isIn = "in"
    case notIn = "not_in"
    case gt, gte, lt, lte, contains
    case startsWith = "starts_with"
    case endsWith = "ends_with"
    case glob, regex, exists, absent
}

/// `{"field", "operator", "value", "ignore_case"}`.
package struct FieldTest: Hashable, Sendable {
    package enum Operand: Hashable, Sendable {
        /// For `exists` and `absent`.
        case none
        case text(String)
        /// A number keeps its spelling beside its value.
        case number(Double, String)
        case list([String])
    }

    package var field: ConditionField
    package var comparison: ConditionOperator
    package var operand: Operand
    package var ignoreCase: Bool

    package init(
        _ field: ConditionField, _ comparison: ConditionOperator, _ operand: Operand = .none, ignoreCase: Bool = false
    ) {
        self.field = field
        self.comparison = comparison
        self.operand = operand
        self.ignoreCase = ignoreCase
    }
}
