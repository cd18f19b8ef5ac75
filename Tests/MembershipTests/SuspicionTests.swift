import Testing

@testable import Membership

@Suite("Suspicion, refutation, death")
struct SuspicionTests {
    @Test("A suspicion of this node is refuted with a higher incarnation, in the answer at once")
    func refutation() {
        var node = LoneNode()
        node.receive(LoneNode.frame(.ping(sequence: 9), claims: [LoneNode.claim(0, .suspected, incarnation: 0, by: 2)]))
        #expect(node.effects.first == .incarnationRaised(1) && node.membership.healthScore == 1)
        #expect(node.sent[0].message == .ack(sequence: 9))
        #expect(node.sent[0].claims[0] == LoneNode.claim(0, .alive, incarnation: 1))
        // An older suspicion is corrected, and costs no incarnation.
        node.hear(LoneNode.claim(0, .suspected, incarnation: 0, by: 3))
        #expect(node.membership.incarnation == 1 && node.sent[0].claims[0].standing.incarnation == 1)
    }

    @Test("An incarnation that this node never had is refuted, too, up to the highest; then the generation is over")
    func hugeIncarnation() {
        var node = LoneNode()
        node.hear(LoneNode.claim(0, .suspected, incarnation: 1 << 40, by: 2))
        #expect(node.refusals == [.unknownIncarnation] && node.membership.incarnation == 1 << 40 + 1)
        node.hear(LoneNode.claim(0, .suspected, incarnation: MembershipLimits.numberMax, by: 2))
        #expect(node.deaths == [.incarnationsExhausted] && node.membership.isRetired)
        node.effects = node.membership.generationRaised(to: 4, at: node.now)
        #expect(node.membership.generation == 4 && node.membership.incarnation == 0)
    }

    @Test("Told of its death, a node does not fight: it falls silent until it has a higher generation")
    func ownDeath() {
        var node = LoneNode()
        node.hear(LoneNode.claim(0, .dead, by: 2))
        #expect(node.effects == [.declaredDead(.declaredDead(by: LoneNode.id(2)), next: 4)])
        #expect(node.membership.nextDeadline == nil)
        node.receive(LoneNode.frame(.ping(sequence: 1)))
        #expect(node.refusals == [.notAMember] && node.sent.isEmpty)
        node.effects = node.membership.generationRaised(to: 4, at: node.now)
        #expect(node.sent.allSatisfy { $0.message.isJoin } && !node.sent.isEmpty && !node.membership.isMember)
        #expect(node.membership.members.count == 1)
    }

    @Test("A refuted suspicion does not kill later, nor does its timer when a new one has begun")
    func staleSuspicion() {
        var node = LoneNode(knowing: 2)
        node.hear(LoneNode.claim(2, .suspected, by: 1))
        node.wait(milliseconds: 2_000, answers: true)
        node.hear(LoneNode.claim(2, .alive, incarnation: 1), from: 2)
        #expect(node.status(2) == .alive)
        node.wait(milliseconds: 10_000, answers: true)
        #expect(node.status(2) == .alive)
        node.hear(LoneNode.claim(2, .suspected, incarnation: 1, by: 1))
        node.wait(milliseconds: 1_000, answers: true)
        node.hear(LoneNode.claim(2, .alive, incarnation: 2), from: 2)
        node.hear(LoneNode.claim(2, .suspected, incarnation: 2, by: 1))
        // 2,500 ms count from the last suspicion.
        node.wait(milliseconds: 2_400, answers: true)
        #expect(node.status(2) == .suspected)
        node.hear(LoneNode.claim(2, .suspected, incarnation: 1, by: 1))
        node.wait(milliseconds: 200, answers: true)
        #expect(node.status(2) == .dead)
    }

    @Test("Confirmations by others shorten a suspicion; the same accuser counts once")
    func dogpile() {
        func timeToDeath(_ accusers: [Int]) -> UInt64 {
            var node = LoneNode(knowing: 9)
            let start = node.now
            for accuser in accusers { node.hear(LoneNode.claim(9, .suspected, by: accuser)) }
            while node.status(9) == .suspected { node.wait(milliseconds: 10, answers: true) }
            return node.now - start
        }
        // α 2.5, 10 members: 2.5 s at least, six times as long at most. K 3: each accuser's share is its logarithm.
        for (accusers, seconds) in [([1], 15.0), ([1, 1, 1], 15), ([1, 2], 8.75), ([1, 2, 3], 5.09)] {
            #expect(abs(Double(timeToDeath(accusers)) / 1_000 - seconds) < 0.05, "\(accusers)")
        }
        for accusers in [[1, 2, 3, 4], [1, 2, 3, 4, 5]] {
            #expect(abs(Double(timeToDeath(accusers)) / 1_000 - 2.5) < 0.05, "\(accusers)")
        }
    }

