import JSON
import Model

/// `apply`: makes the server's definitions say what the files say. What the files do not name stays.
struct Application {
    enum Outcome: String, Sendable { case created, updated, unchanged }

    let kind: DefinitionKind
    let client: Client
    /// Only says what it would do.
    var isRehearsal = false

    /// Applies in the files' order and calls `report` after each.
    func run(_ definitions: [Definition], _ report: (String, Outcome) -> Void) async throws {
        try kind.check(definitions)
        var existing: [String: JSONValue] = [:]
        for item in try await client.all(kind.collection) {
            if let name = item[kind.key]?.string { existing[name] = item }
        }
        for definition in definitions {
            guard let name = definition.value[kind.key]?.string else { continue }
            report(name, try await apply(definition, over: existing[name]))
        }
    }

    private func apply(_ definition: Definition, over existing: JSONValue?) async throws -> Outcome {
        guard let existing, let id = existing["id"]?.string else {
            if !isRehearsal { try await write("POST", kind.collection, definition, tag: nil) }
            return .created
        }
        if Self.says(existing, definition.value, members: kind.members) { return .unchanged }
        if !isRehearsal {
            let target = kind.target(id)
            let tag = try await client.getWithTag(target).tag
            // What is spelt otherwise may mean the same to the server.
            if try await write("PUT", target, definition, tag: tag) == tag { return .unchanged }
        }
        return .updated
    }

    /// The ETag of what is there afterwards.
    @discardableResult
    private func write(
        _ method: String, _ target: Target, _ definition: Definition, tag: String?
    ) async throws -> String? {
        var request = Request(
            method: method, target: target.text, headers: [("content-type", "application/json")],
            body: .bytes(definition.value.serialised))
        if let tag { request.headers.append(("if-match", tag)) }
        let answer = try await client.exchange(request)
        guard (200..<300).contains(answer.status) else {
            throw Problem(answer).failure(locating: definition.place)
        }
        if let taken = try? JSONValue(parsing: answer.body) { TagsCommand.report(taken) }
        return answer.header("etag")
    }

    /// True when the server's definition means what the file's does: what a file leaves out counts as empty, and the
    /// priority, severity and type that the server filled in are its own.
    static func says(_ existing: JSONValue, _ wanted: JSONValue, members: [String]) -> Bool {
        members.allSatisfy { name in
            guard let wanted = wanted[name] else {
                switch name {
                case "priority", "severity", "data_type", "case_policy": return true
                case "enabled": return existing[name] != .bool(false)
                case "if_tag_exists": return existing[name] != .string("keep")
                default: return existing[name].map(meaning) ?? .null == .null
                }
            }
            if let wanted = time(wanted), ["effective_start", "effective_end"].contains(name) {
                return wanted == existing[name].flatMap(time)
            }
            return meaning(wanted) == meaning(existing[name] ?? .null)
        }
    }

    /// A moment, however it is spelt.
    private static func time(_ value: JSONValue) -> Timestamp? { value.string.flatMap { Timestamp($0) } }

    /// The value without what says nothing (null, false, "", [], {}), members in order of their names.
    private static func meaning(_ value: JSONValue) -> JSONValue {
        switch value {
        case .bool(false), .string(""): return .null
        case .array(let elements): return elements.isEmpty ? .null : .array(elements.map(meaning))
        case .object(let members):
            let kept = members.map { JSONValue.Member($0.name, meaning($0.value)) }.filter { !$0.value.isNull }
            return kept.isEmpty ? .null : .object(kept.sorted { $0.name < $1.name })
        case .double(let number): return Int(exactly: number).map(JSONValue.int) ?? value
        case .null, .bool, .int, .string: return value
        }
    }
}
