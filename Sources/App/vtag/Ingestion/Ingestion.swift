import JSON

/// Sends payloads one after the other and adds up what became of them.
struct Ingestion {
    struct Totals: Equatable, Sendable {
        var files = 0
        var failedFiles = 0
        var resources = 0
        var relationships = 0
        var created = 0
        var updated = 0
        var unchanged = 0
        var deleted = 0
        var errors = 0

        var isClean: Bool { failedFiles == 0 && errors == 0 }

        mutating func add(_ answer: JSONValue) {
            resources += answer["resources"]?.int ?? 0
            relationships += answer["relationships"]?.int ?? 0
            created += answer["created"]?.int ?? 0
            updated += answer["updated"]?.int ?? 0
            unchanged += answer["unchanged"]?.int ?? 0
            deleted += answer["deleted"]?.int ?? 0
            errors += answer["error_count"]?.int ?? answer["errors"]?.array?.count ?? 0
        }

        var json: JSONValue {
            .object([
                .init("files", .int(files)), .init("failed_files", .int(failedFiles)), .init("resources", .int(resources)),
                .init("relationships", .int(relationships)), .init("created", .int(created)),
                .init("updated", .int(updated)),
                .init("unchanged", .int(unchanged)), .init("deleted", .int(deleted)), .init("errors", .int(errors)),
            ])
        }

        var words: String {
            let outcome =
                "\(created) created, \(updated) updated, \(unchanged) unchanged"
                + (deleted == 0 ? "" : ", \(deleted) deleted")
            let trouble = isClean ? "" : "; \(errors) items refused, \(failedFiles) files failed"
            let source = "\(files) file\(files == 1 ? "" : "s")"
            return "\(resources) resources and \(relationships) relationships from \(source): \(outcome)\(trouble)"
        }
    }

    /// Complaints shown for one file before the rest are only counted.
    static let errorsShownMax = 20

    let client: Client
    private(set) var totals = Totals()
    private var progress: Progress

    /// - Parameter everyFile: where nobody watches, a line for every file rather than for every tenth of the way.
    init(client: Client, payloads: [Payload], label: String, everyFile: Bool = true) {
        self.client = client
        progress = Progress(
            label: label, files: payloads.count, bytes: payloads.reduce(0) { $0 + ($1.file.bytes ?? 0) },
            everyFile: everyFile)
    }

    /// A refused file does not stop the others; a server that is away or does not know us does.
    mutating func run(_ payloads: [Payload]) async throws {
        for payload in payloads { try payload.file.checkReadable() }
        progress.began()
        defer { progress.ended() }
        for payload in payloads {
            totals.files += 1
            do {
                let answer = try await client.json(payload.request)
                totals.add(answer)
                report(answer["errors"]?.array ?? [], of: payload)
                progress.finished(payload.file, words: words(answer))
            } catch let failure as Failure where failure.status == .refused {
                totals.failedFiles += 1
                progress.note("\(Terminal.clean(payload.file.name)): \(failure.message)")
                progress.finished(payload.file, words: nil)
            }
        }
    }

    private mutating func report(_ errors: [JSONValue], of payload: Payload) {
        for error in errors.prefix(Self.errorsShownMax) {
            progress.note(
                "\(Terminal.clean(payload.file.name)): item \(error.cell("index")): \(Terminal.clean(error.cell("detail")))")
        }
        if errors.count > Self.errorsShownMax {
            progress.note("\(Terminal.clean(payload.file.name)): and \(errors.count - Self.errorsShownMax) more")
        }
    }

    private func words(_ answer: JSONValue) -> String {
        ["resources", "created", "updated", "unchanged"].map { "\(answer[$0]?.int ?? 0) \($0)" }.joined(separator: ", ")
    }
}
