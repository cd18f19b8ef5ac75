/// The stored form of conditions, rules, tag definitions and policies.
extension ByteWriter {
    package mutating func condition(_ condition: Condition) {
        switch condition {
        case .all(let parts):
            byte(1)
            conditions(parts)
        case .any(let parts):
            byte(2)
            conditions(parts)
        case .not(let part):
            byte(3)
            self.condition(part)
        case .test(let test):
            byte(4)
            string(test.field.text)
            string(test.comparison.rawValue)
            byte(test.ignoreCase ? 1 : 0)
            operand(test.operand)
        case .related(let query):
            byte(5)
            relation(query.types, query.direction, query.depths)
            guard case .condition(let wanted) = query.subject else {
                preconditionFailure("a condition that asks for a tag along relationships")
            }
            self.condition(wanted)
        }
    }

    mutating func relation(
        _ types: RelationshipTypes, _ direction: RelationQuery.Direction, _ depths: ClosedRange<Int>
    ) {
        varint(types.rawValue)
        string(direction.rawValue)
        varint(depths.lowerBound)
        varint(depths.upperBound)
    }

    private mutating func conditions(_ parts: [Condition]) {
        varint(parts.count)
        for part in parts { condition(part) }
    }

    private mutating func operand(_ operand: FieldTest.Operand) {
        switch operand {
        case .none: byte(0)
        case .text(let text):
            byte(1)
            string(text)
        case .number(let value, let spelling):
            byte(2)
            double(value)
            string(spelling)
        case .list(let values):
            byte(3)
            strings(values)
        }
    }

    package mutating func strings(_ values: [String]) {
        varint(values.count)
        for value in values { string(value) }
    }

    private mutating func times(_ createdAt: Timestamp, _ updatedAt: Timestamp) {
        zigzag(createdAt.milliseconds)
        zigzag(updatedAt.milliseconds)
    }

    package mutating func rule(_ rule: TagRule) {
        uuid(rule.id)
        string(rule.name)
        string(rule.description)
        zigzag(Int64(rule.priority))
        byte(RuleFlags(rule).rawValue)
        condition(rule.condition)
        varint(rule.actions.count)
        for action in rule.actions { self.action(action) }
        varint(rule.version)
        string(rule.createdBy)
        times(rule.createdAt, rule.updatedAt)
        if let value = rule.defaultValue { string(value) }
        if let start = rule.effectiveStart { zigzag(start.milliseconds) }
        if let end = rule.effectiveEnd { zigzag(end.milliseconds) }
    }

    private mutating func action(_ action: TagAction) {
        switch action {
        case .setTag(let key, let value):
            byte(1)
            string(key)
            string(value)
        case .copyTag(let from, let key):
            byte(2)
            string(from.text)
            string(key)
        case .mapValue(let key, let from, let mapping, let fallback):
            byte(3)
            string(key)
            string(from.text)
            varint(mapping.count)
            for pair in mapping {
                string(pair.key)
                string(pair.value)
            }
            optionalString(fallback)
        case .removeTag(let key):
            byte(4)
            string(key)
        case .inheritTag(let key, let types, let direction, let depth):
            byte(5)
            string(key)
            relation(types, direction, 1...depth)
        }
    }

    package mutating func definition(_ definition: TagDefinition) {
        uuid(definition.id)
        string(definition.tagKey)
        string(definition.displayName)
        string(definition.description)
        string(definition.dataType.rawValue)
        strings(definition.allowedValues)
        byte(definition.required ? 1 : 0)
        strings(definition.aliases)
        varint(definition.valueAliases.count)
        for group in definition.valueAliases {
            string(group.value)
            strings(group.aliases)
        }
        byte(definition.casePolicy.code)
        varint(definition.providers.count)
        for provider in definition.providers { byte(provider.code) }
        varint(definition.version)
        times(definition.createdAt, definition.updatedAt)
    }

    package mutating func policy(_ policy: CompliancePolicy) {
        uuid(policy.id)
        string(policy.name)
        string(policy.description)
        string(policy.severity.rawValue)
        byte(policy.scope == nil ? 0 : 1)
        if let scope = policy.scope { condition(scope) }
        policyRules(policy.rules)
        byte(policy.enabled ? 1 : 0)
        varint(policy.version)
        string(policy.createdBy)
        times(policy.createdAt, policy.updatedAt)
    }

