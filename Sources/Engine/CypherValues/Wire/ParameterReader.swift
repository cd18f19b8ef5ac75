import CypherSyntax
package import JSON

/// A parameter that is not what the format says.
package struct ParameterFault: Error, Hashable, Sendable {
    /// A JSON pointer (RFC 6901) within the object of parameters.
    package let pointer: String
    package let message: String
}

/// Reads the parameters of a query from JSON.
package struct ParameterReader {
    /// The typed form has `{"$type", "_value"}` wherever a value may stand; all others are JSON as it is.
    package let isTyped: Bool
    private let context: EvaluationContext

    /// - Parameter zones: where the names of time zones in the typed form are looked up.
    package init(isTyped: Bool, zones: any TimeZoneSource) {
        self.isTyped = isTyped
        context = EvaluationContext(parameters: CypherMap(), statementTime: Instant(epochSeconds: 0), zones: zones)
    }

    /// The members of an object, each a parameter. A name that is there twice has its last value.
    package func parameters(_ object: [JSONValue.Member]) throws(ParameterFault) -> CypherMap {
        try map(object, "")
    }

    private func map(_ members: [JSONValue.Member], _ pointer: String) throws(ParameterFault) -> CypherMap {
        var map = CypherMap()
        for member in members {
            map[member.name] = try value(member.value, "\(pointer)/\(Self.token(member.name))")
        }
        return map
    }

    private func value(_ json: JSONValue, _ pointer: String) throws(ParameterFault) -> CypherValue {
        isTyped ? try typed(json, pointer) : try plain(json, pointer)
    }

    private func plain(_ json: JSONValue, _ pointer: String) throws(ParameterFault) -> CypherValue {
        switch json {
        case .null: return .null
        case .bool(let value): return .boolean(value)
        case .int(let value): return .integer(Int64(value))
        case .double(let value): return .float(value)
        case .string(let text): return .string(text)
        case .array(let elements): return .list(try list(elements, pointer))
        case .object(let members): return .map(try map(members, pointer))
        }
    }

    private func list(_ elements: [JSONValue], _ pointer: String) throws(ParameterFault) -> [CypherValue] {
        var values: [CypherValue] = []
        values.reserveCapacity(elements.count)
        for (position, element) in elements.enumerated() { values.append(try value(element, "\(pointer)/\(position)")) }
        return values
    }

    // MARK: The typed form

    private func typed(_ json: JSONValue, _ pointer: String) throws(ParameterFault) -> CypherValue {
        guard let type = json["$type"]?.string, let content = json["_value"] else {
            throw ParameterFault(pointer: pointer, message: "expected an object with \"$type\" and \"_value\"")
        }
        let inside = "\(pointer)/_value"
        switch (type, content) {
        case ("Null", .null): return .null
        case ("Boolean", .bool(let value)): return .boolean(value)
        case ("Integer", .int(let value)): return .integer(Int64(value))
        case ("Float", .int(let value)): return .float(Double(value))
        case ("Float", .double(let value)): return .float(value)
        case ("String", .string(let text)): return .string(text)
        case ("List", .array(let elements)): return .list(try list(elements, inside))
        case ("Map", .object(let members)): return .map(try map(members, inside))
        case (_, .string(let text)):
            guard let value = try text.isEmpty ? nil : scalar(type, text, inside) else { break }
            return value
        default: break
        }
        throw ParameterFault(pointer: pointer, message: "\"\(type)\" with such a \"_value\" cannot be a parameter")
    }

    /// Nil for a type that no text stands for.
    private func scalar(_ type: String, _ text: String, _ pointer: String) throws(ParameterFault) -> CypherValue? {
        switch type {
        case "Integer":
            guard let value = Int64(text) else {
                throw ParameterFault(pointer: pointer, message: "expected an integer of 64 bits as text")
            }
            return .integer(value)
        case "Float":
            guard let value = Double(text) else {
                throw ParameterFault(pointer: pointer, message: "expected a number as text")
            }
            return .float(value)
        default: break
        }
        guard let function = Self.functions[type] else { return nil }
        do throws(CypherError) {
            return try Functions.call(function, [.string(text)], context)
        } catch {
            throw ParameterFault(pointer: pointer, message: error.message)
        }
    }

    private static let functions: [String: CypherFunction] = [
        "Date": .date, "Time": .time, "OffsetTime": .time, "LocalTime": .localTime, "LocalDateTime": .localDateTime,
        "OffsetDateTime": .dateTime, "ZonedDateTime": .dateTime, "DateTime": .dateTime, "Duration": .duration,
    ]

    private static func token(_ name: String) -> String { name.replacing("~", with: "~0").replacing("/", with: "~1") }
}
