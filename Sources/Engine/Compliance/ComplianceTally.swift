internal import Conditions
package import Model

/// Compliance counted over rows, as a whole and by group.
package struct ComplianceTally: Sendable {
    /// Most groups that are told apart. What comes after is counted together, in `others`.
    package static let groupsMax = 10_000

    package private(set) var total = ComplianceScore()
    /// Nil: rows without a value to be grouped by.
    package private(set) var groups: [String?: ComplianceScore] = [:]
    /// What belongs to groups beyond `groupsMax`.
    package private(set) var others: ComplianceScore?
    private let grouping: ComplianceRow.Grouping
    private let month: Int32?
    /// What the results of a policy are grouped by.
    private let labels: [UUID128: String]

    /// - Parameters:
    ///   - month: counts the costs of that month alone, as `202609`; nil: of all.
    ///   - policies: those that are judged.
    package init(by grouping: ComplianceRow.Grouping, month: Int32? = nil, policies: [CompliancePolicy] = []) {
        self.grouping = grouping
        self.month = month
        labels = Dictionary(
            policies.map { ($0.id, grouping == .severity ? $0.severity.rawValue : $0.id.description) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Throws `CodecError` when memory is damaged.
    package mutating func add(_ row: [UInt8]) throws(CodecError) {
        guard case .tag(let wanted) = grouping else {
            return add(try ComplianceRow(row, by: grouping, needsCosts: true) { _ in false })
        }
        var wantedKey = wanted
        let read: Result<ComplianceRow, CodecError> = wantedKey.withUTF8 { wanted in
            do throws(CodecError) {
                return .success(
                    try ComplianceRow(row, by: grouping, needsCosts: true) {
                        TagKeyForm.same($0.assumingMemoryBound(to: UInt8.self), wanted)
                    })
            } catch {
                return .failure(error)
            }
        }
        add(try read.get())
    }

    private mutating func add(_ row: ComplianceRow) {
        let costs = costs(of: row)
        let whole = Self.score(row.results[...], costs)
        total += whole
        switch grouping {
        case .none: break
        case .provider, .account, .region, .resourceType, .tag: add(whole, to: row.group)
        case .policy:
            for position in row.results.indices {
                let result = row.results[position]
                guard let label = labels[result.policy] else { continue }
                add(Self.score(row.results[position...position], costs), to: label)
            }
        case .severity:
            let known = row.results.filter { labels[$0.policy] != nil }
            for (label, results) in Dictionary(grouping: known, by: { labels[$0.policy] }) {
                add(Self.score(results[...], costs), to: label)
            }
        }
    }

    package static func += (left: inout Self, right: Self) {
        left.total += right.total
        // In an order of their own, so that which groups are told apart does not hang on chance.
        for (group, score) in right.groups.sorted(by: { ($0.key ?? "") < ($1.key ?? "") }) { left.add(score, to: group) }
        if let others = right.others { left.others = (left.others ?? ComplianceScore()).adding(others) }
    }

    /// The worst first: most resources that do not comply, then most violations, then by name.
    package var worstFirst: [(group: String?, score: ComplianceScore)] {
        groups.sorted { left, right in
            let (first, second) = (left.value, right.value)
            let wrong = (first.resources - first.compliant, second.resources - second.compliant)
            if wrong.0 != wrong.1 { return wrong.0 > wrong.1 }
            if first.violations != second.violations { return first.violations > second.violations }
            return (left.key ?? "") < (right.key ?? "")
        }.map { ($0.key, $0.value) }
    }

    private mutating func add(_ score: ComplianceScore, to group: String?) {
        if groups[group] == nil, groups.count >= Self.groupsMax {
            others = (others ?? ComplianceScore()).adding(score)
        } else {
            groups[group, default: ComplianceScore()] += score
        }
    }

    private func costs(of row: ComplianceRow) -> [String: Int64] {
        row.costs.reduce(into: [:]) { sums, line in
            guard month.map({ $0 == line.month }) ?? true else { return }
            let (sum, overflow) = (sums[line.currency] ?? 0).addingReportingOverflow(line.nanos)
            sums[line.currency] = overflow ? .max : sum
        }
    }

    private static func score(_ results: ArraySlice<ComplianceRow.Result>, _ costs: [String: Int64]) -> ComplianceScore {
        var score = ComplianceScore()
        score.resources = 1
        var isWaived = false
        for result in results {
            if result.isWaived {
                isWaived = true
                score.waivedViolations += result.violations
            } else {
                score.violations += result.violations
            }
        }
        let isCompliant = score.violations == 0
        score.compliant = isCompliant ? 1 : 0
        score.waived = isCompliant && isWaived ? 1 : 0
        score.costs = costs.mapValues { .init(total: $0, compliant: isCompliant ? $0 : 0) }
        return score
    }
}

extension ComplianceScore {
    fileprivate func adding(_ other: Self) -> Self {
        var sum = self
        sum += other
        return sum
    }
}
