import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Linearizable reads")
struct ReadTests {
    private func answer(_ round: UInt64, commit: UInt64 = 1) -> Message.Body {
        .heartbeatAnswer(Message.Heartbeat(commit: commit, round: round))
    }

    @Test("A leader answers reads once a majority has confirmed it, all that came meanwhile in the next round")
    func rounds() {
        var one = ReplicaFixture.leader()
        one.step { $0.readsRequested([1, 2], at: $1) }
        #expect(one.sent(to: 2) == [.heartbeat(Message.Heartbeat(commit: 1, round: 2))])
        one.step { $0.readsRequested([3], at: $1) }
        one.step { $0.readsRequested([4], at: $1) }
        one.receive(answer(99), from: 3, term: 1)  // nobody has asked that yet
        one.receive(answer(1), from: 2, term: 1)
        #expect(one.taken() == [], "an older round")
        one.receive(answer(2), from: 2, term: 1)
        let effects = one.taken()
        #expect(
            effects.first
                == .send(
                    Message(
                        group: 7, from: ReplicaID(1), to: ReplicaID(2), term: 1,
                        body: .heartbeat(Message.Heartbeat(commit: 1, round: 3)))))
        #expect(effects.readsReady == [1, 2])
        one.receive(answer(3), from: 3, term: 1)
        #expect(one.taken().readsReady == [3, 4])
    }

    @Test("A new leader answers no read before it has committed an entry of its own")
    func newLeader() {
        var one = ReplicaFixture(hardState: HardState(term: 1), terms: [1, 1])
        one.lead()
        _ = one.taken()
        one.step { $0.readsRequested([1], at: $1) }
        one.receive(answer(1, commit: 0), from: 2, term: 2)
        one.receive(answer(1, commit: 0), from: 3, term: 2)
        #expect(one.taken().readsReady == [])
        one.receive(.appendAccepted(match: 3), from: 2, term: 2)
        one.receive(answer(2, commit: 3), from: 2, term: 2)
        one.applyAll()
        #expect(one.taken().contains(.readsReady([1], index: 3)))
    }

    @Test("A confirmed read waits until the state has come that far")
    func waitsForApply() throws {
        var one = ReplicaFixture.leader()
        _ = try one.propose()
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        one.receive(.appendAccepted(match: 2), from: 3, term: 1)
        one.step { $0.readsRequested([1], at: $1) }
        one.receive(answer(2, commit: 2), from: 2, term: 1)
        #expect(one.taken().readsReady == [])
        one.persist()
        #expect(one.taken().readsReady == [], "handed over is not applied")
        one.applyAll()
        #expect(one.taken().readsReady == [1])
    }

    @Test("A leader that loses office fails the reads that it has not confirmed")
    func lostOffice() {
        var one = ReplicaFixture.leader()
        one.step { $0.readsRequested([1, 2], at: $1) }
        one.receive(.heartbeat(Message.Heartbeat(commit: 0, round: 0)), from: 3, term: 2)
        #expect(one.taken().readsFailed == [1, 2])
        one.receive(answer(2), from: 2, term: 2)
        #expect(one.taken() == [])
    }

    @Test("A sole voter needs nobody's word")
    func alone() {
        var one = ReplicaFixture(voters: [1])
        one.persist()
        one.persist()
        one.applyAll()
        _ = one.taken()
        one.step { $0.readsRequested([5], at: $1) }
        #expect(one.taken() == [.readsReady([5], index: 1)])
    }

    @Test("A round that waits for a voter that leaves ends when the others decide alone")
    func voterLeaves() throws {
        var one = ReplicaFixture(voters: [1, 2])
        one.lead()
        one.receive(.appendAccepted(match: 1), from: 2, term: 1)
        one.applyAll()
        _ = try one.replica.propose(members: ConfigurationTarget(voters: [ReplicaID(1)]), at: one.now)
        one.step { $0.flush(at: $1) }
        one.persist()
        one.step { $0.readsRequested([1], at: $1) }
        one.step { $0.readsRequested([2], at: $1) }
        #expect(one.taken().readsReady == [], "the other is a voter still")
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        one.applyAll()
        #expect(one.status.configuration.configuration == Configuration(voters: [ReplicaID(1)]))
        #expect(one.taken().readsReady == [1, 2])
        one.step { $0.readsRequested([3], at: $1) }
        #expect(one.taken() == [.readsReady([3], index: 2)])
    }

    @Test("A follower asks its leader, and answers when it has applied as much")
    func forwarded() throws {
        var one = ReplicaFixture()
        #expect(one.taken().readsFailed == [])
        one.step { $0.readsRequested([1], at: $1) }
        #expect(one.taken() == [.readsFailed([1], .noLeader)])
        one.append(term: 1, [ReplicaFixture.entry(1, 1), ReplicaFixture.entry(2, 1)])
        one.persist()
        _ = one.sent()
        one.step { $0.readsRequested([2, 3], at: $1) }
        guard case .readIndexRequest(let context)? = one.sent(to: 2).first else { return #expect(Bool(false)) }
        one.receive(.readIndexAnswer(context: context &+ 1, index: 0), from: 2, term: 1)
        #expect(one.taken() == [])
        one.receive(.readIndexAnswer(context: context, index: 2), from: 2, term: 1)
        #expect(one.taken().applied == [1, 2], "what the leader answers is committed")
        one.applyAll()
        #expect(one.taken() == [.readsReady([2, 3], index: 2)])
        one.receive(.readIndexAnswer(context: context, index: 2), from: 2, term: 1)
        #expect(one.taken() == [])
    }

    @Test("Where a leader and a voter that asks are a majority, it answers at once; a stranger never")
    func answered() {
        var one = ReplicaFixture.leader()
        one.receive(.readIndexRequest(context: 77), from: 9, term: 1)
        #expect(one.taken() == [])
        one.receive(.readIndexRequest(context: 77), from: 3, term: 1)
        #expect(one.sent(to: 3) == [.readIndexAnswer(context: 77, index: 1)])
    }

    @Test("Among five, a leader answers a follower's question after a round")
    func answeredAfterRound() {
        var one = ReplicaFixture(voters: [1, 2, 3, 4, 5])
        one.lead()
        for voter in [2, 3] { one.receive(.appendAccepted(match: 1), from: UInt64(voter), term: 1) }
        one.applyAll()
        _ = one.taken()
        one.receive(.readIndexRequest(context: 77), from: 4, term: 1)
        #expect(!one.sent(to: 4).contains(.readIndexAnswer(context: 77, index: 1)))
        one.receive(answer(2), from: 2, term: 1)
        #expect(one.sent(to: 4) == [])
        one.receive(answer(2), from: 3, term: 1)
        #expect(one.sent(to: 4) == [.readIndexAnswer(context: 77, index: 1)])
    }

    @Test("A leader that knows of no commit in its term does not answer, whoever asks")
    func answeredTooEarly() {
        var one = ReplicaFixture()
        one.lead()
        one.receive(.readIndexRequest(context: 77), from: 3, term: 1)
        #expect(!one.sent(to: 3).contains { if case .readIndexAnswer = $0 { true } else { false } })
    }

    @Test("Questions that nobody answers fail after an election time-out; too many are refused")
    func limits() {
        var settings = ConsensusSettings()
        settings.readsMax = 2
        var one = ReplicaFixture(settings: settings)
        one.append(term: 1)
        one.step { $0.readsRequested([1, 2], at: $1) }
        one.step { $0.readsRequested([3], at: $1) }
        #expect(one.taken().contains(.readsFailed([3], .tooMany)))
        for _ in 0..<5 {
            one.now = one.now.advanced(byMilliseconds: 100)
            one.receive(.heartbeat(Message.Heartbeat(commit: 0, round: 0)), from: 2, term: 1)
        }
        #expect(one.replica.nextDeadline == one.now)
        one.wait(0)
        #expect(one.taken().contains(.readsFailed([1, 2], .timedOut)))
        #expect(one.status.readsWaiting == 0 && one.status.role == .follower)
    }
}
