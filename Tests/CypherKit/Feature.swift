/// A feature file of the compatibility kit: Gherkin, as far as the kit uses it.
package struct Feature: Sendable {
    package struct Step: Sendable {
        /// The line without its `Given`, `When`, `Then`, `And` or `But`.
        var text: String
        var docString: String?
        var table: [[String]] = []
    }

    package struct Scenario: Sendable {
        var name: String
        /// Those of the background first.
        var steps: [Step]
    }

    package let name: String
    package let scenarios: [Scenario]
}

/// Why a file of the kit could not be read: a fault of the file or of this reader, never of the graph.
package struct KitFault: Error, CustomStringConvertible {
    package let description: String
}

extension Feature {
    init(_ text: String) throws {
        var parser = FeatureParser(text)
        try parser.parse()
        name = parser.name
        scenarios = parser.scenarios
    }
}

private struct FeatureParser {
    private struct Draft {
        var name: String
        var isOutline: Bool
        var steps: [Feature.Step] = []
        var examples: [[[String]]] = []
    }

    private(set) var name = ""
    private(set) var scenarios: [Feature.Scenario] = []
    private var background: [Feature.Step] = []
    private var draft: Draft?
    private var isBackground = false
    private var isExamples = false
    private let lines: [Substring]
    private var next = 0

    init(_ text: String) { lines = text.split(separator: "\n", omittingEmptySubsequences: false) }

    mutating func parse() throws {
        while next < lines.count {
            let line = lines[next].trimmed
            next += 1
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("@") { continue }
            if try !heading(line) { try content(line) }
        }
        try finish()
    }

    private mutating func heading(_ line: String) throws -> Bool {
        if let rest = line.after("Feature:") {
            name = rest
        } else if line.hasPrefix("Background:") {
            isBackground = true
        } else if let rest = line.after("Scenario Outline:") {
            try begin(rest, isOutline: true)
        } else if let rest = line.after("Scenario:") {
            try begin(rest, isOutline: false)
        } else if line.hasPrefix("Examples:") {
            isExamples = true
            draft?.examples.append([])
        } else {
            return false
        }
        return true
    }

    private mutating func begin(_ name: String, isOutline: Bool) throws {
        try finish()
        isBackground = false
        isExamples = false
        draft = Draft(name: name, isOutline: isOutline)
    }

    private mutating func content(_ line: String) throws {
        if line.hasPrefix("\"\"\"") {
            let text = try docString()
            change { $0.docString = text }
        } else if line.hasPrefix("|") {
            let row = Self.cells(line)
            if isExamples {
                guard let last = draft?.examples.indices.last else { throw KitFault(description: "no examples: \(line)") }
                draft?.examples[last].append(row)
            } else {
                change { $0.table.append(row) }
            }
        } else if let keyword = ["Given ", "When ", "Then ", "And ", "But "].first(where: line.hasPrefix) {
            let step = Feature.Step(text: String(line.dropFirst(keyword.count)))
            if isBackground { background.append(step) } else { draft?.steps.append(step) }
        } else if draft != nil || isBackground {
            throw KitFault(description: "\(name): not understood: \(line)")
        }
    }

    private mutating func change(_ edit: (inout Feature.Step) -> Void) {
        if isBackground, let last = background.indices.last {
            edit(&background[last])
        } else if var steps = draft?.steps, let last = steps.indices.last {
            edit(&steps[last])
            draft?.steps = steps
        }
    }

    /// The lines up to the closing quotes, without the indentation of the opening ones.
    private mutating func docString() throws -> String {
        let indent = lines[next - 1].prefix { $0 == " " }.count
        var text: [String] = []
        while next < lines.count {
            let line = lines[next]
            next += 1
            if line.trimmed == "\"\"\"" { return text.joined(separator: "\n") }
            text.append(String(line.dropFirst(min(indent, line.prefix { $0 == " " }.count))))
        }
        throw KitFault(description: "\(name): a text without an end")
    }

    /// The cells of `| a | b |`, with `\|`, `\\` and `\n` read.
    private static func cells(_ line: String) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        for character in line.dropFirst() {
            switch (isEscaped, character) {
            case (true, "n"): cell.append("\n")
            case (true, "|"), (true, "\\"): cell.append(character)
            case (true, _): cell += "\\" + String(character)
            case (false, "\\"): break
            case (false, "|"):
                cells.append(cell.trimmed)
                cell = ""
            case (false, _): cell.append(character)
            }
            isEscaped = !isEscaped && character == "\\"
        }
        return cells
    }

    private mutating func finish() throws {
        guard let draft else { return }
        self.draft = nil
        guard draft.isOutline else {
            scenarios.append(Feature.Scenario(name: draft.name, steps: background + draft.steps))
            return
        }
        var number = 0
        for table in draft.examples {
            guard let head = table.first else { throw KitFault(description: "\(draft.name): no examples") }
            for row in table.dropFirst() {
                number += 1
                let values = Array(zip(head, row))
                let steps = (background + draft.steps).map { $0.filled(values) }
                scenarios.append(
                    Feature.Scenario(name: "\(draft.name.filled(values)), example \(number)", steps: steps))
            }
        }
    }
}

extension Feature.Step {
    fileprivate func filled(_ values: [(String, String)]) -> Feature.Step {
        Feature.Step(
            text: text.filled(values), docString: docString?.filled(values),
            table: table.map { row in row.map { $0.filled(values) } })
    }
}

extension StringProtocol {
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }

    func after(_ prefix: String) -> String? { hasPrefix(prefix) ? dropFirst(prefix.count).trimmed : nil }
}

extension String {
    fileprivate func filled(_ values: [(String, String)]) -> String {
        guard utf8.contains(UInt8(ascii: "<")) else { return self }
        return values.reduce(self) { text, value in text.replacing("<\(value.0)>", with: value.1) }
    }
}
