import Foundation
import JSON

/// What a command works with: the server and the printer.
struct Session {
    let client: Client
    let printer: Printer

    /// Runs `body` against the server that the options name, and closes the connection after it.
    static func run(_ options: ConnectionOptions, _ body: (Session) async throws -> Void) async throws {
        let (address, token, caFile) = try options.resolved()
        let transport = try HTTPConnection(to: address, trusting: caFile)
        let session = Session(
            client: Client(address: address, token: token, transport: transport), printer: Printer(format: options.output))
        do {
            try await body(session)
        } catch {
            await transport.close()
            throw error
        }
        await transport.close()
    }

    /// The resource that a UUID or a provider's own id means.
    func resource(_ name: String) async throws -> (id: String, value: JSONValue?) {
        if UUID(uuidString: name) != nil { return (name.lowercased(), nil) }
        let found =
            try await client.get(Target("resources").adding("resource_id", name).adding("limit", "2"))["items"]?.array ?? []
        guard let first = found.first, let id = first["id"]?.string else {
            throw Failure.refused(
                "no resource has the id \"\(Terminal.clean(name))\"; `vtag resources list --name …` searches by name")
        }
        guard found.count == 1 else {
            throw Failure.refused(
                "several resources have the id \"\(Terminal.clean(name))\"; use the UUID: "
                    + found.map { $0.cell("id") }.joined(separator: ", "))
        }
        return (id, first)
    }
}
