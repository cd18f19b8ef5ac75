package import JSON
package import Model

extension Condition {
    /// Reads a condition as its author wrote it. Nil when anything is wrong with it, with all problems in `errors`.
    ///
    /// `{"all": []}` holds for every resource.
    ///
    /// - Parameter alongRelationships: whether `related` is accepted. What it asks is worked out beforehand, for rules and
    ///   policies in force alone.
    package init?(
        json: JSONValue, at pointer: JSONPointer, alongRelationships: Bool = false, into errors: inout ValidationErrors
    ) {
        var reader = ConditionReader(acceptsRelated: alongRelationships)
        let before = errors
        guard let condition = reader.condition(json, at: pointer, depth: 1, into: &errors), errors == before else {
            return nil
        }
        let cost = condition.patternCost
        guard cost <= PatternCost.conditionMax else {
            errors.add(
                "the regular expressions are too large together: about \(cost) instructions; "
                    + "\(PatternCost.conditionMax) are accepted", at: pointer)
            return nil
        }
        self = condition
    }

    /// The condition in the contract's form; what `init?(json:at:into:)` reads back as an equal condition.
    package var json: JSONValue {
        switch self {
        case .all(let parts): .object([.init("all", .array(parts.map(\.json)))])
        case .any(let parts): .object([.init("any", .array(parts.map(\.json)))])
        case .not(let part): .object([.init("not", part.json)])
        case .test(let test): test.json
        case .related(let query): .object([.init("related", query.json)])
        }
    }
}

extension RelationQuery {
    /// The body of a `related` condition.
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("types", types.json), .init("direction", .string(direction.rawValue)),
            .init("min_depth", .int(depths.lowerBound)), .init("max_depth", .int(depths.upperBound)),
        ]
        if case .condition(let condition) = subject { members.append(.init("where", condition.json)) }
        return .object(members)
    }
}

extension FieldTest {
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("field", .string(field.text)), .init("operator", .string(comparison.rawValue)),
        ]
        switch operand {
        case .none: break
        case .text(let text): members.append(.init("value", .string(text)))
        case .number(let value, let spelling):
            members.append(.init("value", Int(spelling).map(JSONValue.int) ?? .double(value)))
        case .list(let texts): members.append(.init("value", .array(texts.map(JSONValue.string))))
        }
        if ignoreCase { members.append(.init("ignore_case", .bool(true))) }
        return .object(members)
    }
}

extension ConditionField {
    /// Longest accepted key or path, in UTF-8 bytes.
    package static let parameterBytesMax = 512

    /// Reads a field's name. Nil, with the problem noted, for an unknown one.
    package init?(json: JSONValue, at pointer: JSONPointer, into errors: inout ValidationErrors) {
        let longest = Self.parameterBytesMax + "native_tags.".utf8.count
        guard let text = ObjectReader.text(json, at: pointer, bytes: 1...longest, into: &errors) else { return nil }
        guard let field = ConditionField(text) else {
            errors.add(Self.explanation(of: text), at: pointer)
            return nil
        }
        if case .metadata(let path) = field, path.hasPrefix(".") || path.hasSuffix(".") || path.contains("..") {
            errors.add("the path \"\(path.shortened)\" has an empty part", at: pointer)
            return nil
        }
        self = field
    }

    private static let prefixes = ["tags", "native_tags", "metadata"]

    private static func explanation(of text: String) -> String {
        let accepted = "fields are \(fixedNames.joined(separator: ", ")), tags.KEY, native_tags.KEY and metadata.PATH"
        let dot = text.firstIndex(of: ".") ?? text.endIndex
        let head = String(text[..<dot])
        let rest = text[dot...].dropFirst()
        if prefixes.contains(head), rest.isEmpty {
            return "\"\(head)\" needs a key: \"\(head).\(head == "metadata" ? "PATH" : "KEY")\""
        }
        if !rest.isEmpty, let prefix = Suggestion.nearest(to: head, among: prefixes) {
            return "unknown field \"\(text.shortened)\"; did you mean \"\(prefix).\(String(rest).shortened)\"? (\(accepted))"
        }
        let hint = Suggestion.clause(for: text, among: fixedNames)
        return "unknown field \"\(text.shortened)\"\(hint.isEmpty ? ";" : hint) \(accepted)"
    }
}

/// The walk over one condition's JSON: counts what is limited over the whole of it.
private struct ConditionReader {
    private static let kinds = ["all", "any", "not", "related"]
    private static let testFields = ["field", "operator", "value", "ignore_case"]
    private static let valueBytesMax = 4096

    private var acceptsRelated: Bool
    private var tests = 0

