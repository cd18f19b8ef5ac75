import NIOCore
import Testing

@testable import NodeRuntime

@Suite("When a round of the checkpoint is due")
struct CheckpointPaceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// When a round begins, in milliseconds from the start; a tick every 250 ms, and what `total` says each time.
    private func rounds(until end: Int64, total: (Int64) -> Int) -> [Int64] {
        var pace = CheckpointPace(ageMax: .seconds(15))
        pace.roundBegins(total: total(0))
        var rounds: [Int64] = []
        for time in stride(from: 0, through: end, by: 250) {
            guard pace.isDue(total: total(time), isUrgent: false, at: start + .milliseconds(time)) else { continue }
            pace.roundBegins(total: total(time))
            rounds.append(time)
        }
        return rounds
    }

    @Test("Nothing is due while nothing changes")
    func idle() { #expect(rounds(until: 60_000) { _ in 0 } == []) }

    @Test("A change is written soon where no other follows")
    func single() { #expect(rounds(until: 60_000) { $0 < 1_000 ? 0 : 1 } == [3_000]) }

    @Test("Steady changes are written when the oldest is of age")
    func steady() { #expect(rounds(until: 46_000) { Int($0) } == [15_250, 30_500, 45_750]) }

    @Test("Heavy changes are written before they weigh too much")
    func heavy() {
        let rounds = rounds(until: 10_000) { Int($0) * CheckpointPace.weightMax / 1_000 }
        #expect(rounds == Array(stride(from: 1_000, through: 10_000, by: 1_000)))
    }

    @Test("What the log held at the start, and what holds up writes, is due")
    func urgent() {
        var pace = CheckpointPace(ageMax: .seconds(15))
        let atStart = [0, 2, 3].map { pace.isDue(total: 0, isUrgent: false, at: start + .seconds($0)) }
        #expect(atStart == [false, true, true])
        pace.roundBegins(total: 0)
        let unchanged = pace.isDue(total: 0, isUrgent: true, at: start + .seconds(4))
        let urgent = pace.isDue(total: 1, isUrgent: true, at: start + .seconds(4))
        #expect(!unchanged && urgent)
    }
}
