import Conditions
import JSON
import Model
import Shard
import TaggingRules

extension RuleImpact {
    func write(of trial: RuleTrial, _ warnings: ValidationErrors, to json: inout JSONWriter) {
        json.beginObject()
        writeTotals(to: &json)
        let own = Set(trial.rule.actions.map { TagKeyForm.form(of: trial.catalog.ruleSet.normaliser.key($0.key)) })
        writeKeys(to: &json) { own.contains(TagKeyForm.form(of: $0)) }
        writeConflicts(to: &json)
        json.key("warnings")
        json.value(warnings.json)
        writeSamples(to: &json)
        json.endObject()
    }

    func writeTotals(to json: inout JSONWriter) {
        json.member("scanned", scanned)
        json.member("matched", matched)
        json.member("would_change", wouldChange)
        json.costs("cost_moved", costMoved)
    }

    /// - Parameters:
    ///   - lines: most keys that are told, those that change most first, and how many more there are; nil: all.
    ///   - values: most values of each.
    ///   - isOwn: keys that are told even when they stay as they are.
    func writeKeys(
        to json: inout JSONWriter, lines: Int? = nil, values: Int = valuesToldMax, isOwn: (String) -> Bool
    ) {
        var told = keys.filter { $0.value.changes > 0 || isOwn($0.key) }.sorted { $0.key < $1.key }
        if let lines, told.count > lines {
            told = Array(told.sorted { ($1.value.changes, $0.key) < ($0.value.changes, $1.key) }.prefix(lines))
        }
        let omitted = keys.count { $0.value.changes > 0 || isOwn($0.key) } - told.count
        json.key("by_key")
        json.beginArray()
        for (key, tally) in told { write(key, tally, values, to: &json) }
        json.endArray()
        if lines != nil { json.member("keys_omitted", omitted) }
    }

    private func write(_ key: String, _ tally: KeyTally, _ valuesMax: Int, to json: inout JSONWriter) {
        json.beginObject()
        json.member("tag_key", key)
        json.member("added", tally.added)
        json.member("changed", tally.changed)
        json.member("removed", tally.removed)
        json.costs("cost_moved", tally.costMoved)
        json.key("values")
        json.beginArray()
        // What has no value is what the others leave of all.
        var none = ValueTally()
        (none.before, none.after, none.costBefore, none.costAfter) = (scanned, scanned, total, total)
        for value in Array(tally.values.values) + [tally.others] {
            none.before -= value.before
            none.after -= value.after
            none.costBefore.subtract(value.costBefore)
            none.costAfter.subtract(value.costAfter)
        }
        json.value(nil, none)
        let ordered = tally.values.sorted { left, right in
            let (first, second) = (abs(left.value.after - left.value.before), abs(right.value.after - right.value.before))
            return first == second ? left.key < right.key : first > second
        }
        for (value, tally) in ordered.prefix(valuesMax) { json.value(value, tally) }
        json.endArray()
        var rest = tally.others
        for (_, tally) in ordered.dropFirst(valuesMax) { rest.add(tally) }
        json.key("other_values")
        json.tally(rest)
        json.endObject()
    }

    /// - Parameters:
    ///   - lines: most that are told; nil: all that were counted one by one.
    ///   - catalog: where several rules are tried: what their names are.
    func writeConflicts(to json: inout JSONWriter, lines: Int? = nil, of catalog: Catalog? = nil) {
        json.key("conflicts")
        json.beginArray()
        let ordered = conflicts.sorted { left, right in
            if left.value.count != right.value.count { return left.value.count > right.value.count }
            let (first, second) = (left.key, right.key)
            return (first.key, first.source.code, first.createdBy, first.isWon ? 0 : 1, first.rule)
                < (second.key, second.source.code, second.createdBy, second.isWon ? 0 : 1, second.rule)
        }
        for (conflict, tally) in ordered.prefix(lines ?? ordered.count) {
            json.beginObject()
            if let catalog {
                json.key("of_rule_id")
                json.uuid(conflict.rule)
                json.member("of_rule_name", catalog.rule(conflict.rule)?.name ?? "")
            }
            json.member("tag_key", conflict.key)
            json.member("outcome", conflict.isWon ? "wins" : "loses")
            json.member("against", conflict.source.rawValue)
            json.optional("rule_id", conflict.ruleID)
            json.optional("rule_name", conflict.ruleID == nil ? nil : String(conflict.createdBy.dropFirst("rule:".count)))
            json.member("count", tally.count)
            json.member("same_value", tally.sameValue)
            json.endObject()
        }
        json.endArray()
        json.member("conflicts_omitted", conflictsOmitted + max(0, ordered.count - (lines ?? ordered.count)))
    }

    /// - Parameter changes: most that are told of one resource.
    func writeSamples(to json: inout JSONWriter, changes: Int = .max) {
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
            for change in sample.changes.prefix(changes) {
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
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ value: String?, _ tally: RuleImpact.ValueTally) {
        beginObject()
        optional("tag_value", value)
        members(of: tally)
        endObject()
    }

    fileprivate mutating func tally(_ tally: RuleImpact.ValueTally) {
        beginObject()
        members(of: tally)
        endObject()
    }

    private mutating func members(of tally: RuleImpact.ValueTally) {
        member("before", tally.before)
        member("after", tally.after)
        costs("cost_before", tally.costBefore)
        costs("cost_after", tally.costAfter)
    }

    /// By currency; none that is all zero.
    fileprivate mutating func costs(_ name: StaticString, _ sum: CostSum) {
        key(name)
        beginArray()
        for (currency, amounts) in sum.byCurrency.sorted(by: { $0.key < $1.key })
        where amounts.billed != 0 || amounts.effective != 0 {
            beginObject()
            member("currency", currency)
            member("billed_cost", Self.decimal(nanos: amounts.billed))
            member("effective_cost", Self.decimal(nanos: amounts.effective))
            endObject()
        }
        endArray()
    }
}
