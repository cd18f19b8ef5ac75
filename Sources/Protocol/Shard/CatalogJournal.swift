import Conditions
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

    /// What one version, or all since one, changed.
    enum Change: Sendable {
        /// These rules, and nothing else.
        case rules([RuleReach.Change])
        /// Rules, too many to name, that write or wrote keys of these forms; and nothing else.
        case manyRules(keys: Set<String>)
        /// Anything.
        case anything
    }

    private enum Content {
        case few([Replacement])
        case manyRules(keys: Set<String>)
        case anything
    }

    private struct Step: Sendable {
        let version: UInt64
        let content: Content
    }

    /// Most versions that are kept.
    static let stepsMax = 256
    /// A version that changes more items than this is kept without naming them.
    static let replacementsMax = RuleReach.changesMax
    /// A version whose rules write more keys than this is kept as one that may have changed everything.
    static let keysMax = 1_024

    private var steps: [Step] = []
    /// The version before the first step.
    private var base: UInt64

    init(from version: UInt64) { base = version }

    /// `version` follows the last one. Nil: it asks for all rows to be judged again.
    mutating func note(_ version: UInt64, _ replacements: [Replacement]?) {
        steps.append(Step(version: version, content: replacements.map(Self.content) ?? .anything))
        guard steps.count > Self.stepsMax else { return }
        // In one go, not one by one: the rest moves to the front.
        let dropped = steps.count - Self.stepsMax / 2
        base = steps[dropped - 1].version
        steps.removeFirst(dropped)
    }

    private static func content(_ replacements: [Replacement]) -> Content {
        guard replacements.count > replacementsMax else { return .few(replacements) }
        var keys: Set<String> = []
        for replacement in replacements {
            guard let old = rule(replacement.old), let new = rule(replacement.new) else { return .anything }
            for rule in [old.rule, new.rule] { keys.formUnion(rule?.writtenForms ?? []) }
            guard keys.count <= keysMax else { return .anything }
        }
        return .manyRules(keys: keys)
    }

    /// What has changed since rows were judged under `version`.
    func change(since version: UInt64) -> Change {
        guard version >= base else { return .anything }
        var changes: [UUID128: RuleReach.Change] = [:]
        var many: Set<String>?
        for step in steps where step.version > version {
            switch step.content {
            case .anything: return .anything
            case .manyRules(let keys): many = keys.union(many ?? [])
            case .few(let replacements):
                for replacement in replacements {
                    guard let old = Self.rule(replacement.old), let new = Self.rule(replacement.new) else {
                        return .anything
                    }
                    var change = changes[replacement.id] ?? .init(id: replacement.id, former: [], current: nil)
                    if let old = old.rule { change.former.append(old) }
                    change.current = new.rule
                    changes[replacement.id] = change
                }
            }
        }
        if many == nil, changes.count <= RuleReach.changesMax {
            return .rules(changes.values.sorted { $0.id < $1.id })
        }
        let named = changes.values.flatMap { $0.former + [$0.current].compactMap(\.self) }
        return .manyRules(keys: named.reduce(into: many ?? []) { $0.formUnion($1.writtenForms) })
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

extension TagRule {
    /// The forms of the keys that it writes or removes.
    fileprivate var writtenForms: Set<String> { Set(actions.map { TagKeyForm.form(of: $0.key) }) }
}
