import CypherKit
import Foundation
import Testing

/// openCypher's compatibility kit against a graph in this process.
@Suite("Conformance")
struct ConformanceTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/cypher-conformance.md")

    /// Percent of all scenarios that must pass.
    private static let floor = 92.0
    /// Percent of each category but the temporal one.
    private static let floorOfCategory = 95.0

    @Test(
        "Scenarios of the kit pass: nine of ten and more, in every category",
        .enabled(if: Kit().isThere, "the kit lies in ../shared/tck, or where VTAG_TCK says"))
    func kit() async throws {
        let environment = ProcessInfo.processInfo.environment
        let zones = try KitZones()
        let only = environment["VTAG_TCK_ONLY"]
        let report = try await KitReport.run(Kit(), only: only) {
            LocalDoor(zones: zones, partitions: 1, batchRows: 1_024)
        }
        #expect(report.faults.isEmpty, "scenarios that the runner could not read: \(report.faults)")
        if environment["VTAG_TCK_VERBOSE"] != nil { report.printFailed() }
        guard only == nil else { return }
        #expect(report.all.percent >= Self.floor, "\(report.all.passed) of \(report.all.total)")
        for (category, tally) in report.tallies where category != "expressions/temporal" {
            #expect(tally.percent >= Self.floorOfCategory, "\(category): \(tally.passed) of \(tally.total)")
        }
    }

    @Test(
        "Neither the number of partitions nor the size of batches changes what passes",
        .enabled(if: Kit().isThere, "the kit lies in ../shared/tck, or where VTAG_TCK says"),
        arguments: [(3, 1), (2, 3)])
    func batches(_ partitions: Int, _ batchRows: Int) async throws {
        let zones = try KitZones()
        let report = try await KitReport.run(Kit()) {
            LocalDoor(zones: zones, partitions: partitions, batchRows: batchRows)
        }
        if ProcessInfo.processInfo.environment["VTAG_TCK_VERBOSE"] != nil { report.printFailed() }
        let failed = report.failed.map { "- \($0.category): \($0.feature), \($0.scenario)" }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(failed.allSatisfy(written.contains), "\(failed)")
    }
}
