import Foundation
import JSON

/// The definitions of files and folders, each of the kind that its members tell.
struct DefinitionFolder: Sendable {
    struct Entry: Sendable {
        let kind: DefinitionKind
        let definition: Definition
    }

    /// Most files of all folders together.
    static let filesMax = 10_000
    private static let suffixes = [".yaml", ".yml", ".json"]

    /// In the order of the arguments, files of a folder by their paths.
    let entries: [Entry]

    /// Reads files as they are named, and of folders every YAML and JSON file at any depth but hidden ones.
    init(_ paths: [String]) throws {
        var entries: [Entry] = []
        for path in try paths.flatMap(Self.files) {
            for definition in try DefinitionFile(InputFile(path: path)).definitions {
                entries.append(Entry(kind: try Self.kind(of: definition), definition: definition))
            }
        }
        try self.init(entries)
    }

    init(_ entries: [Entry]) throws {
        self.entries = entries
        for kind in DefinitionKind.planned { try kind.check(definitions(of: kind)) }
    }

    func definitions(of kind: DefinitionKind) -> [Definition] {
        entries.filter { $0.kind.command == kind.command }.map(\.definition)
    }

    private static func files(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard path != "-", FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return [path]
        }
        guard let found = FileManager.default.enumerator(atPath: path) else {
            throw Failure.usage("cannot read the folder \(path)")
        }
        var files: [String] = []
        for case let name as String in found {
            guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }),
                suffixes.contains(where: { name.hasSuffix($0) }), isFile("\(path)/\(name)")
            else { continue }
            guard files.count < filesMax else { throw Failure.usage("\(path) holds more than \(filesMax) files") }
            files.append(path.hasSuffix("/") ? path + name : "\(path)/\(name)")
        }
        guard !files.isEmpty else { throw Failure.usage("\(path) holds no YAML or JSON file") }
        return files.sorted()
    }

    /// Not a folder, nor a pipe that would never end.
    private static func isFile(_ path: String) -> Bool {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        return type == .typeRegular
    }

    private static func kind(of definition: Definition) throws -> DefinitionKind {
        if let kind = DefinitionKind.planned.first(where: { definition.value[$0.key] != nil }) { return kind }
        let place = definition.place("") ?? definition.file
        guard definition.value[DefinitionKind.waiver.key] == nil else {
            throw Failure.usage("\(place): waivers are not part of plans; `vtag compliance waivers apply` takes them")
        }
        let keys = DefinitionKind.planned.map { "\"\($0.key)\"" }.joined(separator: ", ")
        throw Failure.usage("\(place): neither a rule nor a tag definition nor a policy, as it has none of \(keys)")
    }
}

extension DefinitionKind {
    /// The kinds that a plan may change.
    static let planned = [rule, schema, policy]

    /// What plans call one.
    var planWord: String {
        switch command {
        case Self.rule.command: "rule"
        case Self.schema.command: "definition"
        default: "policy"
        }
    }
}
