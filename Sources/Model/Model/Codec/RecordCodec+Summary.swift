/// What a shard counts of its rows.
package struct InventoryTotals: Hashable, Sendable {
    package struct PolicyTotals: Hashable, Sendable {
        package var evaluated = 0
        /// Nothing is violated, or a waiver allows it.
        package var compliant = 0
        /// Those of the compliant ones that a waiver allows.
        package var waived = 0
        /// Violations that count.
        package var violations = 0

        package init() {}
    }

    package var resources = 0
    package var relationships = 0
    package var compliantResources = 0
    /// Those of the compliant ones that violate something that a waiver allows.
    package var waivedResources = 0
    package var byProvider: [Provider: Int] = [:]
    package var tagsBySource: [TagSource: Int] = [:]
    package var byPolicy: [UUID128: PolicyTotals] = [:]

    package init() {}

    package static func += (left: inout Self, right: Self) {
        left.resources += right.resources
        left.relationships += right.relationships
        left.compliantResources += right.compliantResources
        left.waivedResources += right.waivedResources
        left.byProvider.merge(right.byProvider, uniquingKeysWith: +)
        left.tagsBySource.merge(right.tagsBySource, uniquingKeysWith: +)
        for (policy, totals) in right.byPolicy {
            left.byPolicy[policy, default: PolicyTotals()].evaluated += totals.evaluated
            left.byPolicy[policy, default: PolicyTotals()].compliant += totals.compliant
            left.byPolicy[policy, default: PolicyTotals()].waived += totals.waived
            left.byPolicy[policy, default: PolicyTotals()].violations += totals.violations
        }
    }
}

extension InventoryTotals {
    /// Adds (`sign` 1) or takes away (-1) what the row counts for. Reads the bytes in place, without making strings.
    package mutating func count(_ row: [UInt8], sign: Int) throws(CodecError) {
        let result: Result<Void, CodecError> = row.withUnsafeBytes { raw in
            do throws(CodecError) {
                return .success(try count(raw, sign: sign))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private mutating func count(_ raw: UnsafeRawBufferPointer, sign: Int) throws(CodecError) {
        var reader = ByteReader(raw)
        _ = try reader.rowHead()
        var tagsBySource = (0, 0, 0, 0)
        for _ in 0..<(try reader.count()) {
            switch try reader.skipTag() {
            case .manual: tagsBySource.0 += 1
            case .rule: tagsBySource.1 += 1
            case .ml: tagsBySource.2 += 1
            case .inherited: tagsBySource.3 += 1
            }
        }
        add(tagsBySource, sign)
        try countCompliance(&reader, sign: sign)
        guard let provider = Provider(code: try reader.byte()) else { throw CodecError("unknown provider in a row") }
        resources += sign
        byProvider.add(sign, to: provider)
        try reader.skipToRelationships()
        relationships += sign * (try reader.count())
    }

    private mutating func add(_ counts: (Int, Int, Int, Int), _ sign: Int) {
        if counts.0 > 0 { tagsBySource.add(sign * counts.0, to: .manual) }
        if counts.1 > 0 { tagsBySource.add(sign * counts.1, to: .rule) }
        if counts.2 > 0 { tagsBySource.add(sign * counts.2, to: .ml) }
        if counts.3 > 0 { tagsBySource.add(sign * counts.3, to: .inherited) }
    }

    private mutating func countCompliance(_ reader: inout ByteReader, sign: Int) throws(CodecError) {
        var isCompliant = true
        var isWaived = false
        for _ in 0..<(try reader.count()) {
            let (policy, violations, isWaivedHere) = try reader.skipComplianceResult()
            if isWaivedHere { isWaived = true } else if violations > 0 { isCompliant = false }
            byPolicy[policy, default: PolicyTotals()].count(violations: violations, isWaived: isWaivedHere, sign: sign)
            if sign < 0, byPolicy[policy]?.evaluated == 0 { byPolicy[policy] = nil }
        }
        if isCompliant { compliantResources += sign }
        if isCompliant, isWaived { waivedResources += sign }
    }
}

extension Dictionary where Value == Int {
    /// What counts nothing is not in there, so that totals do not depend on the way that led to them.
    fileprivate mutating func add(_ count: Int, to key: Key) {
        self[key, default: 0] += count
        if count < 0, self[key] == 0 { self[key] = nil }
    }
}

extension InventoryTotals.PolicyTotals {
    fileprivate mutating func count(violations found: Int, isWaived: Bool, sign: Int) {
        evaluated += sign
        if found == 0 || isWaived { compliant += sign }
        if isWaived { waived += sign } else { violations += sign * found }
    }
}

extension ByteReader {
    /// From after the provider to the count of relationships.
    fileprivate mutating func skipToRelationships() throws(CodecError) {
        for _ in 0..<5 { _ = try slice() }
        _ = try varint()
        _ = try zigzag()
        for _ in 0..<(try count()) {
            _ = try slice()
            _ = try slice()
        }
        _ = try slice()
    }
}
