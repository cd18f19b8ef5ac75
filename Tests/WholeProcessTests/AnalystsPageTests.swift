import Foundation
import PostgresTesting
import Testing

/// The commands and the statements of `docs/analysts.md` are run, in their order, against a node with the samples.
/// `VTAG_WRITE_DOCS=1 swift test --filter AnalystsPageTests` writes what they print into the page.
@Suite("The analysts' page")
struct AnalystsPageTests {
    /// The page in pieces: text, and what stands between fences.
    private struct Piece {
        var language: String?
        var text: String
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func pieces(of page: String) -> [Piece] {
        var pieces = [Piece(text: "")]
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                let opens = pieces[pieces.count - 1].language == nil
                pieces.append(Piece(language: opens ? String(line.dropFirst(3)) : nil, text: ""))
            } else {
                pieces[pieces.count - 1].text += "\(line)\n"
            }
        }
        return pieces
    }

    @Test("What the page shows is what PostgreSQL answers on the samples")
    func page() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try FileManager.default.createSymbolicLink(
            at: tool.home.appending(path: "samples"), withDestinationURL: Self.root.appending(path: "samples"))
        let address = try PostgresServer.shared.get().makeDatabase()
        let node = try await NodeProcess.serving(
            tool.home.appending(path: "data"), ["--log-segment-bytes", "67108864", "--postgres", address])
        defer { node.terminate() }
        let loaded = try await tool.run("load-samples", "samples", url: node.url, token: node.token)
        try #require(loaded.status == 0, "\(loaded.errors)")

        let url = Self.root.appending(path: "docs/analysts.md")
        let written = Self.pieces(of: try String(contentsOf: url, encoding: .utf8))
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        for piece in written where piece.language == "sh" {
            try PostgresServer.run([
                "env", "-C", tool.home.path, "HOME=\(tool.home.path)", "PATH=\(programs):/usr/bin:/bin",
                "VTAG_URL=\(node.url)", "VTAG_TOKEN=\(node.token)", "bash", "-euo", "pipefail", "-c", piece.text,
            ])
        }
        // Compares, and so waits until the database has it all.
        let verified = try await tool.run("verify", "--postgres", address, url: node.url, token: node.token)
        try #require(verified.status == 0, "\(verified.errors)")

        let writesPage = ProcessInfo.processInfo.environment["VTAG_WRITE_DOCS"] == "1"
        var found = written
        var statement = ""
        for place in found.indices {
            switch found[place].language {
            case "sql": statement = found[place].text
            case "text":
                let answer = try PostgresServer.table(address, statement)
                found[place].text = answer.trimmingCharacters(in: .newlines) + "\n"
                #expect(writesPage || found[place].text == written[place].text, "\(statement)")
            default: break
            }
        }
        #expect(found.count { $0.language == "sql" } == found.count { $0.language == "text" })
        if writesPage { try Data(Self.page(of: found).utf8).write(to: url) }
    }

    private static func page(of pieces: [Piece]) -> String {
        var page = ""
        for (place, piece) in pieces.enumerated() {
            if let language = piece.language {
                page += "```\(language)\n"
            } else if place > 0 {
                page += "```\n"
            }
            page += piece.text
        }
        // The split made a line of what comes after the last one's end.
        return String(page.dropLast())
    }
}
