import ArgumentParser
import JSON

extension DefinitionKind {
    func list(_ connection: ConnectionOptions, columns: [Table.Column], row: @escaping (JSONValue) -> [String]) async throws
    {
        try await Session.run(connection) { session in
            try await session.printer.list(
                session.client, collection, limit: nil, columns: columns, empty: "there are no \(plural)", row: row)
        }
    }

    /// Shows one whole; YAML reads best for people too, and can be edited and applied again.
    func get(_ name: String, _ connection: ConnectionOptions) async throws {
        try await Session.run(connection) { session in
            session.printer.one(try await find(name, session.client), YAMLText.render)
        }
    }

    func delete(_ names: [String], _ connection: ConnectionOptions) async throws {
        try await Session.run(connection) { session in
            for name in names {
                guard let id = try await find(name, session.client)["id"]?.string else { continue }
                _ = try await session.client.send("DELETE", target(id))
                Terminal.standardError.line("deleted \(noun) \(Terminal.clean(name))")
            }
        }
    }
}
