import Simulation
import Testing

@Suite("The world")
struct WorldTests {
    @Test("Events come in the order of time, those of one instant in the order of scheduling")
    func eventOrder() {
        var random = RandomStream(seed: 7)
        var queue = EventQueue<Int>()
        var expected: [(Microseconds, Int)] = []
        for number in 0..<500 {
            let time = Microseconds(random.below(40))
            queue.schedule(number, at: time)
            expected.append((time, number))
        }
        expected.sort { ($0.0, $0.1) < ($1.0, $1.1) }
        var taken: [Int] = []
        while let event = queue.next() { taken.append(event) }
        let order = expected.map(\.1)
        #expect(taken == order)
    }

    @Test("An event scheduled in the past happens now, after what is due now")
    func pastEvents() {
        var queue = EventQueue<String>()
        queue.schedule("first", at: 100)
        queue.schedule("due", at: 100)
        var taken = [queue.next()]
        queue.schedule("late", at: 3)
        taken += [queue.next(), queue.next()]
        #expect(taken == ["first", "due", "late"])
        #expect(queue.now == 100)
        #expect(queue.nextTime == nil)
    }

    @Test("A stream's numbers are the same for ever, and each purpose has its own")
    func streams() {
        var stream = RandomStream(seed: 1)
        let numbers = (0..<3).map { _ in stream.next() }
        #expect(numbers == RandomVectors.seedOne)
        let firsts = RandomStream.Purpose.allCases.map { purpose in
            var stream = RandomStream(seed: 1, purpose: purpose)
            return stream.next()
        }
        #expect(Set(firsts).count == firsts.count)
    }

    @Test("Numbers stay within their bounds and reach both ends")
    func bounds() {
        var stream = RandomStream(seed: 3)
        let numbers = Set((0..<1_000).map { _ in stream.number(in: -2...2) })
        #expect(numbers == [-2, -1, 0, 1, 2])
        let (never, always) = (stream.chance(perMillion: 0), stream.chance(perMillion: 1_000_000))
        #expect(!never && always)
        let shuffled = stream.shuffled(Array(0..<50))
        #expect(shuffled.sorted() == Array(0..<50))
    }

    @Test("A cut link loses everything in its direction only")
    func oneWayCut() {
        var network = SimulatedNetwork(endpoints: 3, profile: .calm, random: RandomStream(seed: 1))
        network.setCut(true, from: 0, to: 1)
        let lost = network.send(from: 0, to: 1, at: 0)
        let arrives = network.send(from: 1, to: 0, at: 0)
        #expect(lost.first == nil && arrives.first != nil)
        network.heal()
        let healed = network.send(from: 0, to: 1, at: 0)
        #expect(healed.first != nil)
    }

    @Test("A partition cuts both directions between its sides and nothing within them")
    func partition() {
        var network = SimulatedNetwork(endpoints: 4, profile: .calm, random: RandomStream(seed: 1))
        network.partition { $0 / 2 }
        for sender in 0..<4 {
            for receiver in 0..<4 { #expect(network.isCut(from: sender, to: receiver) == (sender / 2 != receiver / 2)) }
        }
    }

    @Test("A clogged link delivers after the clog; an ordered one never overtakes")
    func clog() throws {
        var network = SimulatedNetwork(endpoints: 2, profile: .calm, random: RandomStream(seed: 5))
        network.clog(from: 0, to: 1, until: 5_000)
        let first = network.send(from: 0, to: 1, at: 10)
        let held = try #require(first.first)
        #expect(held > 5_000)
        var last = held
        for now in 0..<200 {
            let arrivals = network.send(from: 0, to: 1, at: Microseconds(4_900 + now))
            let arrival = try #require(arrivals.first)
            #expect(arrival >= last)
            last = arrival
        }
    }

    @Test("Loss and duplication happen about as often as the profile says")
    func lossAndDuplication() {
        var profile = NetworkProfile.calm
        profile.lossPerMillion = 100_000
        profile.duplicationPerMillion = 50_000
        var network = SimulatedNetwork(endpoints: 2, profile: profile, random: RandomStream(seed: 9))
        let arrivals = (0..<20_000).map { network.send(from: 0, to: 1, at: Microseconds($0)) }
        let lost = arrivals.count { $0.first == nil }
        let doubled = arrivals.count { $0.second != nil }
        #expect((1_800...2_200).contains(lost))
        #expect((800...1_000).contains(doubled))
    }

    @Test("A crash harms only what was written after the last sync, in whole sectors")
    func crash() throws {
        for seed in 0..<200 as Range<UInt64> {
            var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: seed))
            try disk.append(Array(repeating: 1, count: 700))
            disk.synced(upTo: 700)
            try disk.append(Array(repeating: 2, count: 3_000))
            disk.crashed(powerIsLost: true)
            #expect(disk.bytes[..<700].allSatisfy { $0 == 1 })
            var position = 700
            while position < 3_700 {
                let end = min((position / 512 + 1) * 512, 3_700)
                let sector = Set(disk.bytes[position..<end])
                #expect(sector == [0] || sector == [2], "seed \(seed): a sector is whole or not there")
                position = end
            }
        }
    }

    @Test("Without a loss of power a crash harms nothing; a full disk takes nothing")
    func processCrash() throws {
        var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: 1))
        try disk.append([1, 2, 3])
        disk.crashed(powerIsLost: false)
        #expect(disk.bytes == [1, 2, 3])
        disk.capacity = 4
        #expect(throws: SimulatedDisk.WriteError.full) { () throws in try disk.append([4, 5]) }
        #expect(disk.bytes == [1, 2, 3])
    }

    @Test("A clock that drifts never goes back, and knows when it will show a time")
    func clocks() {
        for drift in [-200_000, -300, 0, 300, 200_000] as [Int64] {
            var clock = NodeClock(reading: 1_000_000, driftPerMillion: drift)
            var last = clock.read(at: 0)
            for now in stride(from: 0, to: 5_000_000, by: 777) as StrideTo<Microseconds> {
                if now == 777 * 1_000 { clock.drift(perMillion: -drift, at: now) }
                let reading = clock.read(at: now)
                #expect(reading >= last)
                last = reading
            }
            let time = clock.time(of: last + 10_000)
            #expect(clock.read(at: time) >= last + 10_000)
            #expect(clock.read(at: time - 2) < last + 10_000)
        }
    }

    @Test("The trace's hash depends on every line and its order; the last lines are kept")
    func traces() {
        func trace(_ numbers: [UInt64]) -> Trace {
            var trace = Trace(capacity: 3)
            for number in numbers { trace.note(.applied, at: 5, place: 1, number) }
            return trace
        }
        #expect(trace([1, 2]).hash != trace([2, 1]).hash)
        #expect(trace([1, 2]).hash == trace([1, 2]).hash)
        #expect(trace([1, 2, 3, 4, 5]).lines.map(\.a) == [3, 4, 5])
    }
}

enum RandomVectors {
    static let seedOne: [UInt64] = [6_791_897_765_849_424_158, 17_405_687_883_870_564_846, 834_844_254_806_117_752]
}
