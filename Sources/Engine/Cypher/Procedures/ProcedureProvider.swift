package import CypherSyntax
package import CypherValues
package import PropertyGraph

/// The procedures that `CALL` may name.
package protocol ProcedureProvider: Sendable {
    var signatures: [ProcedureSignature] { get }
    /// The rows of a call, each with the values of the signature's results in their order. Arguments are as many as the signature
    /// says; their types are for the procedure to check.
    func call(
        _ name: String, _ arguments: [CypherValue], schema: GraphSchema
    ) throws(CypherError) -> [[CypherValue]]
}

/// The procedures that tell of the graph itself.
package struct SchemaProcedures: ProcedureProvider {
    package init() {}

    package var signatures: [ProcedureSignature] {
        [
            ProcedureSignature(name: "db.labels", arguments: [], results: [.init("label", .string)]),
            ProcedureSignature(
                name: "db.relationshipTypes", arguments: [], results: [.init("relationshipType", .string)]),
            ProcedureSignature(name: "db.propertyKeys", arguments: [], results: [.init("propertyKey", .string)]),
            ProcedureSignature(
                name: "db.schema.visualization", arguments: [],
                results: [.init("nodes", .list), .init("relationships", .list)]),
            ProcedureSignature(
                name: "db.indexes", arguments: [],
                results: [
                    .init("name", .string), .init("label", .string), .init("property", .string),
                    .init("entries", .integer),
                ]),
        ]
    }

    package func call(
        _ name: String, _ arguments: [CypherValue], schema: GraphSchema
    ) throws(CypherError) -> [[CypherValue]] {
        switch name.lowercased() {
        case "db.labels": schema.labels.keys.sorted().map { [.string($0)] }
        case "db.relationshiptypes": schema.types.keys.sorted().map { [.string($0)] }
        case "db.propertykeys": schema.propertyKeys.sorted().map { [.string($0)] }
        case "db.schema.visualization": [[Self.counted(schema.labels), Self.counted(schema.types)]]
        case "db.indexes":
            schema.indexes.sorted { $0.definition.name < $1.definition.name }.map { index in
                [
                    .string(index.definition.name), .string(index.definition.label), .string(index.definition.key),
                    .integer(Int64(index.entries)),
                ]
            }
        default: preconditionFailure("not a procedure of this provider: \(name)")
        }
    }

    private static func counted(_ counts: [String: Int]) -> CypherValue {
        .list(
            counts.sorted { $0.key < $1.key }.map { name, count in
                .map(CypherMap([("name", .string(name)), ("count", .integer(Int64(count)))]))
            })
    }
}
