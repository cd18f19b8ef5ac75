import Conditions
import Model

/// What each resource answers to one query, by number.
enum RelationSubject {
    /// Those for which the condition holds.
    case condition(CompiledCondition, holds: Set<UInt32>)
    /// What each has for the tag whose key has this form.
    case tag(form: String, values: [UInt32: String])

    init(_ subject: RelationQuery.Subject, spelling: @escaping (String) -> String, patterns: inout PatternCache) {
        switch subject {
        case .condition(let condition):
            self = .condition(CompiledCondition(condition, spelling: spelling, patterns: &patterns), holds: [])
        case .tag(let key): self = .tag(form: TagKeyForm.form(of: spelling(key)), values: [:])
        }
    }

    /// Nil: it is no answer. Empty for a condition that holds.
    func answer(of number: UInt32) -> String? {
        switch self {
        case .condition(_, let holds): holds.contains(number) ? "" : nil
        case .tag(_, let values): values[number]
        }
    }

    /// Whether it answers otherwise than before.
    mutating func take(_ record: ResourceRecord, _ number: UInt32, in context: EvaluationContext) -> Bool {
        switch self {
        case .condition(let condition, var holds):
            let holdsNow = condition.holds(for: record, in: context)
            guard holdsNow != holds.contains(number) else { return false }
            self = .condition(condition, holds: [])
            if holdsNow { holds.insert(number) } else { holds.remove(number) }
            self = .condition(condition, holds: holds)
        case .tag(let form, var values):
            let value = record.tags.first { TagKeyForm.form(of: $0.key) == form }?.valueOfItsOwn
            guard value != values[number] else { return false }
            self = .tag(form: form, values: [:])
            values[number] = value
            self = .tag(form: form, values: values)
        }
        return true
    }

    mutating func forget(_ number: UInt32) {
        switch self {
        case .condition(let condition, var holds):
            self = .condition(condition, holds: [])
            holds.remove(number)
            self = .condition(condition, holds: holds)
        case .tag(let form, var values):
            self = .tag(form: form, values: [:])
            values[number] = nil
            self = .tag(form: form, values: values)
        }
    }
}

extension VirtualTag {
    /// What is passed on along relationships: nothing that came along relationships itself.
    fileprivate var valueOfItsOwn: String? {
        let own = ([winner] + losers).first { !($0.source == .inherited && $0.ruleID != nil) }
        return own.flatMap { $0.value.isEmpty ? nil : $0.value }
    }
}
