internal import Conditions
internal import Model

extension CompiledRuleSet {
    /// Turns working claims into tags, and takes from the previous ones all that still holds.
    struct Result {
        let ruleSet: CompiledRuleSet
        let stored: UnsafeBufferPointer<VirtualTag>
        let now: Timestamp

        func tags(
            _ previous: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: borrowing Facts
        ) -> [VirtualTag] {
            Self.sort(&scratch, facts)
            var made: [VirtualTag]?
            var count = 0
            previous.withUnsafeBufferPointer { all in
                guard var old = all.baseAddress else { return }
                let end = old + all.count
                for entry in scratch.order {
                    let first = scratch.tags.entries[Int(entry)].first
                    let key = facts.tags.key(at: Int(entry))
                    while old < end, Self.precedes(old.pointee.key, key) { old += 1 }
                    let isKnown = old < end && Self.isSame(old.pointee.key, key)
                    let isSame = isKnown && self.isSame(old, first, scratch)
                    if made == nil {
                        if isSame, old == all.baseAddress.map({ $0 + count }) {
                            count += 1
                            continue
                        }
                        made = Array(all[..<count])
                        made?.reserveCapacity(scratch.order.count)
                    }
                    if isSame {
                        made?.append(old.pointee)
                    } else {
                        made?.append(tag(key, first, isKnown ? old : nil, scratch))
                    }
                }
            }
            if let made { return made }
            if count == previous.count, count > 0 { return previous }
            guard previous.isEmpty else { return Array(previous[..<count]) }
            return scratch.order.map { entry in
                tag(facts.tags.key(at: Int(entry)), scratch.tags.entries[Int(entry)].first, nil, scratch)
            }
        }

        /// Entries that have a claim, by key. Insertion sort: there are few, and they are nearly sorted.
        static func sort(_ scratch: inout TaggingContext.Scratch, _ facts: borrowing Facts) {
            scratch.order.removeAll(keepingCapacity: true)
            for entry in scratch.tags.entries.indices where scratch.tags.entries[entry].first >= 0 {
                var place = scratch.order.count
                scratch.order.append(Int32(entry))
                while place > 0 {
                    let before = Int(scratch.order[place - 1])
                    let isBefore =
                        scratch.tags.entries[entry].order.isBefore(scratch.tags.entries[before].order)
                        ?? (String(facts.tags.key(at: entry)) < String(facts.tags.key(at: before)))
                    guard isBefore else { break }
                    scratch.order[place] = Int32(before)
                    place -= 1
                }
                scratch.order[place] = Int32(entry)
            }
        }

        /// As strings compare, which for ASCII is byte by byte.
        private static func precedes(_ left: String, _ right: ByteText.Bytes) -> Bool {
            left.withBytes { left in
                if ByteText.equal(left, right) { return false }
                guard left.allSatisfy({ $0 < 0x80 }), right.allSatisfy({ $0 < 0x80 }) else {
                    return String(left) < String(right)
                }
                return ByteText.precedes(left, right)
            }
        }

        private static func isSame(_ left: String, _ right: ByteText.Bytes) -> Bool {
            left.withBytes { ByteText.equal($0, right) } || left == String(right)
        }

        // MARK: The same as before?

        private func isSame(
            _ tag: UnsafePointer<VirtualTag>, _ first: Int32, _ scratch: borrowing TaggingContext.Scratch
        ) -> Bool {
            guard isSame(tag.pointee.winner, Int(first), scratch) else { return false }
            return tag.pointee.losers.withUnsafeBufferPointer { losers in
                var at = scratch.tags.claims[Int(first)].next
                for position in losers.indices {
                    guard at >= 0, isSame(losers[position], Int(at), scratch) else { return false }
                    at = scratch.tags.claims[Int(at)].next
                }
                return at < 0
            }
        }

        private func isSame(
            _ old: borrowing TagAssertion, _ claim: Int, _ scratch: borrowing TaggingContext.Scratch
        ) -> Bool {
            guard old.source == scratch.tags.claims[claim].source,
                Self.isSame(old.value, scratch.tags.claims[claim].value)
            else { return false }
            switch scratch.tags.claims[claim].origin {
            case .stored(let tag, let position):
                let new = stored[Int(tag)].assertion(Int(position))
                return old.createdAt == new.createdAt && old.updatedAt == new.updatedAt && old.confidence == new.confidence
                    && old.createdBy == new.createdBy && old.ruleID == new.ruleID && old.ruleVersion == new.ruleVersion
                    && old.priority == new.priority
            case .rule(let number):
                return old.confidence == 1
                    && ruleSet.rules.lend(Int(number)) { rule in
                        old.ruleID == rule.id && old.ruleVersion == rule.version && old.priority == rule.priority
                            && old.createdBy == rule.createdBy
                    }
            case .native(let number):
                return old.createdBy == scratch.natives.keys[Int(number)].createdBy && old.confidence == 1
            }
        }

        // MARK: New tags

        private func tag(
            _ key: ByteText.Bytes, _ first: Int32, _ old: UnsafePointer<VirtualTag>?,
            _ scratch: borrowing TaggingContext.Scratch
        ) -> VirtualTag {
            var losers: [TagAssertion] = []
            var at = scratch.tags.claims[Int(first)].next
            while at >= 0 {
                losers.append(assertion(Int(at), old, scratch))
                at = scratch.tags.claims[Int(at)].next
            }
            return VirtualTag(key: String(key), winner: assertion(Int(first), old, scratch), losers: losers)
        }

        /// A claim keeps the time of its making for as long as the same one makes it, and all of it while it says the same.
        private func assertion(_ claim: Int, _ old: UnsafePointer<VirtualTag>?, _ scratch: borrowing TaggingContext.Scratch)
            -> TagAssertion
        {
            let value = String(scratch.tags.claims[claim].value)
            let new: TagAssertion
            switch scratch.tags.claims[claim].origin {
            case .stored(let tag, let position):
                var kept = stored[Int(tag)].assertion(Int(position))
                kept.value = value
                return kept
            case .rule(let number):
                let rule = ruleSet.rules[Int(number)]
                new = TagAssertion(
                    value: value, source: scratch.tags.claims[claim].source, ruleID: rule.id, ruleVersion: rule.version,
                    priority: rule.priority,
                    createdBy: rule.createdBy, createdAt: now, updatedAt: now)
            case .native(let number):
                new = TagAssertion(
                    value: value, source: .inherited, createdBy: scratch.natives.keys[Int(number)].createdBy, createdAt: now,
                    updatedAt: now)
            }
            guard let old else { return new }
            for position in 0...old.pointee.losers.count {
                let before = old.pointee.assertion(position)
                guard before.source == new.source, before.ruleID == new.ruleID,
                    before.source == .rule || before.createdBy == new.createdBy
                else { continue }
                if before.claimsSame(as: new) { return before }
                var changed = new
                changed.createdAt = before.createdAt
                return changed
            }
            return new
        }
    }
}
