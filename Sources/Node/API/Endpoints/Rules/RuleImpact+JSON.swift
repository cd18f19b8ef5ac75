import Conditions
import JSON
import Model
import Shard
import TaggingRules

extension RuleImpact {
    func write(of trial: RuleTrial, _ warnings: ValidationErrors, to json: inout JSONWriter) {
        json.beginObject()
        json.member("scanned", scanned)
        json.member("matched", matched)
        json.member("would_change", wouldChange)
        json.costs("cost_moved", costMoved)
        json.key("by_key")
        json.beginArray()
        let own = Set(trial.rule.actions.map { TagKeyForm.form(of: trial.catalog.ruleSet.normaliser.key($0.key)) })
        for (key, tally) in keys.sorted(by: { $0.key < $1.key })
        where tally.changes > 0 || own.contains(TagKeyForm.form(of: key)) {
            write(key, tally, to: &json)
        }
        json.endArray()
        writeConflicts(to: &json)
        json.key("warnings")
        json.value(warnings.json)
        writeSamples(to: &json)
        json.endObject()
    }

    private func write(_ key: String, _ tally: KeyTally, to json: inout JSONWriter) {
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
        for (value, tally) in ordered.prefix(Self.valuesToldMax) { json.value(value, tally) }
        json.endArray()
        var rest = tally.others
        for (_, tally) in ordered.dropFirst(Self.valuesToldMax) { rest.add(tally) }
        json.key("other_values")
        json.tally(rest)
        json.endObject()
    }

    private func writeConflicts(to json: inout JSONWriter) {
        json.key("conflicts")
        json.beginArray()
        let ordered = conflicts.sorted { left, right in
            if left.value.count != right.value.count { return left.value.count > right.value.count }
            let (first, second) = (left.key, right.key)
            return (first.key, first.source.code, first.createdBy, first.isWon ? 0 : 1)
                < (second.key, second.source.code, second.createdBy, second.isWon ? 0 : 1)
        }
        for (conflict, tally) in ordered {
            json.beginObject()
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
        json.member("conflicts_omitted", conflictsOmitted)
    }

    private func writeSamples(to json: inout JSONWriter) {
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
