import CypherValues
import PropertyGraph

extension PropertyTest {
    /// Whether a property's value passes, where the operator and not the graph tests it.
    func passes(_ value: CypherValue?) -> Bool {
        guard let value, !value.isNull else { return false }
        switch test {
        case .exists: return true
        case .equal(let other): return value.equals(other) == true
        case .oneOf(let others): return value.isMember(of: others) == true
        case .prefix(let prefix):
            guard case .string(let text) = value else { return false }
            return text.utf8.starts(with: prefix.utf8)
        case .range(let lower, let upper):
            if let lower {
                let comparison = value.compare(lower.value)
                guard comparison == .after || lower.inclusive && comparison == .same else { return false }
            }
            if let upper {
                let comparison = value.compare(upper.value)
                guard comparison == .before || upper.inclusive && comparison == .same else { return false }
            }
            return true
        }
    }
}
