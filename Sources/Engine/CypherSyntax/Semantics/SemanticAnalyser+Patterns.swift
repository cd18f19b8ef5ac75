extension SemanticAnalyser {
    /// The patterns of one `MATCH`, within which no relationship may be matched twice.
    mutating func analyseMatched(_ patterns: inout [PathPattern]) throws(CypherError) {
        let before = scope
        var relationships: Set<String> = []
        // Properties and predicates may speak of all that the clause binds: they come after all patterns.
        for index in patterns.indices { try bind(&patterns[index], &relationships, before) }
        for index in patterns.indices { try analyseConditions(of: &patterns[index]) }
    }

    func conflict(_ variable: Variable, _ found: StaticType, _ wanted: StaticType, at span: Span) -> CypherError {
        .syntax(
            .variableTypeConflict, "`\(variable.name)` is a \(found.name) already, and cannot be a \(wanted.name)",
            at: span)
    }

    private mutating func bind(
        _ pattern: inout PathPattern, _ relationships: inout Set<String>, _ before: Scope
    ) throws(CypherError) {
        try bind(&pattern.start)
        for index in pattern.steps.indices {
            try bind(&pattern.steps[index].relationship, &relationships, before)
            try bind(&pattern.steps[index].node)
        }
        if var variable = pattern.variable {
            try refuseBound(variable, at: pattern.span)
            declare(&variable, .path)
            pattern.variable = variable
        }
    }

    private mutating func bind(_ node: inout NodePattern) throws(CypherError) {
        guard var variable = node.variable else {
            node.variable = anonymousVariable("node")
            return
        }
        if let bound = scope[variable.name] {
            guard bound.type.mayBe(.node) else { throw conflict(variable, bound.type, .node, at: node.span) }
            variable.slot = bound.slot
        } else {
            declare(&variable, .node)
        }
        node.variable = variable
    }

    private mutating func bind(
        _ relationship: inout RelationshipPattern, _ relationships: inout Set<String>, _ before: Scope
    ) throws(CypherError) {
        guard var variable = relationship.variable else {
            relationship.variable = anonymousVariable("relationship")
            return
        }
        let span = relationship.span
        let type: StaticType = relationship.length == nil ? .relationship : .list(.relationship)
        if let bound = scope[variable.name] {
            guard bound.type.mayBe(type), bound.type.element.mayBe(.relationship) || relationship.length == nil else {
                throw conflict(variable, bound.type, type, at: span)
            }
            guard !relationships.contains(variable.name) else {
                throw .syntax(
                    .relationshipUniquenessViolation,
                    "`\(variable.name)` stands twice in one MATCH, which matches no relationship twice", at: span)
            }
            variable.slot = bound.slot
        } else {
            declare(&variable, type)
        }
        relationships.insert(variable.name)
        relationship.variable = variable
    }

    private mutating func analyseConditions(of pattern: inout PathPattern) throws(CypherError) {
        try analyseConditions(&pattern.start.properties, &pattern.start.predicate)
        for index in pattern.steps.indices {
            var step = pattern.steps[index]
            try analyseConditions(&step.relationship.properties, &step.relationship.predicate)
            try analyseConditions(&step.node.properties, &step.node.predicate)
            pattern.steps[index] = step
        }
    }

    private mutating func analyseConditions(
        _ properties: inout Expression?, _ predicate: inout Expression?
    ) throws(CypherError) {
        try analyseProperties(&properties, isCreate: false, scope)
        if predicate != nil { try analysePredicate(&predicate) }
    }

    // MARK: In expressions

    /// A pattern that stands for whether it matches: it binds nothing that has a name.
    mutating func analysePatternPredicate(_ pattern: inout PathPattern) throws(CypherError) {
        let saved = scope
        defer { scope = saved }
        let named =
            pattern.nodes.map { ($0.variable, $0.span) }
            + pattern.steps.map { ($0.relationship.variable, $0.relationship.span) }
        for (variable, span) in named {
            if let variable, scope[variable.name] == nil { throw undefined(variable, at: span) }
        }
        var patterns = [pattern]
        try analyseMatched(&patterns)
        pattern = patterns[0]
    }

    mutating func analyse(_ comprehension: inout PatternComprehension) throws(CypherError) -> StaticType {
        let saved = scope
        defer { scope = saved }
        var patterns = [comprehension.pattern]
        try analyseMatched(&patterns)
        comprehension.pattern = patterns[0]
        if comprehension.predicate != nil { try analysePredicate(&comprehension.predicate) }
        return .list(try analyse(&comprehension.result))
    }
}
