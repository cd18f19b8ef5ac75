/// A statement that means something: every variable is bound to a slot, every node and relationship of a pattern has a variable,
/// `*` is spelt out, and what the standard wants refused before a query runs has been refused.
package struct AnalysedStatement: Sendable {
    package let statement: Statement
    /// How many slots the query's variables take.
    package let slotCount: Int
    /// The columns of the result, in their order; none for a query without `RETURN`.
    package let columns: [Variable]
    package let writes: Bool

    /// Throws the standard's compile-time errors. `procedures` are what `CALL` may name, by their names in lower case.
    package init(
        _ statement: Statement, procedures: [String: ProcedureSignature] = [:]
    ) throws(CypherError) {
        var analyser = SemanticAnalyser(procedures: procedures)
        switch statement.body {
        case .schema:
            self.statement = statement
            columns = []
            writes = true
        case .query(var query):
            columns = try analyser.analyse(&query, in: Scope(), as: .statement)
            self.statement = Statement(mode: statement.mode, body: .query(query))
            writes = analyser.writes
        }
        slotCount = Int(analyser.slotCount)
    }
}

/// Binds variables and checks what can be checked before a query runs. Its methods rewrite the tree in place.
struct SemanticAnalyser {
    /// What a query is part of, which decides how it may end and what it may contain.
    enum Role {
        case statement
        /// `CALL { … }`
        case call
        /// `EXISTS { … }`, `COUNT { … }`: no writes; what it returns does not matter.
        case test
        /// `COLLECT { … }`: no writes, one column.
        case collection
    }

    let procedures: [String: ProcedureSignature]
    var slotCount: Int32 = 0
    var writes = false
    var scope = Scope()
    /// What stays visible behind every `WITH`: the variables of the query around a subquery.
    var outer = Scope()
    var aggregation = AggregationRule.refused
    /// Whether a pattern may stand for whether it matches.
    var allowsPatterns = false

    /// Whether an aggregation may stand where the analyser is.
    enum AggregationRule {
        case refused
        case allowed
        case inside
    }

    init(procedures: [String: ProcedureSignature]) { self.procedures = procedures }

    mutating func newSlot() -> Int32 {
        defer { slotCount += 1 }
        return slotCount
    }

    /// A variable that no text can name.
    mutating func anonymousVariable(_ kind: String) -> Variable {
        let slot = newSlot()
        return Variable("  \(kind)\(slot)", slot: slot)
    }

    mutating func declare(_ variable: inout Variable, _ type: StaticType) {
        variable.slot = newSlot()
        scope.declare(variable.name, .init(slot: variable.slot, type: type))
    }

    // MARK: Queries

    /// Analyses a query whose variables start out as those of the scope; the analyser's own scope is untouched.
    mutating func analyse(_ query: inout Query, in start: Scope, as role: Role) throws(CypherError) -> [Variable] {
        let saved = (scope, outer, aggregation, allowsPatterns)
        defer { (scope, outer, aggregation, allowsPatterns) = saved }
        (aggregation, allowsPatterns) = (.refused, false)
        var columns: [Variable]?
        for index in query.parts.indices {
            scope = start
            let part = try analyse(&query.parts[index], as: role)
            if let first = columns {
                guard first.map(\.name) == part.map(\.name) else {
                    throw .syntax(
                        .differentColumnsInUnion, "All parts of a UNION return the same columns",
                        at: query.parts[index].clauses.last?.span)
                }
            } else {
                columns = part
            }
        }
        return columns ?? []
    }

    private mutating func analyse(_ query: inout SingleQuery, as role: Role) throws(CypherError) -> [Variable] {
        var columns: [Variable] = []
        let standsAlone = query.clauses.count == 1 && role == .statement
        for index in query.clauses.indices {
            let isLast = index == query.clauses.count - 1
            try checkComposition(query.clauses[index], isLast: isLast, role: role)
            columns = try analyse(&query.clauses[index], standsAlone: standsAlone)
        }
        return columns
    }

    private func checkComposition(_ clause: Clause, isLast: Bool, role: Role) throws(CypherError) {
        func refuse(_ message: String) -> CypherError {
            .syntax(.invalidClauseComposition, message, at: clause.span)
        }
        switch clause.kind {
        case .returns where !isLast: throw refuse("RETURN is the last clause of a query")
        case .with where isLast: throw refuse("A query does not end with WITH; it ends with RETURN or with what it writes")
        case .match where isLast && role != .test, .unwind where isLast && role != .test:
            throw refuse("A query that reads ends with RETURN")
        case .create, .merge, .set, .remove, .delete, .forEach:
            if role == .test || role == .collection { throw refuse("A subquery in an expression does not write") }
        default: break
        }
        if isLast, role == .collection {
            guard case .returns = clause.kind else { throw refuse("COLLECT { } returns one column") }
        }
    }

    // MARK: Clauses

    /// The columns that the clause gives when it is the query's last.
    private mutating func analyse(_ clause: inout Clause, standsAlone: Bool) throws(CypherError) -> [Variable] {
        let span = clause.span
        switch clause.kind {
        case .match(var match):
            try analyse(&match)
            clause.kind = .match(match)
        case .unwind(var list, var variable):
            let type = try analyse(&list)
            try refuseBound(variable, at: span)
            declare(&variable, type.element)
            clause.kind = .unwind(list, as: variable)
        case .with(var projection):
            try analyse(&projection, isWith: true, at: span)
            clause.kind = .with(projection)
        case .returns(var projection):
            try analyse(&projection, isWith: false, at: span)
            clause.kind = .returns(projection)
            return projection.items.map(\.variable)
        case .call(var call):
            let columns = try analyse(&call, standsAlone: standsAlone, at: span)
            clause.kind = .call(call)
            return standsAlone ? columns : []
        case .subquery(var call):
            try analyse(&call, at: span)
            clause.kind = .subquery(call)
        default: try analyseWriting(&clause)
        }
        return []
    }

    private mutating func analyseWriting(_ clause: inout Clause) throws(CypherError) {
        writes = true
        switch clause.kind {
        case .create(var patterns):
            try analyseCreation(&patterns)
            clause.kind = .create(patterns)
        case .merge(var merge):
            try analyse(&merge)
            clause.kind = .merge(merge)
        case .set(var items):
            try analyse(&items)
            clause.kind = .set(items)
        case .remove(var items):
            try analyse(&items)
            clause.kind = .remove(items)
        case .delete(var targets, let detach):
            try analyseDeletion(&targets)
            clause.kind = .delete(targets, detach: detach)
        case .forEach(var loop):
            try analyse(&loop, at: clause.span)
            clause.kind = .forEach(loop)
        default: preconditionFailure("not a clause that writes: \(clause.kind)")
        }
    }

    func refuseBound(_ variable: Variable, at span: Span?) throws(CypherError) {
        guard scope[variable.name] == nil else {
            throw .syntax(.variableAlreadyBound, "`\(variable.name)` is bound already", at: span)
        }
    }

    private mutating func analyse(_ match: inout MatchClause) throws(CypherError) {
        try analyseMatched(&match.patterns)
        if match.predicate != nil { try analysePredicate(&match.predicate) }
    }

    private mutating func analyse(_ loop: inout ForEachClause, at span: Span) throws(CypherError) {
        let type = try analyse(&loop.list)
        let saved = scope
        defer { scope = saved }
        try refuseBound(loop.variable, at: span)
        declare(&loop.variable, type.element)
        for index in loop.clauses.indices { try analyseWriting(&loop.clauses[index]) }
    }
}
