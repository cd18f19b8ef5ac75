/// The stored form of waivers, days of the score, and rejected aliases.
extension ByteWriter {
    package mutating func waiver(_ waiver: ComplianceWaiver) {
        uuid(waiver.id)
        string(waiver.name)
        string(waiver.reason)
        byte(waiver.scope == nil ? 0 : 1)
        if let scope = waiver.scope { condition(scope) }
        varint(waiver.policies.count)
        for policy in waiver.policies { uuid(policy) }
        zigzag(waiver.expiresAt.milliseconds)
        byte(waiver.isExpired ? 1 : 0)
        string(waiver.approver)
        varint(waiver.version)
        zigzag(waiver.createdAt.milliseconds)
        zigzag(waiver.updatedAt.milliseconds)
    }

    package mutating func governanceItem(_ item: GovernanceItem) {
        byte(item.kind.rawValue)
        switch item {
        case .score(let day):
            zigzag(day.at.milliseconds)
            score(day.score)
            varint(day.policies.count)
            for policy in day.policies {
                uuid(policy.id)
                varint(policy.evaluated)
                varint(policy.compliant)
            }
        case .rejection(let rejection):
            uuid(rejection.id)
            string(rejection.tagKey)
            optionalString(rejection.value)
            string(rejection.alias)
            string(rejection.rejectedBy)
            zigzag(rejection.at.milliseconds)
        case .retention(let retention): self.retention(retention)
        case .hold(let hold): self.hold(hold)
        case .cleaning(let cleaning): self.cleaning(cleaning)
        }
    }

    /// Currencies in the order of their names.
    private mutating func score(_ score: ComplianceScore) {
        varint(score.resources)
        varint(score.compliant)
        varint(score.waived)
        varint(score.violations)
        varint(score.waivedViolations)
        varint(score.costs.count)
        for (currency, cost) in score.costs.sorted(by: { $0.key < $1.key }) {
            string(currency)
            zigzag(cost.total)
            zigzag(cost.compliant)
        }
    }
}

extension ByteReader {
    package mutating func waiver() throws(CodecError) -> ComplianceWaiver {
        let id = try uuid()
        let name = try string()
        let reason = try string()
        let scope = try byte() == 0 ? nil : try condition()
        var policies: [UUID128] = []
        for _ in 0..<(try count()) { policies.append(try uuid()) }
        let expiresAt = Timestamp(milliseconds: try zigzag())
        let isExpired = try byte() == 1
        var waiver = ComplianceWaiver(
            id: id, name: name, reason: reason, scope: scope, policies: policies, expiresAt: expiresAt,
            approver: try string(), version: try varint(),
            createdAt: Timestamp(milliseconds: try zigzag()), updatedAt: Timestamp(milliseconds: try zigzag()))
        waiver.isExpired = isExpired
        return waiver
    }

    package mutating func governanceItem() throws(CodecError) -> GovernanceItem {
        let code = try byte()
        switch GovernanceItem.Kind(rawValue: code) {
        case .score:
            let at = Timestamp(milliseconds: try zigzag())
            let score = try score()
            var policies: [ScoreDay.Policy] = []
            for _ in 0..<(try count()) {
                policies.append(.init(id: try uuid(), evaluated: try number(), compliant: try number()))
            }
            return .score(ScoreDay(at: at, score: score, policies: policies))
        case .rejection:
            return .rejection(
                AliasRejection(
                    id: try uuid(), tagKey: try string(), value: try optionalString(), alias: try string(),
                    rejectedBy: try string(), at: Timestamp(milliseconds: try zigzag())))
        case .retention: return .retention(try retention())
        case .hold: return .hold(try hold())
        case .cleaning: return .cleaning(try cleaning())
        case nil: throw CodecError("unknown kind of governance item \(code)")
        }
    }

    private mutating func score() throws(CodecError) -> ComplianceScore {
        var score = ComplianceScore()
        score.resources = try number()
        score.compliant = try number()
        score.waived = try number()
        score.violations = try number()
        score.waivedViolations = try number()
        for _ in 0..<(try count()) {
            let currency = try string()
            score.costs[currency] = .init(total: try zigzag(), compliant: try zigzag())
        }
        return score
    }

    /// Largest number that is counted: far more than there is room for, and sums of it fit.
    private static var numberMax: UInt64 { 1 << 46 }

    private mutating func number() throws(CodecError) -> Int {
        let value = try varint()
        guard value <= Self.numberMax else { throw CodecError("a count of \(value) cannot be") }
        return Int(value)
    }
}
