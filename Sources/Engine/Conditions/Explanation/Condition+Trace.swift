internal import JSON
package import Model

extension Condition {
    /// Evaluates every part of the condition for the resource that `facts` are about. Compiles each field test anew: for
    /// people who ask why, not for the way of a write.
    ///
    /// `spelling` as in `CompiledCondition`. Holds exactly where the compiled condition does.
    package func trace(
        _ facts: inout Facts, spelling: @escaping (String) -> String = { $0 }, patterns: inout PatternCache
    ) -> ConditionTrace {
        switch self {
        case .all(let parts):
            let traces = parts.map { $0.trace(&facts, spelling: spelling, patterns: &patterns) }
            return .all(traces, holds: traces.allSatisfy(\.holds))
        case .any(let parts):
            let traces = parts.map { $0.trace(&facts, spelling: spelling, patterns: &patterns) }
            return .any(traces, holds: traces.contains(where: \.holds))
        case .not(let part):
            return .not(part.trace(&facts, spelling: spelling, patterns: &patterns))
        case .test(let test):
            let compiled = CompiledCondition(self, spelling: spelling, patterns: &patterns)
            let holds = compiled.holds(&facts)
            return .test(test, found: compiled.found(&facts), holds: holds)
        case .related(let query):
            let compiled = CompiledCondition(self, spelling: spelling, patterns: &patterns)
            return .related(query, holds: compiled.holds(&facts))
        }
    }
}

extension CompiledCondition {
    /// What the field of a single test has.
    fileprivate func found(_ facts: inout Facts) -> ConditionTrace.Found {
        precondition(tests.count == 1, "a field test compiled to \(tests.count) tests")
        let test = tests[0]
        if test.field == .metadata {
            guard let value = metadataValue(test, &facts), !value.isNull else { return .missing }
            if let text = value.withScalarText({ String(decoding: $0, as: UTF8.self) }) { return .text(text) }
            return .composite(Self.json(of: value))
        }
        let text = withText(test, &facts) { String(decoding: $0, as: UTF8.self) }
        return text.map(ConditionTrace.Found.text) ?? .missing
    }

    private static func json(of value: JSONView) -> String {
        var writer = JSONWriter()
        writer.view(value)
        let longest = ConditionTrace.Found.compositeBytesMax
        guard writer.bytes.count > longest else { return String(decoding: writer.bytes, as: UTF8.self) }
        // What the cut leaves of a character becomes U+FFFD.
        return String(decoding: writer.bytes.prefix(longest), as: UTF8.self) + "…"
    }
}
