import ArgumentParser

extension Payload.Format: ExpressibleByArgument {}

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Load what a provider's own command line or API prints.",
        discussion: """
            FILE is a file, a directory (every .json, .ndjson, .jsonl and .csv below it), or - for standard input. What a \
            payload does not say itself (the account, the region, the call it answers) comes from the flags or a manifest.

            EXAMPLES
              aws ec2 describe-instances | vtag ingest aws - --region us-east-1
              vtag ingest aws tags.json --operation s3.get-bucket-tagging \\
                --resource-id arn:aws:s3:::my-bucket
              vtag ingest gcp assets.ndjson
              az graph query -q "resources" | vtag ingest azure -
              vtag ingest focus costs-2026-10.csv
              vtag ingest --manifest samples/manifest.yaml
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument { case aws, gcp, azure, focus }

    @Argument(help: "aws, gcp, azure, or focus for FOCUS cost rows.")
    var kind: Kind?

    @Argument(help: "Files, directories, or -.", completion: .file())
    var files: [String] = []

    @Option(help: "A list of files with their endpoints and hints.", completion: .file(extensions: ["yaml", "yml"]))
    var manifest: String?

    @Option(help: "AWS account, Google Cloud project or Azure subscription, where the payload does not say it.")
    var accountID: String?

    @Option(help: "Region, where the payload does not say it.")
    var region: String?

    @Option(help: "The call that was answered, as the provider's command line spells it: ec2.describe-volumes.")
    var operation: String?

    @Option(help: "The resource, for answers that do not name it.")
    var resourceID: String?

    @Option(help: "json, ndjson or csv; by the file's name if not given.")
    var format: Payload.Format?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if manifest != nil {
            guard kind == nil, files.isEmpty else {
                throw ValidationError("--manifest names the files itself; give no others")
            }
        } else if kind == nil || files.isEmpty {
            throw ValidationError("say what to ingest: a provider and files (`vtag ingest aws FILE…`), or --manifest FILE")
        }
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input can be read once") }
    }

    func run() async throws {
        let payloads = try manifest.map { try Manifest(path: $0).payloads } ?? given()
        guard !payloads.isEmpty else { throw Failure.usage("there are no .json, .ndjson, .jsonl or .csv files there") }
        try await Session.run(connection) { session in
            var ingestion = Ingestion(client: session.client, payloads: payloads, label: "ingest")
            try await ingestion.run(payloads)
            session.printer.one(ingestion.totals.json) { _ in ingestion.totals.words + "\n" }
            guard ingestion.totals.isClean else { throw ExitCode(ExitStatus.refused.rawValue) }
        }
    }

    private func given() throws -> [Payload] {
        let named: [(String, String?)] = [
            ("account_id", accountID), ("region", region), ("operation", operation), ("resource_id", resourceID),
        ]
        let hints = named.compactMap { name, value in value.map { Payload.Hint(name: name, value: $0) } }
        return try files.flatMap(Payload.files).map { file in
            let byName = kind == .focus && file.isStandardInput ? .csv : Payload.Format(fileName: file.path)
            return Payload(file: file, kind: kind?.rawValue ?? "", format: format ?? byName, hints: hints)
        }
    }
}