    @Test("A suspected member hears of it first in every frame")
    func buddy() throws {
        var node = LoneNode(knowing: 2)
        node.hear(LoneNode.claim(2, .suspected, by: 1))
        for _ in 0..<3 {
            node.receive(LoneNode.frame(.ping(sequence: 1), from: 2))
            #expect(node.sent[0].claims.first?.standing.status == .suspected && node.sent[0].claims[0].id == LoneNode.id(2))
        }
    }

    @Test("A member that answers nothing is asked for through helpers and a fresh connection before it is suspected")
    func probeRound() throws {
        var node = LoneNode(knowing: 5)
        node.wait(milliseconds: 900)
        while node.sent.isEmpty { node.wait(milliseconds: 10) }
        let target = node.sent[0].destination
        node.wait(milliseconds: 500)
        let requests = node.sent.filter { if case .pingRequest = $0.message { true } else { false } }
        #expect(requests.count == 3 && !requests.contains { $0.destination == target })
        let dialled = node.effects.compactMap { if case .dial(_, let frame) = $0 { frame.destination } else { nil } }
        #expect(dialled == [target])
        #expect(node.membership.member(target)?.standing.status == .alive)
        // Two of three helpers are well: one is missing.
        for helper in requests.prefix(2).map(\.destination) {
            let number = try #require((1...5).first { LoneNode.id($0) == helper })
            guard case .pingRequest(let sequence, _, let patience) = requests[0].message else { continue }
            #expect(patience == 400)
            node.receive(LoneNode.frame(.nack(sequence: sequence), from: number))
            #expect(node.refusals.isEmpty)
        }
        node.wait(milliseconds: 500)
        #expect(node.membership.member(target)?.standing.status == .suspected && node.membership.healthScore == 1)
    }

    @Test("Every member is probed once in a round, and who is met in the middle of one need not wait for the next")
    func rounds() {
        var node = LoneNode(knowing: 60)
        func probed(rounds: Int) -> [MemberID] {
            var targets: [MemberID] = []
            while targets.count < rounds {
                node.wait(milliseconds: 100, answers: true)
                targets += node.sent.compactMap { if case .ping = $0.message { $0.destination } else { nil } }
            }
            return targets
        }
        #expect(Set(probed(rounds: 60)).count == 60)
        _ = probed(rounds: 10)
        for number in 61...64 { node.hear(LoneNode.claim(number, .alive)) }
        let rest = probed(rounds: 54)
        #expect(Set(rest).count == 54 && (61...64).allSatisfy { rest.contains(LoneNode.id($0)) })
    }

    @Test("A node that hears nobody suspects all and buries none")
    func isolation() {
        var node = LoneNode(knowing: 300)
        node.wait(milliseconds: 600_000)
        #expect(node.membership.count(of: .suspected) > 60 && node.membership.count(of: .dead) == 0)
        #expect(node.membership.healthScore == 8)
        #expect(node.membership.timers.count < 1_000)
    }

    @Test("A process that stood still blames nobody for the mail that it has not read")
    func stall() throws {
        for isAware in [true, false] {
            var parameters = MembershipParameters()
            parameters.noticesStalls = isAware
            var node = LoneNode(knowing: 2, parameters: parameters)
            node.wait(milliseconds: 900)
            while node.sent.isEmpty { node.wait(milliseconds: 10) }
            let ping = node.sent[0]
            node.now += 8_000
            node.effects = node.membership.timePassed(at: node.now)
            #expect((node.membership.member(ping.destination)?.standing.status == .alive) == isAware)
            guard isAware, case .ping(let sequence) = ping.message else { continue }
            #expect(node.membership.healthScore == 1)
            let target = try #require((1...2).first { LoneNode.id($0) == ping.destination })
            node.receive(LoneNode.frame(.ack(sequence: sequence), from: target))
            #expect(node.refusals.isEmpty && node.membership.healthScore == 0)
        }
    }

    @Test("Time that goes back is time that stands still")
    func clockBackwards() {
        var node = LoneNode()
        node.now = 50_000
        node.wait(milliseconds: 10, answers: true)
        let deadline = node.membership.nextDeadline
        _ = node.membership.timePassed(at: 3)
        _ = node.membership.received(LoneNode.frame(.ping(sequence: 1)), at: 0)
        #expect(node.membership.nextDeadline == deadline)
    }

    @Test("What the system shard removed is dead here, and stays so")
    func removed() {
        var node = LoneNode()
        node.effects = node.membership.memberRemoved(LoneNode.id(2), generation: 3, at: node.now)
        #expect(node.status(2) == .dead)
        node.effects = node.membership.memberRemoved(LoneNode.id(50), generation: 8, at: node.now)
        node.hear(LoneNode.claim(50, .alive, generation: 8))
        #expect(node.status(50) == nil)
    }
}

extension Message {
    var isJoin: Bool { if case .join = self { true } else { false } }
}
