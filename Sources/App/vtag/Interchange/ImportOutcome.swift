import Foundation
import Interchange
import JSON

/// What imports of some files came to: where it goes, and the report.
struct ImportOutcome {
    private(set) var rules: [JSONValue] = []
    private(set) var definitions: [JSONValue] = []
    private(set) var policies: [JSONValue] = []
    /// With the place in its file.
    private(set) var findings: [(finding: ImportFinding, place: String)] = []

    var isWhole: Bool { !findings.contains { $0.finding.kind == .leftOut } }

    mutating func add(_ imported: ImportedDefinitions, from tree: SourceTree) {
        rules += imported.rules
        definitions += imported.definitions
        policies += imported.policies
        findings += imported.findings.map { ($0, tree.place($0.pointer)) }
    }

    private var kinds: [(kind: DefinitionKind, file: String, items: [JSONValue])] {
        [(.schema, "schema.yaml", definitions), (.rule, "rules.yaml", rules), (.policy, "policies.yaml", policies)]
    }

    /// One definition cannot come from two files.
    func checkNames() throws {
        for (kind, _, items) in kinds {
            var seen: Set<String> = []
            for name in items.compactMap({ $0[kind.key]?.string }) where !seen.insert(name).inserted {
                throw Failure.usage(
                    "two of the files make a \(kind.noun) \"\(Terminal.clean(name))\"; import them one by one, or rename it")
            }
        }
    }

    /// Writes a file for each kind that there is something of; what is there under these names is not overwritten.
    func write(to directory: String, origin: String) throws -> [String] {
        let wanted = kinds.filter { !$0.items.isEmpty }
        for (_, file, _) in wanted where FileManager.default.fileExists(atPath: "\(directory)/\(file)") {
            throw Failure.usage("\(directory)/\(file) is there already; name another directory, or remove it")
        }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for (kind, file, items) in wanted {
                let head = "# \(kind.plural.prefix(1).uppercased())\(kind.plural.dropFirst()) from \(origin).\n"
                let text = head + YAMLText.render(.array(items))
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(file)"), options: .withoutOverwriting)
            }
        } catch {
            throw Failure.usage("cannot write to \(directory): \((error as NSError).localizedDescription)")
        }
        return wanted.map { "\(directory)/\($0.file)" }
    }

    /// Makes the server's definitions say the same, all of them or none.
    func apply(from origin: String, _ client: Client) async throws -> [JSONValue] {
        let folder = try DefinitionFolder(
            kinds.flatMap { kind, file, items in
                try DefinitionFile(text: YAMLText.render(.array(items)), name: file).definitions.map {
                    .init(kind: kind, definition: $0)
                }
            })
        let done = try await PlanDocument(folder, pruning: .prefixes([]), client)
            .carryOut(description: "vtag import of \(origin)", client)
        return folder.entries.compactMap { entry in
            guard let name = entry.definition.value[entry.kind.key]?.string else { return nil }
            return .object([
                .init("kind", .string(entry.kind.noun)), .init("name", .string(name)),
                .init("outcome", .string(done[entry.kind, name].rawValue)),
            ])
        }
    }

    // MARK: The report

    /// - Parameters: the files that were written, or what became of what was applied.
    func json(files: [String], applied: [JSONValue]) -> JSONValue {
        .object([
            .init("rules", .int(rules.count)), .init("tag_definitions", .int(definitions.count)),
            .init("policies", .int(policies.count)), .init("files", .array(files.map(JSONValue.string))),
            .init("applied", .array(applied)),
            .init(
                "items",
                .array(
                    findings.map { found in
                        .object([.init("place", .string(found.place))] + (found.finding.json.members ?? []))
                    })),
        ])
    }

    static func words(_ report: JSONValue) -> String {
        var text = "\(report.cell("rules")) rules, \(report.cell("tag_definitions")) tag definitions and "
        text += "\(report.cell("policies")) policies\n"
        for file in report["files"]?.array ?? [] { text += "wrote \(Terminal.clean(file.cell))\n" }
        for item in report["applied"]?.array ?? [] {
            text += "\(item.cell("kind")) \(Terminal.clean(item.cell("name"))): \(item.cell("outcome"))\n"
        }
        for (kind, title) in [("left_out", "Left out"), ("changed", "Carried over, but not as it was")] {
            let items = (report["items"]?.array ?? []).filter { $0["kind"]?.string == kind }
            if !items.isEmpty { text += "\n\(title):\n" }
            for item in items {
                text += "  \(Terminal.clean(item.cell("item")))  (\(Terminal.clean(item.cell("place"))))\n"
                text += "    \(Terminal.clean(item.cell("why")))\n    → \(Terminal.clean(item.cell("what_to_do")))\n"
            }
        }
        return text
    }
}
