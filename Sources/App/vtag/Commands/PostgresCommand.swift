import ArgumentParser
import Foundation
import PostgresClient
import PostgresSchema

struct PostgresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres", abstract: "Make and check the schema for results in PostgreSQL.",
        discussion: """
            The database is named by --postgres, else by VTAG_POSTGRES: host=db dbname=tags user=vtag, or \
            postgresql://vtag@db/tags. A password in either can be seen by others of this machine: the password file \
            (~/.pgpass) keeps it from them. Off loopback the server's certificate is verified (sslmode=verify-full; \
            sslrootcert=FILE names the CA).
            """,
        subcommands: [Migrate.self, Check.self])

    struct Database: ParsableArguments {
        @Option(help: ArgumentHelp("Connection string of PostgreSQL.", valueName: "conninfo")) var postgres: String?

        /// Longest time for a step of a migration, in milliseconds.
        private static let statementTimeoutMilliseconds = 600_000
        /// How long to wait for another migration under way, in milliseconds.
        private static let lockTimeoutMilliseconds = 60_000

        func connect() throws -> (PostgresSettings, PostgresConnection) {
            guard let text = postgres ?? ProcessInfo.processInfo.environment["VTAG_POSTGRES"] else {
                throw Failure.usage("which database: give --postgres, or set VTAG_POSTGRES")
            }
            do throws(PostgresError) {
                let settings = try PostgresSettings(
                    text, program: "vtag", statementTimeoutMilliseconds: Self.statementTimeoutMilliseconds,
                    lockTimeoutMilliseconds: Self.lockTimeoutMilliseconds)
                return (settings, try PostgresConnection(settings))
            } catch {
                throw Failure(error.kind == .configuration ? .usage : .unreachable, Terminal.clean(error.description))
            }
        }
    }

    struct Migrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the schema to this version's; does nothing where it is there.",
            discussion: """
                All steps that are missing are carried out in one transaction, or none. Several may try at once. A schema that \
                is newer, or was made by another build, is refused and left as it is.

                EXAMPLES
                  vtag postgres migrate --postgres "host=127.0.0.1 dbname=tags user=vtag"
                """)
        @OptionGroup var database: Database

        func run() throws {
            let (settings, connection) = try database.connect()
            do throws(SchemaError) {
                let steps = try Migrator(connection).migrate()
                for step in steps { Terminal.standardOutput.line("carried out: \(step)") }
                Terminal.standardOutput.line("\(settings): the schema is of version \(Schema.version)")
            } catch {
                throw Failure.refused(Terminal.clean(error.description))
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the database and its schema can be used; changes nothing.",
            discussion: "Ends with status 2 where something is to be done, and says what.")
        @OptionGroup var database: Database

        func run() throws {
            let (settings, connection) = try database.connect()
            let version: Int
            let facts: ServerFacts
            do throws(SchemaError) {
                version = try Migrator(connection).check()
                facts = try ServerFacts(connection)
            } catch {
                throw Failure.refused(Terminal.clean(error.description))
            }
            Terminal.standardOutput.line("\(settings)")
            Terminal.standardOutput.line("PostgreSQL \(Terminal.clean(facts.version))")
            Terminal.standardOutput.line("schema \(version) of \(Schema.version)")
            var findings: [String] = []
            if version < Schema.version { findings.append("the schema is behind: run `vtag postgres migrate`") }
            if !facts.takesWrites {
                findings.append("the server takes no writes: name the primary, or add target_session_attrs=read-write")
            }
            if version == Schema.version, !facts.hasReader {
                findings.append(
                    "there is no role vtag_reader for analysts, which this user may not make: as a superuser, CREATE ROLE "
                        + "vtag_reader; GRANT USAGE ON SCHEMA vtag TO vtag_reader; GRANT SELECT ON ALL TABLES IN SCHEMA vtag "
                        + "TO vtag_reader")
            }
            guard findings.isEmpty else { throw Failure(.findings, findings.joined(separator: "\n      ")) }
            Terminal.standardOutput.line("all is as it should be")
        }
    }
}
