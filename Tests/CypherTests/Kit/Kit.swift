import Foundation

/// The part of openCypher's compatibility kit that lies beside the repository, or where `VTAG_TCK` says.
struct Kit: Sendable {
    struct File: Sendable {
        /// Such as `expressions/temporal`.
        let category: String
        let feature: Feature
    }

    let root: URL

    init() {
        if let path = ProcessInfo.processInfo.environment["VTAG_TCK"] {
            root = URL(fileURLWithPath: path)
        } else {
            root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "shared/tck")
        }
    }

    var isThere: Bool { FileManager.default.fileExists(atPath: root.appending(path: "features").path) }

    func files() throws -> [File] {
        let base = root.appending(path: "features")
        guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
            throw KitFault(description: "no features under \(root.path)")
        }
        var files: [(path: String, file: File)] = []
        for case let url as URL in walker where url.pathExtension == "feature" {
            let parts = url.path.dropFirst(base.path.count + 1).split(separator: "/")
            files.append(
                (
                    url.path,
                    File(
                        category: parts.dropLast().joined(separator: "/"),
                        feature: try Feature(String(contentsOf: url, encoding: .utf8)))
                ))
        }
        return files.sorted { $0.path < $1.path }.map(\.file)
    }

    func graph(named name: String) throws -> String {
        try String(contentsOf: root.appending(path: "graphs/\(name)/\(name).cypher"), encoding: .utf8)
    }
}

/// How the kit went: what passed, by category, and why the rest did not.
struct KitReport: Sendable {
    struct Tally: Sendable {
        var passed = 0
        var total = 0
        var percent: Double { total == 0 ? 100 : Double(passed) / Double(total) * 100 }
        /// Cut off, so that only all are a hundred.
        var percentText: String { String(format: "%.1f", (percent * 10).rounded(.down) / 10) }
    }

    struct Failed: Sendable {
        let category: String
        let feature: String
        let scenario: String
        let reason: String
    }

    private(set) var tallies: [String: Tally] = [:]
    private(set) var failed: [Failed] = []
    /// Scenarios that the runner itself could not read or carry out; they count as failed.
    private(set) var faults: [String] = []

    /// Runs all scenarios, each through a door of its own.
    static func run(_ kit: Kit, only wanted: String? = nil, door: () async throws -> any GraphDoor) async throws
        -> KitReport
    {
        var report = KitReport()
        for file in try kit.files() {
            for scenario in file.feature.scenarios {
                let name = "\(file.category) / \(file.feature.name) / \(scenario.name)"
                if let wanted, !name.contains(wanted) { continue }
                var run = ScenarioRun(door: try await door(), kit: kit)
                do {
                    try await run.run(scenario)
                    report.tallies[file.category, default: Tally()].passed += 1
                } catch {
                    if error is KitFault { report.faults.append("\(name): \(error)") }
                    report.failed.append(
                        Failed(
                            category: file.category, feature: file.feature.name, scenario: scenario.name,
                            reason: "\(error)"))
                }
                report.tallies[file.category, default: Tally()].total += 1
            }
        }
        return report
    }

    var all: Tally {
        tallies.values.reduce(into: Tally()) { sum, tally in
            sum.passed += tally.passed
            sum.total += tally.total
        }
    }

    func printFailed() {
        for one in failed { print("\(one.category) | \(one.feature) | \(one.scenario)\n    \(one.reason)") }
    }

    /// The page of the documentation.
    var page: String {
        func row(_ name: String, _ tally: Tally) -> String {
            "| \(name) | \(tally.total) | \(tally.passed) | \(tally.percentText) |\n"
        }
        var text = """
            # How far openCypher is kept

            The scenarios of openCypher's Technology Compatibility Kit that lie beside this repository (about 60% of it, examples told
            out), each run against a graph of its own. Error scenarios count as passed only with the right class, phase and detail; no
            scenario is left out. Made by `VTAG_WRITE_DOCS=1 swift test --filter ConformanceTests`; the same test fails when this page
            says otherwise.

            | category | scenarios | passed | % |
            | --- | ---: | ---: | ---: |

            """
        for (category, tally) in tallies.sorted(by: { $0.key < $1.key }) { text += row(category, tally) }
        text += row("**all**", all)
        guard !failed.isEmpty else { return text }
        text += "\n## What fails\n\n"
        for one in failed { text += "- \(one.category): \(one.feature), \(one.scenario)\n" }
        return text
    }
}
