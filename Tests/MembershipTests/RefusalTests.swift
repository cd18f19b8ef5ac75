import Testing

@testable import Membership

@Suite("What is refused")
struct RefusalTests {
    /// The frame is refused for `reason`, and the node is as it was: it knows, plans and sends the same.
    private func expectUntouched(
        _ frame: Frame, _ reason: Refusal.Reason, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var node = LoneNode()
        let digest = node.membership.digest
        let deadline = node.membership.nextDeadline
        let queued = node.membership.queuedClaims
        node.receive(frame)
        #expect(node.refusals == [reason] && node.effects.count == 1, sourceLocation: sourceLocation)
        #expect(node.membership.digest == digest && node.membership.nextDeadline == deadline, sourceLocation: sourceLocation)
        #expect(node.membership.queuedClaims == queued, sourceLocation: sourceLocation)
    }

    @Test("Frames of another cluster, for another node, or of another protocol are refused and touch nothing")
    func foreignFrames() {
        let poison = [LoneNode.claim(2, .dead, by: 1), LoneNode.claim(9, .alive)]
        var frame = LoneNode.frame(.gossip, claims: poison)
        frame.cluster = ClusterID(high: 7, low: 8)
        expectUntouched(frame, .foreignCluster)

        frame = LoneNode.frame(.ping(sequence: 1), claims: poison)
        frame.destination = LoneNode.id(3)
        expectUntouched(frame, .wrongDestination)

        frame = LoneNode.frame(.join(sequence: 1), claims: poison)
        frame.protocols = ProtocolRange(oldest: 2, newest: 9)
        expectUntouched(frame, .protocolVersion(frame.protocols))

        expectUntouched(LoneNode.frame(.gossip, from: 0, claims: poison), .ownIdentity)
    }

    @Test("Bytes that are no frame are refused, those behind a good frame, too")
    func malformed() {
        var node = LoneNode()
        let good = FrameCodec.encode(LoneNode.frame(.ping(sequence: 1)))
        node.effects = node.membership.received(bytes: good + [1, 2, 3], at: node.now)
        #expect(node.sent.count == 1 && node.refusals == [.malformed(.truncated)])
        node.effects = node.membership.received(bytes: [UInt8](repeating: 0xFF, count: 100), at: node.now)
        #expect(node.refusals == [.malformed(.length(.max))])
    }

