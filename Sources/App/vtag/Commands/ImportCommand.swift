import ArgumentParser
import Interchange
import JSON
import Model

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Turn other systems' rules and policies into this one's.",
        discussion: """
            Writes schema.yaml, rules.yaml and policies.yaml into a directory, in the form that `vtag schema apply`, `vtag \
            rules apply` and `vtag policies apply` take, or applies them at once. The report names what could not be carried \
            over, and what means something a little different here. Without --out and --apply there is only the report.

            Ends with status 2 when something was left out.
            """,
        subcommands: [Custodian.self, TagPolicy.self, CostCategory.self])

    /// Where the definitions go.
    struct Destination: ParsableArguments {
        @Option(help: "Write the files into this directory; made if it is missing.", completion: .directory) var out: String?
        @Flag(help: "Apply what was imported, all or nothing, instead of writing it.") var apply = false
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if apply && out != nil { throw ValidationError("--out and --apply exclude each other") }
        }

        func deliver(_ outcome: ImportOutcome, origin: String) async throws {
            try outcome.checkNames()
            if apply {
                try await Session.run(connection) { session in
                    let applied = try await outcome.apply(from: origin, session.client)
                    session.printer.one(outcome.json(files: [], applied: applied), ImportOutcome.words)
                }
            } else {
                let files = try out.map { try outcome.write(to: $0, origin: origin) } ?? []
                Printer(format: connection.output).one(outcome.json(files: files, applied: []), ImportOutcome.words)
            }
            if !outcome.isWhole { throw ExitCode(ExitStatus.findings.rawValue) }
        }
    }

    /// Names the file in the refusal of a document.
    static func locating<Result>(_ tree: SourceTree, _ body: () throws(NotImportable) -> Result) throws -> Result {
        do throws(NotImportable) {
            return try body()
        } catch {
            throw Failure.usage("\(tree.place(error.pointer)): \(error.message)")
        }
    }

    struct Custodian: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import policies of Cloud Custodian (YAML).",
            discussion: """
                Policies with tag actions become rules; those that only select resources become compliance policies. A \
                policy is carried over with all its filters or not at all.

                EXAMPLES
                  vtag import custodian policies.yml --out imported
                  vtag import custodian policies.yml --at 2026-10-31 --apply
                """)

        @Argument(help: "Files; - for standard input.", completion: .file(extensions: ["yml", "yaml", "json"]))
        var files: [String]
        @Option(
            help: "Judge ages and marks as of this time (RFC 3339); without it, policies that ask for them are left out.")
        var at: Timestamp?
        @Option(help: "The first rule's priority; lower wins.") var priority = 1000
        @OptionGroup var destination: Destination

        func run() async throws {
            var outcome = ImportOutcome()
            for file in files {
                let tree = try SourceTree(yaml: InputFile(path: file))
                let start = priority + outcome.rules.count
                let imported = try ImportCommand.locating(tree) { () throws(NotImportable) in
                    try CustodianImport(at: at, priority: start).definitions(from: tree.value)
                }
                outcome.add(imported, from: tree)
            }
            try await destination.deliver(outcome, origin: "Cloud Custodian")
        }
    }

    struct TagPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "aws-tag-policy", abstract: "Import tag policies of AWS Organizations (JSON).",
            discussion: """
                Several files are read as a chain, from the organization's root down to the account.

                EXAMPLES
                  aws organizations describe-effective-policy --policy-type TAG_POLICY | vtag import aws-tag-policy -
                  vtag import aws-tag-policy root.json ou.json --out imported
                """)

        @Argument(help: "Files; - for standard input.", completion: .file(extensions: ["json"])) var files: [String]
        @OptionGroup var destination: Destination

        func run() async throws {
            var outcome = ImportOutcome()
            var chain = TagPolicyImport()
            var last: SourceTree?
            for file in files {
                let tree = try SourceTree(json: InputFile(path: file))
                try ImportCommand.locating(tree) { () throws(NotImportable) in try chain.read(tree.value) }
                last = tree
            }
            if let last { outcome.add(chain.definitions(), from: last) }
            try await destination.deliver(outcome, origin: "AWS tag policies")
        }
    }

    struct CostCategory: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "aws-cost-category", abstract: "Import rules of AWS Cost Categories (JSON).",
            discussion: """
                EXAMPLES
                  aws ce describe-cost-category-definition --cost-category-arn ARN | vtag import aws-cost-category -
                  vtag import aws-cost-category rules.json --key team --out imported
                """)

        @Argument(help: "Files; - for standard input.", completion: .file(extensions: ["json"])) var files: [String]
        @Option(help: "The tag key; by default the category's name.") var key: String?
        @Option(help: "The first rule's priority; lower wins.") var priority = 1000
        @OptionGroup var destination: Destination

        func run() async throws {
            var outcome = ImportOutcome()
            for file in files {
                let tree = try SourceTree(json: InputFile(path: file))
                let start = priority + outcome.rules.count
                let imported = try ImportCommand.locating(tree) { () throws(NotImportable) in
                    try CostCategoryImport(key: key, priority: start).definitions(from: tree.value)
                }
                outcome.add(imported, from: tree)
            }
            try await destination.deliver(outcome, origin: "AWS Cost Categories")
        }
    }
}

extension Timestamp: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
