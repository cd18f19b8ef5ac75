import Conditions
import JSON
import Model

/// What rules would change, counted one resource after the other.
///
/// Memory grows with the keys and values that rules write (`valuesMax`) and the rules that they meet (`conflictsMax`), not
/// with the inventory.
struct RuleImpact: Sendable {
    /// Most values over all keys that are counted one by one; the others of a key are counted together.
    static let valuesMax = 100_000
    /// Most values of a key that are told, those that change most first.
    static let valuesToldMax = 100
    /// Most conflicts that are told one by one.
    static let conflictsMax = 1_000

    struct Change: Sendable {
        let key: String
        let old: String?
        let new: String?
    }

    /// Resources with a value, and what they cost, before and after.
    struct ValueTally: Sendable {
        var before = 0
        var after = 0
        var costBefore = CostSum()
        var costAfter = CostSum()

        mutating func add(_ other: ValueTally) {
            before += other.before
            after += other.after
            costBefore.add(other.costBefore)
            costAfter.add(other.costAfter)
        }
    }

    struct KeyTally: Sendable {
        var values: [String: ValueTally] = [:]
        /// Of values that are not counted one by one.
        var others = ValueTally()
        var added = 0
        var changed = 0
        var removed = 0
        var costMoved = CostSum()

        var changes: Int { added + changed + removed }
    }

    /// Whom a rule that is tried meets on a key, and who of the two wins.
    struct Conflict: Hashable, Sendable {
        let rule: UUID128
        let key: String
        let source: TagSource
        let ruleID: UUID128?
        let createdBy: String
        let isWon: Bool
    }

    struct ConflictTally: Sendable {
        var count = 0
        var sameValue = 0
    }

    private(set) var scanned = 0
    private(set) var matched = 0
    private(set) var wouldChange = 0
    /// Of the resources that would change, each once.
    private(set) var costMoved = CostSum()
    private(set) var total = CostSum()
    private(set) var keys: [String: KeyTally] = [:]
    private(set) var conflicts: [Conflict: ConflictTally] = [:]
    private(set) var conflictsOmitted = 0
    private(set) var samples: [(resource: Resource, changes: [Change])] = []
    private var values = 0

    // MARK: Counting

    /// - Parameters:
    ///   - rules: the rules that are tried.
    ///   - matches: whether one of them holds for the resource.
    ///   - isWritten: whether rules write the key, so that its values are counted.
    mutating func count(
        _ resource: Resource, of rules: Set<UUID128>, matches: Bool, from old: [VirtualTag], to new: [VirtualTag],
        isWritten: (String) -> Bool
    ) {
        scanned += 1
        let cost = CostSum(resource.costs)
        total.add(cost)
        if matches {
            matched += 1
            for tag in new { countConflicts(on: tag, of: rules) }
        }
        for tag in old where isWritten(tag.key) { tally(tag) { $0.count(before: cost) } }
        for tag in new where isWritten(tag.key) { tally(tag) { $0.count(after: cost) } }
        let changes = Self.changes(from: old, to: new)
        guard !changes.isEmpty else { return }
        wouldChange += 1
        costMoved.add(cost)
        for change in changes {
            keys[change.key, default: KeyTally()].count(change, cost)
        }
        if samples.count < RuleTestEndpoint.samplesMax { samples.append((resource, changes)) }
    }

    private mutating func tally(_ tag: VirtualTag, _ count: (inout ValueTally) -> Void) {
        if keys[tag.key]?.values[tag.value] == nil {
            guard values < Self.valuesMax else { return count(&keys[tag.key, default: KeyTally()].others) }
            values += 1
        }
        count(&keys[tag.key, default: KeyTally()].values[tag.value, default: ValueTally()])
    }

    private mutating func countConflicts(on tag: VirtualTag, of rules: Set<UUID128>) {
        for (position, own) in tag.assertions.enumerated() {
            guard let rule = own.ruleID, rules.contains(rule) else { continue }
            countConflicts(of: own, rule, isWinner: position == 0, on: tag)
        }
    }

