import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Members and transfer")
struct MembershipTests {
    private func target(_ voters: [UInt64], _ learners: [UInt64] = []) -> ConfigurationTarget {
        ConfigurationTarget(voters: ReplicaFixture.ids(voters), learners: ReplicaFixture.ids(learners))
    }

    private func change(_ one: inout ReplicaFixture, _ voters: [UInt64], _ learners: [UInt64] = []) throws {
        _ = try one.replica.propose(members: target(voters, learners), at: one.now)
        one.step { $0.flush(at: $1) }
    }

    @Test("A change of voters needs both majorities, and ends by itself")
    func joint() throws {
        var one = ReplicaFixture.leader()
        try change(&one, [1, 4, 5])
        #expect(one.status.configuration.configuration.outgoing == ReplicaFixture.ids([1, 2, 3]))
        #expect(one.status.peers.map(\.id) == ReplicaFixture.ids([2, 3, 4, 5]))
        one.persist()
        one.receive(.appendAccepted(match: 2), from: 4, term: 1)
        one.receive(.appendAccepted(match: 2), from: 5, term: 1)
        #expect(one.status.commit == 1, "not a majority of the old")
        #expect(throws: ProposalRefusal.changePending) { try change(&one, [1, 2]) }
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        #expect(one.status.commit == 2 && !one.status.configuration.configuration.isJoint)
        #expect(
            one.status.configuration
                == IndexedConfiguration(index: 3, configuration: Configuration(voters: ReplicaFixture.ids([1, 4, 5]))))
        #expect(!one.status.configurationCommitted)
        one.persist()
        one.receive(.appendAccepted(match: 3), from: 4, term: 1)
        #expect(one.status.configurationCommitted)
    }

    @Test("A joint election needs both majorities")
    func jointElection() {
        var one = ReplicaFixture()
        let joint = Configuration(
            voters: ReplicaFixture.ids([1, 4, 5]), outgoing: ReplicaFixture.ids([1, 2, 3]), learners: [], learnersNext: [])
        one.append(term: 1, [Entry(point: LogPoint(index: 1, term: 1), content: .configuration(joint ?? .empty))])
        one.persist()
        one.wait(1_000)
        for peer in [4, 5] as [UInt64] { one.receive(.preVoteAnswer(forTerm: 2, granted: true), from: peer, term: 1) }
        #expect(one.status.role == .preCandidate)
        one.receive(.preVoteAnswer(forTerm: 2, granted: true), from: 3, term: 1)
        #expect(one.status.role == .candidate)
        one.persist()
        for peer in [2, 3] as [UInt64] { one.receive(.voteAnswer(granted: true), from: peer, term: 2) }
        #expect(one.status.role == .candidate)
        one.receive(.voteAnswer(granted: true), from: 4, term: 2)
        #expect(one.status.role == .leader)
    }

    @Test("A configuration is in force once appended and out of force once cut")
    func rollback() {
        var one = ReplicaFixture()
        let next = Configuration(voters: ReplicaFixture.ids([1, 2, 3]), learners: ReplicaFixture.ids([4]))
        one.append(
            term: 1, [ReplicaFixture.entry(1, 1), Entry(point: LogPoint(index: 2, term: 1), content: .configuration(next))])
        #expect(one.taken().contains(.configurationChanged(IndexedConfiguration(index: 2, configuration: next))))
        one.append(from: 3, term: 2, previous: (1, 1), [ReplicaFixture.entry(2, 2)])
        #expect(one.status.configuration.index == 0)
        #expect(one.taken().contains(.configurationChanged(one.status.configuration)))
    }

    @Test("A leader that removes itself leads until that is committed, tells the others, and names a successor")
    func removedLeader() throws {
        var one = ReplicaFixture.leader()
        try change(&one, [2, 3])
        one.persist()
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        one.receive(.appendAccepted(match: 2), from: 3, term: 1)
        #expect(one.status.configuration.configuration.voters == ReplicaFixture.ids([2, 3]))
        one.persist()
        one.receive(.appendAccepted(match: 3), from: 2, term: 1)
        #expect(one.status.role == .leader && one.status.commit == 2, "its own copy does not count any more")
        _ = one.taken()
        one.receive(.appendAccepted(match: 3), from: 3, term: 1)
        #expect(one.status.role == .follower && one.status.commit == 3)
        let sent = one.sent()
        #expect(sent.contains(.heartbeat(Message.Heartbeat(commit: 3, round: 1))) && sent.contains(.timeoutNow))
        one.wait(10_000)
        #expect(one.status.role == .follower, "it does not stand any more")
    }

    @Test("A removed leader that lost office before its removal was committed may stand to finish it")
    func removalUnfinished() throws {
        var one = ReplicaFixture.leader()
        try change(&one, [2, 3])
        one.persist()
        for peer in [2, 3] as [UInt64] { one.receive(.appendAccepted(match: 2), from: peer, term: 1) }
        one.persist()
        for _ in 0..<6 { one.wait(100) }
        #expect(one.status.role == .follower && !one.status.configurationCommitted)
        one.wait(1_000)
        #expect(one.status.role == .preCandidate)
    }

    /// A learner of the voters 2, 3 and 4. The leader of term 2, which gave its entry to nobody else, lost its disk; replica
    /// 3 holds an uncommitted joint configuration of term 1 by which the learner votes.
    private func learnerWithNewestLog(durability: Durability = .intact) -> ReplicaFixture {
        ReplicaFixture(
            voters: [2, 3, 4], learners: [1], hardState: HardState(term: 2), terms: [1, 1, 2], durability: durability)
    }

    @Test("A learner that must refuse a candidate for its older log stands, without a vote of its own, and hands over")
    func learnerStands() {
        var one = learnerWithNewestLog()
        one.wait(10_000)
        #expect(one.status.role == .follower && one.replica.nextDeadline == nil, "not by itself")
        _ = one.taken()
        one.receive(.preVoteRequest(last: LogPoint(index: 3, term: 1)), from: 3, term: 2)
        let question = Message.Body.preVoteRequest(last: LogPoint(index: 3, term: 2))
        #expect(one.sent() == [.preVoteAnswer(forTerm: 3, granted: false), question, question, question])
        one.receive(.preVoteAnswer(forTerm: 3, granted: true), from: 2, term: 2)
        #expect(one.status.role == .preCandidate, "its own does not count")
        one.receive(.preVoteAnswer(forTerm: 3, granted: true), from: 3, term: 2)
        one.persist()
        one.receive(.voteAnswer(granted: true), from: 2, term: 3)
        #expect(one.status.role == .candidate, "its own does not count")
        one.receive(.voteAnswer(granted: true), from: 3, term: 3)
        #expect(one.status.role == .leader)
        one.persist()
        one.receive(.appendAccepted(match: 4), from: 2, term: 3)
        #expect(one.status.role == .leader && one.status.commit == 0, "its own copy does not count")
        _ = one.taken()
        one.receive(.appendAccepted(match: 4), from: 3, term: 3)
        #expect(one.status.role == .follower && one.status.commit == 4)
        #expect(one.sent(to: 2).contains(.timeoutNow))
        #expect(one.replica.nextDeadline == nil)
    }

    @Test("A learner leaves the next attempt to the voters")
    func learnerGivesUp() {
        var one = learnerWithNewestLog()
        one.receive(.preVoteRequest(last: LogPoint(index: 3, term: 1)), from: 3, term: 2)
        one.wait(1_000)
        #expect(one.status.role == .follower && one.status.term == 2 && one.replica.nextDeadline == nil)
    }

    @Test("A learner does not stand whose log is no newer, who hears a leader, or who lost entries")
    func learnerDoesNotStand() {
        var equal = learnerWithNewestLog()
        equal.receive(.preVoteRequest(last: LogPoint(index: 3, term: 2)), from: 3, term: 2)
        #expect(equal.sent() == [.preVoteAnswer(forTerm: 3, granted: true)])
        var led = learnerWithNewestLog()
        led.append(from: 4, term: 2, previous: (3, 2))
        _ = led.taken()
        led.receive(.preVoteRequest(last: LogPoint(index: 3, term: 1)), from: 3, term: 2)
        #expect(led.sent() == [.preVoteAnswer(forTerm: 3, granted: false)])
        var suspect = learnerWithNewestLog(durability: .suspect(lostAfter: 3))
        suspect.persist()
        _ = suspect.taken()
        suspect.receive(.preVoteRequest(last: LogPoint(index: 3, term: 1)), from: 3, term: 3)
        #expect(suspect.sent() == [.preVoteAnswer(forTerm: 4, granted: false)])
    }

    @Test("Changes that ask for nothing, for nobody or for too many are refused")
    func refusals() throws {
        var one = ReplicaFixture.leader()
        for (voters, learners) in [([1, 2, 3], []), ([], [1]), ([0, 1], []), ([1, 2], [0]), (Array(1...300), [])]
            as [([UInt64], [UInt64])]
        {
            #expect(throws: ProposalRefusal.invalidChange) { try change(&one, voters, learners) }
        }
        var fresh = ReplicaFixture()
        fresh.lead()
        #expect(throws: ProposalRefusal.changePending) { try change(&fresh, [1, 2]) }
        try change(&one, [1, 2, 3], [4])
        #expect(one.status.peers.map(\.isLearner) == [false, false, true])
    }

    // MARK: Transfer

    @Test("Leadership goes to a voter that has everything; proposals wait meanwhile")
    func transfer() throws {
        var one = ReplicaFixture.leader(learners: [4])
        _ = try one.propose()
        try one.step { try $0.transferRequested(to: ReplicaID(3), at: $1) }
        #expect(!one.sent(to: 3).contains(.timeoutNow), "it lacks an entry")
        #expect(throws: ProposalRefusal.transferring(to: ReplicaID(3))) { try one.propose() }
        one.receive(.appendAccepted(match: 2), from: 3, term: 1)
        #expect(one.sent(to: 3).contains(.timeoutNow))
        one.receive(.voteRequest(last: LogPoint(index: 2, term: 1), byTransfer: true), from: 3, term: 2)
        #expect(one.status.role == .follower && one.status.vote == ReplicaID(3))
    }

    @Test("A transfer that leads nowhere is given up after an election time-out")
    func abortedTransfer() throws {
        var one = ReplicaFixture.leader()
        try one.step { try $0.transferRequested(to: ReplicaID(3), at: $1) }
        for _ in 0..<5 {
            one.wait(100)
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 1, round: 1)), from: 2, term: 1)
        }
        #expect(one.taken().contains(.transferAborted(to: ReplicaID(3))))
        _ = try one.propose()
    }

    @Test("Without a target the voter with the longest log is chosen; learners, strangers and the leader never are")
    func transferTargets() throws {
        var one = ReplicaFixture.leader(learners: [4])
        for target in [1, 4, 9] as [UInt64] {
            #expect(throws: ProposalRefusal.invalidTarget) {
                try one.step { try $0.transferRequested(to: ReplicaID(target), at: $1) }
            }
        }
        _ = try one.propose()
        one.receive(.appendAccepted(match: 2), from: 3, term: 1)
        one.receive(.appendAccepted(match: 2), from: 4, term: 1)
        try one.step { try $0.transferRequested(to: nil, at: $1) }
        #expect(one.status.transferringTo == ReplicaID(3))
        var alone = ReplicaFixture(voters: [1])
        alone.persist()
        #expect(throws: ProposalRefusal.invalidTarget) { try alone.step { try $0.transferRequested(to: nil, at: $1) } }
    }

    @Test("Told to stand, a follower skips the pre-vote; a stranger cannot tell it")
    func timeoutNow() {
        var one = ReplicaFixture()
        one.append(from: 2, term: 1)
        one.receive(.timeoutNow, from: 3, term: 1)
        #expect(one.status.role == .follower)
        _ = one.sent()
        one.receive(.timeoutNow, from: 2, term: 1)
        one.persist()
        #expect(one.status.role == .candidate && one.status.term == 2)
        #expect(one.sent() == [.voteRequest(last: .zero, byTransfer: true), .voteRequest(last: .zero, byTransfer: true)])
    }
}
