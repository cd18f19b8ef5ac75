import Foundation
import JSON

/// A list of payload files with the endpoint and the hints of each (`samples/manifest.yaml` is one).
struct Manifest: Sendable {
    let payloads: [Payload]

    /// Paths in it are relative to the file's own directory.
    init(path: String) throws {
        let directory = (path as NSString).deletingLastPathComponent
        let document = try DefinitionFile(InputFile(path: path))
        guard let root = document.definitions.first, let entries = root.value["files"]?.array else {
            throw Failure.usage("\(path): expected a mapping with a list of \"files\"")
        }
        payloads = try entries.enumerated().map { index, entry in
            let place = root.place("/files/\(index)") ?? path
            guard let file = entry["file"]?.string, let endpoint = entry["endpoint"]?.string else {
                throw Failure.usage("\(place): \"file\" and \"endpoint\" are needed")
            }
            guard endpoint.hasPrefix("/ingest/"), let kind = endpoint.split(separator: "/").last else {
                throw Failure.usage(
                    "\(place): the endpoint must be /ingest/aws, /ingest/gcp, /ingest/azure or /ingest/focus")
            }
            let hints = (entry["query"]?.members ?? []).map { Payload.Hint(name: $0.name, value: $0.value.cell) }
            let whole = (directory as NSString).appendingPathComponent(file)
            return Payload(
                file: InputFile(path: whole), kind: String(kind), format: Payload.Format(fileName: file), hints: hints)
        }
    }
}
