import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// `POST /tag-rules/test`: what a rule would change if it were in force; changes nothing.
enum RuleTestEndpoint {
    /// Resources that are listed with what would change.
    static let samplesMax = 20
    /// Resources that are judged in one go, off the event loops.
    static let pageSize = 1_000

    static let test: Route.Handler = { call in
        let (value, _) = try await call.document()
        let catalog = try await call.catalog()
        let rule = try CatalogEndpoints.rule(value, value["id"]?.string.flatMap { UUID128($0) } ?? .random(), catalog)
        let trial = RuleTrial(rule, in: catalog)
        var result = RuleTestResult()
        var after: ResourceID?
        repeat {
            let records = try await call.scan(after: after, limit: pageSize) { _ in true }
            result.add(await trial.run(on: records, at: call.api.clock.now))
            after = records.count == pageSize ? records.last?.resource.id : nil
        } while after != nil
        return call.json { result.write(to: &$0) }
    }
}

/// A catalogue with one rule more (or in the place of its namesake), beside the one in force.
private struct RuleTrial: Sendable {
    private let rule: TagRule
    private let before: Catalog
    private let after: Catalog
    private let condition: CompiledCondition

    init(_ rule: TagRule, in catalog: Catalog) {
        self.rule = rule
        condition = CompiledCondition(rule.condition)
        before = catalog
        let others = catalog.rules.filter { $0.id != rule.id && $0.name != rule.name }
        let items =
            (others + [rule]).map(CatalogItem.rule) + catalog.definitions.map(CatalogItem.definition)
            + catalog.policies.map(CatalogItem.policy)
        after = Catalog(SystemState(items: items, catalogVersion: catalog.version), after: catalog)
    }

    func run(on records: [ResourceRecord], at now: Timestamp) async -> RuleTestResult {
        await Task(executorPreference: globalConcurrentExecutor) {
            let (old, new, context) = (CatalogJudge(before), CatalogJudge(after), EvaluationContext())
            var result = RuleTestResult()
            for record in records {
                let claims = record.tags.compactMap(\.claims)
                let was = old.judge(record.resource, claims: claims, previous: record, at: now).tags
                let would = new.judge(record.resource, claims: claims, previous: record, at: now).tags
                result.count(
                    record, matches: rule.enabled && condition.holds(for: record, in: context), from: was, to: would)
            }
            return result
        }.value
    }
}

extension VirtualTag {
    /// The tag with what people and models said; nil when all of it is derived.
    fileprivate var claims: VirtualTag? {
        let kept = assertions.filter { $0.source == .manual || $0.source == .ml }
        guard let first = kept.first else { return nil }
        return VirtualTag(key: key, winner: first, losers: Array(kept.dropFirst()))
    }
}

/// What a trial found.
private struct RuleTestResult: Sendable {
    struct Change: Sendable {
        let key: String
        let old: String?
        let new: String?
    }

    private var scanned = 0
    private var matched = 0
    private var wouldChange = 0
    private var samples: [(resource: Resource, changes: [Change])] = []

    mutating func count(_ record: ResourceRecord, matches: Bool, from old: [VirtualTag], to new: [VirtualTag]) {
        scanned += 1
        if matches { matched += 1 }
        let changes = Self.changes(from: old, to: new)
        guard !changes.isEmpty else { return }
        wouldChange += 1
        if samples.count < RuleTestEndpoint.samplesMax { samples.append((record.resource, changes)) }
    }

    mutating func add(_ other: RuleTestResult) {
        scanned += other.scanned
        matched += other.matched
        wouldChange += other.wouldChange
        samples.append(contentsOf: other.samples.prefix(RuleTestEndpoint.samplesMax - samples.count))
    }

    private static func changes(from old: [VirtualTag], to new: [VirtualTag]) -> [Change] {
        let before = Dictionary(old.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted()
            .filter { before[$0] != after[$0] }
            .map { Change(key: $0, old: before[$0], new: after[$0]) }
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("scanned", scanned)
        json.member("matched", matched)
        json.member("would_change", wouldChange)
        json.key("samples")
        json.beginArray()
        for sample in samples {
            json.beginObject()
            json.key("resource_id")
            json.uuid(sample.resource.id.uuid)
            json.member("name", sample.resource.name)
            json.member("resource_type", sample.resource.resourceType)
            json.key("changes")
            json.beginArray()
            for change in sample.changes {
                json.beginObject()
                json.member("tag_key", change.key)
                json.optional("old_value", change.old)
                json.optional("new_value", change.new)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}
