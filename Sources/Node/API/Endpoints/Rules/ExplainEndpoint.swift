import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard
import TaggingRules

/// `GET /resources/{id}/explain`: why a resource has its tags, and why not others.
enum ExplainEndpoint {
    /// Which rules are told.
    enum Rules: String, CaseIterable, Sendable {
        /// Those that write the key; without a key, those that the index of candidates lets be tried.
        case candidates
        case all
    }

    static let query = [QueryParameter("tag_key"), QueryParameter("rules"), QueryParameter("limit")]

    static let explain: Route.Handler = { call in
        let id = ResourceID(try call.id("resource"))
        let scope = ExplanationScope(
            key: try key(of: call.query), includesAll: try call.query.value("rules", as: Rules.self) == .all,
            rulesMax: try call.limit())
        guard let record = try await call.record(of: id) else {
            throw Problem.notFound("There is no resource with this id.")
        }
        let catalog = try await call.catalog()
        let explanation = await explain(record, under: catalog, scope, at: call.api.clock.now)
        let isLimited = call.principal.scope != nil
        return call.json { $0.explanation(explanation, of: record, under: catalog, scope, isLimited: isLimited) }
    }

    private static func key(of query: Query) throws(Problem) -> String? {
        guard let key = query["tag_key"] else { return nil }
        if let problem = TagLimits.problem(key: key, value: "") { throw .badParameter("tag_key", "is no key: \(problem)") }
        return key
    }

    /// Off the event loops: it may compile every condition that there is.
    private static func explain(
        _ record: ResourceRecord, under catalog: Catalog, _ scope: ExplanationScope, at now: Timestamp
    ) async -> TagExplanation {
        await Task(executorPreference: globalConcurrentExecutor) {
            catalog.ruleSet.explain(
                record.resource, claims: record.tags.compactMap(\.stated), previous: record.tags, rules: catalog.rules,
                scope, at: now, in: TaggingContext())
        }.value
    }
}

// MARK: - What it says

extension JSONWriter {
    /// - Parameter isLimited: the caller is limited to some resources. Conditions name what others have, and so do rules that
    ///   are not about this one: only those that made its tags are told, without their conditions.
    fileprivate mutating func explanation(
        _ explanation: TagExplanation, of record: ResourceRecord, under catalog: Catalog, _ scope: ExplanationScope,
        isLimited: Bool
    ) {
        let key = scope.key.map(catalog.ruleSet.normaliser.key(_:))
        let stored = record.tags.filter { tag in key.map { $0 == tag.key } ?? true }
        beginObject()
        self.key("resource_id")
        uuid(record.resource.id.uuid)
        optional("tag_key", key)
        member("catalog_version", catalog.version)
        // A sweep may be on its way to the row.
        member("settled", stored == explanation.tags)
        self.key("tags")
        beginArray()
        for tag in explanation.tags {
            beginObject()
            member("tag_key", tag.key)
            member("because", tag.reason)
            claim(tag.winner)
            if !isLimited, let fact = record.resource.relations.source(of: tag, under: catalog) {
                self.key("path")
                path(fact)
            }
            self.key("provenance")
            beginArray()
            for loser in tag.losers {
                beginObject()
                claim(loser)
                member("shadowed_by", tag.winner.createdBy)
                endObject()
            }
            endArray()
            endObject()
        }
        endArray()
        self.key("rules")
        beginArray()
        for rule in explanation.rules where !isLimited || rule.holds && rule.runs {
            outcome(rule, record.resource.relations, isLimited: isLimited)
        }
        endArray()
        member("rules_omitted", isLimited ? 0 : explanation.omitted)
        endObject()
    }

    private mutating func outcome(
        _ outcome: TagExplanation.RuleOutcome, _ relations: [RelationFact], isLimited: Bool
    ) {
        beginObject()
        key("rule_id")
        uuid(outcome.rule.id)
        member("rule_name", outcome.rule.name)
        member("rule_version", outcome.rule.version)
        member("priority", outcome.rule.priority)
        member("state", outcome.rule.state.rawValue)
        member("candidate", outcome.isCandidate)
        member("matched", outcome.holds)
        key("conditions")
        trace(isLimited ? .all([], holds: true) : outcome.condition, relations)
        key("failed")
        beginArray()
        if !outcome.holds {
            for test in outcome.condition.decisive(at: JSONPointer.root.appending("conditions")) {
                beginObject()
                member("pointer", test.pointer.text)
                member("message", test.message)
                endObject()
            }
        }
        endArray()
        key("actions")
        beginArray()
        for (action, written) in zip(outcome.actions, outcome.rule.actions) {
            beginObject()
            member("action", written.name)
            member("tag_key", action.key)
            member("outcome", action.result.rawValue)
            optional("tag_value", action.value)
            key("shadowed_by")
            if let winner = action.shadowedBy {
                beginObject()
                claim(winner)
                endObject()
            } else {
                null()
            }
            endObject()
        }
        endArray()
        endObject()
    }

    /// - Parameter relations: what was found for the resource along relationships.
    private mutating func trace(_ trace: ConditionTrace, _ relations: [RelationFact]) {
        beginObject()
        switch trace {
        case .all(let parts, _):
            key("all")
            traces(parts, relations)
        case .any(let parts, _):
            key("any")
            traces(parts, relations)
        case .not(let part):
            key("not")
            self.trace(part, relations)
        case .test(let test, let found, _):
            for part in test.json.members ?? [] {
                key(part.name)
                value(part.value)
            }
            switch found {
            case .missing: optional("found", String?.none)
            case .text(let text): member("found", text)
            case .composite(let json): member("found", json)
            }
        case .related(let query, _):
            for part in Condition.related(query).json.members ?? [] {
                key(part.name)
                value(part.value)
            }
            key("found")
            if let fact = relations.first(where: { $0.query == query.key }) { path(fact) } else { null() }
        }
        member("holds", trace.holds)
        endObject()
    }

    private mutating func traces(_ parts: [ConditionTrace], _ relations: [RelationFact]) {
        beginArray()
        for part in parts { trace(part, relations) }
        endArray()
    }

    /// The ids of the resources on the way to what was found, which is the last.
    private mutating func path(_ fact: RelationFact) {
        beginArray()
        for step in fact.path { uuid(step.uuid) }
        endArray()
    }
}

extension [RelationFact] {
    /// What a tag came from along relationships; nil where it did not.
    fileprivate func source(of tag: VirtualTag, under catalog: Catalog) -> RelationFact? {
        guard tag.winner.source == .inherited, let rule = tag.winner.ruleID.flatMap(catalog.rule) else { return nil }
        let normaliser = catalog.ruleSet.normaliser
        let queries = rule.actions.filter { normaliser.key($0.key) == tag.key }.compactMap(\.relationQuery?.key)
        return first { queries.contains($0.query) }
    }
}

extension VirtualTag {
    /// Why the winner wins, in words.
    fileprivate var reason: String {
        let others = losers.count
        let over = others == 0 ? "nobody else says anything" : "\(others) other claim\(others == 1 ? "" : "s") lost"
        return switch winner.source {
        case .manual: "set by hand, which goes before everything else; \(over)"
        case .rule:
            losers.contains { $0.source == .rule }
                ? "its rule runs before the others, by priority \(winner.priority); \(over)"
                : "a rule goes before models and the provider's tags; \(over)"
        case .ml: "a model's word goes before the provider's tags; \(over)"
        case .inherited where winner.ruleID != nil: "found along relationships by its rule; \(over)"
        case .inherited: "the provider's own tag; \(over)"
        }
    }
}
