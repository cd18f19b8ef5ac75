import NIOCore
import NodeRuntime
import Testing

@Suite("The pace of a sweep")
struct SweepPaceTests {
    /// Judges slices until the pace no longer changes, with rows that take `perRow` each.
    private func settled(perRow: TimeAmount) -> Int {
        var pace = SweepPace()
        for _ in 0..<20 {
            let duration = TimeAmount.nanoseconds(perRow.nanoseconds * Int64(pace.rows))
            pace.succeeded()
            pace.judged(in: duration)
        }
        return pace.rows
    }

    @Test("Cheap rules are swept in full slices")
    func cheapRules() { #expect(settled(perRow: .microseconds(5)) == SweepPace.rowsMax) }

    @Test("Dear rules are swept in slices of about a millisecond", arguments: [20, 100, 400] as [Int64])
    func dearRules(microseconds: Int64) {
        let rows = settled(perRow: .microseconds(microseconds))
        #expect(TimeAmount.microseconds(microseconds * Int64(rows)) <= SweepPace.sliceMax)
        #expect(rows >= 1)
    }

    @Test("A row that takes longer than a slice is judged by itself")
    func dearRow() { #expect(settled(perRow: .milliseconds(5)) == 1) }

    @Test("The pace rises again when the rules become cheap")
    func recovery() {
        var pace = SweepPace()
        for _ in 0..<10 { pace.judged(in: .milliseconds(20)) }
        #expect(pace.rows == 1)
        for _ in 0..<10 {
            pace.judged(in: .microseconds(50))
            pace.succeeded()
        }
        #expect(pace.rows == SweepPace.rowsMax)
    }

    @Test("A slice that does not fit the log is halved, down to one row")
    func tooLarge() {
        var pace = SweepPace()
        for _ in 0..<10 { pace.wasTooLarge() }
        #expect(pace.rows == 1)
    }
}
