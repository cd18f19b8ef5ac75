/// A rule as its author wrote it: when `condition` holds for a resource, do `actions` in order.
package struct TagRule: Hashable, Sendable {
    /// What becomes of a key that has a value already when it is the rule's turn.
    package enum IfTagExists: String, CaseIterable, Hashable, Sendable {
        /// The rule says its own; who wins is a matter of precedence.
        case replace
        /// The rule says nothing of that key.
        case keep
    }

    /// Where a rule is in the time for which it is meant, as of when somebody last looked.
    package enum Phase: UInt8, Hashable, Sendable, Comparable {
        case waiting, current, ended

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package let id: UUID128
    package var name: String
    package var description: String
    /// Lower runs first and wins.
    package var priority: Int32
    package var enabled: Bool
    package var condition: Condition
    package var actions: [TagAction]
    package var ifTagExists: IfTagExists
    /// What an action that has no value for a resource sets instead; nil: it does nothing.
    package var defaultValue: String?
    /// The rule runs from then on; nil: always.
    package var effectiveStart: Timestamp?
    /// The rule runs no more from then on; nil: for ever.
    package var effectiveEnd: Timestamp?
    /// Set by the system shard's leader, which has a clock: everybody else goes by it.
    package var phase = Phase.current
    /// Counts the changes of this rule, from 1.
    package var version: UInt64
    package var createdBy: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: UUID128, name: String, description: String = "", priority: Int32, enabled: Bool = true, condition: Condition,
        actions: [TagAction], ifTagExists: IfTagExists = .replace, defaultValue: String? = nil,
        effectiveStart: Timestamp? = nil, effectiveEnd: Timestamp? = nil, version: UInt64 = 1, createdBy: String,
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.priority = priority
        self.enabled = enabled
        self.condition = condition
        self.actions = actions
        self.ifTagExists = ifTagExists
        self.defaultValue = defaultValue
        self.effectiveStart = effectiveStart
        self.effectiveEnd = effectiveEnd
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
        case notStarted = "not_started"
        case ended
    }

    package var state: State {
        guard enabled else { return .disabled }
        return switch phase {
        case .waiting: .notStarted
        case .current: .inForce
        case .ended: .ended
        }
    }

    /// Where `now` lies in the rule's time.
    package func phase(at now: Timestamp) -> Phase {
        if let effectiveEnd, now >= effectiveEnd { return .ended }
        if let effectiveStart, now < effectiveStart { return .waiting }
        return .current
    }

    /// When the rule's phase ends; nil: never.
    package var nextBoundary: Timestamp? {
        switch phase {
        case .waiting: effectiveStart
        case .current: effectiveEnd
        case .ended: nil
        }
    }
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
    /// Gives `key` the value that the nearest resource has for it along these relationships, below everything else that is said
    /// of the key.
    case inheritTag(key: String, types: RelationshipTypes, direction: RelationQuery.Direction, depth: Int)

    /// The member that names it in a document: `set_tag`.
    package var name: String {
        switch self {
        case .setTag: "set_tag"
        case .copyTag: "copy_tag"
        case .mapValue: "map_value"
        case .removeTag: "remove_tag"
        case .inheritTag: "inherit_tag"
        }
    }
}
