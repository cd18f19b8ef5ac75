import Membership
import Testing

@Suite("Hostile clusters in virtual time")
struct HostileClusterTests {
    /// Makes `other` a process of the same data directory as `original`.
    private func copyDirectory(_ cluster: inout VirtualCluster, of original: Int) -> Int {
        let other = cluster.add(name: cluster.nodes[original].description.name)
        let copy = cluster.nodes[original]
        cluster.nodes[other] = VirtualCluster.Node(
            membership: nil, id: copy.id, description: cluster.nodes[other].description, generation: copy.generation)
        return other
    }

    @Test("Of two processes with one id the one with the lower generation falls silent, and both sides say why")
    func copiedDirectory() {
        var cluster = MembershipClusterTests.met(5, seed: 1)
        cluster.run(milliseconds: 10_000)
        let copy = copyDirectory(&cluster, of: 2)
        cluster.start(copy, seeds: [0])
        cluster.run(milliseconds: 60_000)
        #expect(cluster.nodes[2].membership?.isRetired == true)
        #expect(cluster.conflicts(at: 2).map(\.isSilenced) == [true] && cluster.deaths(at: 2).isEmpty)
        #expect(cluster.nodes[copy].membership?.isMember == true && cluster.nodes[copy].generation == 2)
        // Not flapped over: the id changed hands once.
        for number in [0, 1, 3, 4] {
            let lives = cluster.nodes[number].changes.filter { $0.id == cluster.nodes[2].id }
            #expect(lives.map(\.standing.generation) == [1, 2] && lives.allSatisfy { $0.standing.status == .alive })
        }
    }

    @Test("A second process with the same id and generation is not let in; the first goes on")
    func sameGeneration() {
        var cluster = MembershipClusterTests.met(5, seed: 2)
        let copy = copyDirectory(&cluster, of: 2)
        cluster.nodes[copy].generation = 0
        cluster.start(copy, seeds: [0, 1])
        cluster.run(milliseconds: 30_000)
        #expect(cluster.nodes[copy].membership?.isRetired == true)
        #expect(cluster.conflicts(at: copy).map(\.isSilenced) == [true])
        #expect(!cluster.conflicts(at: 0).isEmpty)
        #expect((0..<5).allSatisfy { cluster.nodes[$0].membership?.count(of: .alive) == 5 })
        #expect(cluster.nodes[2].membership?.generation == 1)
    }

    @Test("A directory older than its node's last start is told so, and goes on above it")
    func restoredDirectory() throws {
        var cluster = MembershipClusterTests.met(4, seed: 3)
        for _ in 0..<5 {
            cluster.crash(3)
            cluster.start(3, seeds: [0])
            cluster.run(milliseconds: 2_000)
        }
        cluster.crash(3)
        cluster.nodes[3].generation = 1
        cluster.start(3, seeds: [0, 1])
        let took = cluster.run(until: \.isInAgreement, limit: 60_000)
        #expect(took != nil && cluster.deaths(at: 3) == [.outlived(by: 6)] && cluster.nodes[3].generation == 7)
    }

    @Test("A name that is given twice is reported, and both nodes are members")
    func sharedName() {
        var cluster = MembershipClusterTests.met(3, seed: 4)
        let twin = cluster.add(name: "node-1")
        cluster.start(twin, seeds: [0])
        let took = cluster.run(until: \.isInAgreement, limit: 30_000)
        #expect(took != nil && cluster.conflicts(at: 0).map(\.kind) == [.name])
        // A wiped node comes back with its name and a new id: no conflict once the old one is dead.
        cluster.crash(2)
        cluster.run(milliseconds: 30_000)
        let before = cluster.conflicts(at: 0).count
        let wiped = cluster.add(name: "node-2")
        cluster.start(wiped, seeds: [0])
        cluster.run(milliseconds: 10_000)
        #expect(cluster.conflicts(at: 0).count == before && cluster.status(of: wiped, at: 1) == .alive)
    }

