internal import Conditions
package import Model

/// Finds keys and values that are likely other spellings of one another: by their normal form, by edit distance, by what they
/// shorten, and by the values that keys share.
///
/// Works on what tags are called in the virtual layer, so what the schema maps already does not come up again. In each pair
/// the spelling that the schema defines, or else the more frequent one, is kept, and the other is the alias. The time grows
/// about linearly with the number of different keys and values.
package struct AliasLearner {
    /// Most proposals; those that are most likely right are kept.
    package static let proposalsMax = 2_000
    /// Most keys of one beginning, or with one value, that are compared with a further one.
    static let neighboursMax = 32
    /// Most shared values that a proposal names.
    package static let sharedMax = 5

    private let census: TagCensus
    private let definitions: [String: TagDefinition]
    /// Spellings that the schema has an owner for.
    private let owned: Set<String>

    package init(_ census: TagCensus, definitions: [TagDefinition]) {
        self.census = census
        self.definitions = Dictionary(definitions.map { ($0.tagKey, $0) }, uniquingKeysWith: { first, _ in first })
        owned = Set(definitions.flatMap { [$0.tagKey] + $0.aliases }.map(TagKeyForm.form))
    }

    // MARK: Proposals

    /// Proposals for keys, before it is known how often the two stand on one resource.
    package func keyProposals() -> [AliasProposal] {
        let names = keyNames
        var found: [AliasProposal] = []
        var forms: [String: Int] = [:]
        var slips = SpellingIndex()
        var neighbours = KeyNeighbours()
        for (position, name) in names.enumerated() {
            var best: AliasProposal?
            func consider(_ other: Int, _ reason: AliasProposal.Reason?) {
                guard let proposal = proposal(alias: name, key: names[other], reason) else { return }
                if best.map({ $0.confidence < proposal.confidence }) ?? true { best = proposal }
            }
            let form = TagKeyForm.form(of: name)
            if let same = forms[form] {
                consider(same, .sameForm)
            } else {
                forms[form] = position
                for near in slips.near(form) { consider(near.position, .slips(near.slips)) }
                slips.file(form, as: position)
                let values = vocabulary(of: name).map { Array($0.keys) } ?? []
                for near in neighbours.near(name, values: values) { consider(near.position, near.reason) }
                neighbours.file(name, values: values, as: position)
            }
            if let best { found.append(best) }
        }
        return ordered(found)
    }

    /// The same with what the second walk counted; keys that stand side by side and say different things are none.
    package func settled(_ proposals: [AliasProposal], _ pairs: PairCensus) -> [AliasProposal] {
        proposals.compactMap { proposal in
            guard let count = pairs.counts[.init(alias: proposal.alias, key: proposal.tagKey)] else { return proposal }
            var settled = proposal
            settled.together = count.together
            settled.togetherDifferent = count.different
            let apart = Double(count.different) / Double(max(1, proposal.aliasResources))
            guard apart <= Self.differentPartMax || proposal.reasons.contains(.sameForm) else { return nil }
            settled.confidence *= 1 - apart
            return settled
        }
    }

    /// Largest part of the alias's resources on which the key says something else.
    private static let differentPartMax = 0.1

    /// The likeliest first; at most `proposalsMax`.
    package func ordered(_ proposals: [AliasProposal]) -> [AliasProposal] {
        Array(proposals.sorted(by: Self.isBefore).prefix(Self.proposalsMax))
    }

    private static func isBefore(_ left: AliasProposal, _ right: AliasProposal) -> Bool {
        if left.confidence != right.confidence { return left.confidence > right.confidence }
        if left.aliasResources != right.aliasResources { return left.aliasResources > right.aliasResources }
        return (left.tagKey, left.value ?? "", left.alias) < (right.tagKey, right.value ?? "", right.alias)
    }

    // MARK: Keys

    /// Defined keys first, then the most frequent, so that what comes later is an alias of what came before.
    private var keyNames: [String] {
        let all = Set(census.keys.keys).union(definitions.keys)
        return all.sorted { left, right in
            let defined = (definitions[left] != nil, definitions[right] != nil)
            if defined.0 != defined.1 { return defined.0 }
            let counts = (census.keys[left]?.resources ?? 0, census.keys[right]?.resources ?? 0)
            return counts.0 == counts.1 ? (left.count, left) < (right.count, right) : counts.0 > counts.1
        }
    }

    /// Forms of the key's values and how many resources have them; nil where they are too many, or none.
    private func vocabulary(of key: String) -> [String: Int]? {
        guard let found = census.keys[key], !found.isWide, !found.values.isEmpty else { return nil }
        return found.values.reduce(into: [:]) { $0[SpellingForm.value($1.key), default: 0] += $1.value.resources }
    }

    private func proposal(alias: String, key: String, _ reason: AliasProposal.Reason?) -> AliasProposal? {
        guard let found = census.keys[alias], definitions[alias] == nil, !owned.contains(TagKeyForm.form(of: alias)),
            reason == .sameForm || SpellingForm.digits(alias) == SpellingForm.digits(key)
        else { return nil }
        let resources = census.keys[key]?.resources ?? 0
        let mine = vocabulary(of: alias)
        let theirs = vocabulary(of: key)
        var overlap: Double?
        var shared: [String] = []
        if let mine, let theirs {
            let both = mine.filter { theirs[$0.key] != nil }
            overlap = Double(both.values.reduce(0, +)) / Double(max(1, mine.values.reduce(0, +)))
            shared = both.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        }
        guard
            let confidence = Self.confidence(
                reason, overlap, shared: shared.count, isRare: found.resources * 20 <= resources || resources == 0)
        else { return nil }
        var proposal = AliasProposal(
            kind: .key, tagKey: key, value: nil, alias: alias, reasons: reason.map { [$0] } ?? [], confidence: confidence,
            aliasResources: found.resources, resources: resources, samples: found.samples)
        if let overlap, overlap > 0 { proposal.reasons.append(.sharedValues((overlap * 100).rounded() / 100)) }
        proposal.shared = Array(shared.prefix(Self.sharedMax))
        return proposal
    }

    /// Nil: not enough speaks for it. Names that are near need some value in common, unless one of them is rare or has too
    /// many values to tell; shortened ones need half of the values, and values alone nearly all, and several.
    private static func confidence(
        _ reason: AliasProposal.Reason?, _ overlap: Double?, shared: Int, isRare: Bool
    ) -> Double? {
        switch reason {
        case .sameForm: return 1
        case .slips(let slips):
            guard isRare || (overlap ?? 1) > 0 else { return nil }
            return 0.8 - 0.1 * Double(slips) + 0.2 * (overlap ?? 0)
        case .sameWords:
            guard let overlap, overlap >= 0.3 else { return nil }
            return 0.6 + 0.35 * overlap
        case .abbreviation:
            guard let overlap, overlap >= 0.5 else { return nil }
            return 0.5 + 0.4 * overlap
        case .sharedValues, nil:
            guard let overlap, overlap >= 0.9, shared >= 3 else { return nil }
            return 0.3 + 0.3 * overlap
        }
    }
}

