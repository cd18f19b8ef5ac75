import Testing

@testable import Membership

@Suite("Parts of membership")
struct PartsTests {
    @Test("Of two claims about a member exactly one overrides, unless they say the same; and the order has no cycle")
    func standings() {
        var all: [Standing] = []
        for generation in 1...2 as ClosedRange<UInt64> {
            for incarnation in 0...2 as ClosedRange<UInt64> {
                for status in [MemberStatus.alive, .suspected, .dead, .left] {
                    all.append(Standing(generation: generation, incarnation: incarnation, status: status))
                }
            }
        }
        for one in all {
            for other in all {
                let isSame =
                    one == other
                    || (one.generation == other.generation && one.status == other.status && one.status.isFinal)
                #expect(one.overrides(other) != other.overrides(one) || isSame, "\(one), \(other)")
                #expect(!(one.overrides(other) && other.overrides(one)))
                for third in all where one.overrides(other) && other.overrides(third) {
                    #expect(one.overrides(third), "\(one), \(other), \(third)")
                }
            }
        }
    }

    @Test("A shuffled order holds every index once, and another key gives another order")
    func shuffled() {
        for count in [0, 1, 2, 3, 5, 16, 17, 1_000] as [UInt32] {
            var orders: Set<[UInt32]> = []
            for key in 1...20 as ClosedRange<UInt64> {
                var shuffled = ShuffledIndexes(count: count, key: key &* 0x9E37_79B9_7F4A_7C15)
                var order: [UInt32] = []
                while let index = shuffled.next() { order.append(index) }
                #expect(order.sorted() == Array(0..<count))
                orders.insert(order)
            }
            #expect(orders.count >= min(20, Int(max(1, count)) * Int(max(1, count)) / 2))
        }
    }

    @Test("In a shuffled order every member comes first about equally often")
    func shuffledFairly() {
        var generator = SeededGenerator(seed: 3)
        for count in [2, 3, 7, 100] {
            var first = [Int](repeating: 0, count: count)
            for _ in 0..<count * 400 {
                var shuffled = ShuffledIndexes(count: UInt32(count), key: generator.next())
                if let index = shuffled.next() { first[Int(index)] += 1 }
            }
            #expect(first.allSatisfy { (250...600).contains($0) }, "\(first)")
        }
    }

    @Test("News is told as often as asked, the least told first, and never over the room in a frame")
    func broadcastQueue() {
        var queue = BroadcastQueue()
        var told: [MemberID: Int] = [:]
        for number in 0..<50 { queue.add(LoneNode.id(number)) }
        var frames = 0
        while !queue.isEmpty {
            let claims = queue.take(bytesMax: 400, sendsMax: 4) { id in
                Claim(id: id, standing: Standing(generation: 1, incarnation: 0, status: .suspected), accuser: LoneNode.me)
            }
            frames += 1
            #expect(claims.reduce(0) { $0 + $1.encodedBytes } <= 400)
            #expect(Set(claims.map(\.id)).count == claims.count)
            for claim in claims { told[claim.id, default: 0] += 1 }
            let counts = (0..<50).map { told[LoneNode.id($0), default: 0] }
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
        #expect(told.count == 50 && told.values.allSatisfy { $0 == 4 } && frames >= 50 * 4 / 12)
        queue.add(LoneNode.id(1))
        queue.remove(LoneNode.id(1))
        queue.add(LoneNode.id(2))
        #expect(queue.take(bytesMax: 400, sendsMax: 4) { _ in nil }.isEmpty && queue.isEmpty)
    }

    @Test("In a storm of news the queue holds no more than a few tickets for each member")
    func broadcastStorm() {
        var queue = BroadcastQueue()
        for _ in 0..<2_000 {
            for number in 0..<20 { queue.add(LoneNode.id(number)) }
            _ = queue.take(bytesMax: 400, sendsMax: 20) { id in
                Claim(id: id, standing: Standing(generation: 1, incarnation: 0, status: .suspected), accuser: LoneNode.me)
            }
            #expect(queue.ticketCount <= 64 + 4 * 20 && queue.count == 20)
        }
        var told: Set<MemberID> = []
        while !queue.isEmpty {
            for claim in queue.take(
                bytesMax: 400, sendsMax: 20,
                claim: { id in
                    Claim(
                        id: id, standing: Standing(generation: 1, incarnation: 0, status: .suspected),
                        accuser: LoneNode.me)
                })
            {
                told.insert(claim.id)
            }
        }
        #expect(told.count == 20 && queue.ticketCount == 0)
    }

    @Test("A claim is sent λ times the digits of the number of members")
    func retransmits() {
        let parameters = MembershipParameters()
        #expect([1, 3, 9, 10, 99, 100, 10_000].map { parameters.retransmits(members: $0) } == [4, 4, 4, 8, 8, 12, 20])
    }

    @Test("Timers ring in the order of their times, at one time in the order they were set")
    func timers() {
        var heap = TimerHeap()
        var generator = SeededGenerator(seed: 1)
        var expected: [(at: UInt64, relay: UInt32)] = []
        for relay in 0..<500 as Range<UInt32> {
            let at = generator.below(50)
            heap.set(.relay(relay), at: at)
            expected.append((at, relay))
        }
        expected.sort { ($0.at, $0.relay) < ($1.at, $1.relay) }
        for timer in expected {
            #expect(heap.next == timer.at && heap.popDue(at: timer.at) == .relay(timer.relay))
        }
        #expect(heap.next == nil && heap.popDue(at: .max) == nil)
        heap.set(.relay(1), at: 10)
        #expect(heap.popDue(at: 9) == nil)
    }

    @Test("The digest tells which bucket changed, at any number of buckets, and forgets what is taken back")
    func digest() {
        var digest = Digest()
        for number in 0..<500 {
            digest.toggle(LoneNode.id(number), Standing(generation: 1, incarnation: 0, status: .alive))
        }
        let before = digest
        let suspected = Standing(generation: 1, incarnation: 0, status: .suspected)
        digest.toggle(LoneNode.id(7), Standing(generation: 1, incarnation: 0, status: .alive))
        digest.toggle(LoneNode.id(7), suspected)
        for bits in 0...MembershipLimits.bucketBitsMax {
            let changed = zip(before.hashes(bits: bits), digest.hashes(bits: bits)).map { $0 != $1 }
            let bucket = bits == 0 ? 0 : Digest.bucket(of: LoneNode.id(7), bits: bits)
            #expect(changed.indices.filter { changed[$0] } == [bucket])
        }
        digest.toggle(LoneNode.id(7), suspected)
        digest.toggle(LoneNode.id(7), Standing(generation: 1, incarnation: 0, status: .alive))
        #expect(digest.root == before.root)
    }

    @Test("The oldest grave is forgotten first, and a generation only rises")
    func graveyard() {
        var graves = Graveyard()
        for number in 0..<10 { graves.bury(LoneNode.id(number), generation: 5, max: 4) }
        #expect((0..<10).filter { graves.generation(of: LoneNode.id($0)) != nil } == [6, 7, 8, 9])
        graves.bury(LoneNode.id(9), generation: 4, max: 4)
        #expect(graves.generation(of: LoneNode.id(9)) == 5)
    }

    @Test("A bucket of tokens gives two seconds' worth at once, then its rate")
    func tokens() {
        var bucket = TokenBucket(perSecond: 10)
        func taken(at now: UInt64) -> Int { (0..<100).filter { _ in bucket.take(at: now) }.count }
        #expect(taken(at: 0) == 20 && taken(at: 0) == 0)
        #expect(taken(at: 500) == 5 && taken(at: 50_000) == 20)
    }
}
