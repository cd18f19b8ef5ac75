import Compliance
import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard
import TaggingRules

/// `GET /tag-rules/lint`: what is odd about the rules in force, over the whole inventory.
enum LintEndpoint {
    /// Resources that are judged in one go, off the event loops.
    static let pageSize = 1_000

    static let lint: Route.Handler = { call in
        let limit = try call.limit()
        let start = try call.cursorPosition().map(position) ?? 0
        let catalog = try await call.catalog()
        var counted = InventoryLint(catalog.ruleSet)
        try await call.forEachPage(of: pageSize) { records in
            await count(records, under: catalog, at: call.api.clock.now)
        } then: {
            counted.add($0)
        }
        let (findings, scanned, truncated) = (await findings(counted, catalog), counted.scanned, counted.overlapsTruncated)
        let page = findings.dropFirst(start).prefix(limit)
        let next = start + page.count < findings.count ? call.cursor(at: bytes(of: start + page.count)) : nil
        return call.json { json in
            json.beginObject()
            json.member("catalog_version", catalog.version)
            json.member("scanned", scanned)
            json.member("total", findings.count)
            json.member("overlaps_truncated", truncated)
            json.key("items")
            json.beginArray()
            for finding in page { json.finding(finding, catalog) }
            json.endArray()
            json.optional("next_cursor", next)
            json.endObject()
        }
    }

    private static func count(
        _ records: [ResourceRecord], under catalog: Catalog, at now: Timestamp
    ) async -> InventoryLint {
        await Task(executorPreference: globalConcurrentExecutor) {
            var counted = InventoryLint(catalog.ruleSet)
            let context = TaggingContext()
            for record in records {
                let tags = catalog.ruleSet.evaluate(
                    record.resource, claims: record.tags.compactMap(\.stated), previous: record.tags, at: now, in: context)
                counted.add(
                    record.resource.id, tags: tags, matched: context.matchedRules,
                    isAllowed: { catalog.schema.permits(key: $0, value: $1) },
                    objection: { catalog.schema.objection(key: $0, value: $1) })
            }
            return counted
        }.value
    }

    /// The worst first, then in the order in which the rules run.
    private static func findings(_ counted: InventoryLint, _ catalog: Catalog) async -> [LintFinding] {
        await Task(executorPreference: globalConcurrentExecutor) {
            let lint = RuleLint(catalog.rules, catalog.ruleSet) { catalog.schema.objection(key: $0, value: $1) }
            let proven = lint.findings()
            let all = proven + counted.findings(lint, beside: proven)
            let order = Dictionary(uniqueKeysWithValues: catalog.ruleSet.ruleIDs.enumerated().map { ($1, $0) })
            return all.enumerated().sorted { left, right in
                let first = (left.element.code.severity, order[left.element.rule] ?? 0, left.offset)
                let second = (right.element.code.severity, order[right.element.rule] ?? 0, right.offset)
                return first < second
            }.map(\.element)
        }.value
    }

    // MARK: Warnings of one rule

    /// What the rules alone tell of a rule as if it were in force, and of others because of it.
    static func warnings(about rule: TagRule, in catalog: Catalog) async -> ValidationErrors {
        await Task(executorPreference: globalConcurrentExecutor) {
            var rule = rule
            (rule.enabled, rule.phase) = (true, .current)
            let rules = catalog.rules.filter { $0.id != rule.id } + [rule]
            let names = Dictionary(rules.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
            let ruleSet = CompiledRuleSet(rules: [], definitions: catalog.definitions)
            let lint = RuleLint(rules, ruleSet) { catalog.schema.objection(key: $0, value: $1) }
            var warnings = warningsOfTimes(of: rule)
            for finding in lint.findings(about: rule.id) {
                if finding.rule == rule.id {
                    warnings.add(finding.message, at: finding.pointer)
                } else {
                    let name = names[finding.rule] ?? finding.rule.description
                    warnings.add("of \"\(name)\": \(finding.message)", at: .root)
                }
            }
            return warnings
        }.value
    }

    /// What is asked along relationships is worked out for the rules in force alone.
    ///
    /// - Parameter catalog: what is in force.
    static func warningsOfRelations(of rule: TagRule, in catalog: Catalog) -> ValidationErrors {
        let known = Set(catalog.relations.queries.map(\.key))
        let asked = rule.condition.relationQueries + rule.actions.compactMap(\.relationQuery)
        guard !asked.allSatisfy({ known.contains($0.key) }) else { return ValidationErrors() }
        return ValidationErrors(
            "what the rule asks along relationships is worked out within a moment of its coming into force; before that, nothing "
                + "is found there", at: .root)
    }

    static func warningsOfTimes(of rule: TagRule) -> ValidationErrors {
        guard let start = rule.effectiveStart, let end = rule.effectiveEnd, end <= start else { return ValidationErrors() }
        return ValidationErrors(
            "effective_end is not after effective_start: the rule never runs", at: .root.appending("effective_end"))
    }

    // MARK: Cursors

    private static func bytes(of position: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(position).bigEndian) { Array($0) }
    }

    private static func position(_ bytes: [UInt8]) throws(Problem) -> Int {
        guard bytes.count == 8 else { throw .badCursor }
        return Int(clamping: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

extension JSONWriter {
    fileprivate mutating func finding(_ finding: LintFinding, _ catalog: Catalog) {
        beginObject()
        member("code", finding.code.rawValue)
        member("severity", finding.code.severity.rawValue)
        member("proof", finding.proof.rawValue)
        key("rule_id")
        uuid(finding.rule)
        member("rule_name", catalog.rule(finding.rule)?.name ?? "")
        member("pointer", finding.pointer.text)
        optional("tag_key", finding.tagKey)
        member("message", finding.message)
        key("others")
        beginArray()
        for other in finding.others {
            beginObject()
            key("rule_id")
            uuid(other)
            member("rule_name", catalog.rule(other)?.name ?? "")
            endObject()
        }
        endArray()
        key("count")
        if let count = finding.count { int(count) } else { null() }
        key("samples")
        beginArray()
        for sample in finding.samples { uuid(sample.uuid) }
        endArray()
        endObject()
    }
}
