internal import Conditions
package import Model

/// What the rules of a set come to over many resources: counted one resource after the other, then told.
///
/// Memory grows with the rules, their keys and the pairs that overlap (`overlapsMax` at most), not with the inventory.
package struct InventoryLint: Sendable {
    /// Most pairs of rules on one key that are counted; what is beyond is only told to exist.
    package static let overlapsMax = 10_000
    /// On a resource where more rules than this give one key a value, only the first of them is paired with the others.
    private static let pairedMax = 8
    private static let samplesMax = 3

    private struct Place: Hashable {
        let rule: Int32
        let key: String
    }

    private struct Pair: Hashable {
        let first: Int32
        let second: Int32
        let key: String
    }

    private struct Tally: Sendable {
        var count = 0
        var samples: [ResourceID] = []

        mutating func add(_ id: ResourceID) {
            count += 1
            if samples.count < samplesMax { samples.append(id) }
        }

        mutating func add(_ other: Tally) {
            count += other.count
            samples += other.samples.prefix(samplesMax - samples.count)
        }
    }

    private struct Claims: Sendable {
        var made = 0
        var inForce = 0
        /// Who was in force instead: rules by position, everybody else as -1.
        var winners: [Int32: Int] = [:]
        var samples: [ResourceID] = []
    }

    private struct Forbidden: Sendable {
        var tally = Tally()
        var message: String
    }

    private let numbers: [UUID128: Int32]
    private var matched: [Int]
    private var claims: [Place: Claims] = [:]
    private var forbidden: [Place: Forbidden] = [:]
    private var overlaps: [Pair: Tally] = [:]
    /// There were more pairs than are counted.
    package private(set) var overlapsTruncated = false
    /// Resources that were looked at.
    package private(set) var scanned = 0

    package init(_ ruleSet: CompiledRuleSet) {
        let ids = ruleSet.ruleIDs
        numbers = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, Int32($0)) })
        matched = Array(repeating: 0, count: ids.count)
    }

    // MARK: Counting

    /// Counts a resource with its tags, and the rules that held for it (`TaggingContext.matchedRules`).
    ///
    /// - Parameters:
    ///   - isAllowed: whether the schema allows a value of a key; asked of all values that rules set.
    ///   - objection: why it does not; asked for the first such value of a rule.
    package mutating func add(
        _ id: ResourceID, tags: [VirtualTag], matched rules: ContiguousArray<Int32>,
        isAllowed: (_ key: String, _ value: String) -> Bool, objection: RuleLint.Objection
    ) {
        scanned += 1
        guard !rules.isEmpty else { return }
        for number in rules { matched[Int(number)] += 1 }
        for tag in tags where tag.winner.source == .rule || tag.losers.contains(where: { $0.source == .rule }) {
            let byRules = tag.assertions.compactMap { claim in
                claim.source == .rule ? claim.ruleID.flatMap { numbers[$0] }.map { ($0, claim.value) } : nil
            }
            let winner = tag.winner.ruleID.flatMap { numbers[$0] } ?? -1
            for (number, value) in byRules {
                let place = Place(rule: number, key: tag.key)
                count(place, winner: winner, id)
                guard !isAllowed(tag.key, value) else { continue }
                if forbidden[place] == nil {
                    forbidden[place] = Forbidden(message: objection(tag.key, value) ?? "the schema does not allow a value")
                }
                forbidden[place]?.tally.add(id)
            }
            pair(byRules.map(\.0), tag.key, id)
        }
    }

    private mutating func count(_ place: Place, winner: Int32, _ id: ResourceID) {
        claims[place, default: Claims()].made += 1
        if winner == place.rule {
            claims[place]?.inForce += 1
        } else {
            claims[place]?.winners[winner, default: 0] += 1
            if let samples = claims[place]?.samples, samples.count < Self.samplesMax { claims[place]?.samples.append(id) }
        }
    }

    private mutating func pair(_ rules: [Int32], _ key: String, _ id: ResourceID) {
        guard rules.count > 1 else { return }
        let firsts = rules.count > Self.pairedMax ? 1 : rules.count - 1
        for first in 0..<firsts {
            for second in (first + 1)..<rules.count {
                let pair = Pair(first: rules[first], second: rules[second], key: key)
                guard overlaps.count < Self.overlapsMax || overlaps[pair] != nil else {
                    overlapsTruncated = true
                    continue
                }
                overlaps[pair, default: Tally()].add(id)
            }
        }
    }

    /// Takes in what was counted of other resources under the same rules.
    package mutating func add(_ other: InventoryLint) {
        precondition(matched.count == other.matched.count, "\(matched.count) rules and \(other.matched.count)")
        scanned += other.scanned
        overlapsTruncated = overlapsTruncated || other.overlapsTruncated
        for number in matched.indices { matched[number] += other.matched[number] }
        for (place, theirs) in other.claims {
            var mine = claims[place] ?? Claims()
            mine.made += theirs.made
            mine.inForce += theirs.inForce
            mine.winners.merge(theirs.winners) { $0 + $1 }
            mine.samples += theirs.samples.prefix(Self.samplesMax - mine.samples.count)
            claims[place] = mine
        }
        for (place, theirs) in other.forbidden {
            forbidden[place, default: Forbidden(message: theirs.message)].tally.add(theirs.tally)
        }
        for (pair, tally) in other.overlaps {
            guard overlaps.count < Self.overlapsMax || overlaps[pair] != nil else {
                overlapsTruncated = true
                continue
            }
            overlaps[pair, default: Tally()].add(tally)
        }
    }

    // MARK: Telling

    /// What was found, beside what `proven` says already. Rules that are in force, in the order in which they run.
    package func findings(_ lint: RuleLint, beside proven: [LintFinding]) -> [LintFinding] {
        let known = Set(proven.map { Known(code: $0.code, rule: $0.rule, key: $0.tagKey) })
        var found: [LintFinding] = []
        guard scanned > 0 else { return found }
        for (number, rule) in lint.rules.enumerated() {
            guard matched[number] > 0 else {
                found.append(
                    LintFinding(
                        .matchesNothing, .inventory, rule.id, at: .root.appending("conditions"), count: 0,
                        "none of the \(scanned) resources matches"))
                continue
            }
            var told: Set<String> = []
            for action in rule where told.insert(action.form).inserted {
                found += findings(of: action, Int32(number), rule, lint)
            }
        }
        found += overlapping(lint)
        return found.filter { !known.contains(Known(code: $0.code, rule: $0.rule, key: $0.tagKey)) }
    }

    private struct Known: Hashable {
        let code: LintFinding.Code
        let rule: UUID128
        let key: String?

        init(code: LintFinding.Code, rule: UUID128, key: String?) {
            self.code = code
            self.rule = rule
            // That nothing matches is no matter of keys.
            self.key = code == .matchesNothing ? nil : key
        }
    }

    private func findings(
        of action: LintedRule.Action, _ number: Int32, _ rule: LintedRule, _ lint: RuleLint
    ) -> [LintFinding] {
        guard action.kind == .sets else { return [] }
        let place = Place(rule: number, key: action.key)
        var found: [LintFinding] = []
        if let forbidden = forbidden[place] {
            found.append(
                LintFinding(
                    .forbiddenValue, .inventory, rule.id, at: action.pointer, key: action.key, count: forbidden.tally.count,
                    samples: forbidden.tally.samples, forbidden.message))
        }
        guard let claims = claims[place] else {
            found.append(
                LintFinding(
                    .noEffect, .inventory, rule.id, at: action.pointer, key: action.key, count: matched[Int(number)],
                    "it holds for \(matched[Int(number)]) resources and gives none of them a `\(action.key)`: what it refers "
                        + "to has no value there, or the key is kept or removed"))
            return found
        }
        guard claims.inForce == 0 else { return found }
        let winners = claims.winners.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let names = winners.prefix(3).map { number, count in
            (number >= 0 ? "\"\(lint.rules[Int(number)].rule.name)\"" : "people") + " on \(count)"
        }
        found.append(
            LintFinding(
                .shadowed, .inventory, rule.id, at: action.pointer, key: action.key,
                others: winners.filter { $0.key >= 0 }.map { lint.rules[Int($0.key)].id }, count: claims.made,
                samples: claims.samples,
                "its `\(action.key)` is in force on none of the \(claims.made) resources where it sets it: overruled by "
                    + names.joined(separator: ", ")))
        return found
    }

    private func overlapping(_ lint: RuleLint) -> [LintFinding] {
        overlaps.sorted { ($0.key.first, $0.key.second, $0.key.key) < ($1.key.first, $1.key.second, $1.key.key) }
            .map { pair, tally in
                let (first, second) = (lint.rules[Int(pair.first)], lint.rules[Int(pair.second)])
                let action = second.first { $0.key == pair.key }
                return LintFinding(
                    .overlap, .inventory, second.id, at: action?.pointer ?? .root.appending("actions"), key: pair.key,
                    others: [first.id], count: tally.count, samples: tally.samples,
                    "\"\(first.rule.name)\" sets `\(pair.key)` too on \(tally.count) resource\(tally.count == 1 ? "" : "s"), "
                        + "and goes before it")
            }
    }
}