    private mutating func policyRules(_ rules: CompliancePolicy.Rules) {
        switch rules {
        case .requiredTags(let keys):
            byte(1)
            strings(keys)
        case .valueValidation(let key, let values, let pattern):
            byte(2)
            string(key)
            strings(values)
            optionalString(pattern)
        case .conditionalRequirement(let condition, let keys):
            byte(3)
            self.condition(condition)
            strings(keys)
        case .tagFormat(let key, let pattern, let keyPattern):
            byte(4)
            string(key)
            optionalString(pattern)
            optionalString(keyPattern)
        case .tagCount(let min, let max):
            byte(5)
            varint(UInt64(bitPattern: Int64(min)))
            byte(max == nil ? 0 : 1)
            if let max { varint(UInt64(bitPattern: Int64(max))) }
        }
    }
}

extension ByteReader {
    package mutating func condition(depth: Int = 0) throws(CodecError) -> Condition {
        guard depth <= Condition.depthMax else { throw CodecError("a stored condition is nested too deep") }
        switch try byte() {
        case 1: return .all(try conditions(depth))
        case 2: return .any(try conditions(depth))
        case 3: return .not(try condition(depth: depth + 1))
        case 4:
            let field = try field()
            let name = try string()
            guard let comparison = ConditionOperator(rawValue: name) else { throw CodecError("unknown operator \(name)") }
            let ignoreCase = try byte() == 1
            return .test(FieldTest(field, comparison, try operand(), ignoreCase: ignoreCase))
        case 5:
            let (types, direction, depths) = try relation()
            let subject = RelationQuery.Subject.condition(try condition(depth: depth + 1))
            return .related(RelationQuery(types: types, direction: direction, depths: depths, subject: subject))
        case let kind: throw CodecError("unknown kind of condition \(kind)")
        }
    }

    private mutating func relation() throws(CodecError) -> (
        types: RelationshipTypes, direction: RelationQuery.Direction, depths: ClosedRange<Int>
    ) {
        let types = RelationshipTypes(rawValue: try varint())
        let name = try string()
        guard let direction = RelationQuery.Direction(rawValue: name) else { throw CodecError("unknown direction \(name)") }
        let (least, most) = (try varint(), try varint())
        guard least >= 1, least <= most, most <= UInt64(RelationQuery.depthMax) else {
            throw CodecError("\(least) to \(most) steps along relationships")
        }
        return (types, direction, Int(least)...Int(most))
    }

    private mutating func conditions(_ depth: Int) throws(CodecError) -> [Condition] {
        var parts: [Condition] = []
        for _ in 0..<(try count()) { parts.append(try condition(depth: depth + 1)) }
        return parts
    }

    private mutating func field() throws(CodecError) -> ConditionField {
        let text = try string()
        guard let field = ConditionField(text) else { throw CodecError("unknown field \(text)") }
        return field
    }

    private mutating func operand() throws(CodecError) -> FieldTest.Operand {
        switch try byte() {
        case 0: return .none
        case 1: return .text(try string())
        case 2: return .number(try double(), try string())
        case 3: return .list(try strings())
        case let kind: throw CodecError("unknown kind of operand \(kind)")
        }
    }

    package mutating func strings() throws(CodecError) -> [String] {
        var values: [String] = []
        for _ in 0..<(try count()) { values.append(try string()) }
        return values
    }

    private mutating func time() throws(CodecError) -> Timestamp { Timestamp(milliseconds: try zigzag()) }

    package mutating func rule() throws(CodecError) -> TagRule {
        let id = try uuid()
        let name = try string()
        let description = try string()
        let priority = Int32(truncatingIfNeeded: try zigzag())
        let flags = RuleFlags(rawValue: try byte())
        guard flags.isKnown else { throw CodecError("unknown flags of a rule: \(flags.rawValue)") }
        let condition = try condition()
        var actions: [TagAction] = []
        for _ in 0..<(try count()) { actions.append(try action()) }
        var rule = TagRule(
            id: id, name: name, description: description, priority: priority, enabled: flags.contains(.enabled),
            condition: condition, actions: actions, ifTagExists: flags.contains(.keepsExisting) ? .keep : .replace,
            version: try varint(), createdBy: try string(), createdAt: try time(), updatedAt: try time())
        if flags.contains(.hasDefault) { rule.defaultValue = try string() }
        if flags.contains(.hasStart) { rule.effectiveStart = try time() }
        if flags.contains(.hasEnd) { rule.effectiveEnd = try time() }
        rule.phase = flags.phase
        return rule
    }

