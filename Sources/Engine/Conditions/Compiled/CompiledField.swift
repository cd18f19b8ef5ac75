package import Model

/// A field made ready to be read many times, for templates and copies.
package final class CompiledField: Sendable {
    private let program: CompiledCondition
    private let test: CompiledCondition.Test

    /// `spelling` as in `CompiledCondition`.
    package init(_ field: ConditionField, spelling: @escaping (String) -> String = { $0 }) {
        var cache = PatternCache()
        let program = CompiledCondition(.test(FieldTest(field, .exists)), spelling: spelling, patterns: &cache)
        precondition(program.tests.count == 1, "a field test compiled to \(program.tests.count) tests")
        self.program = program
        test = program.tests[0]
    }

    /// The field's text; nil where it is missing, empty, a list or an object.
    package func text(_ facts: inout Facts) -> ByteText.Bytes? {
        let texts = facts.texts
        // What a scalar of the metadata reads as is lent for a moment only.
        let isLasting = test.field != .metadata && test.field != .provider
        let text = program.withText(test, &facts) { isLasting ? $0 : texts.copy($0) }
        return text?.isEmpty == false ? text : nil
    }
}
