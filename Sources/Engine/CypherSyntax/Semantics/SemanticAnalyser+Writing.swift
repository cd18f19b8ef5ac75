extension SemanticAnalyser {
    // MARK: CREATE and MERGE

    mutating func analyseCreation(_ patterns: inout [PathPattern]) throws(CypherError) {
        for index in patterns.indices { try analyseCreated(&patterns[index], isMerge: false) }
    }

    mutating func analyse(_ merge: inout MergeClause) throws(CypherError) {
        try analyseCreated(&merge.pattern, isMerge: true)
        try analyse(&merge.onCreate)
        try analyse(&merge.onMatch)
    }

    private mutating func analyseCreated(_ pattern: inout PathPattern, isMerge: Bool) throws(CypherError) {
        guard pattern.selection == .every else {
            throw .syntax(.unexpectedSyntax, "A shortest path is matched, not made", at: pattern.span)
        }
        // Properties are worked out from what was there before the pattern.
        let before = scope
        try analyseCreated(&pattern.start, standsAlone: pattern.steps.isEmpty, isMerge: isMerge, before)
        for index in pattern.steps.indices {
            try analyseCreated(&pattern.steps[index].relationship, isMerge: isMerge, before)
            try analyseCreated(&pattern.steps[index].node, standsAlone: false, isMerge: isMerge, before)
        }
        if var variable = pattern.variable {
            try refuseBound(variable, at: pattern.span)
            declare(&variable, .path)
            pattern.variable = variable
        }
    }

    private mutating func analyseCreated(
        _ node: inout NodePattern, standsAlone: Bool, isMerge: Bool, _ before: Scope
    ) throws(CypherError) {
        try analyseProperties(&node.properties, isCreate: !isMerge, before)
        if node.predicate != nil {
            throw .syntax(.unexpectedSyntax, "A node that is made has no WHERE", at: node.span)
        }
        if let labels = node.labels, labels.conjunction == nil {
            throw .syntax(.unexpectedSyntax, "A node that is made has labels, joined by `:` or `&`", at: node.span)
        }
        guard var variable = node.variable else {
            node.variable = anonymousVariable("node")
            return
        }
        if let bound = scope[variable.name] {
            guard !standsAlone, node.labels == nil, node.properties == nil else {
                throw .syntax(
                    .variableAlreadyBound, "`\(variable.name)` is bound already, and cannot be made", at: node.span)
            }
            guard bound.type.mayBe(.node) else { throw conflict(variable, bound.type, .node, at: node.span) }
            variable.slot = bound.slot
        } else {
            declare(&variable, .node)
        }
        node.variable = variable
    }

    private mutating func analyseCreated(
        _ relationship: inout RelationshipPattern, isMerge: Bool, _ before: Scope
    ) throws(CypherError) {
        let span = relationship.span
        guard relationship.length == nil else {
            throw .syntax(.creatingVarLength, "A relationship of variable length is matched, not made", at: span)
        }
        if let variable = relationship.variable { try refuseBound(variable, at: span) }
        guard relationship.types.count == 1 else {
            throw .syntax(.noSingleRelationshipType, "A relationship that is made has exactly one type", at: span)
        }
        guard isMerge || relationship.direction != .either else {
            throw .syntax(.requiresDirectedRelationship, "A relationship that is made has one direction", at: span)
        }
        guard relationship.predicate == nil else {
            throw .syntax(.unexpectedSyntax, "A relationship that is made has no WHERE", at: span)
        }
        try analyseProperties(&relationship.properties, isCreate: !isMerge, before)
        if var variable = relationship.variable {
            declare(&variable, .relationship)
            relationship.variable = variable
        } else {
            relationship.variable = anonymousVariable("relationship")
        }
    }

    /// The properties of a node or relationship in a pattern; of one that is made they may be a parameter.
    mutating func analyseProperties(
        _ properties: inout Expression?, isCreate: Bool, _ visible: Scope
    ) throws(CypherError) {
        guard var expression = properties else { return }
        if case .parameter = expression.kind, !isCreate {
            throw .syntax(
                .invalidParameterUse, "The properties cannot be one parameter; name them, as in {key: $map.key}",
                at: expression.span)
        }
        let saved = scope
        scope = visible
        defer { scope = saved }
        _ = try analyse(&expression)
        properties = expression
    }

    // MARK: SET and REMOVE

    mutating func analyse(_ items: inout [SetItem]) throws(CypherError) {
        for index in items.indices {
            switch items[index] {
            case .property(var subject, let key, var value):
                try checkHasProperties(try analyse(&subject), at: subject.span)
                _ = try analyse(&value)
                items[index] = .property(subject, key: key, value: value)
            case .dynamicProperty(var subject, var key, var value):
                try checkHasProperties(try analyse(&subject), at: subject.span)
                _ = try analyse(&key)
                _ = try analyse(&value)
                items[index] = .dynamicProperty(subject, key: key, value: value)
            case .replace(let variable, var value, let span):
                let target = try entity(variable, at: span)
                _ = try analyse(&value)
                items[index] = .replace(target, value, span)
            case .merge(let variable, var value, let span):
                let target = try entity(variable, at: span)
                _ = try analyse(&value)
                items[index] = .merge(target, value, span)
            case .labels(let variable, let labels, let span):
                items[index] = .labels(try labelled(variable, at: span), labels, span)
            }
        }
    }

    mutating func analyse(_ items: inout [RemoveItem]) throws(CypherError) {
        for index in items.indices {
            switch items[index] {
            case .property(var subject, let key):
                try checkHasProperties(try analyse(&subject), at: subject.span)
                items[index] = .property(subject, key: key)
            case .labels(let variable, let labels, let span):
                items[index] = .labels(try labelled(variable, at: span), labels, span)
            }
        }
    }

    private func checkHasProperties(_ type: StaticType, at span: Span) throws(CypherError) {
        guard type.mayBe(.node, .relationship, .map) else {
            throw .syntax(
                .invalidArgumentType, "Properties belong to nodes and relationships, not to a \(type.name)", at: span)
        }
    }

    private func entity(_ variable: Variable, at span: Span) throws(CypherError) -> Variable {
        let bound = try resolve(variable, at: span)
        guard bound.type.mayBe(.node, .relationship) else {
            throw conflict(variable, bound.type, .node, at: span)
        }
        return Variable(variable.name, slot: bound.slot)
    }

    private func labelled(_ variable: Variable, at span: Span) throws(CypherError) -> Variable {
        let bound = try resolve(variable, at: span)
        guard bound.type.mayBe(.node) else { throw conflict(variable, bound.type, .node, at: span) }
        return Variable(variable.name, slot: bound.slot)
    }

    // MARK: DELETE

    mutating func analyseDeletion(_ targets: inout [Expression]) throws(CypherError) {
        for index in targets.indices {
            if case .hasLabels = targets[index].kind {
                throw .syntax(
                    .invalidDelete, "DELETE takes nodes, relationships and paths; REMOVE takes labels",
                    at: targets[index].span)
            }
            let type = try analyse(&targets[index])
            guard type.mayBe(.node, .relationship, .path) else {
                throw .syntax(
                    .invalidArgumentType, "DELETE takes nodes, relationships and paths, not a \(type.name)",
                    at: targets[index].span)
            }
        }
    }
}
