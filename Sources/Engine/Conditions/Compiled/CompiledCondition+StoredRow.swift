package import Model

extension CompiledCondition {
    /// Whether the condition, made by `Condition.possible`, holds for the stored row that `facts` are about, which was read
    /// with its claims. A test of a tag holds where it holds for any claim on the key, the winner's or a loser's.
    package func mayHold(_ facts: inout Facts) -> Bool {
        var at = start
        while at >= 0 {
            let test = firstTest + Int(at)
            at = mayHold(test.pointee, &facts) ? test.pointee.onTrue : test.pointee.onFalse
        }
        return at == Self.accept
    }

    private func mayHold(_ test: Test, _ facts: inout Facts) -> Bool {
        guard test.field == .tag else { return holds(test, &facts) }
        let key = constant(test.keyStart, test.keyCount)
        return facts.row.claims.contains { claim in
            TagKeyForm.isSame(claim.key, key) && (test.operation == .exists || compare(test, claim.value))
        }
    }
}

extension TagKeyForm {
    /// What `same` says, sooner where the keys differ in their first letters.
    package static func isSame(_ left: ByteText.Bytes, _ right: ByteText.Bytes) -> Bool {
        !differ(left, right) && same(left, right)
    }

    /// True only when the forms differ; told from ASCII letters alone.
    private static func differ(_ left: ByteText.Bytes, _ right: ByteText.Bytes) -> Bool {
        var (first, second) = (0, 0)
        while true {
            while first < left.count, isSeparator(left[first]) { first += 1 }
            while second < right.count, isSeparator(right[second]) { second += 1 }
            guard first < left.count, second < right.count else { return false }
            let (one, other) = (left[first], right[second])
            guard one < 0x80, other < 0x80 else { return false }
            if ByteText.lowercased(one) != ByteText.lowercased(other) { return true }
            first += 1
            second += 1
        }
    }
}

extension Condition {
    /// A condition that `CompiledCondition.mayHold` finds true of a stored row wherever this one held, or comes to hold, when
    /// it is a rule's turn.
    ///
    /// What a rule sees of a tag then is one of the claims that the row keeps; which one cannot be told, nor that there is
    /// none. So a test that a claim would pass stays, and one that asks for what is not there holds.
    ///
    /// - Parameter lost: whether a claim on that key (in any spelling) may have been dropped, so that the row does not keep it.
    package func possible(lost: (String) -> Bool) -> Condition {
        switch self {
        case .all(let parts): return .all(parts.map { $0.possible(lost: lost) })
        case .any(let parts): return .any(parts.map { $0.possible(lost: lost) })
        case .not(let part): return .not(part.certain)
        // What was found along relationships is in the row.
        case .related: return self
        case .test(let test):
            guard case .tag(let key) = test.field else { return self }
            switch test.comparison {
            case .ne, .notIn, .absent: return .all([])
            case .eq, .isIn, .gt, .gte, .lt, .lte, .contains, .startsWith, .endsWith, .glob, .regex, .exists:
                return lost(key) ? .all([]) : self
            }
        }
    }

    /// A condition that holds only where this one does, whatever the tags are.
    private var certain: Condition {
        switch self {
        case .all(let parts): return .all(parts.map(\.certain))
        case .any(let parts): return .any(parts.map(\.certain))
        case .not(let part): return .not(part.possible { _ in true })
        case .related: return self
        case .test(let test):
            if case .tag = test.field { return .any([]) }
            return self
        }
    }
}
