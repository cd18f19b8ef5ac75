package import Model

/// How a condition fared for one resource: every part of it, what was found and whether it holds.
///
/// Nothing is cut short as evaluation does it: a part is told also where an earlier one had decided already.
package indirect enum ConditionTrace: Hashable, Sendable {
    case all([ConditionTrace], holds: Bool)
    case any([ConditionTrace], holds: Bool)
    case not(ConditionTrace)
    case test(FieldTest, found: Found, holds: Bool)
    case related(RelationQuery, holds: Bool)

    /// What a field had for the resource.
    package enum Found: Hashable, Sendable {
        /// There is no such tag, or no such place in the metadata, or it is null there.
        case missing
        case text(String)
        /// A list or object of the metadata, as JSON; its end is cut off where it is longer than `compositeBytesMax`.
        case composite(String)

        /// Longest JSON of a list or object that is told, in UTF-8 bytes.
        package static let compositeBytesMax = 512
    }

    package var holds: Bool {
        switch self {
        case .all(_, let holds), .any(_, let holds), .test(_, _, let holds), .related(_, let holds): holds
        case .not(let part): !part.holds
        }
    }

    /// A test that decided, and where it stands in the condition's document.
    package struct Decisive: Hashable, Sendable {
        package let pointer: JSONPointer
        /// `tags.env is "dev", which does not meet eq "prod"`.
        package let message: String
    }

    /// The field tests that made the condition hold, or not hold: all that had to turn out otherwise for another outcome.
    package func decisive(at pointer: JSONPointer) -> [Decisive] {
        switch self {
        case .test(let test, let found, let holds):
            [Decisive(pointer: pointer, message: test.message(found, holds: holds))]
        case .related(let query, let holds):
            [Decisive(pointer: pointer.appending("related"), message: query.message(holds: holds))]
        case .not(let part): part.decisive(at: pointer.appending("not"))
        case .all(let parts, let holds): Self.decisive(parts, holds ? nil : false, at: pointer.appending("all"))
        case .any(let parts, let holds): Self.decisive(parts, holds ? true : nil, at: pointer.appending("any"))
        }
    }

    private static func decisive(_ parts: [ConditionTrace], _ wanted: Bool?, at pointer: JSONPointer) -> [Decisive] {
        parts.enumerated().flatMap { position, part in
            wanted.map { $0 == part.holds } ?? true ? part.decisive(at: pointer.appending(position)) : []
        }
    }
}

extension RelationQuery {
    fileprivate func message(holds: Bool) -> String {
        let names = RelationshipType.allCases.filter { types.contains($0) }.map(\.name).joined(separator: ", ")
        let steps = depths.upperBound == 1 ? "one step" : "\(depths.lowerBound) to \(depths.upperBound) steps"
        return
            "\(holds ? "a" : "no") resource \(steps) along \(names) (\(direction.rawValue)) meets the condition in `where`"
    }
}

extension FieldTest {
    fileprivate func message(_ found: ConditionTrace.Found, holds: Bool) -> String {
        let value =
            switch found {
            case .missing: "is missing"
            case .text(let text): "is \"\(text.shortened)\""
            case .composite(let json): "is \(json.shortened)"
            }
        return "\(field.text.shortened) \(value), which \(holds ? "meets" : "does not meet") \(demand)"
    }

    /// Most values of a list that its words name.
    private static let valuesToldMax = 5

    /// What the test asks, in words: `eq "prod"`, `in ["a", "b", … 7 more]`, `exists`.
    package var demand: String {
        let value: String
        switch operand {
        case .none: value = ""
        case .text(let text): value = " \"\(text.shortened)\""
        case .number(_, let spelling): value = " \(spelling)"
        case .list(let texts):
            let told = texts.prefix(Self.valuesToldMax).map { "\"\($0.shortened)\"" }
            let rest = texts.count > told.count ? [" … \(texts.count - told.count) more"] : []
            value = " [\((told + rest).joined(separator: ", "))]"
        }
        return comparison.rawValue + value + (ignoreCase ? " (ignoring case)" : "")
    }
}
