import Foundation
import LoadTesting

/// Reads a scenario and says everything that is wrong with it, as `FILE:LINE: what`.
enum ScenarioFile {
    static func read(_ path: String) throws -> Scenario {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw LoadFailure(.usage, "cannot read \(path)")
        }
        do {
            return try Scenario(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            let lines = error.problems.map { problem in
                "  \(path):\(problem.line): " + (problem.path.isEmpty ? "" : "\(problem.path): ") + problem.message
            }
            throw LoadFailure(.usage, "\(path) is not a scenario:\n" + lines.joined(separator: "\n"))
        }
    }
}
