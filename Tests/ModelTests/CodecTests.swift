import Model
import Testing

/// SplitMix64: the same numbers from the same seed everywhere.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance() -> Bool { below(2) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
    mutating func list<Element>(_ most: Int, _ make: (inout Dice) -> Element) -> [Element] {
        (0..<below(most + 1)).map { _ in make(&self) }
    }
    mutating func uuid() -> UUID128 { UUID128(high: next(), low: next()) }
    mutating func text() -> String {
        pick(["", "owner", "größe", "e\u{301}", "日本", "a\u{0}b", String(repeating: "x", count: 200)])
    }
    /// Extremes of the number's range often.
    mutating func number() -> Int64 { pick([0, 1, -1, .min, .max, Int64(bitPattern: next())]) }
    mutating func time() -> Timestamp { Timestamp(milliseconds: number()) }
}

extension Dice {
    mutating func assertion() -> TagAssertion {
        let made = time()
        let hasRule = chance()
        return TagAssertion(
            value: text(), source: pick(TagSource.allCases), confidence: pick([1, 0, 0.25, -.infinity]),
            ruleID: hasRule ? uuid() : nil, ruleVersion: hasRule ? next() : 0,
            priority: hasRule ? Int32(truncatingIfNeeded: next()) : 0, createdBy: text(), createdAt: made,
            updatedAt: chance() ? made : time())
    }

    mutating func record() -> ResourceRecord {
        var resource = Resource(
            provider: pick([.aws, .gcp, .azure]), resourceID: text(), resourceType: text(), name: text(), accountID: text(),
            region: text(), nativeTags: TagList(list(4) { Tag($0.text(), $0.text()) }),
            metadata: JSONText(trusted: Array(text().utf8)),
            relationships: list(4) { Relationship($0.pick(RelationshipType.allCases), to: ResourceID($0.uuid())) },
            version: next(), firstSeen: time(), lastSeen: time())
        resource.costs = list(3) {
            CostLine(
                month: Int32(truncatingIfNeeded: $0.next()), service: $0.text(), currency: $0.text(),
                billedNanos: $0.number(),
                effectiveNanos: $0.number(), upload: $0.next())
        }
        resource.relations = list(2) { dice in
            RelationFact(query: dice.uuid(), value: dice.text(), path: dice.list(4) { ResourceID($0.uuid()) })
        }
        let tags = list(4) { dice in
            VirtualTag(key: dice.text(), winner: dice.assertion(), losers: dice.list(3) { $0.assertion() })
        }
        let compliance = list(3) { dice in
            ComplianceResult(
                policyID: dice.uuid(),
                violations: dice.list(3) {
                    Violation($0.pick(Violation.Code.allCases), tagKey: $0.text(), value: $0.text())
                },
                waiverID: dice.chance() ? dice.uuid() : nil, checkedAt: dice.time())
        }
        return ResourceRecord(
            resource: resource, tags: tags, compliance: compliance, judgedUnder: next(), changedIndex: next())
    }

    mutating func entry() -> AuditEntry {
        AuditEntry(
            id: uuid(), sequence: next(), resourceID: chance() ? ResourceID(uuid()) : nil,
            action: pick(AuditEntry.Action.allCases), tagKey: text(), oldValue: chance() ? text() : nil,
            newValue: chance() ? text() : nil, actor: text(), source: chance() ? pick(TagSource.allCases) : nil,
            ruleID: chance() ? uuid() : nil, requestID: text(), at: time())
    }

    mutating func field() -> ConditionField {
        pick([
            .provider, .resourceType, .name, .accountID, .region, .resourceID, .tag("a.b"), .nativeTag("é"),
            .metadata("a.0"),
        ])
    }

    mutating func condition(_ depth: Int = 0) -> Condition {
        switch depth == 4 ? 9 : below(10) {
        case 0, 1: .all(list(3) { $0.condition(depth + 1) })
        case 2, 3: .any(list(3) { $0.condition(depth + 1) })
        case 4: .not(condition(depth + 1))
        default: .test(FieldTest(field(), pick(ConditionOperator.allCases), operand(), ignoreCase: chance()))
        }
    }

    private mutating func operand() -> FieldTest.Operand {
        switch below(4) {
        case 0: .none
        case 1: .text(text())
        case 2: .number(0.5, "0.5")
        default: .list(list(4) { $0.text() })
        }
    }

