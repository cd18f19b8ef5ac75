/// What tags a resource must have, and where that counts.
package struct CompliancePolicy: Hashable, Sendable {
    package enum Severity: String, CaseIterable, Hashable, Sendable {
        case critical = "CRITICAL"
        case high = "HIGH"
        case medium = "MEDIUM"
        case low = "LOW"
    }

    package enum PolicyType: String, CaseIterable, Hashable, Sendable {
        case requiredTags = "REQUIRED_TAGS"
        case valueValidation = "VALUE_VALIDATION"
        case conditionalRequirement = "CONDITIONAL_REQUIREMENT"
        case tagFormat = "TAG_FORMAT"
        case tagCount = "TAG_COUNT"
    }

    /// The policy's `rules{}`, by type.
    package enum Rules: Hashable, Sendable {
        /// `{"required_tags": ["owner", …]}`
        case requiredTags([String])
        /// `{"tag_key", "allowed_values": […], "pattern": RE2}`, one of the two or both.
        case valueValidation(tagKey: String, allowedValues: [String], pattern: String?)
        /// `{"if": CONDITION, "then_required": ["k", …]}`
        case conditionalRequirement(condition: Condition, thenRequired: [String])
        /// `{"tag_key": "*" or a key, "pattern": RE2 of the value, "key_pattern": RE2 of the key}`
        case tagFormat(tagKey: String, pattern: String?, keyPattern: String?)
        /// `{"min", "max"}`
        case tagCount(min: Int, max: Int?)

        package var type: PolicyType {
            switch self {
            case .requiredTags: .requiredTags
            case .valueValidation: .valueValidation
            case .conditionalRequirement: .conditionalRequirement
            case .tagFormat: .tagFormat
            case .tagCount: .tagCount
            }
        }
    }

    package let id: UUID128
    package var name: String
    package var description: String
    package var severity: Severity
    /// Nil: all resources.
    package var scope: Condition?
    package var rules: Rules
    package var enabled: Bool
    package var version: UInt64
    package var createdBy: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: UUID128, name: String, description: String = "", severity: Severity, scope: Condition? = nil, rules: Rules,
        enabled: Bool = true, version: UInt64 = 1, createdBy: String, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.severity = severity
        self.scope = scope
        self.rules = rules
        self.enabled = enabled
        self.version = version
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What one policy found for one resource. Stored for every enabled policy whose scope the resource is in.
package struct ComplianceResult: Hashable, Sendable {
    package let policyID: UUID128
    /// Empty: compliant.
    package var violations: [Violation]
    /// What allows the violations for now; nil without any, or when nothing does.
    package var waiverID: UUID128?
    package var checkedAt: Timestamp

    package init(policyID: UUID128, violations: [Violation], waiverID: UUID128? = nil, checkedAt: Timestamp) {
        self.policyID = policyID
        self.violations = violations
        self.waiverID = waiverID
        self.checkedAt = checkedAt
    }

    package var isCompliant: Bool { violations.isEmpty }
    package var isWaived: Bool { waiverID != nil }
    /// What the score asks: nothing is violated, or it may be.
    package var isAccepted: Bool { isCompliant || isWaived }
}

/// What is wrong, where, and what would mend it.
package struct Violation: Hashable, Sendable {
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case missingTag = "missing_tag"
        case valueNotAllowed = "value_not_allowed"
        case patternMismatch = "pattern_mismatch"
        case tooFewTags = "too_few_tags"
        case tooManyTags = "too_many_tags"
        /// The provider of the resource would not take the tag.
        case providerLimit = "provider_limit"

        package var code: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }
    }

    package let code: Code
    /// The key concerned; empty when it is about the set as a whole.
    package let tagKey: String
    /// The value found; empty when there is none.
    package let value: String

    package init(_ code: Code, tagKey: String, value: String = "") {
        self.code = code
        self.tagKey = tagKey
        self.value = value
    }
}
