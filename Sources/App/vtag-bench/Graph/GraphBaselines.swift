import Foundation
import JSON

/// What other graph engines take for the same counts over the same edges, by `loadtest/graph-baselines.py`.
struct GraphBaselines {
    struct Engine {
        let name: String
        let version: String
        /// By hops: seconds of one count (the median), and the sum of all counts.
        let seconds: [Int: Double]
        let counts: [Int: Int]
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let engines: [Engine]

    /// - Parameters:
    ///   - python: an interpreter, of 3.12 or later, that has the packages named in the script.
    ///   - directory: holds `edges.csv`; scratch space besides.
    init(python: String, script: String, directory: String, nodes: Int, starts: [Int]) throws {
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script, directory, "\(nodes)"] + starts.map(String.init)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(python) \(script) ended with \(process.terminationStatus)")
        }
        guard case .array(let engines) = try JSONValue(parsing: [UInt8](answer)) else {
            throw Failure(description: "\(script) answered \(String(decoding: answer, as: UTF8.self))")
        }
        self.engines = engines.map { engine in
            Engine(
                name: engine["name"]?.string ?? "", version: engine["version"]?.string ?? "",
                seconds: Self.byHops(engine["seconds"]) { $0.double }, counts: Self.byHops(engine["counts"]) { $0.int })
        }
    }

    private static func byHops<Value>(_ object: JSONValue?, _ value: (JSONValue) -> Value?) -> [Int: Value] {
        guard case .object(let members)? = object else { return [:] }
        return members.reduce(into: [:]) { found, member in
            if let hops = Int(member.name) { found[hops] = value(member.value) }
        }
    }
}