    @Test("An answer that nobody waits for is refused: replayed, guessed, or from one who was not asked")
    func unsolicited() throws {
        var node = LoneNode()
        node.wait(milliseconds: 1_000)
        let ping = try #require(node.sent.first)
        guard case .ping(let sequence) = ping.message else { return #expect(Bool(false), "no ping") }
        let target = try #require((1...4).first { LoneNode.id($0) == ping.destination })
        node.receive(LoneNode.frame(.ack(sequence: sequence &+ 1), from: target))
        #expect(node.refusals == [.unsolicited])
        node.receive(LoneNode.frame(.ack(sequence: sequence), from: target % 4 + 1))
        #expect(node.refusals == [.unsolicited])
        node.receive(LoneNode.frame(.nack(sequence: sequence), from: target))
        #expect(node.refusals == [.unsolicited])
        node.receive(LoneNode.frame(.ack(sequence: sequence), from: target))
        #expect(node.refusals.isEmpty)
    }

    @Test("A dead generation is refused, by whatever way it comes back")
    func deadGeneration() {
        var node = LoneNode()
        node.hear(LoneNode.claim(2, .dead, by: 3))
        #expect(node.status(2) == .dead)
        for message in [Message.gossip, .entries(sequence: 0, isLast: true), .contents(bits: 0, buckets: [0])] {
            node.receive(LoneNode.frame(message, claims: [LoneNode.claim(2, .alive, incarnation: 1_000)]))
            #expect(node.status(2) == .dead)
        }
        node.receive(LoneNode.frame(.ping(sequence: 1), from: 2))
        #expect(node.refusals == [.deadGeneration])
        #expect(node.sent.map(\.message) == [.notice] && node.sent[0].claims[0].standing.status == .dead)
        // The tombstone goes, the memory stays.
        node.wait(milliseconds: 3_700_000, answers: true)
        #expect(node.status(2) == nil)
        node.hear(LoneNode.claim(2, .alive, incarnation: 1_000))
        #expect(node.status(2) == nil && node.refusals == [.deadGeneration])
        node.receive(LoneNode.frame(.join(sequence: 4), from: 2, claims: [LoneNode.claim(2, .alive)]))
        #expect(node.status(2) == nil && node.refusals == [.deadGeneration])
        node.hear(LoneNode.claim(2, .alive, generation: 4))
        #expect(node.status(2) == .alive)
    }

    @Test("A lower generation is refused and told of the higher one")
    func outdatedGeneration() {
        var node = LoneNode()
        node.receive(LoneNode.frame(.ping(sequence: 1), from: 2, generation: 2))
        #expect(node.refusals == [.outdatedGeneration] && node.conflicts.isEmpty)
        #expect(node.sent.map(\.message) == [.notice] && node.sent[0].claims[0].standing.generation == 3)
        node.hear(LoneNode.claim(2, .alive, generation: 2, incarnation: 99))
        #expect(node.membership.member(LoneNode.id(2))?.standing.generation == 3)
    }

    @Test("More members than there may be are refused, one by one, and known ones still change")
    func membersMax() {
        var parameters = MembershipParameters()
        parameters.membersMax = 8
        var node = LoneNode(knowing: 4, parameters: parameters)
        for number in 5..<20 { node.hear(LoneNode.claim(number, .alive)) }
        #expect(node.membership.members.count == 8 && node.refusals == [.tooManyMembers])
        node.hear(LoneNode.claim(1, .dead, by: 2), from: 3)
        #expect(node.status(1) == .dead)
    }

    @Test("Who asks for everything again and again is not served without end")
    func joinStorm() {
        var node = LoneNode()
        var served = 0
        for round in 0..<1_000 {
            node.receive(
                LoneNode.frame(.join(sequence: UInt32(round)), from: 2, claims: [LoneNode.claim(2, .alive)]))
            served += node.sent.count
        }
        #expect(served == 64 && node.refusals == [.overloaded])
    }

    @Test("Probes for others are bounded, and a helper that does not know the target says so at once")
    func relays() {
        var node = LoneNode()
        for round in 0..<300 {
            node.receive(
                LoneNode.frame(
                    .pingRequest(sequence: UInt32(round), target: LoneNode.id(2), nackAfterMilliseconds: .max), from: 1))
        }
        #expect(node.refusals == [.overloaded] && node.membership.relays.count == 256)
        node.receive(
            LoneNode.frame(.pingRequest(sequence: 5, target: LoneNode.id(77), nackAfterMilliseconds: 400), from: 1))
        #expect(node.sent.map(\.message) == [.nack(sequence: 5)])
        node.wait(milliseconds: 10_000)
        #expect(node.membership.relays.isEmpty)
    }

    @Test("Mutated frames from a member never trap, and bounds hold")
    func mutatedFrames() {
        let seed: UInt64 = 0xBAD
        var generator = SeededGenerator(seed: seed)
        var parameters = MembershipParameters()
        parameters.membersMax = 40
        var node = LoneNode(knowing: 6, parameters: parameters)
        var retired = 0
        for round in 0..<30_000 {
            let member = Int(generator.below(8))
            let generation = node.membership.generation - 1
            let claims = (0..<Int(generator.below(4))).map { _ in
                LoneNode.claim(
                    Int(generator.below(60)), MemberStatus(rawValue: UInt8(generator.below(4))) ?? .dead,
                    generation: generation + generator.below(3), incarnation: generator.below(10), by: nil,
                    host: generator.below(10) == 0 ? "elsewhere" : nil)
            }
            let messages: [Message] = [
                .ping(sequence: UInt32(round)), .gossip, .notice, .introduceYourself, .ack(sequence: 3),
                .pingRequest(sequence: 3, target: LoneNode.id(2), nackAfterMilliseconds: 900), .join(sequence: 8),
                .entries(sequence: 0, isLast: true), .digest(hashes: [1]), .digest(hashes: [1, 2, 3, 4]),
                .contents(bits: 2, buckets: [0, 3]),
            ]
            var bytes = FrameCodec.encode(
                LoneNode.frame(messages[Int(generator.below(UInt64(messages.count)))], from: member, claims: claims))
            if generator.below(3) == 0 { bytes[Int(generator.below(UInt64(bytes.count)))] ^= 1 << UInt8(generator.below(8)) }
            node.now += generator.below(50)
            node.effects = node.membership.received(bytes: bytes, at: node.now)
            if generator.below(20) == 0 { node.wait(milliseconds: generator.below(3_000)) }
            #expect(node.membership.members.count <= 40, "seed \(seed), round \(round)")
            #expect(node.membership.timers.count < 2_000, "seed \(seed), round \(round)")
            if case .retired(let next) = node.membership.phase {
                retired += 1
                node.effects = node.membership.generationRaised(to: next, at: node.now)
            }
        }
        #expect(retired > 10, "the frames were too mild to mean anything")
    }
}
