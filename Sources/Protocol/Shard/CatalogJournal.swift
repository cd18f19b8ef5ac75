import Model
import TaggingRules

/// What the last versions of the catalogue changed, so that a new one need not be asked of every row.
///
/// It is not stored: after a restart it begins with the version that was found, and rows that were judged under an older one
/// are all judged again.
struct CatalogJournal: Sendable {
    /// What one version has put in the place of what.
    struct Replacement: Sendable {
        let id: UUID128
        let old: CatalogItem?
        let new: CatalogItem?
    }

    private struct Step: Sendable {
        let version: UInt64
        /// Nil: nobody knows.
        let replacements: [Replacement]?
    }

    /// Most versions that are kept.
    static let stepsMax = 256
    /// A version that changes more items than this is kept as one that may have changed everything.
    static let replacementsMax = RuleReach.changesMax

    private var steps: [Step] = []
    /// The version before the first step.
    private var base: UInt64

    init(from version: UInt64) { base = version }

    /// `version` follows the last one. Nil: it asks for all rows to be judged again.
    mutating func note(_ version: UInt64, _ replacements: [Replacement]?) {
        let known = replacements.flatMap { $0.count > Self.replacementsMax ? nil : $0 }
        steps.append(Step(version: version, replacements: known))
        guard steps.count > Self.stepsMax else { return }
        // In one go, not one by one: the rest moves to the front.
        let dropped = steps.count - Self.stepsMax / 2
        base = steps[dropped - 1].version
        steps.removeFirst(dropped)
    }

    /// What became of each rule since rows were judged under `version`; nil where that is not known, or where anything but
    /// rules has changed.
    func ruleChanges(since version: UInt64) -> [RuleReach.Change]? {
        guard version >= base else { return nil }
        var changes: [UUID128: RuleReach.Change] = [:]
        for step in steps where step.version > version {
            guard let replacements = step.replacements else { return nil }
            for replacement in replacements {
                guard let old = Self.rule(replacement.old), let new = Self.rule(replacement.new) else { return nil }
                var change = changes[replacement.id] ?? .init(id: replacement.id, former: [], current: nil)
                if let old = old.rule { change.former.append(old) }
                change.current = new.rule
                changes[replacement.id] = change
            }
        }
        return changes.values.sorted { $0.id < $1.id }
    }

    /// Nil for anything but a rule or nothing.
    private static func rule(_ item: CatalogItem?) -> (rule: TagRule?, Void)? {
        switch item {
        case .none: (nil, ())
        case .rule(let rule): (rule, ())
        case .definition, .policy, .waiver: nil
        }
    }
}
