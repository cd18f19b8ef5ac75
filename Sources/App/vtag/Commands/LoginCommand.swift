import ArgumentParser
import Foundation

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Try a token on a server, and keep both as the current context.",
        discussion: """
            The token comes from --token-file, else from standard input, so that it is in no shell's history and no list of \
            processes. A token that the server does not take is not kept.

            EXAMPLES
              vtag login https://vtag.example --name production --token-file ~/vtag.jwt
              pass show vtag | vtag login https://vtag.example
            """)
    @Argument(help: "http://HOST:PORT or https://HOST.") var url: String
    @Option(help: "What to call the context (the server's host).") var name: String?
    @Option(help: "A file that holds the token; it is read at each use, and not copied.", completion: .file())
    var tokenFile: String?
    @Option(help: "Certificate authorities to trust, in PEM.", completion: .file()) var caFile: String?

    func run() async throws {
        let address = try ServerAddress(url)
        let token = try readToken()
        if !address.isSecure && !address.isLoopback {
            Terminal.standardError.line("vtag: sending the token in clear text to \(address.text); use https")
        }
        let transport = try HTTPConnection(to: address, trusting: caFile)
        // Every role may read it, and every token, whatever it is limited to.
        let request = Request(method: "GET", target: Target("openapi.yaml").text, headers: [("accept", "*/*")])
        let outcome: Answer
        do {
            outcome = try await Client(address: address, token: token, transport: transport).exchange(request)
        } catch {
            await transport.close()
            throw error
        }
        await transport.close()
        guard outcome.status == 200 else { throw Problem(outcome).failure }
        var saved = try Contexts.load()
        let context = ServerContext(
            name: name ?? address.host, url: address.text, token: tokenFile == nil ? token : nil,
            tokenFile: tokenFile.map(absolutePath), caFile: caFile.map(absolutePath))
        saved.contexts.removeAll { $0.name == context.name }
        saved.contexts.append(context)
        saved.current = context.name
        try saved.save()
        Terminal.standardOutput.line("\(context.name) is the current context")
    }

    private func readToken() throws -> String {
        let bytes: Data?
        if let tokenFile {
            bytes = FileManager.default.contents(atPath: (tokenFile as NSString).expandingTildeInPath)
        } else {
            if isatty(STDIN_FILENO) == 1 { Terminal.standardError.line("Paste the token, then press Enter and Ctrl-D:") }
            bytes = FileHandle.standardInput.readData(ofLength: 64 << 10)
        }
        let text = String(decoding: bytes ?? Data(), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Failure.usage(tokenFile.map { "\($0) does not hold a token" } ?? "there is no token on standard input")
        }
        return text
    }
}
