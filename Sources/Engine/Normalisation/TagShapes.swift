import JSON
import Model

/// The shapes that providers give tags in.
enum TagShapes {
    /// Reads `[{"Key","Value"}]`, `[{"key","value"}]`, `[{"TagKey","TagValue"}]` or `{"key": "value"}`.
    ///
    /// Nil when `view` is neither an array nor an object (so it says nothing of tags). Parts without a key are ignored;
    /// numbers and booleans become text, null and missing values the empty string.
    static func tags(_ view: JSONView?) -> TagList? {
        guard let view else { return nil }
        switch view.kind {
        case .array:
            var tags: [Tag] = []
            for element in view.elements {
                guard let tag = tag(element) else { continue }
                tags.append(tag)
            }
            return TagList(tags)
        case .object:
            var tags: [Tag] = []
            for (name, value) in view.members {
                guard let key = name.nonEmptyString, let text = text(value) else { continue }
                tags.append(Tag(key, text))
            }
            return TagList(tags)
        default: return nil
        }
    }

    private static func tag(_ element: JSONView) -> Tag? {
        var key: String?
        var value: String?
        for (name, member) in element.members {
            if name.equals("Key") || name.equals("key") || name.equals("TagKey") {
                key = text(member)
            } else if name.equals("Value") || name.equals("value") || name.equals("TagValue") {
                value = text(member)
            }
        }
        guard let key, !key.isEmpty else { return nil }
        return Tag(key, value ?? "")
    }

    /// A scalar as a tag value; nil for arrays and objects.
    static func text(_ value: JSONView) -> String? {
        switch value.kind {
        case .string: value.string
        case .null: ""
        case .bool: value.bool == true ? "true" : "false"
        case .int: value.int.map { $0.description } ?? value.unsigned.map { $0.description }
        case .double: value.double.map { $0.description }
        case .array, .object: nil
        }
    }
}
