import Foundation
import JSON

/// The baseline of deciding rules: DuckDB, in a process of its own.
struct DuckDB {
    let seconds: Double
    let version: String
    /// How many resources each rule won, by its number; 0: no rule.
    let winners: [Int: Int]

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - python: an interpreter that has the package `duckdb`.
    ///   - script: `loadtest/first-match.py`.
    ///   - directory: scratch space for a table of about 150 MB per million resources.
    init(python: String, script: String, directory: String, samples: MultipliedSamples, load: RuleLoad, resources: Int)
        throws
    {
        let table = "\(directory)/resources.csv"
        try Self.write(samples, load, resources, to: table)
        defer { try? FileManager.default.removeItem(atPath: table) }
        try load.statement.write(toFile: "\(directory)/statement.sql", atomically: false, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script, directory]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(python) \(script) ended with \(process.terminationStatus)")
        }
        let json = try JSONValue(parsing: [UInt8](answer))
        guard let seconds = json["seconds"]?.double, case .object(let members)? = json["winners"] else {
            throw Failure(description: "\(script) answered \(String(decoding: answer, as: UTF8.self))")
        }
        self.seconds = seconds
        version = json["version"]?.string ?? ""
        winners = members.reduce(into: [:]) { $0[Int($1.name) ?? 0] = $1.value.int }
    }

    private static func write(_ samples: MultipliedSamples, _ load: RuleLoad, _ resources: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else {
            throw Failure(description: "cannot write \(path)")
        }
        var block = load.columns.joined(separator: ",") + "\n"
        for number in 0..<resources {
            let values = load.values(of: samples.observation(number)).map { value in
                value.map { "\"\($0.replacing("\"", with: "\"\""))\"" } ?? "\\N"
            }
            block += values.joined(separator: ",") + "\n"
            guard block.utf8.count >= 1 << 20 || number == resources - 1 else { continue }
            try file.write(contentsOf: Data(block.utf8))
            block = ""
        }
        try file.close()
    }
}
