import ArgumentParser
import Foundation

/// `wide` is a table with the columns that are left out of the ordinary one; `csv` has these columns, too.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    case table, wide, json, yaml, csv

    /// What `--output` says of itself.
    static let help: ArgumentHelp = "table, wide, json, yaml or csv."
}

/// The flags that every command takes: which server, who asks, and how to print.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server.", discussion: "Else $VTAG_URL, else the context's, else http://127.0.0.1:8080."))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The bearer token; --token-file keeps it out of the process list.",
            discussion: "Else $VTAG_TOKEN, else the file in $VTAG_TOKEN_FILE, else the context's."))
    var token: String?

    @Option(help: "A file that holds the token.", completion: .file())
    var tokenFile: String?

    @Option(help: "A context other than the current one; see `vtag context list`.")
    var context: String?

    @Option(
        help: ArgumentHelp(
            "The certificate authorities to trust for https, in PEM.", discussion: "Else $VTAG_CA_FILE, else the context's."),
        completion: .file())
    var caFile: String?

    @Option(name: [.short, .long], help: OutputFormat.help)
    var output: OutputFormat = .table

    func validate() throws {
        if token != nil && tokenFile != nil { throw ValidationError("--token and --token-file exclude each other") }
    }

    /// Works out where the server is and who asks.
    func resolved(
        environment: [String: String] = ProcessInfo.processInfo.environment, contexts loaded: Contexts? = nil
    ) throws -> (address: ServerAddress, token: String?, caFile: String?) {
        let contexts = try loaded ?? Contexts.load()
        var chosen: ServerContext?
        if let name = context ?? contexts.current {
            chosen = contexts[name]
            guard chosen != nil else {
                throw Failure.usage("there is no context \"\(Terminal.clean(name))\"; `vtag context list` shows them")
            }
        }
        // An address given by hand does not get the credentials of another server.
        let given = url ?? environment["VTAG_URL"].nonEmpty
        let address = try ServerAddress(given ?? chosen?.url ?? ServerAddress.standard)
        if let given, let saved = chosen?.url, try ServerAddress(given) != ServerAddress(saved), context == nil {
            chosen = nil
        }
        let bearer =
            try token ?? tokenFile.map(Self.read) ?? environment["VTAG_TOKEN"].nonEmpty
            ?? environment["VTAG_TOKEN_FILE"].nonEmpty.map(Self.read) ?? chosen?.token ?? chosen?.tokenFile.map(Self.read)
            ?? Self.localToken(for: address)
        if bearer != nil && !address.isSecure && !address.isLoopback {
            Terminal.standardError.line("vtag: sending the token in clear text to \(address.text); use https")
        }
        return (address, bearer, caFile ?? environment["VTAG_CA_FILE"].nonEmpty ?? chosen?.caFile)
    }

    /// Where `make run` leaves its token; it is for a node on this machine.
    static let localTokenFile = "data/admin.jwt"

    private static func localToken(for address: ServerAddress) -> String? {
        address.isLoopback ? try? read(localTokenFile) : nil
    }

    private static func read(_ path: String) throws -> String {
        guard let bytes = FileManager.default.contents(atPath: (path as NSString).expandingTildeInPath) else {
            throw Failure.usage("cannot read the token file \(path)")
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Failure.usage("\(path) does not hold a token")
        }
        return token
    }
}

extension String? {
    /// An environment variable that is set but empty says nothing.
    fileprivate var nonEmpty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
