/// A rule as its author wrote it: when `condition` holds for a resource, do `actions` in order.
package struct TagRule: Hashable, Sendable {
    package let id: UUID128
    package var name: String
    package var description: String
    /// Lower runs first and wins.
    package var priority: Int32
    package var enabled: Bool
    package var condition: Condition
    package var actions: [TagAction]
    /// Counts the changes of this rule, from 1.
    package var version: UInt64
    package var createdBy: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: UUID128, name: String, description: String = "", priority: Int32, enabled: Bool = true, condition: Condition,
        actions: [TagAction], version: UInt64 = 1, createdBy: String, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.priority = priority
        self.enabled = enabled
        self.condition = condition
        self.actions = actions
        self.version = version
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension TagRule {
    /// Whether the rule runs, and if not, why.
    package enum State: String, CaseIterable, Sendable {
        case inForce = "in_force"
        case disabled
    }

    package var state: State { enabled ? .inForce : .disabled }
}

package enum TagAction: Hashable, Sendable {
    /// `value` may hold `${…}` references to fields and to groups of the rule's last matching regular expression.
    case setTag(key: String, value: String)
    /// `from` is a field of a condition.
    case copyTag(from: ConditionField, key: String)
    /// Looks the value of `from` up in `mapping`; `fallback` where it is not in there (nil: does nothing).
    case mapValue(key: String, from: ConditionField, mapping: [Tag], fallback: String?)
    /// Drops what lower precedence says of `key`: later rules, models and inheritance. People's tags stay.
    case removeTag(key: String)

    /// The member that names it in a document: `set_tag`.
    package var name: String {
        switch self {
        case .setTag: "set_tag"
        case .copyTag: "copy_tag"
        case .mapValue: "map_value"
        case .removeTag: "remove_tag"
        }
    }
}
