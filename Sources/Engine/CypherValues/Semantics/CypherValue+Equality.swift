extension CypherValue {
    /// What `=` says: nil, for unknown, when a null decides. Values of different types differ; numbers are compared exactly, and NaN
    /// equals nothing.
    package func equals(_ other: CypherValue) -> Bool? {
        switch (self, other) {
        case (.null, _), (_, .null): return nil
        case (.float(let a), .float(let b)): return a == b
        case (.list(let a), .list(let b)): return Self.equal(a, b)
        case (.map(let a), .map(let b)): return Self.equal(a, b)
        default: return self == other
        }
    }

    private static func equal(_ a: [CypherValue], _ b: [CypherValue]) -> Bool? {
        guard a.count == b.count else { return false }
        var answer: Bool? = true
        for (one, other) in zip(a, b) {
            switch one.equals(other) {
            case false?: return false
            case nil: answer = nil
            case true?: break
            }
        }
        return answer
    }

    private static func equal(_ a: CypherMap, _ b: CypherMap) -> Bool? {
        guard a.count == b.count else { return false }
        var answer: Bool? = true
        for (key, one) in a {
            guard let other = b[key] else { return false }
            switch one.equals(other) {
            case false?: return false
            case nil: answer = nil
            case true?: break
            }
        }
        return answer
    }

    /// What `IN` says: true when some member equals the value; else unknown when a null kept that open; else false.
    package func isMember(of members: [CypherValue]) -> Bool? {
        var answer: Bool? = false
        for member in members {
            switch equals(member) {
            case true?: return true
            case nil: answer = nil
            case false?: break
            }
        }
        return answer
    }
}

/// The three-valued connectives: nil is unknown.
package enum Ternary {
    package static func and(_ a: Bool?, _ b: Bool?) -> Bool? {
        if a == false || b == false { return false }
        return a == nil || b == nil ? nil : true
    }

    package static func or(_ a: Bool?, _ b: Bool?) -> Bool? {
        if a == true || b == true { return true }
        return a == nil || b == nil ? nil : false
    }

    package static func exclusiveOr(_ a: Bool?, _ b: Bool?) -> Bool? {
        guard let a, let b else { return nil }
        return a != b
    }

    package static func not(_ a: Bool?) -> Bool? { a.map(!) }
}

extension CypherValue {
    /// A ternary answer as a value.
    package init(_ answer: Bool?) { self = answer.map(CypherValue.boolean) ?? .null }
}
