import Testing

@testable import LoadTesting

@Suite("Measuring")
struct MeasuringTests {
    static func finished(
        _ intended: Microseconds, _ ended: Microseconds, _ outcome: AttemptOutcome = .succeeded, late: Microseconds = 0
    ) -> FinishedOperation {
        FinishedOperation(
            kind: .tagWrite, intended: intended, started: intended + late, ended: ended, outcome: outcome, attempts: 1)
    }

    @Test("Latency counts from the intended start; the warm-up is left out of the figures, not of the timeline")
    func recording() {
        var measurements = Measurements(warmUp: 1_000_000)
        measurements.record(Self.finished(0, 500_000))
        measurements.record(Self.finished(1_000_000, 1_300_000, late: 200_000))
        measurements.record(Self.finished(1_500_000, 2_400_000, .unknown("deadline_exceeded")))
        measurements.record(Self.finished(1_600_000, 2_500_000, .refused("status 404")))
        #expect(measurements.totals.succeeded == 1 && measurements.totals.unknown == 1 && measurements.totals.failed == 1)
        #expect(measurements.totals.latency.max == 300_000 && measurements.service.max == 100_000)
        #expect(measurements.seconds.map(\.succeeded) == [1, 1, 0])
        #expect(measurements.seconds.map(\.unknown) == [0, 0, 1])
        #expect(measurements.reasons == ["deadline_exceeded": 1, "status 404": 1])
    }

    @Test("Reasons that differ every time do not fill the memory")
    func reasons() {
        var measurements = Measurements(warmUp: 0)
        for number in 0..<1_000 { measurements.record(Self.finished(0, 1, .unknown("request \(number)"))) }
        #expect(measurements.reasons.count == Measurements.reasonsMax + 1)
        #expect(measurements.reasons.values.reduce(0, +) == 1_000)
    }

    static func fault(at time: Microseconds, undo: Bool = false) -> FaultEvent {
        FaultEvent(time: time, number: 1, name: "kill", command: "x", node: nil, isUndo: undo)
    }

    @Test("A pause is the longest time without a success that began after the fault, by group")
    func pauses() throws {
        var pauses = WritePauses(groups: 3)
        // Group 0 goes on every 10 ms; group 1 stops 50 ms after the fault until 1.2 s after it; group 2 is never written to.
        for time in stride(from: 0, through: 20_000_000, by: 10_000) {
            pauses.succeeded(0, Microseconds(time))
            if !(10_050_001..<11_200_000).contains(time) { pauses.succeeded(1, Microseconds(time)) }
        }
        let effect = try #require(pauses.effects(of: [Self.fault(at: 10_000_000)], end: 20_000_000).first)
        #expect(
            effect.pauses == [
                .init(group: 0, length: 10_000, ended: true, isStop: false),
                .init(group: 1, length: 1_150_000, ended: true, isStop: true),
            ])
        #expect(effect.stopped.map(\.group) == [1])
    }

    @Test("A pause that outlasts the next event counts whole; one that nothing ends is said not to have ended")
    func longPauses() {
        var pauses = WritePauses(groups: 2)
        for time in stride(from: 0, through: 9_000_000, by: 10_000) {
            if !(1_000_001..<8_000_000).contains(time) { pauses.succeeded(0, Microseconds(time)) }
            if time <= 1_000_000 { pauses.succeeded(1, Microseconds(time)) }
        }
        let effects = pauses.effects(
            of: [Self.fault(at: 1_000_000), Self.fault(at: 5_000_000, undo: true)], end: 9_000_000)
        #expect(effects[0].pauses[0] == .init(group: 0, length: 7_000_000, ended: true, isStop: true))
        #expect(effects[1].pauses[0] == .init(group: 0, length: 3_000_000, ended: true, isStop: true))
        #expect(effects[0].pauses[1].ended == false && effects[1].pauses[1].ended == false)
    }

    @Test("Writes that wait show a stop where writes are too seldom for silence to tell, and nothing else does")
    func waitingWrites() {
        var pauses = WritePauses(groups: 4)
        // Each group is written to every 400 ms; the fault is at 10 s.
        for time in stride(from: 0 as Microseconds, through: 20_000_000, by: 400_000) {
            pauses.succeeded(0, time)
            // Group 1 serves nobody from 10 s to 10.7 s: two writes wait for that.
            if (10_000_000..<10_700_000).contains(time) {
                pauses.writeEnded(group: 1, from: time, at: 10_700_000, succeeded: true)
                // In group 2 they fail, in group 3 others are served meanwhile.
                pauses.writeEnded(group: 2, from: time, at: time + 300_000, succeeded: false)
                pauses.writeEnded(group: 3, from: time, at: time + 300_000, succeeded: false)
                for other in stride(from: time, to: time + 400_000, by: 100_000) { pauses.succeeded(3, other) }
            } else {
                for group in 1...3 { pauses.succeeded(group, time) }
            }
        }
        let effect = pauses.effects(of: [Self.fault(at: 9_900_000)], end: 20_000_000)[0]
        #expect(effect.stopped.map(\.group) == [1, 2])
        #expect(effect.pauses[1] == .init(group: 1, length: 700_000, ended: true, isStop: true))
        #expect(effect.pauses[2] == .init(group: 2, length: 700_000, ended: true, isStop: true))
    }

    @Test("A group that is seldom written to is not called stopped for that")
    func seldom() {
        var pauses = WritePauses(groups: 1)
        for time in stride(from: 0, through: 20_000_000, by: 500_000) {
            pauses.succeeded(0, Microseconds(time))
        }
        #expect(pauses.effects(of: [Self.fault(at: 10_200_000)], end: 20_000_000)[0].stopped.isEmpty)
    }
}

extension WritePauses {
    fileprivate mutating func succeeded(_ group: Int, _ time: Microseconds) {
        writeEnded(group: group, from: time, at: time, succeeded: true)
    }
}
