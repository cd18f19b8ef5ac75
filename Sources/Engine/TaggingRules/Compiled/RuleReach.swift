package import Conditions
package import Model

/// Which stored rows may come out otherwise after some rules changed. Every other row would be judged to be what it is.
///
/// A changed rule touches the rows on which it has made a claim, and those for which its condition may hold now. On all other
/// rows it has said nothing and says nothing, so that no other rule saw anything of it either. Two things reach further:
/// - a claim that `remove_tag` dropped leaves no trace in the row; so an old version that removes tags touches all rows for
///   which its condition may have held, and no test of a tag that some rule removes is relied on;
/// - rules lend keys that nobody defined their spelling; so rows that carry such a key are touched when its spelling may
///   change.
package final class RuleReach {
    /// What became of one rule.
    package struct Change: Hashable, Sendable {
        package let id: UUID128
        /// All versions that rows may have been judged under, the newest not among them.
        package var former: [TagRule]
        /// Nil: it is gone.
        package var current: TagRule?

        package init(id: UUID128, former: [TagRule], current: TagRule?) {
            self.id = id
            self.former = former
            self.current = current
        }
    }

    /// More changed rules than this are not worth looking at row by row.
    package static let changesMax = 64

    /// How a key that no definition spells is to be spelt.
    private struct Respelling {
        /// In any spelling.
        let key: String
        /// Nil: the rules do not say any more.
        let spelling: String?
    }

    private let conditions: [CompiledCondition]
    /// Rules whose claims are looked for.
    private let authors: [UUID128]
    private let respellings: [Respelling]
    private let context = EvaluationContext()

    /// Nil: any row may come out otherwise.
    ///
    /// - Parameters:
    ///   - changes: at most `changesMax`, each rule once.
    ///   - rules: all rules as they are now.
    ///   - definitions: the tag schema, which has not changed.
    ///   - policyKeys: keys as policies write them; violations tell them in the spelling that rules lend them.
    package init?(
        of changes: [Change], among rules: [TagRule], definitions: [TagDefinition], policyKeys: [String],
        patterns: inout PatternCache
    ) {
        guard changes.count <= Self.changesMax else { return nil }
        let changed = Set(changes.map(\.id))
        let former = changes.flatMap(\.former).filter { $0.state == .inForce }
        let current = changes.compactMap(\.current).filter { $0.state == .inForce }
        let others = rules.filter { $0.state == .inForce && !changed.contains($0.id) }

        guard let respellings = Self.respellings(former, current, others, definitions, policyKeys) else { return nil }
        self.respellings = respellings

        // Aliases of one key have different forms: all of them go by the key that they mean.
        let normaliser = TagNormaliser(definitions: definitions)
        func meaning(_ key: String) -> String { TagKeyForm.form(of: normaliser.key(key)) }
        let removed = Set((former + current + others).flatMap(\.actions).compactMap { $0.removedKey.map(meaning) })
        let mayHold = current + former.filter { $0.actions.contains { $0.removedKey != nil } }
        conditions = mayHold.map { rule in
            CompiledCondition(
                rule.condition.possible { removed.contains(meaning($0)) }, spelling: normaliser.key(_:), patterns: &patterns)
        }
        authors = Array(Set(former.map(\.id)))
    }

    /// Keys that no definition spells, and that the unchanged rules do not spell first. Nil where a policy has such a key and
    /// may have to call it otherwise.
    private static func respellings(
        _ former: [TagRule], _ current: [TagRule], _ others: [TagRule], _ definitions: [TagDefinition],
        _ policyKeys: [String]
    ) -> [Respelling]? {
        func spellings(_ rules: [TagRule]) -> [String: Set<String>] {
            rules.flatMap(\.actions).reduce(into: [:]) { $0[TagKeyForm.form(of: $1.key), default: []].insert($1.key) }
        }
        let defined = Set(definitions.flatMap { [$0.tagKey] + $0.aliases }.map(TagKeyForm.form))
        let (kept, now) = (spellings(others), spellings(others + current))
        let judged = Dictionary(grouping: policyKeys, by: TagKeyForm.form)
        var respellings: [Respelling] = []
        for (form, mine) in spellings(former + current) where !defined.contains(form) {
            guard let first = mine.min() else { continue }
            if let spelling = kept[form]?.min(), spelling <= first { continue }
            let isSaidSo = kept[form] == nil && mine.count == 1
            guard (judged[form] ?? []).allSatisfy({ isSaidSo && $0 == first }) else { return nil }
            respellings.append(Respelling(key: first, spelling: now[form]?.min()))
        }
        return respellings
    }

    /// Whether the row may come out otherwise. True for what is no row: whoever reads it whole tells what is wrong.
    package func mayChange(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do throws(CodecError) {
            try context.facts.startRow(bytes, withClaims: true)
        } catch {
            return true
        }
        return isTouched(&context.facts)
    }

    private func isTouched(_ facts: inout Facts) -> Bool {
        if !authors.isEmpty {
            for claim in facts.row.claims { if let rule = claim.rule, authors.contains(rule.id) { return true } }
        }
        for condition in conditions where condition.mayHold(&facts) { return true }
        return respellings.contains { Self.isRespelt($0, facts.row) }
    }

    /// Where several of the provider's keys are one, their spelling decides which goes first.
    private static func isRespelt(_ respelling: Respelling, _ row: borrowing StoredRow) -> Bool {
        respelling.key.withBytes { key in
            var isClaimed = false
            for claim in row.claims where TagKeyForm.isSame(claim.key, key) {
                guard respelling.spelling?.withBytes({ ByteText.equal($0, claim.key) }) == true else { return true }
                isClaimed = true
            }
            let natives = row.resource.nativeTags.count { TagKeyForm.isSame($0.key, key) }
            return natives > 1 || natives == 1 && !isClaimed
        }
    }
}

extension TagAction {
    fileprivate var removedKey: String? { if case .removeTag(let key) = self { key } else { nil } }
}
