internal import Model

/// Turns a condition's tree into tests with jumps, from the last test to the first: what follows is known when a test is
/// written, so that no jump has to be patched.
struct ConditionCompiler {
    let keepsOrder: Bool
    let spelling: (String) -> String
    var cache: PatternCache

    init(keepsOrder: Bool, spelling: @escaping (String) -> String, cache: PatternCache) {
        self.keepsOrder = keepsOrder
        self.spelling = spelling
        self.cache = cache
    }

    mutating func compile(_ condition: Condition) -> CompiledCondition.Program {
        var program = CompiledCondition.Program()
        program.start = emit(
            condition, onTrue: CompiledCondition.accept, onFalse: CompiledCondition.reject, into: &program)
        return program
    }

    /// Answers where to jump to evaluate `condition`.
    private mutating func emit(
        _ condition: Condition, onTrue: Int32, onFalse: Int32, into program: inout CompiledCondition.Program
    ) -> Int32 {
        switch condition {
        case .not(let part): return emit(part, onTrue: onFalse, onFalse: onTrue, into: &program)
        case .all(let parts):
            var entry = onTrue
            for part in ordered(parts).reversed() { entry = emit(part, onTrue: entry, onFalse: onFalse, into: &program) }
            return entry
        case .any(let parts):
            var entry = onFalse
            for part in ordered(parts).reversed() { entry = emit(part, onTrue: onTrue, onFalse: entry, into: &program) }
            return entry
        case .test(let test):
            let turned = test.comparison == .ne || test.comparison == .notIn || test.comparison == .absent
            var compiled = CompiledCondition.Test(
                field: Self.field(of: test.field), operation: .never, ignoreCase: test.ignoreCase,
                onTrue: turned ? onFalse : onTrue, onFalse: turned ? onTrue : onFalse)
            addKey(of: test.field, to: &compiled, in: &program)
            addOperation(of: test, to: &compiled, in: &program)
            program.tests.append(compiled)
            return Int32(program.tests.count - 1)
        case .related(let query):
            var compiled = CompiledCondition.Test(
                field: .relation, operation: .exists, onTrue: onTrue, onFalse: onFalse)
            compiled.keyStart = Int32(program.bytes.count)
            compiled.keyCount = Int32(RelationQuery.keyBytes)
            program.bytes += query.key.bytes
            program.tests.append(compiled)
            return Int32(program.tests.count - 1)
        }
    }

    // MARK: Order

    private func ordered(_ parts: [Condition]) -> [Condition] {
        guard !keepsOrder, parts.count > 1 else { return parts }
        let priced = parts.enumerated().map { (cost: Self.cost(of: $0.element), offset: $0.offset, part: $0.element) }
        return priced.sorted { ($0.cost, $0.offset) < ($1.cost, $1.offset) }.map(\.part)
    }

    /// Rough nanoseconds, enough to order tests by.
    private static func cost(of condition: Condition) -> Int {
        switch condition {
        case .not(let part): return cost(of: part)
        case .related: return 20
        case .all(let parts), .any(let parts): return parts.reduce(0) { $0 + cost(of: $1) }
        case .test(let test):
            let field =
                switch test.field {
                case .provider, .resourceType, .name, .accountID, .region, .resourceID: 3
                case .tag: 5
                case .nativeTag: 15
                case .metadata: 300
                }
            switch test.comparison {
            case .exists, .absent: return field
            case .eq, .ne, .startsWith, .endsWith: return field + 3
            case .isIn, .notIn, .gt, .gte, .lt, .lte: return field + 8
            case .contains, .glob: return field + 15
            case .regex: return field + 150
            }
        }
    }

    // MARK: Fields

    private static func field(of field: ConditionField) -> CompiledCondition.Test.Field {
        switch field {
        case .provider: .provider
        case .resourceType: .resourceType
        case .name: .name
        case .accountID: .accountID
        case .region: .region
        case .resourceID: .resourceID
        case .tag: .tag
        case .nativeTag: .native
        case .metadata: .metadata
        }
    }

    private func addKey(
        of field: ConditionField, to test: inout CompiledCondition.Test, in program: inout CompiledCondition.Program
    ) {
        switch field {
        case .provider, .resourceType, .name, .accountID, .region, .resourceID: break
        case .tag(let key):
            let spelt = spelling(key)
            (test.keyStart, test.keyCount) = Self.add(spelt, to: &program)
            test.formHash = TagKeyForm.hash(of: spelt)
        case .nativeTag(let key): (test.keyStart, test.keyCount) = Self.add(key, to: &program)
        case .metadata(let path): (test.keyStart, test.keyCount) = Self.add(path, to: &program)
        }
    }

