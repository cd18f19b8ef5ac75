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
    package func text(of resource: Resource, _ facts: inout Facts) -> String? {
        let text: String?
        switch test.field {
        case .provider: text = resource.provider.rawValue
        case .resourceType: text = resource.resourceType
        case .name: text = resource.name
        case .accountID: text = resource.accountID
        case .region: text = resource.region
        case .resourceID: text = resource.resourceID
        case .tag:
            let position = program.tagPosition(test, facts)
            text = position < 0 ? nil : facts.tags.value(at: position)
        case .native:
            let position = program.nativePosition(test, resource, &facts)
            text = position < 0 ? nil : resource.nativeTags.tags[position].value
        case .metadata:
            text = program.metadataValue(test, resource, &facts)?.withScalarText { String(decoding: $0, as: UTF8.self) }
        }
        return text?.isEmpty == false ? text : nil
    }
}