    mutating func rule() -> TagRule {
        let actions = list(4) { dice -> TagAction in
            switch dice.below(4) {
            case 0: .setTag(key: dice.text(), value: dice.text())
            case 1: .copyTag(from: dice.field(), key: dice.text())
            case 2:
                .mapValue(
                    key: dice.text(), from: dice.field(), mapping: dice.list(3) { Tag($0.text(), $0.text()) },
                    fallback: dice.chance() ? dice.text() : nil)
            default: .removeTag(key: dice.text())
            }
        }
        return TagRule(
            id: uuid(), name: text(), description: text(), priority: Int32(truncatingIfNeeded: next()), enabled: chance(),
            condition: condition(), actions: actions, version: next(), createdBy: text(), createdAt: time(),
            updatedAt: time())
    }

    mutating func definition() -> TagDefinition {
        TagDefinition(
            id: uuid(), tagKey: text(), displayName: text(), description: text(),
            dataType: pick(TagDefinition.DataType.allCases), allowedValues: list(3) { $0.text() }, required: chance(),
            aliases: list(3) { $0.text() },
            valueAliases: list(3) { dice in .init(value: dice.text(), aliases: dice.list(3) { $0.text() }) },
            version: next(), createdAt: time(), updatedAt: time())
    }

    mutating func policy() -> CompliancePolicy {
        let rules: CompliancePolicy.Rules =
            switch below(5) {
            case 0: .requiredTags(list(3) { $0.text() })
            case 1: .valueValidation(tagKey: text(), allowedValues: list(3) { $0.text() }, pattern: chance() ? text() : nil)
            case 2: .conditionalRequirement(condition: condition(), thenRequired: list(3) { $0.text() })
            case 3: .tagFormat(tagKey: text(), pattern: chance() ? text() : nil, keyPattern: chance() ? text() : nil)
            default: .tagCount(min: Int(number()), max: chance() ? Int(number()) : nil)
            }
        return CompliancePolicy(
            id: uuid(), name: text(), description: text(), severity: pick(CompliancePolicy.Severity.allCases),
            scope: chance() ? condition() : nil, rules: rules, enabled: chance(), version: next(), createdBy: text(),
            createdAt: time(), updatedAt: time())
    }
}

/// Reads one value of the bytes, and tells whether it took all of them.
private func read<Value>(
    _ bytes: [UInt8], _ body: (inout ByteReader) throws(CodecError) -> Value
) throws -> (value: Value, atEnd: Bool) {
    try bytes.withUnsafeBytes { raw in
        var reader = ByteReader(raw)
        let value = try body(&reader)
        return (value, reader.atEnd)
    }
}

@Suite("Stored forms")
struct CodecTests {
    /// Round trip, every prefix refused, and flipped bits read as something or refused, but never a trap.
    private func check<Value: Equatable>(
        _ name: String, make: (inout Dice) -> Value, write: (Value, inout ByteWriter) -> Void,
        read body: (inout ByteReader) throws(CodecError) -> Value
    ) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("\(name) codec seed \(seed)")
        var dice = Dice(state: seed)
        for _ in 0..<200 {
            let value = make(&dice)
            var writer = ByteWriter()
            write(value, &writer)
            let bytes = writer.bytes
            let back = try read(bytes, body)
            #expect(back.value == value && back.atEnd, "seed \(seed)")
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self, "seed \(seed)") { try read(Array(bytes[..<length]), body) }
            }
            for _ in 0..<50 {
                var damaged = bytes
                for _ in 0...dice.below(3) { damaged[dice.below(damaged.count)] = UInt8(truncatingIfNeeded: dice.next()) }
                _ = try? read(damaged, body)
            }
        }
    }

    @Test("Audit entries")
    func auditEntries() throws {
        try check("audit", make: { $0.entry() }, write: { $1.auditEntry($0) }) { reader throws(CodecError) in
            try reader.auditEntry()
        }
    }

    @Test("Rules")
    func rules() throws {
        try check("rule", make: { $0.rule() }, write: { $1.rule($0) }) { reader throws(CodecError) in try reader.rule() }
    }

    @Test("Tag definitions")
    func definitions() throws {
        try check("definition", make: { $0.definition() }, write: { $1.definition($0) }) { reader throws(CodecError) in
            try reader.definition()
        }
    }

    @Test("Policies")
    func policies() throws {
        try check("policy", make: { $0.policy() }, write: { $1.policy($0) }) { reader throws(CodecError) in
            try reader.policy()
        }
    }

    @Test("A condition as deep as is accepted is read back, a deeper one is refused")
    func depth() throws {
        var condition = Condition.test(FieldTest(.name, .exists))
        for _ in 0..<Condition.depthMax { condition = .not(condition) }
        for accepted in [true, false] {
            var writer = ByteWriter()
            writer.condition(condition)
            let back = try? read(writer.bytes) { reader throws(CodecError) in try reader.condition() }
            #expect(back?.value == (accepted ? condition : nil))
            condition = .not(condition)
        }
    }
}