// MARK: - Values

extension AliasLearner {
    /// Proposals for values, key by key.
    package func valueProposals() -> [AliasProposal] {
        var found: [AliasProposal] = []
        for (key, entry) in census.keys.sorted(by: { $0.key < $1.key }) {
            let definition = definitions[key]
            guard !entry.isWide, definition.map({ $0.dataType == .string || $0.dataType == .enum }) ?? true else { continue }
            found += valueProposals(key, entry, definition)
            if found.count > 4 * Self.proposalsMax {
                found = ordered(found)
            }
        }
        return ordered(found)
    }

    private func valueProposals(_ key: String, _ entry: TagCensus.Key, _ definition: TagDefinition?) -> [AliasProposal] {
        let allowed = Set(definition?.allowedValues ?? [])
        let names = Set(entry.values.keys).union(allowed).sorted { left, right in
            let known = (allowed.contains(left), allowed.contains(right))
            if known.0 != known.1 { return known.0 }
            let counts = (entry.values[left]?.resources ?? 0, entry.values[right]?.resources ?? 0)
            return counts.0 == counts.1 ? (left.count, left) < (right.count, right) : counts.0 > counts.1
        }
        var vocabulary = ValueNeighbours(names, allowed: allowed)
        var found: [AliasProposal] = []
        for (position, name) in names.enumerated() {
            let count = entry.values[name]?.resources ?? 0
            let match = vocabulary.match(position) { other in
                allowed.contains(other) || count * Self.rarity <= entry.values[other]?.resources ?? 0
            }
            guard let match, count > 0, !allowed.contains(name) else { continue }
            found.append(
                AliasProposal(
                    kind: .value, tagKey: key, value: names[match.position], alias: name, reasons: [match.reason],
                    confidence: match.confidence, aliasResources: count,
                    resources: entry.values[names[match.position]]?.resources ?? 0,
                    samples: entry.values[name]?.samples ?? []))
        }
        return found
    }

    /// A slip is so many times rarer than what was meant.
    private static let rarity = 10
}
