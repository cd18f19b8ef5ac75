import Membership
import Testing

@Suite("Clusters in virtual time")
struct MembershipClusterTests {
    /// `count` nodes that have joined through the first and agree.
    static func met(_ count: Int, seed: UInt64, parameters: MembershipParameters = MembershipParameters()) -> VirtualCluster
    {
        var cluster = VirtualCluster(seed: seed, parameters: parameters)
        for _ in 0..<count { cluster.add() }
        for number in 0..<count { cluster.start(number, seeds: number == 0 ? [] : [0]) }
        let took = cluster.run(until: \.isInAgreement, limit: 60_000)
        precondition(took != nil, "seed \(seed): \(count) nodes did not meet")
        return cluster
    }

    @Test("Nodes join through any member, and soon all know all", arguments: [2, 3, 7, 40])
    func join(count: Int) {
        for seed in 1...5 as ClosedRange<UInt64> {
            let cluster = Self.met(count, seed: seed)
            #expect(cluster.now < 5_000, "seed \(seed)")
            for number in 0..<count {
                #expect(cluster.nodes[number].membership?.members.count == count)
                #expect(cluster.conflicts(at: number).isEmpty && cluster.deaths(at: number).isEmpty)
            }
        }
    }

    @Test("A node tries its seeds until one answers")
    func joinRetries() {
        var cluster = VirtualCluster(seed: 4)
        for _ in 0..<4 { cluster.add() }
        cluster.start(3, seeds: [0, 1, 2])
        cluster.run(milliseconds: 20_000)
        #expect(cluster.nodes[3].membership?.isMember == false)
        cluster.start(2, seeds: [])
        let tookToAgree = cluster.run(until: \.isInAgreement, limit: 20_000)
        #expect(tookToAgree != nil)
        #expect(cluster.nodes[3].effects.filter { if case .joined = $0 { true } else { false } }.count == 1)
    }

