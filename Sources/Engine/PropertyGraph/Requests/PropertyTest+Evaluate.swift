import CypherValues

extension PropertyTest.Test {
    /// Whether the test holds for a property's value; `.null` where there is none.
    func holds(for value: CypherValue) -> Bool {
        switch self {
        case .equal(let wanted): return value.equals(wanted) == true
        case .oneOf(let wanted): return value.isMember(of: wanted) == true
        case .range(let lower, let upper):
            if value.isNull { return false }
            if let lower {
                switch value.compare(lower.value) {
                case .after?: break
                case .same?: guard lower.inclusive else { return false }
                case .before?, .unordered?, nil: return false
                }
            }
            if let upper {
                switch value.compare(upper.value) {
                case .before?: break
                case .same?: guard upper.inclusive else { return false }
                case .after?, .unordered?, nil: return false
                }
            }
            return true
        case .prefix(let text):
            guard case .string(let value) = value else { return false }
            return value.hasPrefix(text)
        case .exists: return !value.isNull
        }
    }
}
