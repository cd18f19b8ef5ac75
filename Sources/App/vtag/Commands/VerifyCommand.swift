import ArgumentParser
import Foundation
import JSON
import Model
import PostgresClient
import PostgresSink

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare what the cluster has with what PostgreSQL has.",
        discussion: """
            Resources with their tags, findings and costs are compared shard by shard by hashes; shard 0 holds rules, tag \
            definitions and policies. Of the audit history every entry must be there once. Nothing is changed, and writes may go \
            on meanwhile: what differs is looked at again once PostgreSQL has caught up.

            Ends with status 2 where something differs, and names it.

            EXAMPLES
              vtag verify --postgres "host=127.0.0.1 dbname=tags user=vtag"
            """)

    @OptionGroup var database: PostgresCommand.Database
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Leave out the audit history.") var withoutAudit = false

    func run() async throws {
        try await Session.run(connection) { session in
            let (settings, connection) = try database.connect()
            let verification = Verification(client: session.client, reader: ResultReader(connection))
            let shards: [Verification.ShardResult]
            let audit: Verification.AuditResult?
            do {
                shards = try await verification.shards()
                audit = withoutAudit ? nil : try await verification.audit()
            } catch let error as PostgresError {
                throw Failure.refused("\(settings): \(Terminal.clean(error.description))")
            }
            report(session, shards, audit)
            let found = shards.flatMap(\.differences) + (audit?.differences ?? [])
            guard found.isEmpty else {
                throw Failure(
                    .findings,
                    "\(found.count) differences between the cluster and \(settings):\n"
                        + found.prefix(Self.namedMax).map { "      \(Terminal.clean($0))" }.joined(separator: "\n")
                        + (found.count > Self.namedMax ? "\n      and \(found.count - Self.namedMax) more" : ""))
            }
        }
    }

    /// Differences that are named; the others are counted.
    private static let namedMax = 50

    private func report(_ session: Session, _ shards: [Verification.ShardResult], _ audit: Verification.AuditResult?) {
        var rows = shards.map { shard in
            JSONValue.object([
                .init("part", .string(shard.number == 0 ? "rules, schema, policies" : "shard \(shard.number)")),
                .init("compared", .int(shard.compared)), .init("differences", .int(shard.differences.count)),
            ])
        }
        if let audit {
            rows.append(
                .object([
                    .init("part", .string("audit history")), .init("compared", .int(audit.compared)),
                    .init("differences", .int(audit.differences.count)),
                ]))
        }
        session.printer.list(
            rows, columns: [.init("PART"), .init("COMPARED"), .init("DIFFERENCES")], empty: "nothing to compare"
        ) { [$0.cell("part"), $0.cell("compared"), $0.cell("differences")] }
    }
}
