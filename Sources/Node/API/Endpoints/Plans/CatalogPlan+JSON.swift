import Compliance
import Conditions
import JSON
import Model
import Shard
import TaggingRules

/// How a plan stands to the catalogue in force.
struct PlanStanding: Sendable {
    enum Status: String, CaseIterable, Sendable { case planned, stale, applied }

    let plan: CatalogPlan
    /// What has changed since; of a plan that was applied, nothing that matters.
    let drift: [CatalogPlan.Drift]
    private let catalogVersion: UInt64

    init(_ plan: CatalogPlan, in catalog: Catalog) {
        self.init(plan, to: catalog.seen, version: catalog.version)
    }

    /// - Parameter seen: everything in the catalogue, by id.
    init(_ plan: CatalogPlan, to seen: [CatalogPlan.Seen], version: UInt64) {
        self.plan = plan
        drift = plan.application == nil ? plan.drift(to: seen) : []
        catalogVersion = version
    }

    var status: Status { plan.application != nil ? .applied : drift.isEmpty ? .planned : .stale }

    /// Another one whenever what is shown is another.
    var tag: EntityTag {
        plan.application == nil ? EntityTag(index: catalogVersion << 1) : EntityTag(index: 1)
    }
}

extension CatalogItem.Kind {
    /// How documents spell it.
    var word: String {
        switch self {
        case .rule: "rule"
        case .definition: "definition"
        case .policy: "policy"
        case .waiver: "waiver"
        }
    }
}

extension CatalogItem {
    fileprivate var json: JSONValue {
        switch self {
        case .rule(let rule): rule.json
        case .definition(let definition): definition.json
        case .policy(let policy): policy.json
        case .waiver(let waiver): .object([.init("id", .string(waiver.id.description))])
        }
    }
}

extension CatalogPlan.Change {
    fileprivate var action: PlanDraft.Action { before == nil ? .create : after == nil ? .delete : .update }
}

extension CatalogPlan.Drift {
    /// What happened to the item, as a document says it.
    var json: JSONValue {
        func version(_ seen: CatalogPlan.Seen?) -> JSONValue { seen.map { .int(Int(clamping: $0.version)) } ?? .null }
        return .object([
            .init("kind", .string(item.kind.word)), .init("id", .string(item.id.description)),
            .init("name", .string(item.name)), .init("change", .string(word)), .init("from_version", version(before)),
            .init("to_version", version(after)),
        ])
    }

    private var word: String {
        switch (before, after) {
        case (nil, _): "created"
        case (_, nil): "deleted"
        case (_?, _?): isPassage ? (item.kind == .waiver ? "expired" : "started_or_ended") : "updated"
        }
    }

    /// For people: `rule "team" was updated (version 3, not 2)`.
    var words: String {
        let name = "\(item.kind.word) \"\(item.name)\""
        return switch (before, after) {
        case (nil, let after?): "\(name) was created (version \(after.version))"
        case (let before?, nil): "\(name) was deleted (it had version \(before.version))"
        case (let before?, let after?) where before.version != after.version:
            "\(name) was updated (version \(after.version), not \(before.version))"
        case (_, _): item.kind == .waiver ? "\(name) has expired" : "\(name) has started or ended"
        }
    }
}

extension JSONWriter {
    /// A plan as lists show it, without what it changes and what came out of that.
    mutating func planSummary(_ standing: PlanStanding) {
        beginObject()
        planMembers(standing)
        endObject()
    }

    /// A plan whole.
    mutating func plan(_ standing: PlanStanding) {
        let plan = standing.plan
        beginObject()
        planMembers(standing)
        key("changed_since")
        beginArray()
        for drift in standing.drift.prefix(PlanEndpoints.driftsMax) { value(drift.json) }
        endArray()
        member("changed_since_omitted", max(0, standing.drift.count - PlanEndpoints.driftsMax))
        key("changes")
        beginArray()
        for change in plan.changes {
            beginObject()
            member("kind", change.kind.word)
            member("action", change.action.rawValue)
            key("id")
            uuid(change.id)
            member("name", change.item.name)
            key("from_version")
            if let before = change.before { int(before.version) } else { null() }
            key("before")
            if let before = change.before { value(before.json) } else { null() }
            key("after")
            if let after = change.after { value(after.json) } else { null() }
            endObject()
        }
        endArray()
        let report = try? JSONValue(parsing: plan.report)
        key("figures")
        value(report?["figures"] ?? .null)
        key("warnings")
        value(report?["warnings"] ?? .array([]))
        endObject()
    }

    private mutating func planMembers(_ standing: PlanStanding) {
        let plan = standing.plan
        key("id")
        uuid(plan.id)
        member("status", standing.status.rawValue)
        member("description", plan.description)
        member("created_by", plan.createdBy)
        key("created_at")
        time(plan.createdAt)
        key("expires_at")
        time(plan.expiresAt)
        member("catalog_version", plan.catalogVersion)
        key("summary")
        beginObject()
        member("create", plan.changes.count { $0.action == .create })
        member("update", plan.changes.count { $0.action == .update })
        member("delete", plan.changes.count { $0.action == .delete })
        member("unchanged", plan.unchanged)
        endObject()
        optional("applied_by", plan.application?.actor)
        key("applied_at")
        if let application = plan.application { time(application.at) } else { null() }
        optional("execution_id", plan.application.map { Execution(version: $0.catalogVersion).id })
    }
}
