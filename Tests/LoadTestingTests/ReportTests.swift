import Foundation
import JSON
import Testing

@testable import LoadTesting

@Suite("Reports")
struct ReportTests {
    static func result() -> LoadResult {
        var scenario = Scenario()
        scenario.name = "kill & <restart>"
        scenario.duration = 10_000_000
        scenario.mix = [MixEntry(.tagWrite, weight: 1)]
        scenario.targets.urls = ["http://127.0.0.1:1"]
        var measurements = Measurements(warmUp: 0)
        var pauses = WritePauses(groups: 1)
        for number in 0..<1_000 as Range<Microseconds> where !(300..<420).contains(number) {
            let time = number * 10_000
            measurements.record(MeasuringTests.finished(time, time + 1_000 + number))
            pauses.writeEnded(group: 0, from: time, at: time, succeeded: true)
        }
        measurements.record(MeasuringTests.finished(3_000_000, 4_000_000, .unknown("connection_lost")))
        let event = MeasuringTests.fault(at: 3_000_000)
        var result = LoadResult(scenario: scenario, run: RunName(7), measurements: measurements, loadEnded: 10_000_000)
        result.faults = [FaultRecord(event: event, ended: 3_050_000, status: 1, lastLine: "no such node \"n9\"")]
        result.effects = pauses.effects(of: [event], end: 10_000_000)
        var verdict = Verdict()
        verdict.violations = [Violation(kind: .lost, subject: "tag load-0", story: ["write 3 <…>"])]
        result.verification = .done(verdict)
        return result
    }

    @Test("The page stands by itself, is well-formed, and escapes what it did not write")
    func page() throws {
        let page = Self.result().html
        #expect(
            !page.contains("<script") && !page.contains("http-equiv") && !page.contains("<link") && !page.contains("src="))
        #expect(page.contains("kill &amp; &lt;restart&gt;") && page.contains("write 3 &lt;…&gt;"))
        #expect(page.contains("kill FAILED with status 1: no such node &quot;n9&quot;"))
        #expect(page.components(separatedBy: "<svg ").count == 3, "throughput and latency")
        #expect(page.components(separatedBy: "class=\"fault\" x1").count == 3, "the fault is marked in both")
        #expect(!page.contains("nan") && !page.contains("inf"))
        for tag in ["svg", "table", "tr", "td", "p", "pre", "line", "polyline", "text", "h2", "html", "body"] {
            let opened = page.components(separatedBy: "<\(tag)>").count + page.components(separatedBy: "<\(tag) ").count - 2
            let closed = page.components(separatedBy: "</\(tag)>").count - 1
            // Lines of the grid close themselves.
            #expect(tag == "line" ? closed <= opened : closed == opened, "\(tag)")
        }
    }

    @Test("The result for programs holds the same figures")
    func json() throws {
        let result = Self.result()
        let value = try JSONValue(parsing: result.json.serialised)
        #expect(value["all"]?["succeeded"]?.int == 880 && value["all"]?["unknown"]?.int == 1)
        #expect(value["operations_per_second"]?.double == 88)
        #expect(value["seconds"]?.array?.count == 10)
        #expect(value["write_stops"]?.array?.first?["groups_stopped"]?.int == 1)
        #expect(value["write_stops"]?.array?.first?["max"]?.int == 1_200_000)
        #expect(value["verification"]?["sound"]?.bool == false)
        #expect(!result.isSound)
    }

    @Test("The text says what failed, what the fault did, and the verdict last")
    func text() {
        let lines = Self.result().text
        #expect(lines.contains { $0.contains("1 × connection_lost") })
        #expect(lines.contains { $0.contains("kill, once: stopped 1 groups of keys; writes resumed after p50 1.2 s") })
        #expect(
            lines.last == "VERDICT: VIOLATED. 1 lost, 0 applied twice, 0 histories not linearizable, 0 other violations.")
    }

    @Test("A run without a single success can be reported too")
    func nothing() {
        let result = LoadResult(
            scenario: Scenario(), run: RunName(1), measurements: Measurements(warmUp: 0), loadEnded: 0)
        #expect(result.html.contains("<svg ") && !result.text.isEmpty && result.rate == 0)
    }
}
