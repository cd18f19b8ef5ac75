/// Keys that may mean the same though they are spelt quite differently: those with the same words, those that shorten one
/// another, and those that share values. Each key is compared with a bounded number of others.
struct KeyNeighbours {
    /// Keys with one value; what more keys have, such as `true`, tells nothing.
    private static let keysOfValueMax = 8
    /// Shared values from which on keys are compared.
    private static let sharedMin = 3

    private var cores: [Int: String] = [:]
    private var byBeginning: [String: [Int]] = [:]
    private var byValue: [String: [Int]] = [:]

    func near(_ key: String, values: [String]) -> [(position: Int, reason: AliasProposal.Reason?)] {
        var found: [(Int, AliasProposal.Reason?)] = []
        let core = SpellingForm.core(ofKey: key)
        for position in byBeginning[String(core.prefix(2))] ?? [] {
            guard let other = cores[position], !core.isEmpty else { continue }
            if core == other {
                found.append((position, .sameWords))
            } else if SpellingForm.isAbbreviation(core, of: other) || SpellingForm.isAbbreviation(other, of: core) {
                found.append((position, .abbreviation))
            }
        }
        var shared: [Int: Int] = [:]
        for value in values {
            let keys = byValue[value] ?? []
            guard keys.count < Self.keysOfValueMax else { continue }
            for position in keys { shared[position, default: 0] += 1 }
        }
        let sharing = shared.filter { $0.value >= Self.sharedMin }.keys.sorted().prefix(AliasLearner.neighboursMax)
        return found + sharing.map { ($0, nil) }
    }

    mutating func file(_ key: String, values: [String], as position: Int) {
        let core = SpellingForm.core(ofKey: key)
        let beginning = String(core.prefix(2))
        if !core.isEmpty, (byBeginning[beginning]?.count ?? 0) < AliasLearner.neighboursMax {
            cores[position] = core
            byBeginning[beginning, default: []].append(position)
        }
        for value in values where (byValue[value]?.count ?? 0) < Self.keysOfValueMax {
            byValue[value, default: []].append(position)
        }
    }
}

/// Values of one key, taken in the order in which they are kept: what each of them may be another spelling of.
struct ValueNeighbours {
    /// Values that shortened ones are looked for among: in a larger vocabulary too much shortens something.
    private static let shortenedMax = 50

    struct Match {
        let position: Int
        let reason: AliasProposal.Reason
        let confidence: Double
    }

    private let names: [String]
    private let allowed: Set<String>
    private var positions: [String: Int] = [:]
    private var slips = SpellingIndex()
    /// Forms of those that may be shortened.
    private let whole: [(position: Int, form: String)]

    /// `names`: allowed ones first, then the most frequent.
    init(_ names: [String], allowed: Set<String>) {
        self.names = names
        self.allowed = allowed
        let known = names.indices.filter { allowed.contains(names[$0]) }
        let candidates = known.isEmpty ? Array(names.indices) : known
        var forms: Set<String> = []
        whole =
            candidates.count > Self.shortenedMax
            ? []
            : candidates.map { ($0, SpellingForm.value(names[$0])) }.filter { forms.insert($0.1).inserted }
    }

    /// What the value at `position` may mean, of those before it; then it is among these itself. `isSlipOf`: whether it is rare
    /// enough to be a slip of the other.
    mutating func match(_ position: Int, isSlipOf: (String) -> Bool) -> Match? {
        let name = names[position]
        let form = SpellingForm.value(name)
        if let same = positions[form] { return Match(position: same, reason: .sameForm, confidence: 1) }
        positions[form] = position
        guard Self.isWord(form) else { return nil }
        defer { slips.file(form, as: position) }
        guard !allowed.contains(name) else { return nil }
        let digits = SpellingForm.digits(form)
        for near in slips.near(form) where isSlipOf(names[near.position]) {
            guard SpellingForm.digits(names[near.position]) == digits else { continue }
            return Match(position: near.position, reason: .slips(near.slips), confidence: 0.95 - 0.15 * Double(near.slips))
        }
        return abbreviation(form, position)
    }

    /// Only where it could mean one alone, of those that go before it.
    private func abbreviation(_ form: String, _ position: Int) -> Match? {
        guard SpellingForm.digits(form).isEmpty else { return nil }
        let meant = whole.filter { other in
            other.position < position
                && (SpellingForm.isAbbreviation(form, of: other.form)
                    || allowed.isEmpty && SpellingForm.isAbbreviation(other.form, of: form))
        }
        guard meant.count == 1 else { return nil }
        return Match(position: meant[0].position, reason: .abbreviation, confidence: 0.6)
    }

    /// Addresses and paths are no words: a letter makes another one of them.
    private static func isWord(_ form: String) -> Bool {
        !form.contains { $0 == "@" || $0 == "\\" || $0 == "," || $0 == "=" }
    }
}
