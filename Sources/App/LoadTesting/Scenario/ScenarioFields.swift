import Yams

/// A mapping of a scenario: hands out its members, and notes what is wrong with them. Parts share one list of problems.
final class ScenarioFields {
    private final class Problems {
        var list: [ScenarioProblem] = []
    }

    private let node: Node
    private let path: String
    private let shared: Problems

    convenience init(_ node: Node, path: String) { self.init(node, path: path, shared: Problems()) }

    private init(_ node: Node, path: String, shared: Problems) {
        self.node = node
        self.path = path
        self.shared = shared
        if node.mapping == nil { add(node, path, "expected a mapping of names to values") }
    }

    /// In the order of the file.
    var problems: [ScenarioProblem] {
        shared.list.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }

    // MARK: Queries

    func has(_ name: String) -> Bool { member(name) != nil }
    func isMapping(_ name: String) -> Bool { member(name)?.mapping != nil }
    func isSequence(_ name: String) -> Bool { member(name)?.sequence != nil }

    // MARK: Members

    /// Notes every member that is none of these.
    func accept(_ names: [String]) {
        for (key, _) in node.mapping ?? [:] {
            guard let name = key.scalar?.string, !names.contains(name) else { continue }
            add(key, child(name), "is no setting here; there are \(names.joined(separator: ", "))")
        }
    }

    func text(_ name: String, isRequired: Bool = false, _ body: (String) -> Void) {
        guard let node = value(name, isRequired) else { return }
        guard let text = node.scalar?.string, !text.isEmpty else { return add(node, child(name), "expected a text") }
        body(text)
    }

    func texts(_ name: String, _ body: ([String]) -> Void) {
        guard let node = member(name) else { return }
        let texts = node.sequence?.compactMap { $0.scalar?.string } ?? []
        guard let sequence = node.sequence, !texts.isEmpty, texts.count == sequence.count else {
            return add(node, child(name), "expected a list of texts")
        }
        body(texts)
    }

    func number(_ name: String, _ range: ClosedRange<Int>, isRequired: Bool = false, _ body: (Int) -> Void) {
        guard let node = value(name, isRequired) else { return }
        guard let text = node.scalar?.string, let number = Int(text.filter { $0 != "_" }), range.contains(number) else {
            return add(node, child(name), "expected a whole number \(Self.words(range))")
        }
        body(number)
    }

    func decimal(_ name: String, _ range: ClosedRange<Double>, isRequired: Bool = false, _ body: (Double) -> Void) {
        guard let node = value(name, isRequired) else { return }
        guard let text = node.scalar?.string, let number = Double(text.filter { $0 != "_" }), range.contains(number) else {
            return add(node, child(name), "expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        body(number)
    }

    func duration(
        _ name: String, _ range: ClosedRange<Microseconds>, isRequired: Bool = false, _ body: (Microseconds) -> Void
    ) {
        guard let node = value(name, isRequired) else { return }
        guard let text = node.scalar?.string, let duration = DurationText.parse(text) else {
            return add(node, child(name), "expected a duration, as in 250ms, 30s or 5m")
        }
        guard range.contains(duration) else {
            let ends = (DurationText.render(range.lowerBound), DurationText.render(range.upperBound))
            return add(node, child(name), "expected a duration from \(ends.0) to \(ends.1)")
        }
        body(duration)
    }

    func word(_ name: String, _ words: [String], _ body: (String) -> Void) {
        guard let node = member(name) else { return }
        guard let text = node.scalar?.string, words.contains(text) else {
            return add(node, child(name), "expected \(words.joined(separator: " or "))")
        }
        body(text)
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type, _ body: (Value) -> Void)
    where Value.RawValue == String {
        word(name, type.allCases.map(\.rawValue)) { if let value = Value(rawValue: $0) { body(value) } }
    }

    /// A mapping inside this one. Left empty, it is there all the same: `verify:` turns verification on.
    func group(_ name: String, _ body: (ScenarioFields) -> Void) {
        guard let node = member(name) else { return }
        if node.scalar?.string.isEmpty == true {
            return body(ScenarioFields(Node([(Node, Node)]()), path: child(name), shared: shared))
        }
        body(ScenarioFields(node, path: child(name), shared: shared))
    }

    /// A list of mappings.
    func groups(_ name: String, _ body: (ScenarioFields) -> Void) {
        guard let node = member(name) else { return }
        guard let sequence = node.sequence, !sequence.isEmpty else {
            return add(node, child(name), "expected a list of mappings")
        }
        for (position, element) in sequence.enumerated() {
            body(ScenarioFields(element, path: "\(child(name))[\(position)]", shared: shared))
        }
    }

    /// Notes a problem with a member that was read.
    func note(_ name: String, _ message: String) { add(member(name) ?? node, child(name), message) }

    // MARK: Private

    private func member(_ name: String) -> Node? { node.mapping?[name] }

    private func value(_ name: String, _ isRequired: Bool) -> Node? {
        if let node = member(name) { return node }
        if isRequired { add(node, child(name), "is missing") }
        return nil
    }

    private func child(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func add(_ node: Node, _ path: String, _ message: String) {
        shared.list.append(ScenarioProblem(line: node.mark?.line ?? 0, path: path, message: message))
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
    }
}
