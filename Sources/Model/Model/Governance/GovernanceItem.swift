/// What is kept of governance beside what rows are judged under: a change of it judges nothing again.
package enum GovernanceItem: Hashable, Sendable {
    case score(ScoreDay)
    case rejection(AliasRejection)
    case retention(AuditRetention)
    case hold(LegalHold)
    case cleaning(AuditCleaning)

    package enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        case score = 1
        case rejection = 2
        case retention = 3
        case hold = 4
        case cleaning = 5
    }

    package var kind: Kind {
        switch self {
        case .score: .score
        case .rejection: .rejection
        case .retention: .retention
        case .hold: .hold
        case .cleaning: .cleaning
        }
    }

    package var id: UUID128 {
        switch self {
        case .score(let day): day.id
        case .rejection(let rejection): rejection.id
        case .retention(let retention): retention.id
        case .hold(let hold): hold.id
        case .cleaning(let cleaning): cleaning.id
        }
    }
}

/// The compliance score as it last was on one day.
package struct ScoreDay: Hashable, Sendable {
    /// Most days that are kept; the oldest go first.
    package static let daysMax = 800
    /// Most policies of a day.
    package static let policiesMax = 500

    package struct Policy: Hashable, Sendable {
        package let id: UUID128
        package var evaluated: Int
        /// Waived ones among them.
        package var compliant: Int

        package init(id: UUID128, evaluated: Int, compliant: Int) {
            self.id = id
            self.evaluated = evaluated
            self.compliant = compliant
        }
    }

    /// Days since 1970-01-01, in UTC.
    package let day: Int32
    package var at: Timestamp
    package var score: ComplianceScore
    /// In the order of their ids.
    package var policies: [Policy]

    package init(at: Timestamp, score: ComplianceScore, policies: [Policy]) {
        let range = Timestamp.textRange
        let milliseconds = max(range.lowerBound, min(at, range.upperBound)).milliseconds
        day = Int32((Double(milliseconds) / 86_400_000).rounded(.down))
        self.at = at
        self.score = score
        self.policies = Array(policies.sorted { $0.id < $1.id }.prefix(Self.policiesMax))
    }

    /// Follows from the day.
    package var id: UUID128 {
        .stamped(high: 0x7363_6F72_6564_0000, low: UInt64(UInt32(bitPattern: day)), version: 8)
    }

    /// `2026-03-01`.
    package var text: String { String(Timestamp(milliseconds: Int64(day) * 86_400_000).description.prefix(10)) }
}

/// Somebody's word that two spellings do not mean the same: not to be proposed again.
package struct AliasRejection: Hashable, Sendable {
    /// Most that are remembered.
    package static let countMax = 10_000

    /// The proposal's, which follows from the spellings.
    package let id: UUID128
    package var tagKey: String
    /// Nil: the alias is one of the key, else of this value.
    package var value: String?
    package var alias: String
    package var rejectedBy: String
    package var at: Timestamp

    package init(id: UUID128, tagKey: String, value: String?, alias: String, rejectedBy: String, at: Timestamp) {
        self.id = id
        self.tagKey = tagKey
        self.value = value
        self.alias = alias
        self.rejectedBy = rejectedBy
        self.at = at
    }
}