    @Test("A peer that was cut off brings no dead member back")
    func resurrection() {
        var parameters = MembershipParameters()
        parameters.tombstoneSeconds = 60
        var cluster = MembershipClusterTests.met(7, seed: 5, parameters: parameters)
        cluster.cut([0], from: Array(1...6))
        cluster.crash(6)
        // The tombstone is gone when the cut heals; node 0 still has node 6 on its list.
        cluster.run(milliseconds: 200_000)
        #expect(cluster.status(of: 6, at: 1) == nil && cluster.status(of: 6, at: 0) == .suspected)
        cluster.restartsTheDead = false
        cluster.heal()
        cluster.run(milliseconds: 120_000)
        for number in 1...5 {
            #expect(cluster.status(of: 6, at: number) == nil)
            #expect(
                !cluster.nodes[number].changes.contains {
                    $0.id == cluster.nodes[6].id && $0.standing.status != .dead && $0.at > 100_000
                })
        }
    }

    @Test("A node that speaks but hears nothing, or hears but cannot speak, harms nobody", arguments: [true, false])
    func oneWay(speaks: Bool) {
        var cluster = MembershipClusterTests.met(6, seed: 9)
        for other in 1...5 {
            cluster.network.cuts.insert(speaks ? .init(from: other, to: 0) : .init(from: 0, to: other))
        }
        cluster.run(milliseconds: 180_000)
        for number in 1...5 {
            #expect(cluster.status(of: 0, at: number) == .dead)
            #expect((1...5).allSatisfy { cluster.status(of: $0, at: number) == .alive })
        }
        cluster.heal()
        let took = cluster.run(until: \.isInAgreement, limit: 120_000)
        #expect(took != nil && cluster.nodes.map(\.generation) == [2, 1, 1, 1, 1, 1])
    }

    @Test("Everything that was ever sent, sent once more, changes nothing")
    func replay() {
        var cluster = VirtualCluster(seed: 8)
        cluster.keepsHistory = true
        for _ in 0..<5 { cluster.add() }
        for number in 0..<5 { cluster.start(number, seeds: [0, 1]) }
        cluster.run(milliseconds: 10_000)
        cluster.pause(4, milliseconds: 4_000)
        cluster.crash(3)
        cluster.run(milliseconds: 20_000)
        cluster.start(3, seeds: [0])
        cluster.leave(2)
        cluster.run(milliseconds: 20_000)
        cluster.crash(2)
        cluster.start(2, seeds: [1])
        cluster.run(milliseconds: 30_000)
        #expect(cluster.isInAgreement)
        let lives = cluster.nodes.map(\.generation)
        cluster.keepsHistory = false
        for (number, bytes) in cluster.history {
            cluster.act(number) { $0.received(bytes: bytes, at: $1) }
            cluster.run(milliseconds: 3)
        }
        let took = cluster.run(until: \.isInAgreement, limit: 30_000)
        #expect(took != nil && cluster.nodes.map(\.generation) == lives)
    }

    @Test("Two thousand members find the five that differ in a few small frames")
    func antiEntropy() throws {
        let met = (0..<2_000).map { (id: LoneNode.id($0), generation: UInt64(3), description: LoneNode.description($0)) }
        var nodes = [1, 2].map { number in
            Membership(
                id: LoneNode.id(number), generation: 3, cluster: LoneNode.cluster,
                description: LoneNode.description(number), seeds: [], met: MemberTable(met: met), seed: UInt64(number))
        }
        for number in 0...1 { _ = nodes[number].started(at: 0) }
        for member in 100..<105 {
            var frame = LoneNode.frame(.gossip, from: 9, claims: [LoneNode.claim(member, .alive, incarnation: 5)])
            frame.destination = LoneNode.id(member % 2 + 1)
            _ = nodes[member % 2].received(frame, at: 1)
        }
        #expect(nodes[0].digest != nodes[1].digest)
        var start = LoneNode.frame(.digest(hashes: [nodes[0].digest]), from: 1)
        start.destination = LoneNode.id(2)
        var inbox: [(Int, Frame)] = [(1, start)]
        var bytes = 0
        while let (receiver, frame) = inbox.popLast() {
            bytes += FrameCodec.encode(frame).count
            for case .send(let reply, _) in nodes[receiver].received(frame, at: 2) where reply.destination != LoneNode.id(9)
            {
                inbox.append((1 - receiver, reply))
            }
        }
        #expect(nodes[0].digest == nodes[1].digest)
        #expect(bytes < 12_000, "\(bytes) bytes")
    }

    @Test("A list of ten thousand reaches a joiner in frames within the limit")
    func largeJoin() throws {
        var node = LoneNode(knowing: 10_000)
        var joiner = Membership(
            id: LoneNode.id(20_000), generation: 1, cluster: LoneNode.cluster, description: LoneNode.description(20_000),
            seeds: [LoneNode.description(0).peer], seed: 1)
        var frames = 0
        for case .send(let join, _) in joiner.started(at: 0) {
            node.receive(join)
            for frame in node.sent {
                guard case .entries = frame.message else { continue }
                frames += 1
                let bytes = FrameCodec.encode(frame)
                _ = joiner.received(bytes: bytes, at: 1)
            }
        }
        #expect(joiner.isMember && joiner.count(of: .alive) == 10_002 && joiner.digest == node.membership.digest)
        #expect(frames < 30 && joiner.queuedClaims <= 1, "\(frames) frames")
    }

    @Test("After any hour of crashes, pauses, cuts and losses the living agree, and each only ever rose", arguments: 1...24)
    func convergence(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var parameters = MembershipParameters()
        parameters.tombstoneSeconds = 120
        var cluster = VirtualCluster(seed: seed, parameters: parameters)
        let count = 3 + Int(generator.below(6))
        for _ in 0..<count { cluster.add() }
        for number in 0..<count { cluster.start(number, seeds: [0, 1, 2]) }
        for _ in 0..<30 {
            let one = Int(generator.below(UInt64(count)))
            switch generator.below(8) {
            case 0: cluster.crash(one)
            case 1: cluster.start(one, seeds: [0, 1, 2])
            case 2: cluster.pause(one, milliseconds: generator.below(40_000))
            case 3: cluster.cut([one], from: (0..<count).filter { $0 != one && generator.below(3) > 0 })
            case 4: cluster.network.stuck = [.init(from: one, to: (one + 1) % count)]
            case 5: cluster.heal()
            case 6: cluster.network.lossPercent = generator.below(30)
            default: cluster.network.duplicatePercent = generator.below(50)
            }
            cluster.run(milliseconds: generator.below(60_000))
        }
        cluster.heal()
        cluster.network = VirtualCluster.Network()
        for number in 0..<count where cluster.nodes[number].membership == nil { cluster.start(number, seeds: [0, 1, 2]) }
        let took = cluster.run(until: \.isInAgreement, limit: 600_000)
        #expect(took != nil, "seed \(seed): \(count) nodes do not agree")
        for node in cluster.nodes { expectOnlyRising(node.changes, seed: seed) }
    }

    /// Within a list's life no member fell back in generation, nor rose from the dead in one.
    private func expectOnlyRising(_ changes: [MemberChange], seed: UInt64) {
        var latest: [MemberID: MemberChange] = [:]
        for change in changes {
            if let before = latest[change.id], change.before != nil {
                #expect(change.standing.overrides(before.standing), "seed \(seed): \(before) then \(change)")
            }
            latest[change.id] = change
        }
    }
}
