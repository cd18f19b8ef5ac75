/// One run of a scenario: its steps one after the other against a graph of its own.
struct ScenarioRun {
    /// What a scenario expects and did not get.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private let door: any GraphDoor
    private let kit: Kit
    private var parameters: [String: KitValue] = [:]
    private var before = GraphContents.empty
    private var hasContents = false
    private var outcome: Result<KitResult, KitError>?

    init(door: any GraphDoor, kit: Kit) {
        self.door = door
        self.kit = kit
    }

    /// Throws `Failure` at the first thing that is not as the scenario says.
    mutating func run(_ scenario: Feature.Scenario) async throws {
        for step in scenario.steps { try await take(step) }
    }

    private mutating func take(_ step: Feature.Step) async throws {
        switch step.text {
        case "an empty graph", "any graph": break
        case "having executed:": try await prepare(step.docString ?? "")
        case "parameters are:": try setParameters(step.table)
        case "executing query:", "executing control query:": try await execute(step.docString ?? "")
        case "no side effects": try await expectSideEffects([:])
        case "the side effects should be:":
            let pairs = step.table.compactMap { row in Int(row[1]).map { (row[0], $0) } }
            try await expectSideEffects(Dictionary(uniqueKeysWithValues: pairs))
        case "the result should be empty": try expect(rows: [], columns: nil, isOrdered: false, ignoresLists: false)
        default: try await takeLong(step)
        }
    }

    private mutating func takeLong(_ step: Feature.Step) async throws {
        if step.text.hasPrefix("the result should be") {
            guard let head = step.table.first else { throw KitFault(description: "a result without a table") }
            try expect(
                rows: try step.table.dropFirst().map { try $0.map(KitValue.init(reading:)) }, columns: head,
                isOrdered: step.text.contains("in order"), ignoresLists: step.text.contains("ignoring element order"))
        } else if step.text.contains("should be raised at") {
            try expectError(step.text)
        } else if let signature = step.text.after("there exists a procedure") {
            try await door.provide(try KitProcedure(signature, step.table))
        } else if step.text.hasPrefix("the "), step.text.hasSuffix(" graph") {
            try await prepare(try kit.graph(named: String(step.text.dropFirst(4).dropLast(6))))
        } else {
            throw KitFault(description: "a step that is not known: \(step.text)")
        }
    }

    // MARK: Given and When

    private mutating func prepare(_ query: String) async throws {
        do {
            _ = try await door.run(query, parameters: parameters)
        } catch let error as KitError {
            throw Failure("set-up: \(error)")
        }
        hasContents = true
    }

    private mutating func setParameters(_ table: [[String]]) throws {
        for row in table { parameters[row[0]] = try KitValue(reading: row[1]) }
    }

    private mutating func execute(_ query: String) async throws {
        before = hasContents ? try await contents() : .empty
        hasContents = true
        do {
            outcome = .success(try await door.run(query, parameters: parameters))
        } catch let error as KitError {
            outcome = .failure(error)
        }
    }

    private func contents() async throws -> GraphContents {
        do {
            return try await GraphContents(through: door)
        } catch let error as KitError {
            throw Failure("looking at the graph: \(error)")
        }
    }

    // MARK: Then

    private func expect(rows: [[KitValue]], columns: [String]?, isOrdered: Bool, ignoresLists: Bool) throws {
        let result: KitResult
        switch outcome {
        case .success(let given)?: result = given
        case .failure(let error)?: throw Failure("\(error)")
        case nil: throw KitFault(description: "a result is expected before a query")
        }
        if let columns, result.columns != columns {
            throw Failure("columns \(result.columns), expected \(columns)")
        }
        let form: (KitValue) -> KitValue = { ignoresLists ? $0.withoutOrder : $0 }
        var (given, wanted) = (result.rows.map { $0.map(form) }, rows.map { $0.map(form) })
        if !isOrdered {
            given.sort { Self.text($0) < Self.text($1) }
            wanted.sort { Self.text($0) < Self.text($1) }
        }
        guard given == wanted else {
            throw Failure("rows \(given.map(Self.text)), expected \(wanted.map(Self.text))")
        }
    }

    private static func text(_ row: [KitValue]) -> String { row.map(\.text).joined(separator: " | ") }

    private func expectSideEffects(_ wanted: [String: Int]) async throws {
        guard case .success? = outcome else { throw Failure("no side effects are told by a query that failed") }
        let given = before.sideEffects(until: try await contents())
        guard given == wanted else { throw Failure("side effects \(given), expected \(wanted)") }
    }

    /// `a TypeError should be raised at runtime: InvalidArgumentValue`
    private func expectError(_ text: String) throws {
        let words = text.split(separator: " ").map(String.init)
        let phase = text.contains("compile time") ? "compile time" : text.contains("any time") ? nil : "runtime"
        guard words.count > 2, let detail = words.last else { throw KitFault(description: text) }
        switch outcome {
        case .failure(let error)?:
            guard error.class == words[1], phase == nil || error.phase == phase, detail == "*" || error.detail == detail
            else { throw Failure("\(error), expected \(text)") }
        case .success(let result)?: throw Failure("rows \(result.rows.map(Self.text)), expected \(text)")
        case nil: throw KitFault(description: "an error is expected before a query")
        }
    }
}

extension KitProcedure {
    /// `test.my.proc(name :: STRING?) :: (city :: STRING?):` and its table.
    fileprivate init(_ signature: String, _ table: [[String]]) throws {
        guard let open = signature.firstIndex(of: "("), let close = signature.firstIndex(of: ")"),
            let results = signature[close...].firstIndex(of: "("), let end = signature.lastIndex(of: ")")
        else { throw KitFault(description: "not a procedure's signature: \(signature)") }
        func fields(_ text: Substring) -> [Field] {
            text.split(separator: ",").map { part in
                let words = part.split(separator: " ")
                return Field(name: String(words[0]), type: words.last.map(String.init) ?? "ANY?")
            }
        }
        name = signature[..<open].trimmed
        inputs = fields(signature[signature.index(after: open)..<close])
        outputs = fields(signature[signature.index(after: results)..<end])
        rows = try table.dropFirst().map { try $0.map(KitValue.init(reading:)) }
    }
}
