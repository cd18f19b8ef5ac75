internal import Conditions
package import Model

extension CompiledRuleSet {
    /// Works out which rules hold for a stored row and what its tags come to, where it lies, and makes nothing of it:
    /// `context` tells, as long as the row stays where it is.
    package func decide(_ row: UnsafeRawBufferPointer, in context: TaggingContext) throws(CodecError) {
        try decide(row, &context.scratch, &context.evaluation.facts)
    }

    private func decide(
        _ row: UnsafeRawBufferPointer, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) throws(CodecError) {
        try facts.startRow(row, withClaims: false)
        runAll(facts.row.isStated ? try RecordCodec.statedTags(of: row) : [], &scratch, &facts)
    }

    /// Whether `evaluate` would make of a stored row the tags that it has. False when in doubt: for what is no row, and where
    /// people or models have made claims, of which more is kept than a row lends.
    package func keepsTags(of row: UnsafeRawBufferPointer, in context: TaggingContext) -> Bool {
        keepsTags(of: row, &context.scratch, &context.evaluation.facts)
    }

    private func keepsTags(
        of row: UnsafeRawBufferPointer, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Bool {
        do throws(CodecError) {
            try facts.startRow(row, withClaims: true)
        } catch {
            return false
        }
        guard !facts.row.isStated else { return false }
        runAll([], &scratch, &facts)
        Result.sort(&scratch, facts)
        var stored = 0
        for entry in scratch.order {
            var claim = Int(scratch.tags.entries[Int(entry)].first)
            var wins = true
            while claim >= 0 {
                guard stored < facts.row.claims.count, facts.row.claims[stored].wins == wins,
                    ByteText.equal(facts.row.claims[stored].key, facts.tags.key(at: Int(entry))),
                    isSame(facts.row.claims[stored], scratch.tags.claims[claim], scratch)
                else { return false }
                stored += 1
                wins = false
                claim = Int(scratch.tags.claims[claim].next)
            }
        }
        return stored == facts.row.claims.count
    }

    private func isSame(
        _ stored: StoredRow.Claim, _ claim: WorkingTags.Claim, _ scratch: borrowing TaggingContext.Scratch
    ) -> Bool {
        guard stored.source.code == claim.source.code, stored.isCertain, ByteText.equal(stored.value, claim.value) else {
            return false
        }
        switch claim.origin {
        case .stored: return false
        case .rule(let number):
            return rules.lend(Int(number)) { rule in
                stored.rule == StoredRow.Rule(id: rule.id, version: rule.version, priority: rule.priority)
                    && rule.createdBy.withBytes { ByteText.equal($0, stored.createdBy) }
            }
        case .native(let number):
            return scratch.natives.keys[Int(number)].createdBy.withBytes { ByteText.equal($0, stored.createdBy) }
        }
    }
}
