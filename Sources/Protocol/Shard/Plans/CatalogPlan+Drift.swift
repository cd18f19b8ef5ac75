package import Model

extension CatalogPlan {
    /// An item of the catalogue as a plan's author saw it.
    package struct Seen: Hashable, Sendable {
        package let kind: CatalogItem.Kind
        package let id: UUID128
        package let name: String
        package let version: UInt64
        /// What time has made of it (`CatalogItem.passing`), which is no new version: a rule's phase, a waiver's end.
        let stage: UInt8

        init(kind: CatalogItem.Kind, id: UUID128, name: String, version: UInt64, stage: UInt8) {
            self.kind = kind
            self.id = id
            self.name = name
            self.version = version
            self.stage = stage
        }

        init(_ item: CatalogItem) {
            self.init(kind: item.kind, id: item.id, name: item.name, version: item.version, stage: item.stage)
        }
    }

    /// What has become of an item since.
    package struct Drift: Hashable, Sendable {
        package let before: Seen?
        package let after: Seen?

        /// The item as it is now, or was.
        package var item: Seen {
            guard let item = after ?? before else { preconditionFailure("a drift of nothing") }
            return item
        }
        /// Its version is the same: a rule has started or ended, a waiver expired.
        package var isPassage: Bool { before?.version == after?.version }
    }

    /// What has changed of the whole catalogue since the plan was worked out, by id.
    ///
    /// All of it counts, not the plan's own items alone: another rule, definition or policy makes other figures.
    package func drift(to items: [Seen]) -> [Drift] {
        var drifts: [Drift] = []
        var (old, new) = (basis[...], items[...])
        while true {
            switch (old.first, new.first) {
            case (nil, nil): return drifts
            case (let before?, let after?) where before.id == after.id:
                if before != after { drifts.append(Drift(before: before, after: after)) }
                old.removeFirst()
                new.removeFirst()
            case (let before?, let after) where after.map({ before.id < $0.id }) ?? true:
                drifts.append(Drift(before: before, after: nil))
                old.removeFirst()
            case (_, let after):
                drifts.append(Drift(before: nil, after: after))
                new.removeFirst()
            }
        }
    }
}

extension CatalogItem {
    fileprivate var stage: UInt8 {
        switch self {
        case .definition, .policy: 0
        case .rule(let rule): rule.phase.rawValue
        case .waiver(let waiver): waiver.isExpired ? 1 : 0
        }
    }
}

extension Catalog {
    /// Everything in it, by id.
    package var seen: [CatalogPlan.Seen] {
        (rules.map(CatalogItem.rule) + definitions.map(CatalogItem.definition) + policies.map(CatalogItem.policy)
            + waivers.map(CatalogItem.waiver)).seen
    }

    /// The catalogue as it would be with these changes; its version stays.
    package func changed(by changes: [CatalogPlan.Change]) -> Catalog {
        let changed = Dictionary(changes.map { ($0.id, $0.after) }, uniquingKeysWith: { _, last in last })
        let items =
            rules.map(CatalogItem.rule) + definitions.map(CatalogItem.definition) + policies.map(CatalogItem.policy)
            + waivers.map(CatalogItem.waiver)
        let kept = items.filter { changed[$0.id] == nil }
        return Catalog(SystemState(items: kept + changes.compactMap(\.after), catalogVersion: version), after: self)
    }
}

extension [CatalogItem] {
    var seen: [CatalogPlan.Seen] { map(CatalogPlan.Seen.init).sorted { $0.id < $1.id } }
}
