import JSON

/// JSON with two spaces of indentation, members in the server's order.
enum PrettyJSON {
    static func render(_ value: JSONValue, indent: Int = 0) -> String {
        var text = ""
        append(value, indent, to: &text)
        return text
    }

    private static func append(_ value: JSONValue, _ indent: Int, to text: inout String) {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch value {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner
                append(element, indent + 1, to: &text)
            }
            text += "\n\(outer)]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner
                text += String(decoding: JSONValue.string(member.name).serialised, as: UTF8.self) + ": "
                append(member.value, indent + 1, to: &text)
            }
            text += "\n\(outer)}"
        case .null, .bool, .int, .double, .string, .array, .object:
            text += String(decoding: value.serialised, as: UTF8.self)
        }
    }
}
