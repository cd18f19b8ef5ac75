/// Who says that a tag has a value. Order of precedence: the first wins.
package enum TagSource: String, CaseIterable, Hashable, Sendable {
    case manual, rule, ml, inherited

    /// Stable number in stored records, and the precedence: lower wins.
    package var code: UInt8 {
        switch self {
        case .manual: 0
        case .rule: 1
        case .ml: 2
        case .inherited: 3
        }
    }

    package init?(code: UInt8) {
        guard let source = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = source
    }
}

/// One claim about the value of one tag: the winner of its key, or one of the losers that stay visible.
package struct TagAssertion: Hashable, Sendable {
    package var value: String
    package var source: TagSource
    /// 0 to 1; 1 for people and rules.
    package var confidence: Double
    /// The rule that made it, for `source == .rule`.
    package var ruleID: UUID128?
    /// The rule's version, 0 without one.
    package var ruleVersion: UInt64
    /// The rule's priority, 0 without one. Lower wins.
    package var priority: Int32
    /// Who or what: a token's subject, `rule:NAME`, `model:VERSION`, `native:KEY` for the provider's own tag.
    package var createdBy: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        value: String, source: TagSource, confidence: Double = 1, ruleID: UUID128? = nil, ruleVersion: UInt64 = 0,
        priority: Int32 = 0, createdBy: String, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.value = value
        self.source = source
        self.confidence = confidence
        self.ruleID = ruleID
        self.ruleVersion = ruleVersion
        self.priority = priority
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// Whether a person or a model made it; others are derived.
    package var isStated: Bool { source == .manual || source == .ml }

    /// True when the two say the same, whenever they said it.
    package func claimsSame(as other: TagAssertion) -> Bool {
        value == other.value && source == other.source && confidence == other.confidence && ruleID == other.ruleID
            && ruleVersion == other.ruleVersion && priority == other.priority && createdBy == other.createdBy
    }

    /// True when this one wins over `other` for the same key: by source, then priority, then the rule's id.
    package func precedes(_ other: TagAssertion) -> Bool {
        if source != other.source { return source.code < other.source.code }
        if priority != other.priority { return priority < other.priority }
        if confidence != other.confidence { return confidence > other.confidence }
        guard let mine = ruleID, let theirs = other.ruleID, mine != theirs else { return false }
        return mine < theirs
    }
}

/// A tag of the virtual layer: the winning claim, and the losers in order of precedence.
package struct VirtualTag: Hashable, Sendable {
    package let key: String
    package var winner: TagAssertion
    package var losers: [TagAssertion]

    package init(key: String, winner: TagAssertion, losers: [TagAssertion] = []) {
        self.key = key
        self.winner = winner
        self.losers = losers
    }

    package var value: String { winner.value }

    /// All claims, the winner first.
    package var assertions: [TagAssertion] { [winner] + losers }

    /// The tag with what people and models said; nil when all of it is derived.
    package var stated: VirtualTag? {
        guard winner.isStated || losers.contains(where: \.isStated) else { return nil }
        let kept = assertions.filter(\.isStated)
        guard let first = kept.first else { return nil }
        return VirtualTag(key: key, winner: first, losers: Array(kept.dropFirst()))
    }
}