@Suite("The stored form of a row")
struct RecordCodecTests {
    @Test("Rows survive the round trip, every cut is refused, flipped bits never trap, and counting agrees with reading")
    func rows() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("row codec seed \(seed)")
        var dice = Dice(state: seed)
        for _ in 0..<200 {
            let record = dice.record()
            let id = record.resource.id
            let bytes = RecordCodec.encode(record)
            #expect(try RecordCodec.decode(bytes, id: id) == record, "seed \(seed)")
            #expect(try RecordCodec.changedIndex(of: bytes) == record.changedIndex)
            var totals = InventoryTotals()
            try totals.count(bytes, sign: 1)
            #expect(totals.resources == 1 && totals.relationships == record.resource.relationships.count)
            #expect(totals.tagsBySource.values.reduce(0, +) == record.tags.count)
            #expect(totals.compliantResources == (record.isCompliant ? 1 : 0))
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self, "seed \(seed)") { try RecordCodec.decode(Array(bytes[..<length]), id: id) }
            }
            #expect(throws: CodecError.self) { try RecordCodec.decode(bytes + [0], id: id) }
            for _ in 0..<50 {
                var damaged = bytes
                for _ in 0...dice.below(3) { damaged[dice.below(damaged.count)] = UInt8(truncatingIfNeeded: dice.next()) }
                if let read = try? RecordCodec.decode(damaged, id: id) { _ = RecordCodec.encode(read) }
                var counts = InventoryTotals()
                try? counts.count(damaged, sign: 1)
            }
        }
    }
}

@Suite("What changed in a row's stored form")
struct RowDeltaTests {
    @Test("It leads from any row to any other, and from no third", arguments: 1...200 as ClosedRange<UInt64>)
    func anyToAny(seed: UInt64) throws {
        var dice = Dice(state: seed)
        var record = dice.record()
        let old = RecordCodec.encode(record)
        if dice.chance() { record = dice.record() }
        record.changedIndex = dice.next()
        record.tags.append(VirtualTag(key: dice.text(), winner: dice.assertion()))
        let new = RecordCodec.encode(record)
        let delta = try RowDelta(from: old, to: new)
        var writer = ByteWriter()
        delta.write(to: &writer)
        let bytes = writer.bytes
        let read = try bytes.reading { reader throws(CodecError) in try RowDelta(from: &reader) }
        #expect(read == delta, "seed \(seed)")
        #expect(try read.applied(to: old) == new, "seed \(seed)")
        for length in 0..<bytes.count {
            let part = Array(bytes[..<length])
            #expect(throws: CodecError.self) {
                try part.reading { reader throws(CodecError) in try RowDelta(from: &reader) }
            }
        }
        let third = RecordCodec.encode(dice.record())
        if let wrong = try? read.applied(to: third) { #expect(wrong == new, "seed \(seed)") }
    }

    @Test("A changed value costs its length and little more, wherever the row has it")
    func small() throws {
        let at = Timestamp(milliseconds: 1_770_000_000_000)
        func row(_ value: String, at time: Timestamp) -> [UInt8] {
            let tags = ["a", "b", "c"].map { key in
                let (text, updated) = key == "b" ? (value, time) : (String(repeating: key, count: 500), at)
                let claim = TagAssertion(
                    value: text, source: .manual, createdBy: "ann", createdAt: at, updatedAt: updated)
                return VirtualTag(key: key, winner: claim)
            }
            let resource = Resource(
                provider: .aws, resourceID: "i-1", resourceType: "ec2.instance",
                metadata: JSONText(trusted: [UInt8](repeating: 0x20, count: 1000)), firstSeen: at, lastSeen: at)
            return RecordCodec.encode(ResourceRecord(resource: resource, tags: tags, changedIndex: UInt64(value.count)))
        }
        let later = Timestamp(milliseconds: at.milliseconds + 60_000)
        let (old, new) = (row("x", at: at), row(String(repeating: "y", count: 300), at: later))
        #expect(try RecordCodec.value(of: "b", in: new)?.utf8.count == 300)
        #expect(RecordCodec.has("x", for: "b", in: old) && !RecordCodec.has("x", for: "b", in: new))
        #expect(try RecordCodec.value(of: "d", in: new) == nil)
        let delta = try RowDelta(from: old, to: new)
        #expect(delta.byteCount < 300 + 60)
    }
}
