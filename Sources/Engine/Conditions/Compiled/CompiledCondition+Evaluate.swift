internal import JSON
package import Model

extension CompiledCondition {
    /// Whether the condition holds for the resource that `facts` are about.
    package func holds(_ facts: inout Facts) -> Bool {
        var at = start
        while at >= 0 {
            let test = firstTest + Int(at)
            at = holds(test.pointee, &facts) ? test.pointee.onTrue : test.pointee.onFalse
        }
        return at == Self.accept
    }

    /// Nil when the condition does not hold, else the groups of the regular expression that matched last on the way, the
    /// whole match first; none without one. For conditions compiled with `keepsOrder`.
    package func groups(_ facts: inout Facts) -> [String]? {
        var at = start
        var lastMatch: Int32 = -1
        while at >= 0 {
            let test = tests[Int(at)]
            let holds = holds(test, &facts)
            if holds, test.operation == .pattern { lastMatch = at }
            at = holds ? test.onTrue : test.onFalse
        }
        guard at == Self.accept else { return nil }
        guard lastMatch >= 0 else { return [] }
        let test = tests[Int(lastMatch)]
        let pattern = patterns[Int(test.part)]
        return withText(test, &facts) { pattern.groups(in: $0) }.flatMap { $0 } ?? []
    }

    /// Whether the condition holds for a stored row. O(tags) to prepare.
    package func holds(for record: ResourceRecord, in context: EvaluationContext) -> Bool {
        context.facts.startResource(record.resource, tags: record.tags)
        return holds(&context.facts)
    }

    // MARK: One test

    func holds(_ test: Test, _ facts: inout Facts) -> Bool {
        switch test.field {
        case .provider: return facts.row.resource.provider.rawValue.withBytes { ownField(test, $0) }
        case .resourceType:
            let type = facts.row.resource.resourceType
            if test.operation == .pattern { return facts.occurs(patterns[Int(test.part)], inRepeated: type) }
            return ownField(test, type)
        case .name: return ownField(test, facts.row.resource.name)
        case .accountID: return ownField(test, facts.row.resource.accountID)
        case .region: return ownField(test, facts.row.resource.region)
        case .resourceID: return ownField(test, facts.row.resource.resourceID)
        case .tag:
            guard let value = tagValue(test, facts) else { return false }
            if test.operation == .exists { return true }
            if test.operation == .pattern { return facts.occurs(patterns[Int(test.part)], inRepeated: value) }
            return compare(test, value)
        case .native:
            guard let value = nativeValue(test, facts) else { return false }
            return test.operation == .exists || compare(test, value)
        case .metadata: return metadata(test, facts.metadataRoot())
        case .relation: return facts.relation(constant(test.keyStart, test.keyCount)) != nil
        }
    }

    @inline(__always)
    private func ownField(_ test: Test, _ text: ByteText.Bytes) -> Bool {
        test.operation == .exists ? !text.isEmpty : compare(test, text)
    }

    /// The effective value of the tag that the test is about.
    @inline(__always)
    private func tagValue(_ test: Test, _ facts: borrowing Facts) -> ByteText.Bytes? {
        let position = facts.tags.position(of: constant(test.keyStart, test.keyCount), formHash: test.formHash)
        return position < 0 ? nil : facts.tags.value(at: position)
    }

    @inline(__always)
    private func nativeValue(_ test: Test, _ facts: borrowing Facts) -> ByteText.Bytes? {
        let position = facts.nativeTag(constant(test.keyStart, test.keyCount))
        return position < 0 ? nil : facts.row.resource.nativeTags[position].value
    }

    /// `root`: what the resource's metadata says.
    private func metadata(_ test: Test, _ root: JSONView?) -> Bool {
        let found = root.flatMap { MetadataPath.find(constant(test.keyStart, test.keyCount), in: $0) }
        guard let value = found, !value.isNull else { return false }
        if test.operation == .exists { return true }
        if value.isArray, test.operation == .contains {
            var equal = test
            equal.operation = .equal
            for element in value.elements where element.withScalarText({ compare(equal, $0) }) == true { return true }
            return false
        }
        return value.withScalarText { compare(test, $0) } ?? false
    }

    func metadataValue(_ test: Test, _ facts: inout Facts) -> JSONView? {
        guard let root = facts.metadataRoot() else { return nil }
        return MetadataPath.find(constant(test.keyStart, test.keyCount), in: root)
    }

    /// Lends `body` the text of the test's field; nil where it is missing or no text.
    func withText<Result>(_ test: Test, _ facts: inout Facts, _ body: (ByteText.Bytes) -> Result) -> Result? {
        switch test.field {
        case .provider: return facts.row.resource.provider.rawValue.withBytes(body)
        case .resourceType: return body(facts.row.resource.resourceType)
        case .name: return body(facts.row.resource.name)
        case .accountID: return body(facts.row.resource.accountID)
        case .region: return body(facts.row.resource.region)
        case .resourceID: return body(facts.row.resource.resourceID)
        case .tag: return tagValue(test, facts).map(body)
        case .native: return nativeValue(test, facts).map(body)
        case .metadata: return metadataValue(test, &facts)?.withScalarText(body)
        case .relation: return facts.relation(constant(test.keyStart, test.keyCount)).map(body)
        }
    }

    // MARK: Comparison

    func compare(_ test: Test, _ text: ByteText.Bytes) -> Bool {
        // A pattern was compiled with its own regard to case.
        guard test.ignoreCase, test.operation != .pattern else { return compareExactly(test, text) }
        return ByteText.withLowercased(text) { compareExactly(test, $0) }
    }

    private func compareExactly(_ test: Test, _ text: ByteText.Bytes) -> Bool {
        let operand = constant(test.operandStart, test.operandCount)
        switch test.operation {
        case .oneOf: return sets.lend(Int(test.part)) { $0.contains(text) }
        case .pattern: return patterns.lend(Int(test.part)) { $0.occurs(in: text) }
        case .exists: return true
        case .never: return false
        case .equal where test.operandKind == .number: return ByteText.number(text).map { $0 == test.number } ?? false
        case .equal: return ByteText.equal(text, operand)
        case .contains: return ByteText.contains(text, operand)
        case .prefix: return ByteText.hasPrefix(text, operand)
        case .suffix: return ByteText.hasSuffix(text, operand)
        case .greater: return order(test, text, operand) > 0
        case .greaterOrEqual: return order(test, text, operand) >= 0
        case .less: return order(test, text, operand) < 0
        case .lessOrEqual: return order(test, text, operand) <= 0
        }
    }

    /// -1, 0 or 1 for a text before, equal to or after the operand.
    private func order(_ test: Test, _ text: ByteText.Bytes, _ operand: ByteText.Bytes) -> Int {
        switch test.operandKind {
        case .number:
            if let number = ByteText.number(text) { return number < test.number ? -1 : number > test.number ? 1 : 0 }
        case .moment:
            if text.count >= 10, text[4] == UInt8(ascii: "-"), let moment = Timestamp(String(decoding: text, as: UTF8.self))
            {
                let milliseconds = Double(moment.milliseconds)
                return milliseconds < test.number ? -1 : milliseconds > test.number ? 1 : 0
            }
        case .text: break
        }
        return ByteText.precedes(text, operand) ? -1 : ByteText.precedes(operand, text) ? 1 : 0
    }
}
