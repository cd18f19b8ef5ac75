import ArgumentParser
import Foundation
import Interchange
import JSON

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write costs with virtual tags for other tools.", subcommands: [Focus.self])

    struct Focus: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write FOCUS rows with virtual tags in their Tags, such as vt/team.",
            discussion: """
                With --in, the rows of a FOCUS export (CSV) come out as they are, with the virtual tags of their resources added \
                to Tags. Without it, the rows are the sums that the server keeps: one for each resource, month, service and \
                currency. Either way the text passes through; it is never held whole.

                EXAMPLES
                  vtag export focus --in costs-2026-10.csv --file tagged-2026-10.csv
                  zcat costs.csv.gz | vtag export focus --in - | gzip > tagged.csv.gz
                  vtag export focus --month 2026-09 --format ndjson
                """)

        enum Format: String, CaseIterable, ExpressibleByArgument { case csv, ndjson }

        @Option(
            name: .customLong("in"), help: "A FOCUS export to add tags to; - for standard input.",
            completion: .file(extensions: ["csv"]))
        var input: String?
        @Option(help: "Write into this file, which must not be there, instead of standard output.", completion: .file())
        var file: String?
        @Option(help: "What stands before the keys of virtual tags.") var prefix = "vt/"
        @Option(help: "Only this month's costs, such as 2026-09.") var month: String?
        @Option(help: "csv or ndjson.") var format: Format = .csv
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard input == nil || (month == nil && format == .csv) else {
                throw ValidationError("--in excludes --month and --format: rows come out as they went in")
            }
        }

        func run() async throws {
            try await Session.run(connection) { session in
                let output = try OutputFile(path: file)
                if let input {
                    try await enrich(InputFile(path: input), session.client, output)
                } else {
                    try await list(session.client, output)
                }
                try output.finish()
            }
        }

        private func list(_ client: Client, _ output: OutputFile) async throws {
            var cursor: String?
            var isFirst = true
            repeat {
                let target = Target("export", "focus").adding("month", month).adding("prefix", prefix)
                    .adding("limit", "1000").adding("cursor", cursor)
                let page = try await client.text(target, as: format == .csv ? "text/csv" : "application/x-ndjson")
                let hasHeader = format == .csv && !isFirst
                try output.write(hasHeader ? Array(page.bytes.drop { $0 != 0x0A }.dropFirst()) : page.bytes)
                isFirst = false
                guard page.next != cursor || page.next == nil else { return }
                cursor = page.next
            } while cursor != nil
        }

        /// Most resources whose tags are remembered.
        private static let knownMax = 100_000

        private func enrich(_ file: InputFile, _ client: Client, _ output: OutputFile) async throws {
            var enrichment = FocusEnrichment(prefix: prefix)
            var known: [String: [JSONValue.Member]] = [:]
            let reader = try file.open()
            func flush() async throws {
                while enrichment.hasBatch {
                    let ids = enrichment.batchIDs
                    if known.count > Self.knownMax { known.removeAll() }
                    // What no resource can be called is not asked for: it would spoil the question for the others.
                    let asked = ids.filter { id in
                        known[id] == nil && id.utf8.count <= 1024
                            && !id.unicodeScalars.contains { $0.properties.generalCategory == .control }
                    }
                    if !asked.isEmpty {
                        for id in asked { known[id] = [] }
                        let answer = try await client.send(
                            "POST", Target("virtual-tags", "lookup"),
                            .object([.init("resource_ids", .array(asked.map(JSONValue.string)))]))
                        for item in answer["items"]?.array ?? [] {
                            known[item.cell("resource_id")] = item["tags"]?.members ?? []
                        }
                    }
                    try output.write(enrichment.batch(with: known))
                }
            }
            do {
                while let chunk = try reader.next() {
                    try enrichment.push(chunk)
                    try await flush()
                }
                try enrichment.finish()
                try await flush()
            } catch let error as FocusTextError {
                throw Failure.usage("\(file.name): \(error)")
            }
            var words = "\(enrichment.rowCount) rows, \(enrichment.taggedCount) with virtual tags"
            if enrichment.unreadableCount > 0 {
                words += "; the Tags of \(enrichment.unreadableCount) are no JSON object, and stay as they are"
            }
            Terminal.standardError.line(words)
        }
    }
}

/// Where an export goes: standard output, or a file that is there only once it is whole.
final class OutputFile {
    private let path: String?
    private let temporary: String
    private let descriptor: Int32
    private var isFinished = false

    init(path: String?) throws {
        self.path = path
        guard let path else {
            temporary = ""
            descriptor = STDOUT_FILENO
            return
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw Failure.usage("\(path) is there already; name another file, or remove it")
        }
        temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure.usage("cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        guard path != nil, descriptor >= 0, !isFinished else { return }
        close(descriptor)
        unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { whole in
            var rest = whole[...]
            while !rest.isEmpty {
                let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EPIPE, path == nil {
                    // A reader that went away (`| head`) ends the program quietly, as SIGPIPE would.
                    _exit(128 + SIGPIPE)
                } else if errno != EINTR && errno != EAGAIN {
                    throw Failure.usage("cannot write \(path ?? "standard output"): \(String(cString: strerror(errno)))")
                }
            }
        }
    }

    func finish() throws {
        guard let path else { return }
        isFinished = true
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw Failure.usage("cannot write \(path): \(reason)")
        }
    }
}
