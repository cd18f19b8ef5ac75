import API
import ArgumentParser
import Foundation
import JSON
import Model

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make tokens with a node's or a cluster's key, and read them.",
        subcommands: [Create.self, Inspect.self, Keys.self])

    /// The private key that signs.
    struct KeyOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("The data directory of the node whose key signs.", discussion: "By default ./data."),
            completion: .directory)
        var dataDir: String?

        @Option(help: "A private key in PEM, as deploy/token-keys makes one for a cluster.", completion: .file())
        var key: String?

        func validate() throws {
            if dataDir != nil && key != nil { throw ValidationError("--data-dir and --key exclude each other") }
        }

        func issuer() throws -> TokenIssuer {
            let path = key ?? "\(dataDir ?? "data")/keys/es256.pem"
            do { return try TokenIssuer(contentsOf: path) } catch {
                throw Failure.usage("\(Terminal.clean("\(error)")); name the key with --data-dir or --key")
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token; it goes to standard output, or into a file of its owner alone.",
            discussion: """
                A token with --account, --provider or --condition is limited to the resources for which all of them hold: \
                the others do not exist for it.

                EXAMPLES
                  vtag token create --subject ci --role tagger --save ci.jwt
                  vtag token create --subject team-blue --role viewer --account 111122223333 --lifetime 12h
                  vtag token create --subject emea --role governor \\
                    --condition '{"field":"region","operator":"starts_with","value":"eu-"}'
                  vtag token create --subject ops --role admin --key authority/token-key.pem
                """)

        @Option(help: "Whom it is for: the actor of what it changes.") var subject: String
        @Option(help: "viewer, tagger, governor or admin.") var role: Role
        @Option(help: "Only resources of this account, project or subscription; may be repeated.") var account: [String] = []
        @Option(help: "Only resources of this provider: aws, gcp or azure; may be repeated.") var provider: [String] = []
        @Option(help: "Only resources for which this condition holds, as rules have them, in JSON.") var condition: String?
        @Option(help: "How long it counts: 45m, 12h or 90d.") var lifetime = Lifetime(seconds: 90 * 86_400)
        @Option(help: "What \"iss\" says.") var issuer: String?
        @Option(help: "What \"aud\" says, for nodes with --jwt-audience.") var audience: String?
        @Option(help: "Write it into this file, mode 0600, instead.", completion: .file()) var save: String?
        @OptionGroup var keys: KeyOptions

        func run() async throws {
            guard (1...256).contains(subject.utf8.count),
                subject.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { throw Failure.usage("--subject: 1 to 256 bytes without control characters") }
            let token: String
            do {
                token = try await keys.issuer().issue(
                    subject: subject, role: role, scope: try scope(), issuer: issuer ?? TokenIssuer.issuer,
                    audience: audience, at: Int64(Date().timeIntervalSince1970), lifetime: lifetime.seconds)
            } catch let failure as Failure {
                throw failure
            } catch {
                throw Failure.usage("the limits are not valid: \(Terminal.clean("\(error)"))")
            }
            guard let save else { return Terminal.standardOutput.line(token) }
            try write(token + "\n", to: save)
            Terminal.standardOutput.line("wrote \(save)")
        }

        private func scope() throws -> JSONValue? {
            var members: [JSONValue.Member] = []
            if !account.isEmpty { members.append(.init("accounts", .array(account.map(JSONValue.string)))) }
            if !provider.isEmpty { members.append(.init("providers", .array(provider.map(JSONValue.string)))) }
            if let condition {
                do {
                    members.append(.init("condition", try JSONValue(parsing: Array(condition.utf8))))
                } catch {
                    throw Failure.usage("--condition is not JSON: \(Terminal.clean("\(error)"))")
                }
            }
            return members.isEmpty ? nil : .object(members)
        }

        /// In one step, and never readable by others.
        private func write(_ text: String, to path: String) throws {
            let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failure.usage("cannot write \(path): \(String(cString: strerror(errno)))") }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            do {
                try file.write(contentsOf: Data(text.utf8))
                try file.close()
                guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            } catch {
                unlink(temporary)
                throw Failure.usage("cannot write \(path): \((error as NSError).localizedDescription)")
            }
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a token says. Its signature is not checked: that is the server's to do.",
            discussion: """
                Without FILE it is the token that the other commands would send. `-` reads standard input.

                EXAMPLES
                  vtag token inspect
                  vtag token inspect ci.jwt -o json
                  pass show vtag/ci | vtag token inspect -
                """)

        @Argument(help: "A file that holds the token.", completion: .file()) var file: String?
        @OptionGroup var connection: ConnectionOptions

        func run() throws {
            guard let token = try text(), let contents = TokenContents(token) else {
                throw Failure.usage("that is no JSON Web Token")
            }
            Printer(format: connection.output).one(
                .object([.init("header", contents.header), .init("claims", contents.claims)]), Self.words)
        }

        private func text() throws -> String? {
            guard let file else {
                guard let token = try connection.resolved().token else {
                    throw Failure.usage("there is no token: name a file, or set a context")
                }
                return token
            }
            let bytes =
                file == "-"
                ? FileHandle.standardInput.readData(ofLength: 64 << 10) : FileManager.default.contents(atPath: file)
            guard let bytes else { throw Failure.usage("cannot read \(file)") }
            return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private static func words(_ token: JSONValue) -> String {
            let claims = token["claims"] ?? .null
            let roles = ([claims["role"]].compactMap(\.self) + (claims["roles"]?.array ?? [])).map(\.cell)
            return Printer.fields([
                ("subject", claims.cell("sub")), ("role", roles.joined(separator: ", ")),
                ("limited to", limits(claims["vtag_scope"])), ("issuer", claims["iss"]?.cell ?? "not said"),
                ("audience", claims["aud"]?.cell ?? "not said"), ("issued", moment(claims["iat"])),
                ("expires", expiry(claims["exp"])),
                ("key", "\(token["header"]?.cell("kid") ?? "") (\(token["header"]?.cell("alg") ?? ""))"),
            ])
        }

        private static func limits(_ scope: JSONValue?) -> String {
            guard let scope else { return "nothing" }
            return (scope.members ?? []).map { member in
                let values = member.value.array?.map(\.cell).joined(separator: ", ")
                return "\(member.name) \(values ?? String(decoding: member.value.serialised, as: UTF8.self))"
            }.joined(separator: "; ")
        }

        private static func expiry(_ value: JSONValue?) -> String {
            guard let seconds = value?.double else { return "never said, so no node takes it" }
            return moment(value) + (seconds < Date().timeIntervalSince1970 ? " (expired)" : "")
        }

        private static func moment(_ value: JSONValue?) -> String {
            guard let seconds = value?.double, abs(seconds) < 1e11 else { return "" }
            return Timestamp(milliseconds: Int64(seconds * 1000)).description
        }
    }

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public half of a key as a JWK set, for --jwks on other nodes.")
        @OptionGroup var keys: KeyOptions

        func run() throws {
            Terminal.standardOutput.line(String(decoding: try keys.issuer().jwks.serialised, as: UTF8.self))
        }
    }
}

extension Role: ExpressibleByArgument {}

/// `45m`, `12h`, `90d`; a second at least and ten years at most.
struct Lifetime: ExpressibleByArgument {
    static let secondsMax: Int64 = 10 * 365 * 86_400

    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()), count > 0,
            !argument.hasPrefix("+"), count <= Self.secondsMax / unit
        else { return nil }
        seconds = count * unit
    }

    var defaultValueDescription: String { seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : "\(seconds)s" }
}
