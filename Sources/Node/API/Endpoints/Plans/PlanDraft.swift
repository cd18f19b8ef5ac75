import Compliance
import Conditions
import JSON
import Model
import Shard
import TaggingRules

/// `POST /plans` as somebody sends it, resolved against a catalogue: what is to become of which item.
struct PlanDraft: Sendable {
    enum Action: String, CaseIterable, Sendable { case create, update, delete }

    /// What a plan may change.
    enum Family: String, CaseIterable, Sendable {
        case rule, definition, policy

        var kind: CatalogItem.Kind {
            switch self {
            case .rule: .rule
            case .definition: .definition
            case .policy: .policy
            }
        }

        /// The member of a definition that names it.
        var nameField: String {
            switch self {
            case .rule: "rule_name"
            case .definition: "tag_key"
            case .policy: "policy_name"
            }
        }
    }

    private(set) var description = ""
    /// Whether figures are wanted: they take a walk over all resources.
    private(set) var wantsFigures = true
    private(set) var changes: [CatalogPlan.Change] = []
    /// Positions of `changes` among those of the document.
    private(set) var positions: [Int] = []
    /// Drafts that say what is there already.
    private(set) var unchanged = 0

    private static let fields = ["description", "figures", "changes"]
    private static let changeFields = ["kind", "action", "id", "name", "version", "definition"]

    /// Throws all that is wrong, up to `ValidationErrors.problemsMax`, with pointers into the document.
    init(_ json: JSONValue, for actor: String, in catalog: Catalog, at now: Timestamp) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard let reader = ObjectReader(json, at: .root, accepting: Self.fields, into: &errors) else { throw errors }
        description = reader.text("description", bytes: 0...CatalogPlan.descriptionBytesMax, into: &errors) ?? ""
        wantsFigures = reader.bool("figures", into: &errors) ?? true
        let place = reader.place(of: "changes")
        guard let elements = reader.required("changes", into: &errors)?.array, !elements.isEmpty else {
            if errors.isEmpty { errors.add("expected an array of changes, one at least", at: place) }
            throw errors
        }
        guard elements.count <= CatalogPlan.changesMax else {
            throw ValidationErrors(
                "a plan has at most \(CatalogPlan.changesMax) changes, not \(elements.count)", at: place)
        }
        var targets = Targets(catalog)
        for (position, element) in elements.enumerated() {
            let here = place.appending(position)
            let parts = Self.parts(of: element, at: here, &targets, catalog, into: &errors)
            guard let (before, drafted) = parts else { continue }
            if let before, let drafted, drafted.saysSame(as: before, at: now, actor: actor) {
                unchanged += 1
                continue
            }
            let after = drafted?.stamped(actor: actor, at: now, replacing: before)
            guard let change = CatalogPlan.Change(before: before, after: after) else { continue }
            changes.append(change)
            positions.append(position)
        }
        guard errors.isEmpty else { throw errors }
        checkNames(in: catalog, at: place, into: &errors)
        checkSpellings(in: catalog, at: place, into: &errors)
        checkPatterns(in: catalog, at: place, into: &errors)
        guard errors.isEmpty else { throw errors }
    }

    /// Pointers to a change of `changes`, in the document.
    func pointer(_ position: Int) -> JSONPointer { .root.appending("changes").appending(positions[position]) }

    // MARK: One change

    /// The item as it is, and as it is to be; nil, with problems noted, when that cannot be told.
    private static func parts(
        of json: JSONValue, at place: JSONPointer, _ targets: inout Targets, _ catalog: Catalog,
        into errors: inout ValidationErrors
    ) -> (before: CatalogItem?, after: CatalogItem?)? {
        guard let reader = ObjectReader(json, at: place, accepting: changeFields, into: &errors),
            reader.required("kind", into: &errors) != nil, reader.required("action", into: &errors) != nil,
            let family = reader.choice("kind", as: Family.self, into: &errors),
            let action = reader.choice("action", as: Action.self, into: &errors)
        else { return nil }
        let definition = reader.value("definition")
        if action == .delete, definition != nil {
            errors.add("what is deleted has no definition", at: reader.place(of: "definition"))
            return nil
        }
        var before: CatalogItem?
        if action == .create {
            for name in ["id", "name", "version"] where reader.value(name) != nil {
                errors.add("of what is to be created the definition says it", at: reader.place(of: name))
                return nil
            }
        } else {
            before = targets.take(family, reader, definition, into: &errors)
            guard before != nil else { return nil }
        }
        guard action != .delete else { return (before, nil) }
        guard reader.required("definition", into: &errors) != nil, let definition else { return nil }
        let id = before?.id ?? .random()
        do throws(ValidationErrors) {
            return (before, try item(family, definition, id, at: reader.place(of: "definition")))
        } catch {
            for problem in error.problems { errors.add(problem) }
            return nil
        }
    }

    private static func item(
        _ family: Family, _ json: JSONValue, _ id: UUID128, at place: JSONPointer
    ) throws(ValidationErrors) -> CatalogItem {
        switch family {
        case .rule: .rule(TagRule(try TagRuleDraft(json: json, at: place), id: id))
        case .definition: .definition(TagDefinition(try TagDefinitionDraft(json: json, at: place), id: id))
        case .policy: .policy(CompliancePolicy(try CompliancePolicyDraft(json: json, at: place), id: id))
        }
    }

    // MARK: What only shows among several

    private func checkNames(in catalog: Catalog, at place: JSONPointer, into errors: inout ValidationErrors) {
        let touched = Set(changes.map(\.id))
        var owners: Set<Targets.Name> = []
        for family in Family.allCases {
            for item in catalog.items(of: family.kind) where !touched.contains(item.id) { owners.insert(.init(item)) }
        }
        for (position, change) in changes.enumerated() {
            guard let after = change.after, !owners.insert(.init(after)).inserted else { continue }
            let field = Family.allCases.first { $0.kind == after.kind }?.nameField ?? "name"
            errors.add(
                "there would be two of this name; a \(after.kind.noun) has a name of its own",
                at: pointer(position).appending("definition").appending(field))
        }
    }

    /// Two definitions must not mean the same spelling.
    private func checkSpellings(in catalog: Catalog, at place: JSONPointer, into errors: inout ValidationErrors) {
        guard changes.contains(where: { $0.kind == .definition && $0.after != nil }) else { return }
        let touched = Set(changes.map(\.id))
        var owners: [String: String] = [:]
        for definition in catalog.definitions where !touched.contains(definition.id) {
            for spelling in [definition.tagKey] + definition.aliases {
                owners[TagKeyForm.form(of: spelling)] = definition.tagKey
            }
        }
        for (position, change) in changes.enumerated() {
            guard case .definition(let definition)? = change.after else { continue }
            let here = pointer(position).appending("definition")
            var own: [String: String] = [:]
            for (number, spelling) in ([definition.tagKey] + definition.aliases).enumerated() {
                let form = TagKeyForm.form(of: spelling)
                own[form] = definition.tagKey
                guard let owner = owners[form] else { continue }
                errors.add(
                    "\"\(spelling.prefix(64))\" means \"\(owner.prefix(64))\" already",
                    at: number == 0 ? here.appending("tag_key") : here.appending("aliases").appending(number - 1))
            }
            owners.merge(own) { first, _ in first }
        }
    }

    private func checkPatterns(in catalog: Catalog, at place: JSONPointer, into errors: inout ValidationErrors) {
        let added = changes.reduce(0) { $0 + ($1.after?.patternCost ?? 0) }
        guard added > 0 else { return }
        let touched = Set(changes.map(\.id))
        let others = CatalogItem.Kind.allCases.flatMap { catalog.items(of: $0) }
            .reduce(0) { $0 + (touched.contains($1.id) ? 0 : $1.patternCost) }
        guard others + added > PatternCost.catalogMax else { return }
        errors.add(
            "the regular expressions of all rules and policies would be too large together: about \(others) instructions "
                + "in the others and \(added) here; \(PatternCost.catalogMax) are accepted",
            at: place)
    }
}

