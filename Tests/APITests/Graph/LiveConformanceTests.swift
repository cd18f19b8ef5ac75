import CypherKit
import Foundation
import JSON
import NodeRuntime
import Testing

@testable import API

/// openCypher's compatibility kit through the public door of a node.
@Suite("Conformance over HTTP", .serialized)
struct LiveConformanceTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/cypher-conformance.md")

    /// Percent of all scenarios that must pass, and of each category but the temporal one.
    private static let floor = 92.0
    private static let floorOfCategory = 95.0
    /// Scenarios side by side: their writes share syncs of the disk.
    private static let width = 12

    @Test(
        "Every scenario of the kit runs over HTTP: nine of ten pass and more, in every category",
        .enabled(if: Kit().isThere && LiveAPI.size == 1, "the kit lies in ../shared/tck, or where VTAG_TCK says; one node"))
    func kit() async throws {
        let environment = ProcessInfo.processInfo.environment
        let only = environment["VTAG_TCK_ONLY"]
        let procedures = KitProcedures()
        var queries = QueryEnvironment()
        queries.zones = try KitZones()
        queries.procedures = procedures
        try await LiveAPI.run(queries: queries) { api in
            let report = try await KitReport.run(Kit(), only: only, width: Self.width) {
                try await HTTPGraphDoor(api, procedures: procedures)
            }
            #expect(report.faults.isEmpty, "scenarios that the runner could not read: \(report.faults)")
            if environment["VTAG_TCK_VERBOSE"] != nil { report.printFailed() }
            #expect(try await api.send("GET", "/graphs").json["items"]?.array?.isEmpty == true)
            guard only == nil else { return }
            if environment["VTAG_WRITE_DOCS"] == "1" { try Data(report.page.utf8).write(to: Self.page) }
            #expect(report.all.percent >= Self.floor, "\(report.all.passed) of \(report.all.total)")
            for (category, tally) in report.tallies where category != "expressions/temporal" {
                #expect(tally.percent >= Self.floorOfCategory, "\(category): \(tally.passed) of \(tally.total)")
            }
            let written = try String(contentsOf: Self.page, encoding: .utf8)
            #expect(
                written == report.page,
                "docs/cypher-conformance.md is out of date: VTAG_WRITE_DOCS=1 swift test --filter LiveConformanceTests")
        }
    }
}
