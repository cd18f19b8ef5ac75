import CypherKit
import JSON

@testable import API

/// The compatibility kit's door to a node: a named graph for each scenario, asked over HTTP with typed values.
final class HTTPGraphDoor: GraphDoor {
    private static let type = "application/vnd.neo4j.query"

    private let api: LiveAPI
    private let procedures: KitProcedures
    private let name = "kit-\(UInt64.random(in: .min ... .max))"

    init(_ api: LiveAPI, procedures: KitProcedures) async throws {
        self.api = api
        self.procedures = procedures
        let answer = try await api.send("PUT", "/graphs/\(name)")
        guard answer.status == 201 else { throw DoorFault(answer) }
    }

    func provide(_ procedure: KitProcedure) async throws { procedures.add(procedure) }

    func close() async throws {
        procedures.removeAll()
        let answer = try await api.send("DELETE", "/graphs/\(name)")
        guard answer.status == 204 else { throw DoorFault(answer) }
    }

    func run(_ query: String, parameters: [String: KitValue]) async throws -> KitResult {
        let body = JSONValue.object([
            .init("statement", .string(query)),
            .init("parameters", .object(parameters.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.typed) })),
        ])
        let answer = try await api.send(
            "POST", "/db/\(name)/query/v2", type: Self.type, headers: [("accept", Self.type)], body: body.serialised)
        // Lists that are nested 40 deep are twice as deep with their types.
        let json = try JSONParser(depthMax: 256).withDocument(answer.body) { JSONValue($0) }
        if let error = json["errors"]?.array?.first {
            guard let kind = error["opencypher"] else { throw DoorFault(answer) }
            throw KitError(
                class: kind["class"]?.string ?? "", phase: kind["phase"]?.string ?? "", detail: kind["detail"]?.string ?? "",
                message: error["message"]?.string ?? "")
        }
        guard answer.status == 202, let columns = json["data"]?["fields"]?.array, let rows = json["data"]?["values"]?.array
        else { throw DoorFault(answer) }
        return KitResult(
            columns: columns.compactMap(\.string),
            rows: try rows.map { row in try (row.array ?? []).map { try KitValue(typed: $0) } })
    }
}

/// An answer that is neither rows nor an error of the query.
private struct DoorFault: Error, CustomStringConvertible {
    let description: String

    init(_ answer: Answer) { description = "answered \(answer.status): \(answer.text.prefix(500))" }
    init(_ value: JSONValue) { description = "not a typed value: \(String(decoding: value.serialised, as: UTF8.self))" }
}

extension KitValue {
    /// As a parameter; the kit passes no entities.
    fileprivate var typed: JSONValue {
        func value(_ type: String, _ content: JSONValue) -> JSONValue {
            .object([.init("$type", .string(type)), .init("_value", content)])
        }
        return switch self {
        case .null: value("Null", .null)
        case .boolean(let flag): value("Boolean", .bool(flag))
        case .integer(let number): value("Integer", .string(String(number)))
        case .float(let number): value("Float", .string(number.description))
        case .notANumber: value("Float", .string("NaN"))
        case .string(let text): value("String", .string(text))
        case .list(let members): value("List", .array(members.map(\.typed)))
        case .map(let map):
            value("Map", .object(map.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.typed) }))
        case .node, .relationship, .path: value("Unsupported", .null)
        }
    }

    fileprivate init(typed json: JSONValue) throws {
        guard let type = json["$type"]?.string, let content = json["_value"] else { throw DoorFault(json) }
        switch (type, content) {
        case ("Null", _): self = .null
        case ("Boolean", .bool(let flag)): self = .boolean(flag)
        case ("Integer", .string(let text)):
            guard let number = Int64(text) else { throw DoorFault(json) }
            self = .integer(number)
        case ("Float", .string(let text)):
            guard let number = Double(text) else { throw DoorFault(json) }
            self = number.isNaN ? .notANumber : .float(number)
        case ("String", .string(let text)): self = .string(text)
        case ("List", .array(let members)): self = .list(try members.map { try KitValue(typed: $0) })
        case ("Map", .object): self = .map(try Self.map(content))
        case ("Node", .object): self = .node(try Self.node(json))
        case ("Relationship", .object): self = .relationship(try Self.relationship(json))
        case ("Path", .array(let parts)): self = try Self.path(parts)
        case (_, .string(let text)) where temporalTypes.contains(type): self = .string(text)
        default: throw DoorFault(json)
        }
    }

    private static func map(_ json: JSONValue?) throws -> [String: KitValue] {
        var map: [String: KitValue] = [:]
        for member in json?.members ?? [] { map[member.name] = try KitValue(typed: member.value) }
        return map
    }

    private static func node(_ json: JSONValue) throws -> Node {
        let node = json["_value"]
        return Node(
            labels: Set((node?["_labels"]?.array ?? []).compactMap(\.string)), properties: try map(node?["_properties"]))
    }

    private static func relationship(_ json: JSONValue) throws -> Relationship {
        let relationship = json["_value"]
        return Relationship(
            type: relationship?["_type"]?.string ?? "", properties: try map(relationship?["_properties"]))
    }

    private static func path(_ parts: [JSONValue]) throws -> KitValue {
        guard let first = parts.first else { throw DoorFault(.array(parts)) }
        var steps: [PathStep] = []
        for position in stride(from: 1, to: parts.count - 1, by: 2) {
            let start = parts[position]["_value"]?["_start_node_element_id"]?.string
            let before = parts[position - 1]["_value"]?["_element_id"]?.string
            steps.append(
                PathStep(
                    relationship: try relationship(parts[position]), isForward: start == before,
                    node: try node(parts[position + 1])))
        }
        return .path(try node(first), steps)
    }
}

private let temporalTypes: Set = [
    "Date", "Time", "LocalTime", "LocalDateTime", "OffsetDateTime", "ZonedDateTime", "Duration",
]