    init(acceptsRelated: Bool) { self.acceptsRelated = acceptsRelated }

    mutating func condition(
        _ json: JSONValue, at pointer: JSONPointer, depth: Int, into errors: inout ValidationErrors
    ) -> Condition? {
        guard depth <= Condition.depthMax else {
            errors.add("conditions are nested deeper than \(Condition.depthMax) levels", at: pointer)
            return nil
        }
        guard let members = json.members else {
            errors.add("expected a condition object, found \(json.kindName)", at: pointer)
            return nil
        }
        let present = members.map(\.name).filter(Self.kinds.contains)
        guard let kind = present.first else { return test(json, at: pointer, into: &errors) }
        let isTest = members.contains { Self.testFields.contains($0.name) }
        guard present.count == 1, !isTest else {
            errors.add("a condition is one of all, any, not or a field test, not several at once", at: pointer)
            return nil
        }
        guard let reader = ObjectReader(json, at: pointer, accepting: [kind], into: &errors) else { return nil }
        let place = reader.place(of: kind)
        guard let value = reader.value(kind) else {
            errors.add(
                kind == "not" || kind == "related"
                    ? "expected a condition object, found null" : "expected an array of conditions, found null",
                at: place)
            return nil
        }
        if kind == "not" {
            return condition(value, at: place, depth: depth + 1, into: &errors).map(Condition.not)
        }
        if kind == "related" { return related(value, at: place, depth: depth, into: &errors) }
        return parts(value, of: kind, at: place, depth: depth, into: &errors)
    }

    private mutating func related(
        _ value: JSONValue, at place: JSONPointer, depth: Int, into errors: inout ValidationErrors
    ) -> Condition? {
        guard acceptsRelated else {
            errors.add("`related` is for conditions of rules and policies, and not inside another `related`", at: place)
            return nil
        }
        tests += 1
        let fields = ["types", "direction", "min_depth", "max_depth", "where"]
        let before = errors
        guard let reader = ObjectReader(value, at: place, accepting: fields, into: &errors) else { return nil }
        let types = reader.relationshipTypes("types", into: &errors)
        let direction = reader.direction("direction", into: &errors)
        let least = reader.depth("min_depth", into: &errors)
        let most = reader.depth("max_depth", into: &errors) ?? least ?? 1
        if let least, least > most {
            errors.add("min_depth is above max_depth, which is \(most)", at: reader.place(of: "min_depth"))
        }
        var wanted = Condition.all([])
        if let value = reader.value("where") {
            acceptsRelated = false
            defer { acceptsRelated = true }
            wanted = condition(value, at: reader.place(of: "where"), depth: depth + 1, into: &errors) ?? wanted
        }
        guard errors == before, let types else { return nil }
        return .related(
            RelationQuery(types: types, direction: direction, depths: (least ?? 1)...most, subject: .condition(wanted)))
    }

    private mutating func parts(
        _ value: JSONValue, of kind: String, at place: JSONPointer, depth: Int, into errors: inout ValidationErrors
    ) -> Condition? {
        guard let elements = value.array else {
            errors.add("expected an array of conditions, found \(value.kindName)", at: place)
            return nil
        }
        guard kind == "all" || !elements.isEmpty else {
            errors.add("an empty \"any\" never holds; give at least one condition", at: place)
            return nil
        }
        // Empty `all` and `any` parts would otherwise be free, and so without a bound.
        guard elements.count <= Condition.testsMax else {
            errors.add("the array has \(elements.count) conditions; at most \(Condition.testsMax) are accepted", at: place)
            return nil
        }
        var parts: [Condition] = []
        for (position, element) in elements.enumerated() {
            if let part = condition(element, at: place.appending(position), depth: depth + 1, into: &errors) {
                parts.append(part)
            }
        }
        guard parts.count == elements.count else { return nil }
        return kind == "all" ? .all(parts) : .any(parts)
    }

    private mutating func test(_ json: JSONValue, at pointer: JSONPointer, into errors: inout ValidationErrors) -> Condition?
    {
        tests += 1
        guard tests <= Condition.testsMax else {
            if tests == Condition.testsMax + 1 {
                errors.add("the condition has more than \(Condition.testsMax) field tests", at: pointer)
            }
            return nil
        }
        guard json.members?.isEmpty == false else {
            errors.add("an empty object is no condition; expected all, any, not, or field, operator and value", at: pointer)
            return nil
        }
        guard
            let reader = ObjectReader(json, at: pointer, accepting: Self.testFields + Self.kinds, into: &errors)
        else { return nil }
        let field = reader.required("field", into: &errors).flatMap {
            ConditionField(json: $0, at: reader.place(of: "field"), into: &errors)
        }
        let ignoreCase = reader.bool("ignore_case", into: &errors) ?? false
        guard reader.required("operator", into: &errors) != nil,
            let comparison = reader.choice("operator", as: ConditionOperator.self, into: &errors),
            let operand = operand(of: comparison, ignoreCase: ignoreCase, in: reader, into: &errors), let field
        else { return nil }
        return .test(FieldTest(field, comparison, operand, ignoreCase: ignoreCase))
    }