    private mutating func countConflicts(
        of own: TagAssertion, _ rule: UUID128, isWinner: Bool, on tag: VirtualTag
    ) {
        for other in isWinner ? tag.losers : [tag.winner] {
            let conflict = Conflict(
                rule: rule, key: tag.key, source: other.source, ruleID: other.ruleID,
                createdBy: other.source == .rule ? other.createdBy : "", isWon: isWinner)
            var tally = conflicts[conflict] ?? ConflictTally()
            tally.count += 1
            if other.value == own.value { tally.sameValue += 1 }
            merge(tally, of: conflict)
        }
    }

    private mutating func merge(_ tally: ConflictTally, of conflict: Conflict) {
        guard conflicts[conflict] != nil || conflicts.count < Self.conflictsMax else {
            conflictsOmitted += 1
            return
        }
        conflicts[conflict] = tally
    }

    /// Takes in what was counted of other resources.
    mutating func add(_ other: RuleImpact) {
        scanned += other.scanned
        matched += other.matched
        wouldChange += other.wouldChange
        costMoved.add(other.costMoved)
        total.add(other.total)
        conflictsOmitted += other.conflictsOmitted
        for (key, theirs) in other.keys {
            var mine = keys[key] ?? KeyTally()
            mine.added += theirs.added
            mine.changed += theirs.changed
            mine.removed += theirs.removed
            mine.costMoved.add(theirs.costMoved)
            mine.others.add(theirs.others)
            for (value, tally) in theirs.values {
                if mine.values[value] == nil {
                    guard values < Self.valuesMax else {
                        mine.others.add(tally)
                        continue
                    }
                    values += 1
                }
                mine.values[value, default: ValueTally()].add(tally)
            }
            keys[key] = mine
        }
        for (conflict, theirs) in other.conflicts {
            var tally = conflicts[conflict] ?? ConflictTally()
            tally.count += theirs.count
            tally.sameValue += theirs.sameValue
            merge(tally, of: conflict)
        }
        samples.append(contentsOf: other.samples.prefix(RuleTestEndpoint.samplesMax - samples.count))
    }

    private static func changes(from old: [VirtualTag], to new: [VirtualTag]) -> [Change] {
        let before = Dictionary(old.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted()
            .filter { before[$0] != after[$0] }
            .map { Change(key: $0, old: before[$0], new: after[$0]) }
    }
}

extension RuleImpact.ValueTally {
    fileprivate mutating func count(before cost: CostSum) {
        before += 1
        costBefore.add(cost)
    }

    fileprivate mutating func count(after cost: CostSum) {
        after += 1
        costAfter.add(cost)
    }
}

extension RuleImpact.KeyTally {
    fileprivate mutating func count(_ change: RuleImpact.Change, _ cost: CostSum) {
        if change.old == nil {
            added += 1
        } else if change.new == nil {
            removed += 1
        } else {
            changed += 1
        }
        costMoved.add(cost)
    }
}

/// Costs by currency, exact: billionths of the currency's unit.
struct CostSum: Hashable, Sendable {
    private(set) var byCurrency: [String: Amounts] = [:]

    struct Amounts: Hashable, Sendable {
        var billed: Int128 = 0
        var effective: Int128 = 0
    }

    init() {}

    init(_ lines: [CostLine]) {
        for line in lines {
            byCurrency[line.currency, default: Amounts()].billed += Int128(line.billedNanos)
            byCurrency[line.currency, default: Amounts()].effective += Int128(line.effectiveNanos)
        }
    }

    mutating func add(_ other: CostSum) {
        guard !other.byCurrency.isEmpty else { return }
        for (currency, amounts) in other.byCurrency {
            byCurrency[currency, default: Amounts()].billed += amounts.billed
            byCurrency[currency, default: Amounts()].effective += amounts.effective
        }
    }

    mutating func subtract(_ other: CostSum) {
        for (currency, amounts) in other.byCurrency {
            byCurrency[currency, default: Amounts()].billed -= amounts.billed
            byCurrency[currency, default: Amounts()].effective -= amounts.effective
        }
    }
}
