import Foundation

/// The part of openCypher's compatibility kit that lies beside the repository, or where `VTAG_TCK` says.
package struct Kit: Sendable {
    struct File: Sendable {
        /// Such as `expressions/temporal`.
        let category: String
        let feature: Feature
    }

    let root: URL

    package init() {
        if let path = ProcessInfo.processInfo.environment["VTAG_TCK"] {
            root = URL(fileURLWithPath: path)
        } else {
            root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/tck")
        }
    }

    package var isThere: Bool { FileManager.default.fileExists(atPath: root.appending(path: "features").path) }

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
package struct KitReport: Sendable {
    package struct Tally: Sendable {
        package fileprivate(set) var passed = 0
        package fileprivate(set) var total = 0
        package var percent: Double { total == 0 ? 100 : Double(passed) / Double(total) * 100 }
        /// Cut off, so that only all are a hundred.
        var percentText: String { String(format: "%.1f", (percent * 10).rounded(.down) / 10) }
    }

    package struct Failed: Sendable {
        package let category: String
        package let feature: String
        package let scenario: String
        let reason: String
    }

    package private(set) var tallies: [String: Tally] = [:]
    package private(set) var failed: [Failed] = []
    /// Scenarios that the runner itself could not read or carry out; they count as failed.
    package private(set) var faults: [String] = []

    /// Runs all scenarios, each through a door of its own.
    ///
    /// - Parameter width: so many side by side. Those that bring procedures run first, one after the other: what they bring is
    ///   known to the whole node.
    package static func run(
        _ kit: Kit, only wanted: String? = nil, width: Int = 1, door: @escaping @Sendable () async throws -> any GraphDoor
    ) async throws -> KitReport {
        var scenarios: [(category: String, feature: String, scenario: Feature.Scenario)] = []
        for file in try kit.files() {
            for scenario in file.feature.scenarios {
                if let wanted, !"\(file.category) / \(file.feature.name) / \(scenario.name)".contains(wanted) { continue }
                scenarios.append((file.category, file.feature.name, scenario))
            }
        }
        var outcomes = [Outcome](repeating: .passed, count: scenarios.count)
        var waiting = scenarios.indices.filter { scenarios[$0].scenario.bringsProcedures }
        for position in waiting { outcomes[position] = await outcome(of: scenarios[position].scenario, kit, door) }
        let done = Set(waiting)
        waiting = scenarios.indices.reversed().filter { !done.contains($0) }
        await withTaskGroup(of: (Int, Outcome).self) { group in
            func next() {
                guard let position = waiting.popLast() else { return }
                let scenario = scenarios[position].scenario
                group.addTask { (position, await outcome(of: scenario, kit, door)) }
            }
            for _ in 0..<width { next() }
            while let (position, outcome) = await group.next() {
                outcomes[position] = outcome
                next()
            }
        }
        var report = KitReport()
        for ((category, feature, scenario), outcome) in zip(scenarios, outcomes) {
            report.take(outcome, category, feature, scenario.name)
        }
        return report
    }

    private enum Outcome: Sendable {
        case passed
        case failed(String)
        case fault(String)
    }

    private static func outcome(
        of scenario: Feature.Scenario, _ kit: Kit, _ door: @Sendable () async throws -> any GraphDoor
    ) async -> Outcome {
        do {
            let door = try await door()
            var run = ScenarioRun(door: door, kit: kit)
            let result = await Result { try await run.run(scenario) }
            try await door.close()
            try result.get()
            return .passed
        } catch let error as KitFault {
            return .fault("\(error)")
        } catch {
            return .failed("\(error)")
        }
    }

    private mutating func take(_ outcome: Outcome, _ category: String, _ feature: String, _ scenario: String) {
        tallies[category, default: Tally()].total += 1
        switch outcome {
        case .passed: tallies[category, default: Tally()].passed += 1
        case .failed(let reason):
            failed.append(Failed(category: category, feature: feature, scenario: scenario, reason: reason))
        case .fault(let reason):
            faults.append("\(category) / \(feature) / \(scenario): \(reason)")
            failed.append(Failed(category: category, feature: feature, scenario: scenario, reason: reason))
        }
    }

    package var all: Tally {
        tallies.values.reduce(into: Tally()) { sum, tally in
            sum.passed += tally.passed
            sum.total += tally.total
        }
    }

    package func printFailed() {
        for one in failed { print("\(one.category) | \(one.feature) | \(one.scenario)\n    \(one.reason)") }
    }

    /// The page of the documentation.
    package var page: String {
        func row(_ name: String, _ tally: Tally) -> String {
            "| \(name) | \(tally.total) | \(tally.passed) | \(tally.percentText) |\n"
        }
        var text = """
            # How far openCypher is kept

            The scenarios of openCypher's Technology Compatibility Kit that lie beside this repository (about 60% of it, examples told
            out), each run through the public HTTP door of a node against a named graph of its own: made by `PUT /graphs/NAME`, asked by
            `POST /db/NAME/query/v2` with typed values, dropped afterwards. Error scenarios count as passed only with the right class,
            phase and detail; no scenario is left out. The node has the kit's mock procedures, and time zones as the tz database's main
            data has them (Debian gives Stockholm another past). Made by `VTAG_WRITE_DOCS=1 swift test --filter LiveConformanceTests`; the
            same test fails when this page says otherwise.

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

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension Feature.Scenario {
    fileprivate var bringsProcedures: Bool { steps.contains { $0.text.hasPrefix("there exists a procedure") } }
}
