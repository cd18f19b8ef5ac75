import Foundation
import JSON
import Yams

/// A YAML (or JSON) file of definitions: one mapping, a list of them, or several documents of either.
struct DefinitionFile: Sendable {
    let definitions: [Definition]

    init(_ file: InputFile) throws {
        let text = String(decoding: try file.contents(), as: UTF8.self)
        try self.init(text: text, name: file.name)
    }

    init(text: String, name: String) throws {
        guard !text.contains("*") || !SourceTree.mayHaveTreesAsKeys(text) else {
            throw Failure.usage("\(name): keys that are lists, objects or aliases are not accepted; write plain words")
        }
        var found: [Definition] = []
        var parts = 0
        do {
            // Not `for … in`: the iterator keeps an error to itself and merely ends.
            var documents = try Yams.compose_all(yaml: text)
            while let document = documents.next() {
                switch document {
                case .sequence(let items): found += try items.map { try Definition($0, file: name, parts: &parts) }
                case .mapping: found.append(try Definition(document, file: name, parts: &parts))
                case .scalar(let scalar) where scalar.string.isEmpty: continue
                case .scalar, .alias: throw Failure.usage("\(name): expected a mapping or a list of mappings")
                }
            }
            if let error = documents.error { throw error }
        } catch let error as YamlError {
            throw Failure.usage("\(name): \(YAMLText.explain(error))")
        }
        definitions = found
    }

    /// What a scalar without quotes means: YAML's core schema, so that `on`, `0123` and `2026-10-31` stay text.
    static func value(ofPlain text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let isNumber =
            digits.first?.isASCII == true && digits.first?.isNumber == true
            && (!digits.hasPrefix("0") || digits == "0" || digits.hasPrefix("0."))
            && digits.allSatisfy { $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }
        guard isNumber else { return .string(text) }
        if let whole = Int(text) { return .int(whole) }
        return Double(text).map(JSONValue.double) ?? .string(text)
    }
}

/// One definition, and where each part of it stands in its file.
struct Definition: Sendable {
    let value: JSONValue
    let file: String
    /// 1-based line of each part, by JSON pointer.
    private let lines: [String: Int]

    /// - Parameter parts: of the file so far, each alias counted with all that it stands for.
    init(_ node: Node, file: String, parts: inout Int) throws {
        var conversion = YAMLConversion(name: file, parts: parts)
        value = try conversion.convert(node, "", 1)
        lines = conversion.lines
        parts = conversion.parts
        self.file = file
        guard value.members != nil else {
            throw Failure.usage("\(file):\(lines[""] ?? 1): expected a mapping, found \(value.kindName)")
        }
    }

    /// `FILE:LINE: what` for a JSON pointer; the nearest enclosing part where the pointer itself is not in the file.
    func place(_ pointer: String) -> String? {
        var pointer = pointer.hasPrefix("#") ? String(pointer.dropFirst()) : pointer
        let whole = pointer
        while true {
            if let line = lines[pointer] { return "\(file):\(line)" + (whole.isEmpty ? "" : ": \(whole.dropFirst())") }
            guard let slash = pointer.lastIndex(of: "/") else { return nil }
            pointer = String(pointer[..<slash])
        }
    }
}
