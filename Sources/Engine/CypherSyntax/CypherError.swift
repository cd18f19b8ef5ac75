/// Why a query is refused or ends early, in the terms of openCypher's compatibility kit.
///
/// Class, phase and detail are the standard's; message and place are for whoever wrote the query.
package struct CypherError: Error, Sendable, Hashable {
    package enum Class: String, Sendable, Hashable {
        case syntaxError = "SyntaxError"
        case semanticError = "SemanticError"
        case typeError = "TypeError"
        case argumentError = "ArgumentError"
        case arithmeticError = "ArithmeticError"
        case entityNotFound = "EntityNotFound"
        case propertyNotFound = "PropertyNotFound"
        case parameterMissing = "ParameterMissing"
        case procedureError = "ProcedureError"
        case constraintVerificationFailed = "ConstraintVerificationFailed"
        case constraintValidationFailed = "ConstraintValidationFailed"
        /// Ours: a budget of the query is used up, or the query was called off.
        case limitExceeded = "LimitExceeded"
        case cancelled = "Cancelled"
    }

    package enum Phase: String, Sendable, Hashable {
        case compileTime = "compile time"
        case runtime
    }

    package var `class`: Class
    package var phase: Phase
    package var detail: Detail
    package var message: String
    /// Where in the query's text, if it is known.
    package var span: Span?

    package init(_ class: Class, _ phase: Phase, _ detail: Detail, _ message: String, at span: Span? = nil) {
        self.class = `class`
        self.phase = phase
        self.detail = detail
        self.message = message
        self.span = span
    }

    /// A `SyntaxError` at compile time.
    package static func syntax(_ detail: Detail, _ message: String, at span: Span?) -> CypherError {
        CypherError(.syntaxError, .compileTime, detail, message, at: span)
    }

    /// A `TypeError` at run time.
    package static func type(_ detail: Detail, _ message: String, at span: Span? = nil) -> CypherError {
        CypherError(.typeError, .runtime, detail, message, at: span)
    }

    /// An `ArgumentError` at run time.
    package static func argument(_ detail: Detail, _ message: String, at span: Span? = nil) -> CypherError {
        CypherError(.argumentError, .runtime, detail, message, at: span)
    }

    /// A budget that is used up; the message says which, and how to raise it.
    package static func limit(_ detail: Detail, _ message: String, at span: Span? = nil) -> CypherError {
        CypherError(.limitExceeded, .runtime, detail, message, at: span)
    }
}

extension CypherError {
    package enum Detail: String, Sendable, Hashable, CaseIterable {
        // MARK: Syntax
        case unexpectedSyntax = "UnexpectedSyntax"
        case invalidUnicodeLiteral = "InvalidUnicodeLiteral"
        case invalidUnicodeCharacter = "InvalidUnicodeCharacter"
        case invalidNumberLiteral = "InvalidNumberLiteral"
        case integerOverflow = "IntegerOverflow"
        case floatingPointOverflow = "FloatingPointOverflow"
        case invalidRelationshipPattern = "InvalidRelationshipPattern"
        // MARK: Names and scopes
        case undefinedVariable = "UndefinedVariable"
        case variableAlreadyBound = "VariableAlreadyBound"
        case variableTypeConflict = "VariableTypeConflict"
        case noVariablesInScope = "NoVariablesInScope"
        case columnNameConflict = "ColumnNameConflict"
        case noExpressionAlias = "NoExpressionAlias"
        case differentColumnsInUnion = "DifferentColumnsInUnion"
        case relationshipUniquenessViolation = "RelationshipUniquenessViolation"
        // MARK: Functions, procedures and their arguments
        case unknownFunction = "UnknownFunction"
        case procedureNotFound = "ProcedureNotFound"
        case invalidNumberOfArguments = "InvalidNumberOfArguments"
        case invalidArgumentType = "InvalidArgumentType"
        case invalidArgumentValue = "InvalidArgumentValue"
        case invalidArgumentPassingMode = "InvalidArgumentPassingMode"
        case negativeIntegerArgument = "NegativeIntegerArgument"
        case nonConstantExpression = "NonConstantExpression"
        case missingParameter = "MissingParameter"
        case invalidParameterUse = "InvalidParameterUse"
        case numberOutOfRange = "NumberOutOfRange"
        // MARK: Aggregation
        case invalidAggregation = "InvalidAggregation"
        case ambiguousAggregationExpression = "AmbiguousAggregationExpression"
        case nestedAggregation = "NestedAggregation"
        // MARK: Clauses
        case invalidClauseComposition = "InvalidClauseComposition"
        case invalidDelete = "InvalidDelete"
        case creatingVarLength = "CreatingVarLength"
        case noSingleRelationshipType = "NoSingleRelationshipType"
        case requiresDirectedRelationship = "RequiresDirectedRelationship"
        // MARK: At run time
        case divisionByZero = "DivisionByZero"
        case invalidPropertyType = "InvalidPropertyType"
        case mapElementAccessByNonString = "MapElementAccessByNonString"
        case listElementAccessByNonInteger = "ListElementAccessByNonInteger"
        case propertyAccessByNonString = "PropertyAccessByNonString"
        case invalidElementAccess = "InvalidElementAccess"
        case mergeReadOwnWrites = "MergeReadOwnWrites"
        case deletedEntityAccess = "DeletedEntityAccess"
        case deleteConnectedNode = "DeleteConnectedNode"
        case indexAlreadyExists = "IndexAlreadyExists"
        case indexNotFound = "IndexNotFound"
        // MARK: Budgets
        case queryTooLong = "QueryTooLong"
        case queryTooComplex = "QueryTooComplex"
        case deadline = "Deadline"
        case memory = "Memory"
        case rows = "Rows"
        case cancelled = "Cancelled"
    }
}
