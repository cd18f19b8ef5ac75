extension SemanticAnalyser {
    // MARK: CALL { … }

    mutating func analyse(_ call: inout SubqueryCall, at span: Span) throws(CypherError) {
        var imported = Scope()
        switch call.imports {
        case .all: imported = scope
        case .variables(var variables):
            for index in variables.indices {
                let bound = try resolve(variables[index], at: span)
                variables[index].slot = bound.slot
                imported.declare(variables[index].name, bound)
            }
            call.imports = .variables(variables)
        case .leadingWith: imported = try leadingImports(of: &call.query)
        }
        let savedOuter = outer
        if case .leadingWith = call.imports { outer = Scope() } else { outer = imported }
        let columns = try analyse(&call.query, in: imported, as: .call)
        outer = savedOuter
        for column in columns {
            try refuseBound(column, at: span)
            scope.declare(column.name, .init(slot: column.slot, type: .any))
        }
    }

    /// The variables that a `WITH` at the beginning of each part lets in. Such a `WITH` only lists variables.
    private mutating func leadingImports(of query: inout Query) throws(CypherError) -> Scope {
        var imported = Scope()
        for part in query.parts {
            guard case .with(let projection)? = part.clauses.first?.kind else { continue }
            if projection.includesAll {
                imported.inherit(scope)
                continue
            }
            for item in projection.items {
                guard case .variable(let variable) = item.expression.kind, variable.name == item.variable.name else {
                    continue
                }
                if let bound = scope[variable.name] { imported.declare(variable.name, bound) }
            }
        }
        return imported
    }

    // MARK: EXISTS { … } and its like

    mutating func analyse(_ subquery: inout Subquery, as role: Role, at span: Span) throws(CypherError) {
        let savedOuter = outer
        defer { outer = savedOuter }
        outer = scope
        let columns = try analyse(&subquery.query, in: scope, as: role)
        guard role != .collection || columns.count == 1 else {
            throw .syntax(.invalidClauseComposition, "COLLECT { } returns one column", at: span)
        }
    }

    // MARK: Procedures

    /// The columns that the procedure gives.
    mutating func analyse(
        _ call: inout ProcedureCall, standsAlone: Bool, at span: Span
    ) throws(CypherError) -> [Variable] {
        guard let signature = procedures[call.name.lowercased()] else {
            let meant = Suggestion.closest(to: call.name, among: procedures.values.map(\.name).sorted())
            throw CypherError(
                .procedureError, .compileTime, .procedureNotFound,
                "There is no procedure `\(call.name.prefix(60))`" + (meant.map { "; did you mean `\($0)`?" } ?? ""), at: span
            )
        }
        try analyseArguments(&call, signature, standsAlone: standsAlone, at: span)
        if call.yieldsAll || call.yields == nil && standsAlone {
            guard standsAlone else {
                throw .syntax(.unexpectedSyntax, "YIELD * is for a CALL that stands alone; name the columns", at: span)
            }
            call.yields = signature.results.map { .init(column: $0.name, variable: Variable($0.name)) }
        }
        var yields = call.yields ?? []
        for index in yields.indices {
            guard let field = signature.results.first(where: { $0.name == yields[index].column }) else {
                throw .syntax(
                    .undefinedVariable, "`\(signature.name)` gives no column `\(yields[index].column)`", at: span)
            }
            try refuseBound(yields[index].variable, at: span)
            declare(&yields[index].variable, field.type.staticType)
        }
        call.yields = yields
        if call.predicate != nil { try analysePredicate(&call.predicate) }
        return yields.map(\.variable)
    }

    private mutating func analyseArguments(
        _ call: inout ProcedureCall, _ signature: ProcedureSignature, standsAlone: Bool, at span: Span
    ) throws(CypherError) {
        guard var arguments = call.arguments else {
            guard standsAlone else {
                throw .syntax(
                    .invalidArgumentPassingMode, "Arguments are left out only by a CALL that stands alone", at: span)
            }
            call.arguments = signature.arguments.map { Expression(.parameter($0.name), span) }
            return
        }
        guard arguments.count == signature.arguments.count else {
            throw .syntax(
                .invalidNumberOfArguments,
                "`\(signature.name)` takes \(signature.arguments.count) arguments, not \(arguments.count)", at: span)
        }
        for index in arguments.indices {
            let type = try analyse(&arguments[index])
            guard signature.arguments[index].type.accepts(type) else {
                throw .syntax(
                    .invalidArgumentType,
                    "`\(signature.name)` takes a \(signature.arguments[index].type.rawValue) as `\(signature.arguments[index].name)`, not a \(type.name)",
                    at: arguments[index].span)
            }
        }
        call.arguments = arguments
    }
}