/// Finds what changes are about, each once.
private struct Targets {
    struct Name: Hashable {
        let kind: CatalogItem.Kind
        let name: String

        init(_ item: CatalogItem) { (kind, name) = (item.kind, item.name) }
        init(_ kind: CatalogItem.Kind, _ name: String) { (self.kind, self.name) = (kind, name) }
    }

    private let catalog: Catalog
    private let byName: [Name: CatalogItem]
    private var taken: Set<UUID128> = []

    init(_ catalog: Catalog) {
        self.catalog = catalog
        let items = PlanDraft.Family.allCases.flatMap { catalog.items(of: $0.kind) }
        byName = Dictionary(items.map { (Name($0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The item that a change names by `id`, by `name`, or else by its definition's own name.
    mutating func take(
        _ family: PlanDraft.Family, _ reader: ObjectReader, _ definition: JSONValue?, into errors: inout ValidationErrors
    ) -> CatalogItem? {
        let noun = family.kind.noun
        let item: CatalogItem?
        let place: JSONPointer
        if let text = reader.text("id", bytes: 1...64, into: &errors) {
            place = reader.place(of: "id")
            guard reader.value("name") == nil else {
                errors.add("either \"id\" or \"name\" says which, not both", at: place)
                return nil
            }
            item = UUID128(text).flatMap { catalog[$0] }.flatMap { $0.kind == family.kind ? $0 : nil }
            if item == nil { errors.add("there is no \(noun) with this id", at: place) }
        } else if let name = reader.text("name", bytes: 1...4096, into: &errors) {
            place = reader.place(of: "name")
            item = find(family, name, at: place, into: &errors)
        } else if let name = definition?[family.nameField]?.string {
            place = reader.place(of: "definition").appending(family.nameField)
            item = find(family, name, at: place, into: &errors)
        } else {
            errors.add("\"id\" or \"name\" must say which \(noun)", at: reader.pointer)
            return nil
        }
        guard let item else { return nil }
        guard taken.insert(item.id).inserted else {
            errors.add("another change of the plan is about the same \(noun)", at: place)
            return nil
        }
        if let version = reader.int("version", in: 1...Int.max, into: &errors), UInt64(version) != item.version {
            errors.add(
                "the \(noun) has version \(item.version) now; read it again, then decide", at: reader.place(of: "version"))
        }
        return item
    }

    private func find(
        _ family: PlanDraft.Family, _ name: String, at place: JSONPointer, into errors: inout ValidationErrors
    ) -> CatalogItem? {
        if let item = byName[Name(family.kind, name)] { return item }
        // A suggestion takes a look at all names: none for what is not told any more.
        let isTold = errors.problems.count < ValidationErrors.problemsMax
        let names = isTold ? catalog.items(of: family.kind).map(\.name) : []
        errors.add(
            "there is no \(family.kind.noun) of this name\(Suggestion.clause(for: name, among: names))", at: place)
        return nil
    }
}
