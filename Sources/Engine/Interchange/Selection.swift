internal import Conditions
internal import Model

/// Which resources a filter selects: a condition, and what only policies can say.
indirect enum Selection: Hashable, Sendable {
    case test(FieldTest)
    case all([Selection])
    case any([Selection])
    case not(Selection)
    /// The number of tags is within the bounds.
    case tagCount(min: Int, max: Int?, at: JSONPointer)
    case related(RelationQuery)

    static let everything = Selection.all([])

    init(_ condition: Condition) {
        switch condition {
        case .test(let test): self = .test(test)
        case .all(let parts): self = .all(parts.map(Selection.init))
        case .any(let parts): self = .any(parts.map(Selection.init))
        case .not(let part): self = .not(Selection(part))
        case .related(let query): self = .related(query)
        }
    }

    /// The same as a condition.
    var condition: Condition {
        get throws(Untranslatable) {
            switch self {
            case .test(let test): return .test(test)
            case .not(let part): return .not(try part.condition)
            case .related(let query): return .related(query)
            case .all(let parts): return Self.joined(try Self.conditions(parts), Condition.all)
            case .any(let parts): return Self.joined(try Self.conditions(parts), Condition.any)
            case .tagCount(_, _, let pointer):
                throw Untranslatable(
                    "a condition cannot ask for the number of tags",
                    "take the filter out, or the actions: a policy that only counts tags becomes one of type TAG_COUNT",
                    at: pointer)
            }
        }
    }

    private static func conditions(_ parts: [Selection]) throws(Untranslatable) -> [Condition] {
        var conditions: [Condition] = []
        for part in parts { conditions.append(try part.condition) }
        return conditions
    }

    private static func joined(_ parts: [Condition], _ join: ([Condition]) -> Condition) -> Condition {
        parts.count == 1 ? parts[0] : join(parts)
    }

    /// The same with `not` only where nothing else says it: pushed down to the tests (De Morgan), `all` in `all` opened.
    var normalised: Selection {
        switch self {
        case .test, .tagCount, .related: return self
        case .not(let part): return part.negated
        case .all(let parts):
            let flat = parts.map(\.normalised).flatMap { if case .all(let inner) = $0 { inner } else { [$0] } }
            return flat.count == 1 ? flat[0] : .all(flat)
        case .any(let parts):
            let flat = parts.map(\.normalised).flatMap { if case .any(let inner) = $0 { inner } else { [$0] } }
            return flat.count == 1 ? flat[0] : .any(flat)
        }
    }

    private var negated: Selection {
        switch self {
        case .not(let part): return part.normalised
        case .related: return .not(self)
        case .all(let parts): return Selection.any(parts.map { .not($0) }).normalised
        case .any(let parts): return Selection.all(parts.map { .not($0) }).normalised
        case .tagCount(let min, let max, let pointer):
            // Between 3 and 5 becomes: at most 2, or at least 6.
            var parts: [Selection] = []
            if min > 0 { parts.append(.tagCount(min: 0, max: min - 1, at: pointer)) }
            if let max { parts.append(.tagCount(min: max + 1, max: nil, at: pointer)) }
            return parts.count == 1 ? parts[0] : .any(parts)
        case .test(var test):
            switch test.comparison {
            case .eq: test.comparison = .ne
            case .ne: test.comparison = .eq
            case .isIn: test.comparison = .notIn
            case .notIn: test.comparison = .isIn
            case .exists: test.comparison = .absent
            case .absent: test.comparison = .exists
            case .gt, .gte, .lt, .lte, .contains, .startsWith, .endsWith, .glob, .regex: return .not(self)
            }
            return .test(test)
        }
    }

    /// Keys of tags that it reads.
    var keysRead: Set<String> {
        switch self {
        case .test(let test):
            if case .tag(let key) = test.field { [keyForm(key)] } else { [] }
        case .all(let parts), .any(let parts): parts.reduce(into: []) { $0.formUnion($1.keysRead) }
        case .not(let part): part.keysRead
        case .tagCount, .related: []
        }
    }
}

/// What two spellings of one key have in common.
func keyForm(_ key: String) -> String { TagKeyForm.withForm(of: key) { String(decoding: $0, as: UTF8.self) } }