    private mutating func action() throws(CodecError) -> TagAction {
        switch try byte() {
        case 1: return .setTag(key: try string(), value: try string())
        case 2: return .copyTag(from: try field(), key: try string())
        case 3:
            let key = try string()
            let from = try field()
            var mapping: [Tag] = []
            for _ in 0..<(try count()) { mapping.append(Tag(try string(), try string())) }
            return .mapValue(key: key, from: from, mapping: mapping, fallback: try optionalString())
        case 4: return .removeTag(key: try string())
        case 5:
            let key = try string()
            let (types, direction, depths) = try relation()
            return .inheritTag(key: key, types: types, direction: direction, depth: depths.upperBound)
        case let kind: throw CodecError("unknown kind of action \(kind)")
        }
    }

    package mutating func definition() throws(CodecError) -> TagDefinition {
        let id = try uuid()
        let key = try string()
        let display = try string()
        let description = try string()
        let typeName = try string()
        guard let type = TagDefinition.DataType(rawValue: typeName) else {
            throw CodecError("unknown data type \(typeName)")
        }
        let allowed = try strings()
        let required = try byte() == 1
        let aliases = try strings()
        var groups: [TagDefinition.ValueAliases] = []
        for _ in 0..<(try count()) { groups.append(.init(value: try string(), aliases: try strings())) }
        let policy = Int(try byte())
        guard policy < TagDefinition.CasePolicy.allCases.count else { throw CodecError("unknown case policy \(policy)") }
        var providers: [Provider] = []
        for _ in 0..<(try count()) {
            let code = try byte()
            guard let provider = Provider(code: code) else { throw CodecError("unknown provider \(code)") }
            providers.append(provider)
        }
        return TagDefinition(
            id: id, tagKey: key, displayName: display, description: description, dataType: type, allowedValues: allowed,
            required: required, aliases: aliases, valueAliases: groups,
            casePolicy: TagDefinition.CasePolicy.allCases[policy], providers: providers,
            version: try varint(), createdAt: try time(), updatedAt: try time())
    }

    package mutating func policy() throws(CodecError) -> CompliancePolicy {
        let id = try uuid()
        let name = try string()
        let description = try string()
        let severityName = try string()
        guard let severity = CompliancePolicy.Severity(rawValue: severityName) else {
            throw CodecError("unknown severity \(severityName)")
        }
        let scope = try byte() == 0 ? nil : try condition()
        return CompliancePolicy(
            id: id, name: name, description: description, severity: severity, scope: scope, rules: try policyRules(),
            enabled: try byte() == 1, version: try varint(), createdBy: try string(), createdAt: try time(),
            updatedAt: try time())
    }

    private mutating func policyRules() throws(CodecError) -> CompliancePolicy.Rules {
        switch try byte() {
        case 1: return .requiredTags(try strings())
        case 2: return .valueValidation(tagKey: try string(), allowedValues: try strings(), pattern: try optionalString())
        case 3: return .conditionalRequirement(condition: try condition(), thenRequired: try strings())
        case 4: return .tagFormat(tagKey: try string(), pattern: try optionalString(), keyPattern: try optionalString())
        case 5:
            let min = Int(truncatingIfNeeded: try varint())
            return .tagCount(min: min, max: try byte() == 0 ? nil : Int(truncatingIfNeeded: try varint()))
        case let kind: throw CodecError("unknown kind of policy \(kind)")
        }
    }
}

/// What a stored rule has, in one byte. Rules of the form before there was more than `enabled` read as they were.
private struct RuleFlags: OptionSet {
    let rawValue: UInt8

    static let enabled = RuleFlags(rawValue: 1)
    static let keepsExisting = RuleFlags(rawValue: 2)
    static let hasDefault = RuleFlags(rawValue: 4)
    static let hasStart = RuleFlags(rawValue: 8)
    static let hasEnd = RuleFlags(rawValue: 16)
    /// Neither of the two: current.
    static let isWaiting = RuleFlags(rawValue: 32)
    static let hasEnded = RuleFlags(rawValue: 64)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ rule: TagRule) {
        self = []
        if rule.enabled { insert(.enabled) }
        if rule.ifTagExists == .keep { insert(.keepsExisting) }
        if rule.defaultValue != nil { insert(.hasDefault) }
        if rule.effectiveStart != nil { insert(.hasStart) }
        if rule.effectiveEnd != nil { insert(.hasEnd) }
        switch rule.phase {
        case .waiting: insert(.isWaiting)
        case .current: break
        case .ended: insert(.hasEnded)
        }
    }

    var isKnown: Bool { rawValue < 128 && !(contains(.isWaiting) && contains(.hasEnded)) }
    var phase: TagRule.Phase { contains(.isWaiting) ? .waiting : contains(.hasEnded) ? .ended : .current }
}
