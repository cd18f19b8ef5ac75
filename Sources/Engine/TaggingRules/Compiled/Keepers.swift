internal import Conditions
internal import Model

/// Rules that write one key alone and leave it where it has a value: once it has one, none of them need be asked.
final class Keepers: Sendable {
    /// For the form of each key the number of its row.
    private let numbers: [String: Int32]
    /// Rows of bits as in the candidate index.
    private let rows: Fixed<UInt64>
    private let words: Int

    /// `ordered`: rules in the order in which they run.
    init(_ ordered: [TagRule], _ normaliser: TagNormaliser) {
        let words = (ordered.count + 63) / 64
        var numbers: [String: Int32] = [:]
        var rows: [UInt64] = []
        for (rule, written) in ordered.enumerated() {
            guard let form = Self.soleKey(of: written, normaliser) else { continue }
            let number = numbers[form] ?? Int32(numbers.count)
            if numbers.updateValue(number, forKey: form) == nil { rows += Array(repeating: 0, count: words) }
            rows[Int(number) * words + rule / 64] |= 1 << UInt64(rule % 64)
        }
        self.numbers = numbers
        self.rows = Fixed(rows)
        self.words = words
    }

    /// The form of the one key that the rule writes where it has no value, and does nothing else; nil: it is no such rule.
    static func soleKey(of rule: TagRule, _ normaliser: TagNormaliser) -> String? {
        guard rule.keepsOnly else { return nil }
        let forms = Set(rule.actions.map { TagKeyForm.form(of: normaliser.key($0.key)) })
        return forms.count == 1 ? forms.first : nil
    }

    /// -1: no rule keeps the key, which is spelt as in the virtual layer.
    func row(of key: String) -> Int32 { numbers.isEmpty ? -1 : numbers[TagKeyForm.form(of: key)] ?? -1 }

    /// Takes the rules of that row, if it is one, from the candidates.
    func passOver(_ row: Int32, _ candidates: RuleBits) {
        guard row >= 0 else { return }
        let keepers = rows.base + Int(row) * words
        let bits = candidates.base
        for word in 0..<words { bits[word] &= ~keepers[word] }
    }
}

extension TagRule {
    /// Whether all that it does is to give keys a value that have none.
    var keepsOnly: Bool {
        ifTagExists == .keep && !actions.contains { if case .removeTag = $0 { true } else { false } }
    }
}
