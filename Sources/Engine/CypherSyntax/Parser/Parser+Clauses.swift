extension Parser {
    // MARK: Queries

    /// Single queries and the `UNION`s between them.
    mutating func query() throws(CypherError) -> Query {
        var parts = [try singleQuery()]
        var keepsDuplicates: Bool?
        while at(.union) {
            let place = current.span
            advance()
            let all = take(.all)
            if !all { _ = take(.distinct) }
            guard keepsDuplicates ?? all == all else {
                throw .syntax(
                    .invalidClauseComposition, "UNION and UNION ALL cannot be mixed in one query", at: place)
            }
            keepsDuplicates = all
            parts.append(try singleQuery())
        }
        return Query(parts: parts, keepsDuplicates: keepsDuplicates ?? false)
    }

    private mutating func singleQuery() throws(CypherError) -> SingleQuery {
        var clauses: [Clause] = []
        while let clause = try clause() { clauses.append(clause) }
        guard !clauses.isEmpty else { throw unexpected("a clause", suggesting: Keyword.clauseStarts) }
        return SingleQuery(clauses: clauses)
    }

    /// The next clause; nil where none begins.
    private mutating func clause() throws(CypherError) -> Clause? {
        let start = index
        guard let kind = try clauseKind() else { return nil }
        clauseCount += 1
        guard clauseCount <= Self.clausesMax else {
            throw CypherError(
                .syntaxError, .compileTime, .queryTooComplex, "A query has at most \(Self.clausesMax) clauses",
                at: tokens[start].span)
        }
        return Clause(kind, span(from: start))
    }

    private mutating func clauseKind() throws(CypherError) -> Clause.Kind? {
        switch current.keyword {
        case .match, .optional: return .match(try match())
        case .unwind:
            advance()
            let list = try expression()
            try expect(.as)
            return .unwind(list, as: try variable())
        case .with:
            advance()
            return .with(try projection(isWith: true))
        case .return:
            advance()
            return .returns(try projection(isWith: false))
        case .create:
            advance()
            return .create(try patterns())
        case .merge: return .merge(try merge())
        case .set:
            advance()
            return .set(try setItems())
        case .remove:
            advance()
            return .remove(try removeItems())
        case .delete, .detach: return try delete()
        case .foreach: return .forEach(try forEach())
        case .call:
            advance()
            return try call()
        default: return nil
        }
    }

    // MARK: Reading

    private mutating func match() throws(CypherError) -> MatchClause {
        let optional = take(.optional)
        try expect(.match)
        let patterns = try patterns()
        return MatchClause(optional: optional, patterns: patterns, predicate: try predicate())
    }

    /// `WHERE …`, if it is there.
    mutating func predicate() throws(CypherError) -> Expression? { take(.where) ? try expression() : nil }

    mutating func projection(isWith: Bool) throws(CypherError) -> Projection {
        var projection = Projection(
            distinct: take(.distinct), includesAll: false, items: [], orderBy: [], skip: nil, limit: nil,
            predicate: nil)
        if take(.star) {
            projection.includesAll = true
            if take(.comma) { projection.items = try projectionItems() }
        } else {
            projection.items = try projectionItems()
        }
        if take(.order) {
            try expect(.by)
            repeat {
                let expression = try expression()
                var descending = false
                if take(.desc) || take(.descending) { descending = true } else if !take(.asc) { _ = take(.ascending) }
                projection.orderBy.append(SortItem(expression: expression, descending: descending))
            } while take(.comma)
        }
        if take(.skip) || take(.offset) { projection.skip = try expression() }
        if take(.limit) { projection.limit = try expression() }
        if isWith { projection.predicate = try predicate() }
        return projection
    }

    private mutating func projectionItems() throws(CypherError) -> [ProjectionItem] {
        var items: [ProjectionItem] = []
        repeat {
            let start = index
            let expression = try expression()
            let spelled = text(from: start)
            if take(.as) {
                items.append(ProjectionItem(expression: expression, variable: try variable(), hasAlias: true))
            } else if case .variable(let variable) = expression.kind {
                items.append(ProjectionItem(expression: expression, variable: Variable(variable.name), hasAlias: false))
            } else {
                items.append(ProjectionItem(expression: expression, variable: Variable(spelled), hasAlias: false))
            }
        } while take(.comma)
        return items
    }

    // MARK: Writing

    private mutating func merge() throws(CypherError) -> MergeClause {
        advance()
        var clause = MergeClause(pattern: try pathPattern(), onCreate: [], onMatch: [])
        while take(.on) {
            if take(.create) {
                try expect(.set)
                clause.onCreate += try setItems()
            } else if take(.match) {
                try expect(.set)
                clause.onMatch += try setItems()
            } else {
                throw unexpected("CREATE or MATCH", suggesting: [.create, .match])
            }
        }
        return clause
    }

    private mutating func setItems() throws(CypherError) -> [SetItem] {
        var items: [SetItem] = []
        repeat {
            items.append(try setItem())
        } while take(.comma)
        return items
    }

    private mutating func setItem() throws(CypherError) -> SetItem {
        let start = index
        if atVariable {
            switch token(1).kind {
            case .equal:
                let variable = try variable()
                advance()
                return .replace(variable, try expression(), tokens[start].span)
            case .plusEqual:
                let variable = try variable()
                advance()
                return .merge(variable, try expression(), tokens[start].span)
            case .colon:
                let variable = try variable()
                return .labels(variable, try labelNames(), tokens[start].span)
            default: break
            }
        }
        let target = try postfixExpression()
        switch target.kind {
        case .property(let subject, let key):
            try expect(.equal, "=", to: "set the property")
            return .property(subject, key: key, value: try expression())
        case .element(let subject, let key):
            try expect(.equal, "=", to: "set the property")
            return .dynamicProperty(subject, key: key, value: try expression())
        default:
            throw .syntax(.unexpectedSyntax, "SET takes properties, variables and labels", at: target.span)
        }
    }

    /// `:A:B`
    private mutating func labelNames() throws(CypherError) -> [String] {
        var names: [String] = []
        while take(.colon) { names.append(try schemaName("a label")) }
        return names
    }

    private mutating func removeItems() throws(CypherError) -> [RemoveItem] {
        var items: [RemoveItem] = []
        repeat {
            let start = index
            if atVariable, token(1).kind == .colon {
                let variable = try variable()
                items.append(.labels(variable, try labelNames(), tokens[start].span))
            } else {
                let target = try postfixExpression()
                guard case .property(let subject, let key) = target.kind else {
                    throw .syntax(.unexpectedSyntax, "REMOVE takes properties and labels", at: target.span)
                }
                items.append(.property(subject, key: key))
            }
        } while take(.comma)
        return items
    }

    private mutating func delete() throws(CypherError) -> Clause.Kind {
        let detach = take(.detach)
        try expect(.delete)
        var targets: [Expression] = []
        repeat {
            targets.append(try expression())
        } while take(.comma)
        return .delete(targets, detach: detach)
    }

    private mutating func forEach() throws(CypherError) -> ForEachClause {
        advance()
        try expect(.openParenthesis, "(", to: "begin FOREACH")
        let variable = try variable()
        try expect(.in)
        let list = try expression()
        try expect(.pipe, "|", to: "begin FOREACH's clauses")
        let clauses = try nested { parser throws(CypherError) in
            var clauses: [Clause] = []
            while let clause = try parser.clause() { clauses.append(clause) }
            return clauses
        }
        guard !clauses.isEmpty else { throw unexpected("a clause", suggesting: Keyword.clauseStarts) }
        for clause in clauses {
            switch clause.kind {
            case .create, .merge, .set, .remove, .delete, .forEach: break
            default:
                throw .syntax(
                    .invalidClauseComposition, "FOREACH takes clauses that write, and no others", at: clause.span)
            }
        }
        try expect(.closeParenthesis, ")", to: "end FOREACH")
        return ForEachClause(variable: variable, list: list, clauses: clauses)
    }

    // MARK: CALL

    private mutating func call() throws(CypherError) -> Clause.Kind {
        if at(.openBrace) { return .subquery(SubqueryCall(imports: .leadingWith, query: try bracedQuery())) }
        if take(.openParenthesis) {
            var imports = SubqueryCall.Imports.variables([])
            if take(.star) {
                imports = .all
            } else if !at(.closeParenthesis) {
                var variables: [Variable] = []
                repeat { variables.append(try variable()) } while take(.comma)
                imports = .variables(variables)
            }
            try expect(.closeParenthesis, ")", to: "end the subquery's variables")
            return .subquery(SubqueryCall(imports: imports, query: try bracedQuery()))
        }
        return .call(try procedureCall())
    }

    mutating func bracedQuery() throws(CypherError) -> Query {
        try expect(.openBrace, "{", to: "begin the subquery")
        let query = try nested { parser throws(CypherError) in try parser.query() }
        try expect(.closeBrace, "}", to: "end the subquery")
        return query
    }

    private mutating func procedureCall() throws(CypherError) -> ProcedureCall {
        var name = try schemaName("a procedure's name")
        while take(.dot) { name += "." + (try schemaName("a procedure's name")) }
        var call = ProcedureCall(name: name, arguments: nil, yields: nil, yieldsAll: false, predicate: nil)
        if take(.openParenthesis) {
            call.arguments = try expressions(until: .closeParenthesis)
            try expect(.closeParenthesis, ")", to: "end the arguments")
        }
        guard take(.yield) else { return call }
        if take(.star) {
            call.yieldsAll = true
        } else if !take(.minus) {
            var yields: [ProcedureCall.Yield] = []
            repeat {
                let column = try schemaName("a column of the procedure")
                yields.append(.init(column: column, variable: take(.as) ? try variable() : Variable(column)))
            } while take(.comma)
            call.yields = yields
        }
        call.predicate = try predicate()
        return call
    }
}
