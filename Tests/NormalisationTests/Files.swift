import Foundation
import Testing

/// Files beside the tests, and the reference payloads that some machines have beside the project.
enum Files {
    static func fixture(_ path: String) throws -> String {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/" + path, withExtension: nil))
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// `VTAG_REFERENCE_DATA`, or `shared/data` beside a folder above these sources; nil where there is none.
    static let referenceData: URL? = {
        if let path = ProcessInfo.processInfo.environment["VTAG_REFERENCE_DATA"] { return URL(filePath: path) }
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let candidate = folder.appending(path: "shared/data")
            if FileManager.default.fileExists(atPath: candidate.appending(path: "README.md").path) { return candidate }
        }
        return nil
    }()

    /// JSON files of a folder of the reference payloads, sorted.
    static func payloads(_ folder: String) throws -> [URL] {
        guard let referenceData else { return [] }
        return try FileManager.default.contentsOfDirectory(
            at: referenceData.appending(path: folder), includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
    }

    static func bytes(_ file: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }
}
