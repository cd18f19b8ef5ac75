import Foundation
import JSON
import Yams

/// JSON values as YAML, and YAML's complaints as people read them.
enum YAMLText {
    static func render(_ value: JSONValue) -> String {
        do {
            return try Yams.serialize(node: node(value), allowUnicode: true, sortKeys: false)
        } catch {
            preconditionFailure("a tree of plain nodes could not be written as YAML: \(error)")
        }
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
        case .int(let value): Node(String(value), Tag(.int))
        case .double(let value): Node(String(value), Tag(.float))
        case .string(let text): Node(text, Tag(.str), needsQuotes(text) ? .doubleQuoted : .any)
        case .array(let elements): Node(elements.map(node), Tag(.seq))
        case .object(let members): Node(members.map { (node(.string($0.name)), node($0.value)) }, Tag(.map))
        }
    }

    /// True for text that would be read back as something else.
    private static func needsQuotes(_ text: String) -> Bool {
        DefinitionFile.value(ofPlain: text) != .string(text)
            || ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
            || Double(text.replacingOccurrences(of: "_", with: "")) != nil
    }

    /// One sentence, with the place where there is one.
    static func explain(_ error: any Error) -> String {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return "line \(mark.line): \(problem)"
        case YamlError.reader(let problem, _, _, _): return problem
        case is YamlError: return "not YAML"
        case DecodingError.keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing."
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            return context.debugDescription
        default: return (error as NSError).localizedDescription
        }
    }
}
