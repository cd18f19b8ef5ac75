import Testing

@testable import LoadTesting

@Suite("The open loop's schedule")
struct ScheduleTests {
    static func all(_ profile: RateProfile, _ spacing: ArrivalSchedule.Spacing = .constant, end: Microseconds)
        -> [Microseconds]
    {
        var schedule = ArrivalSchedule(profile, spacing: spacing, seed: 1, end: end)
        var times: [Microseconds] = []
        while let time = schedule.next() { times.append(time) }
        return times
    }

    @Test("A level rate is evenly spaced, without drift")
    func level() {
        #expect(Self.all(RateProfile(constant: 100), end: 50_000) == [0, 10_000, 20_000, 30_000, 40_000])
        let long = Self.all(RateProfile(constant: 3), end: 3_600_000_000)
        #expect(long.count == 10_800)
        #expect(long.enumerated().allSatisfy { abs(Double($0.element) - Double($0.offset) * 1e6 / 3) <= 1 })
    }

    @Test("A ramp has as many arrivals as the area under it, also where the rate begins or ends at 0")
    func ramps() throws {
        let profile = try #require(
            RateProfile(points: [
                .init(at: 0, rate: 0), .init(at: 10_000_000, rate: 1_000), .init(at: 20_000_000, rate: 1_000),
                .init(at: 30_000_000, rate: 0),
            ]))
        let times = Self.all(profile, end: 40_000_000)
        #expect(abs(times.count - 20_000) <= 1)
        #expect(times == times.sorted())
        let inTheFirstHalf = times.count { $0 < 5_000_000 }
        #expect(abs(inTheFirstHalf - 1_250) <= 1)
        #expect(profile.rate(at: 5_000_000) == 500 && profile.rate(at: 35_000_000) == 0)
    }

    @Test("Poisson arrivals have the mean and the spread that they should")
    func poisson() {
        let times = Self.all(RateProfile(constant: 1_000), .poisson, end: 100_000_000)
        let mean = 100_000.0
        #expect(abs(Double(times.count) - mean) < 5 * mean.squareRoot())
        let distances = zip(times, times.dropFirst()).map { Double($1 - $0) }
        let variance = distances.reduce(0) { $0 + ($1 - 1_000) * ($1 - 1_000) } / Double(distances.count)
        // An exponential's deviation is its mean.
        #expect(abs(variance.squareRoot() - 1_000) < 30)
    }

    @Test("A system that stalls shows in the latency of everything that was to start meanwhile: none is left out")
    func noCoordinatedOmission() {
        // 100 a second for 10 s; the system answers in 1 ms, but stands still from 2.0 s to 3.0 s. One at a time.
        let schedule = ArrivalSchedule(RateProfile(constant: 100), spacing: .constant, seed: 1, end: 10_000_000)
        var pacer = OpenLoopPacer(schedule, inFlightMax: 1)
        var fromIntended = LatencyHistogram()
        var fromActual = LatencyHistogram()
        var now: Microseconds = 0
        var busyUntil: Microseconds?
        loop: while true {
            if let end = busyUntil, end <= now { busyUntil = nil }
            switch pacer.poll(at: now, inFlight: busyUntil == nil ? 0 : 1) {
            case .start(let intended):
                let end = (2_000_000..<3_000_000).contains(now) ? 3_000_000 : now + 1_000
                fromIntended.record(end - intended)
                fromActual.record(end - now)
                busyUntil = end
            case .wait(let time): now = time
            case .full: now = busyUntil ?? now
            case .finished: break loop
            }
        }
        #expect(pacer.started == 1_000, "every operation that was to start did")
        // What a tool that waits would say: one slow operation in a thousand. What users saw: a tenth of them waited.
        #expect(fromActual.percentile(99) < 2_000)
        #expect(fromIntended.percentile(95) > 400_000 && fromIntended.max > 990_000)
        // 101 were to start in that second; the backlog goes at 1 ms each, so about 11 more were late after it.
        #expect((105...115).contains(pacer.late))
        #expect((980_000...1_000_000).contains(pacer.latenessMax))
    }

    @Test("Nothing starts before its time, and a late poll starts all that is due")
    func polling() {
        let schedule = ArrivalSchedule(RateProfile(constant: 10), spacing: .constant, seed: 1, end: 300_000)
        var pacer = OpenLoopPacer(schedule, inFlightMax: 2)
        #expect(pacer.poll(at: 0, inFlight: 0) == .start(intended: 0))
        #expect(pacer.poll(at: 1, inFlight: 1) == .wait(until: 100_000))
        #expect(pacer.poll(at: 250_000, inFlight: 1) == .start(intended: 100_000))
        #expect(pacer.poll(at: 250_000, inFlight: 2) == .full)
        #expect(pacer.poll(at: 250_000, inFlight: 1) == .start(intended: 200_000))
        #expect(pacer.poll(at: 250_000, inFlight: 0) == .finished)
        #expect(pacer.late == 2 && pacer.latenessMax == 150_000)
    }
}