    private static func add(_ text: String, to program: inout CompiledCondition.Program) -> (start: Int32, count: Int32) {
        let start = program.bytes.count
        program.bytes.append(contentsOf: text.utf8)
        return (Int32(start), Int32(program.bytes.count - start))
    }

    // MARK: Operators

    private mutating func addOperation(
        of test: FieldTest, to compiled: inout CompiledCondition.Test, in program: inout CompiledCondition.Program
    ) {
        switch test.comparison {
        case .exists, .absent: compiled.operation = .exists
        case .eq, .ne: addComparison(.equal, test.operand, to: &compiled, in: &program)
        case .gt: addComparison(.greater, test.operand, to: &compiled, in: &program)
        case .gte: addComparison(.greaterOrEqual, test.operand, to: &compiled, in: &program)
        case .lt: addComparison(.less, test.operand, to: &compiled, in: &program)
        case .lte: addComparison(.lessOrEqual, test.operand, to: &compiled, in: &program)
        case .isIn, .notIn:
            guard case .list(let texts) = test.operand else { return }
            compiled.operation = .oneOf
            compiled.part = Int32(program.sets.count)
            program.sets.append(ByteMap(test.ignoreCase ? texts.map { $0.lowercased() } : texts))
        case .contains: addText(.contains, test.operand, to: &compiled, in: &program)
        case .startsWith: addText(.prefix, test.operand, to: &compiled, in: &program)
        case .endsWith: addText(.suffix, test.operand, to: &compiled, in: &program)
        case .glob:
            guard case .text(let text) = test.operand, let glob = try? Glob(text) else { return }
            switch glob.matcher {
            case .equal(let text): addText(.equal, .text(text), to: &compiled, in: &program)
            case .prefix(let text): addText(.prefix, .text(text), to: &compiled, in: &program)
            case .suffix(let text): addText(.suffix, .text(text), to: &compiled, in: &program)
            case .contains(let text): addText(.contains, .text(text), to: &compiled, in: &program)
            case .regex(let regex): addPattern(regex, to: &compiled, in: &program)
            }
        case .regex:
            guard case .text(let text) = test.operand else { return }
            if !keepsOrder, let (operation, literal) = Self.literal(of: text) {
                addText(operation, .text(literal), to: &compiled, in: &program)
            } else {
                addPattern(text, to: &compiled, in: &program)
            }
        }
    }

    private func addText(
        _ operation: CompiledCondition.Test.Operation, _ operand: FieldTest.Operand,
        to compiled: inout CompiledCondition.Test,
        in program: inout CompiledCondition.Program
    ) {
        let text: String
        switch operand {
        case .text(let given): text = given
        case .number(_, let spelling): text = spelling
        case .none, .list: return
        }
        compiled.operation = operation
        (compiled.operandStart, compiled.operandCount) = Self.add(
            compiled.ignoreCase ? text.lowercased() : text, to: &program)
    }

    /// `eq` compares as numbers only when its operand is a JSON number; the ordering operators also when a text reads
    /// as one, or as a date.
    private func addComparison(
        _ operation: CompiledCondition.Test.Operation, _ operand: FieldTest.Operand,
        to compiled: inout CompiledCondition.Test,
        in program: inout CompiledCondition.Program
    ) {
        addText(operation, operand, to: &compiled, in: &program)
        if case .number(let value, _) = operand {
            compiled.operandKind = .number
            compiled.number = value
        } else if operation != .equal, case .text(let text) = operand {
            if let value = text.withBytes({ ByteText.number($0) }) {
                compiled.operandKind = .number
                compiled.number = value
            } else if let moment = Timestamp(text) {
                compiled.operandKind = .moment
                compiled.number = Double(moment.milliseconds)
            }
        }
    }

    private mutating func addPattern(
        _ regex: String, to compiled: inout CompiledCondition.Test, in program: inout CompiledCondition.Program
    ) {
        guard let pattern = try? cache.pattern(regex, ignoreCase: compiled.ignoreCase) else { return }
        compiled.operation = .pattern
        compiled.part = Int32(program.patterns.count)
        program.patterns.append(pattern)
    }

    /// An expression of plain characters between optional anchors needs no automaton.
    private static func literal(of regex: String) -> (CompiledCondition.Test.Operation, String)? {
        var text = regex[...]
        let fromStart = text.hasPrefix("^")
        if fromStart { text.removeFirst() }
        let toEnd = text.hasSuffix("$")
        if toEnd { text.removeLast() }
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"),
                UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: " "):
                true
            default: false
            }
        }
        guard plain else { return nil }
        switch (fromStart, toEnd) {
        case (true, true): return (.equal, String(text))
        case (true, false): return (.prefix, String(text))
        case (false, true): return (.suffix, String(text))
        case (false, false): return (.contains, String(text))
        }
    }
}