    @Test("In three nodes a death is known everywhere within seven seconds, and nobody else is blamed")
    func detection() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var cluster = Self.met(3, seed: seed)
            cluster.run(milliseconds: 3_000 + seed * 37)
            cluster.crash(1)
            let took = cluster.run(
                until: { $0.status(of: 1, at: 0) == .dead && $0.status(of: 1, at: 2) == .dead }, limit: 20_000)
            #expect(try #require(took, "seed \(seed)") <= 7_000, "seed \(seed)")
            #expect(cluster.status(of: 2, at: 0) == .alive && cluster.status(of: 0, at: 2) == .alive)
        }
    }

    @Test("A stuck connection costs nothing: the fresh one answers before anyone is suspected")
    func freshDial() {
        var cluster = Self.met(2, seed: 11)
        cluster.network.stuck = [.init(from: 0, to: 1)]
        let before = cluster.nodes[0].changes.count
        cluster.run(milliseconds: 60_000)
        #expect(cluster.nodes[0].changes.count == before)
    }

    @Test("A broken way between two nodes is bridged by helpers")
    func helpers() {
        var cluster = Self.met(4, seed: 12)
        cluster.cut([0], from: [1])
        let before = cluster.nodes.map(\.changes.count)
        cluster.run(milliseconds: 120_000)
        #expect(cluster.nodes.map(\.changes.count) == before)
    }

    @Test("A node cut off from the rest is buried by them, buries nobody, and comes back in a new generation")
    func minority() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var cluster = Self.met(5, seed: seed)
            cluster.cut([0], from: [1, 2, 3, 4])
            cluster.run(milliseconds: 120_000)
            for other in 1...4 {
                #expect(cluster.status(of: 0, at: other) == .dead, "seed \(seed)")
                #expect(cluster.status(of: other, at: 0) == .suspected, "seed \(seed)")
            }
            cluster.heal()
            let tookToAgree = cluster.run(until: \.isInAgreement, limit: 120_000)
            #expect(tookToAgree != nil, "seed \(seed)")
            #expect(cluster.nodes.map { $0.membership?.generation } == [2, 1, 1, 1, 1], "seed \(seed)")
        }
    }

    @Test("When half is cut from half nobody dies, and afterwards all is as before")
    func halves() {
        var cluster = Self.met(6, seed: 21)
        cluster.cut([0, 1, 2], from: [3, 4, 5])
        cluster.run(milliseconds: 300_000)
        #expect(cluster.nodes.allSatisfy { $0.membership?.count(of: .dead) == 0 })
        cluster.heal()
        let tookToAgree = cluster.run(until: \.isInAgreement, limit: 120_000)
        #expect(tookToAgree != nil)
        #expect(cluster.nodes.allSatisfy { $0.membership?.generation == 1 })
    }

    @Test("Who leaves is known as left, not as dead")
    func leaving() {
        var cluster = Self.met(5, seed: 31)
        cluster.leave(2)
        cluster.run(milliseconds: 3_500)
        #expect(cluster.nodes[2].effects.contains(.left))
        for number in [0, 1, 3, 4] { #expect(cluster.status(of: 2, at: number) == .left) }
        cluster.crash(2)
        cluster.run(milliseconds: 60_000)
        for number in [0, 1, 3, 4] { #expect(cluster.status(of: 2, at: number) == .left) }
    }

    @Test("A node that comes back at a higher generation takes the place of its last life")
    func restart() {
        var cluster = Self.met(5, seed: 41)
        cluster.crash(3)
        cluster.run(milliseconds: 500)
        cluster.start(3, seeds: [1])
        let tookToAgree = cluster.run(until: \.isInAgreement, limit: 60_000)
        #expect(tookToAgree != nil)
        #expect(cluster.nodes[0].membership?.member(cluster.nodes[3].id)?.standing.generation == 2)
        #expect(cluster.nodes.allSatisfy { $0.membership?.count(of: .dead) == 0 })
        #expect((0..<5).allSatisfy { cluster.conflicts(at: $0).isEmpty })
    }

    @Test("A process that stood still is buried, learns it, and goes on in a new generation; it blames nobody")
    func pause() {
        for seed in 51...60 as ClosedRange<UInt64> {
            var cluster = Self.met(5, seed: seed)
            cluster.pause(4, milliseconds: 60_000)
            cluster.run(milliseconds: 59_000)
            #expect((0..<4).allSatisfy { cluster.status(of: 4, at: $0) == .dead }, "seed \(seed)")
            let tookToAgree = cluster.run(until: \.isInAgreement, limit: 60_000)
            #expect(tookToAgree != nil, "seed \(seed)")
            #expect(cluster.nodes.map { $0.membership?.generation } == [1, 1, 1, 1, 2], "seed \(seed)")
        }
    }

    @Test("With a tenth of all frames lost, none is declared dead who is not")
    func loss() {
        var cluster = Self.met(20, seed: 61)
        cluster.network.lossPercent = 10
        cluster.network.duplicatePercent = 5
        cluster.run(milliseconds: 300_000)
        #expect(cluster.nodes.allSatisfy { $0.changes.allSatisfy { $0.standing.status != .dead } })
    }

    @Test("The same seed gives the same run")
    func determinism() {
        func trace(_ seed: UInt64) -> UInt64 {
            var cluster = Self.met(8, seed: seed)
            cluster.network.lossPercent = 5
            cluster.crash(3)
            cluster.pause(4, milliseconds: 9_000)
            cluster.run(milliseconds: 60_000)
            return cluster.trace
        }
        #expect(trace(7) == trace(7) && trace(7) != trace(8))
    }

    @Test("A quiet cluster sends one ping and one answer for each member and second")
    func idleCost() {
        var cluster = Self.met(10, seed: 71)
        cluster.run(milliseconds: 30_000)
        let before = cluster.frames
        cluster.run(milliseconds: 60_000)
        let perMemberSecond = Double(cluster.frames - before) / 600
        #expect(perMemberSecond > 1.9 && perMemberSecond < 2.2, "\(perMemberSecond) frames")
    }
}
