import Foundation

/// One file to send, where to, and what it does not say itself.
struct Payload: Hashable, Sendable {
    enum Format: String, CaseIterable, Sendable {
        case json, ndjson, csv

        var contentType: String {
            switch self {
            case .json: "application/json"
            case .ndjson: "application/x-ndjson"
            case .csv: "text/csv"
            }
        }

        /// By the end of the name; JSON when it says nothing.
        init(fileName: String) {
            switch (fileName as NSString).pathExtension.lowercased() {
            case "ndjson", "jsonl": self = .ndjson
            case "csv": self = .csv
            default: self = .json
            }
        }
    }

    struct Hint: Hashable, Sendable {
        let name: String
        let value: String
    }

    let file: InputFile
    /// `aws`, `gcp`, `azure` or `focus`.
    let kind: String
    let format: Format
    let hints: [Hint]

    var request: Request {
        var target = Target("ingest", kind)
        for hint in hints { target.add(hint.name, hint.value) }
        return Request(
            method: "POST", target: target.text, headers: [("content-type", format.contentType)], body: .file(file))
    }

    /// The payload files that a path names: itself, or everything below a directory, in order of their names.
    static func files(at path: String) throws -> [InputFile] {
        var isDirectory: ObjCBool = false
        guard path == "-" || FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Failure.usage("there is no file \(Terminal.clean(path))")
        }
        guard isDirectory.boolValue else { return [InputFile(path: path)] }
        let kinds: Set<String> = ["json", "ndjson", "jsonl", "csv"]
        let below = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return below.filter { kinds.contains(($0 as NSString).pathExtension.lowercased()) }.sorted().map {
            InputFile(path: (path as NSString).appendingPathComponent($0))
        }
    }
}
