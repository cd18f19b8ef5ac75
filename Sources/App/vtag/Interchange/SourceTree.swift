import Foundation
import JSON
import Yams

/// A document of another system, in YAML or JSON, and where each part of it stands. Hostile ones are refused: an alias is
/// its anchor's text again, so that a small file could stand for a tree without end.
struct SourceTree {
    /// Longest accepted file in bytes.
    static let bytesMax = 16 << 20
    /// Most parts, each alias counted with all that it stands for.
    static let partsMax = 200_000
    /// Deepest nesting.
    static let depthMax = 64

    let value: JSONValue
    let name: String
    /// 1-based line of each part, by JSON pointer; none for JSON.
    private let lines: [String: Int]

    /// Reads YAML, of which JSON is a part.
    init(yaml file: InputFile) throws {
        try self.init(yaml: String(decoding: try file.contents(bytesMax: Self.bytesMax), as: UTF8.self), name: file.name)
    }

    init(yaml text: String, name: String) throws {
        // Keys are hashed while the text is read, with all that they stand for.
        guard !text.contains("*") || !Self.mayHaveTreesAsKeys(text) else {
            throw Failure.usage("\(name): keys that are lists, objects or aliases are not accepted; write plain words")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Failure.usage("\(name): \(YAMLText.explain(error))")
        }
        guard let node else { throw Failure.usage("\(name) is empty") }
        var conversion = YAMLConversion(name: name)
        let value = try conversion.convert(node, "", 1)
        self.init(value: value, name: name, lines: conversion.lines)
    }

    /// Reads JSON.
    init(json file: InputFile) throws {
        let bytes = try file.contents(bytesMax: Self.bytesMax)
        do {
            self.init(value: try JSONValue(parsing: bytes, depthMax: Self.depthMax), name: file.name, lines: [:])
        } catch {
            throw Failure.usage("\(file.name) is not JSON: \(Terminal.clean("\(error)"))")
        }
    }

    private init(value: JSONValue, name: String, lines: [String: Int]) {
        self.value = value
        self.name = name
        self.lines = lines
    }

    /// `FILE:LINE: pointer`; for JSON `FILE: pointer`.
    func place(_ pointer: String) -> String {
        var enclosing = pointer
        while true {
            if let line = lines[enclosing] { return "\(name):\(line)" + (pointer.isEmpty ? "" : ": \(pointer)") }
            guard let slash = enclosing.lastIndex(of: "/") else { break }
            enclosing = String(enclosing[..<slash])
        }
        return name + (pointer.isEmpty ? "" : ": \(pointer)")
    }

    static func mayHaveTreesAsKeys(_ text: String) -> Bool {
        // `? …`, `*alias :`, `[…]:` and `{…}:`, wherever a key may stand.
        let patterns = [
            #"(?m)(^|[\[{,-])[ \t]*\?[ \t\n]"#, #"\*[A-Za-z0-9_-]+[ \t]*:([ \t\r\n]|$)"#, #"[\]}][ \t]*:([ \t\r\n]|$)"#,
        ]
        return patterns.contains { text.range(of: $0, options: .regularExpression) != nil }
    }
}

/// The walk over a tree of YAML, which counts what it meets.
struct YAMLConversion {
    let name: String
    private(set) var lines: [String: Int] = [:]
    private(set) var parts: Int

    init(name: String, parts: Int = 0) {
        self.name = name
        self.parts = parts
    }

    mutating func convert(_ node: Node, _ pointer: String, _ depth: Int) throws -> JSONValue {
        parts += 1
        guard parts <= SourceTree.partsMax else {
            throw Failure.usage(
                "\(name): with its aliases written out it has more than \(SourceTree.partsMax) parts; split it, or use fewer aliases"
            )
        }
        guard depth <= SourceTree.depthMax else {
            throw Failure.usage("\(name):\(node.mark?.line ?? 1): nested deeper than \(SourceTree.depthMax) levels")
        }
        if let mark = node.mark { lines[pointer] = mark.line }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            return isPlain ? DefinitionFile.value(ofPlain: scalar.string) : .string(scalar.string)
        case .sequence(let items):
            var elements: [JSONValue] = []
            for (position, item) in items.enumerated() {
                elements.append(try convert(item, "\(pointer)/\(position)", depth + 1))
            }
            return .array(elements)
        case .mapping(let pairs):
            var members: [JSONValue.Member] = []
            for (key, value) in pairs {
                guard let name = key.scalar?.string else {
                    throw Failure.usage("\(self.name):\(key.mark?.line ?? 1): a key must be a plain word")
                }
                let token = name.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
                members.append(.init(name, try convert(value, "\(pointer)/\(token)", depth + 1)))
            }
            return .object(members)
        case .alias: throw Failure.usage("\(name): an alias that leads nowhere")
        }
    }
}