    private func operand(
        of comparison: ConditionOperator, ignoreCase: Bool, in reader: ObjectReader, into errors: inout ValidationErrors
    ) -> FieldTest.Operand? {
        let place = reader.place(of: "value")
        let value = reader.value("value")
        switch comparison {
        case .exists, .absent:
            guard value == nil else {
                errors.add("`\(comparison.rawValue)` takes no value", at: place)
                return nil
            }
            return FieldTest.Operand.none
        case .isIn, .notIn:
            guard let value else { return missing(comparison, "an array of values", at: place, into: &errors) }
            return list(value, of: comparison, at: place, into: &errors)
        case .eq, .ne, .gt, .gte, .lt, .lte:
            guard let value else { return missing(comparison, "a string, number or boolean", at: place, into: &errors) }
            if let number = value.double { return .number(number, value.scalarText ?? "") }
            return text(value, of: comparison, at: place, into: &errors)
        case .contains, .startsWith, .endsWith, .glob, .regex:
            guard let value else { return missing(comparison, "a string", at: place, into: &errors) }
            guard let operand = text(value, of: comparison, at: place, into: &errors), case .text(let text) = operand else {
                return nil
            }
            return pattern(text, of: comparison, ignoreCase: ignoreCase, at: place, into: &errors)
        }
    }

    private func missing(
        _ comparison: ConditionOperator, _ expected: String, at place: JSONPointer, into errors: inout ValidationErrors
    ) -> FieldTest.Operand? {
        errors.add("`\(comparison.rawValue)` needs \(expected)", at: place)
        return nil
    }

    private func text(
        _ value: JSONValue, of comparison: ConditionOperator, at place: JSONPointer, into errors: inout ValidationErrors
    ) -> FieldTest.Operand? {
        let patternOnly = comparison == .glob || comparison == .regex
        guard let text = value.scalarText, !patternOnly || value.string != nil else {
            let expected = patternOnly ? "a string" : "a string, number or boolean"
            errors.add("`\(comparison.rawValue)` needs \(expected), found \(value.kindName)", at: place)
            return nil
        }
        guard !patternOnly || !text.isEmpty else {
            errors.add("the pattern is empty", at: place)
            return nil
        }
        guard text.utf8.count <= Self.valueBytesMax else {
            errors.add("the value has \(text.utf8.count) bytes; \(Self.valueBytesMax) are accepted", at: place)
            return nil
        }
        return .text(text)
    }

    private func list(
        _ value: JSONValue, of comparison: ConditionOperator, at place: JSONPointer, into errors: inout ValidationErrors
    ) -> FieldTest.Operand? {
        guard let elements = value.array else {
            errors.add("`\(comparison.rawValue)` needs an array of values, found \(value.kindName)", at: place)
            return nil
        }
        guard !elements.isEmpty else {
            errors.add("`\(comparison.rawValue)` needs at least one value", at: place)
            return nil
        }
        guard elements.count <= Condition.valuesMax else {
            errors.add("the array has \(elements.count) values; at most \(Condition.valuesMax) are accepted", at: place)
            return nil
        }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for (position, element) in elements.enumerated() {
            guard case .text(let text)? = text(element, of: comparison, at: place.appending(position), into: &errors) else {
                continue
            }
            texts.append(text)
        }
        return texts.count == elements.count ? .list(texts) : nil
    }

    private func pattern(
        _ text: String, of comparison: ConditionOperator, ignoreCase: Bool, at place: JSONPointer,
        into errors: inout ValidationErrors
    ) -> FieldTest.Operand? {
        do throws(PatternError) {
            switch comparison {
            case .regex: _ = try Pattern(checking: text, ignoreCase: ignoreCase)
            case .glob: _ = try Glob(text).pattern(ignoreCase: ignoreCase)
            default: break
            }
            return .text(text)
        } catch {
            errors.add(error.message, at: place)
            return nil
        }
    }
}

extension JSONValue {
    /// The text that a scalar is compared as: `"5"` for 5, `"true"` for true; nil for null, arrays and objects.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .int(let value): String(value)
        case .double(let value): Int64(exactly: value).map(String.init) ?? String(value)
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
