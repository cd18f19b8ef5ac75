import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Elections")
struct ElectionTests {
    @Test("A sole voter leads without waiting, but not before its vote is on disk")
    func soleVoter() {
        var one = ReplicaFixture(voters: [1])
        #expect(one.status.role == .candidate && one.status.term == 1)
        #expect(one.taken().writes.first?.hardState == HardState(term: 1, vote: ReplicaID(1)))
        one.persist()
        #expect(one.status.role == .leader && one.status.commit == 0)
        one.persist()
        #expect(one.status.commit == 1)
        #expect(one.taken().applied == [1])
        #expect(one.replica.nextDeadline == nil, "nothing depends on time in a group of one")
    }

    @Test("Nobody's term rises for a pre-vote, and votes are asked for once the own one is on disk")
    func preVoteFirst() {
        var one = ReplicaFixture()
        one.wait(1_000)
        #expect(one.status.role == .preCandidate && one.status.term == 0)
        #expect(one.sent() == [.preVoteRequest(last: .zero), .preVoteRequest(last: .zero)])
        one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 2, term: 0)
        #expect(one.status.role == .candidate && one.status.term == 1)
        #expect(one.sent() == [], "the own vote is on its way to disk")
        one.persist()
        #expect(one.sent() == [.voteRequest(last: .zero, byTransfer: false), .voteRequest(last: .zero, byTransfer: false)])
        one.receive(.voteAnswer(granted: true), from: 3, term: 1)
        #expect(one.status.role == .leader)
    }

    @Test("Refusals, doubled answers and votes of learners and strangers win nothing")
    func countedVotes() {
        var one = ReplicaFixture(voters: [1, 2, 3, 4, 5], learners: [6])
        one.wait(1_000)
        for _ in 0..<5 { one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 2, term: 0) }
        one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 6, term: 0)
        one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 9, term: 0)
        one.receive(.preVoteAnswer(forTerm: 1, granted: false), from: 3, term: 0)
        one.receive(.preVoteAnswer(forTerm: 2, granted: true), from: 3, term: 0)
        #expect(one.status.role == .preCandidate)
        one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 3, term: 0)
        one.persist()
        for sender in [2, 2, 6, 9] as [UInt64] { one.receive(.voteAnswer(granted: true), from: sender, term: 1) }
        one.receive(.voteAnswer(granted: false), from: 3, term: 1)
        #expect(one.status.role == .candidate)
        one.receive(.voteAnswer(granted: true), from: 4, term: 1)
        #expect(one.status.role == .leader)
    }

    @Test("A term has one vote: it is sent when it is on disk, to one candidate, however often that one asks")
    func oneVote() {
        var one = ReplicaFixture()
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 2, term: 4)
        #expect(one.status.vote == ReplicaID(2))
        #expect(one.sent() == [])
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 4)
        #expect(one.sent(to: 3) == [.voteAnswer(granted: false)])
        one.persist()
        #expect(one.sent(to: 2) == [.voteAnswer(granted: true)])
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 2, term: 4)
        #expect(one.sent(to: 2) == [.voteAnswer(granted: true)])
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 3)
        #expect(one.sent(to: 3) == [.voteAnswer(granted: false)], "an older term")
    }

    @Test("Who only thinks of standing still votes, and then waits")
    func preCandidateVotes() {
        var one = ReplicaFixture(hardState: HardState(term: 4))
        one.wait(1_000)
        #expect(one.status.role == .preCandidate)
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 2, term: 4)
        #expect(one.status.role == .follower && one.status.vote == ReplicaID(2))
    }

    @Test("A vote that was overtaken by a new term is never sent")
    func overtakenVote() {
        var one = ReplicaFixture()
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 2, term: 4)
        one.receive(.heartbeat(Message.Heartbeat(commit: 0, round: 0)), from: 3, term: 5)
        one.persist()
        #expect(one.sent() == [])
    }

    @Test("A restart forgets no vote")
    func voteAfterRestart() {
        var one = ReplicaFixture(hardState: HardState(term: 4, vote: ReplicaID(2)))
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 4)
        #expect(one.sent() == [.voteAnswer(granted: false)])
        one.receive(.voteAnswer(granted: true), from: 3, term: 4)
        #expect(one.status.role == .follower)
    }

    @Test("A log may be ahead of the hard state: the term follows it, without a vote")
    func termOfLog() {
        let one = ReplicaFixture(hardState: HardState(term: 2, vote: ReplicaID(2)), terms: [1, 5])
        #expect(one.status.term == 5 && one.status.vote == nil)
    }

    @Test("A candidate whose log is behind gets neither vote nor pre-vote")
    func staleLog() {
        for last in [LogPoint(index: 9, term: 2), LogPoint(index: 1, term: 3)] {
            var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 3])
            one.receive(.preVoteRequest(last: last), from: 2, term: 3)
            one.receive(.voteRequest(last: last, byTransfer: false), from: 2, term: 4)
            one.persist()
            #expect(one.sent() == [.preVoteAnswer(forTerm: 4, granted: false), .voteAnswer(granted: false)])
        }
        var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 3])
        one.receive(.preVoteRequest(last: LogPoint(index: 2, term: 3)), from: 2, term: 3)
        #expect(one.sent() == [.preVoteAnswer(forTerm: 4, granted: true)])
    }

    @Test("Who hears its leader refuses pre-votes and ignores candidates, unless the leader hands over")
    func stickiness() {
        var one = ReplicaFixture()
        one.append(term: 1)
        _ = one.sent()
        one.receive(.preVoteRequest(last: .zero), from: 3, term: 1)
        one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 9)
        #expect(one.sent(to: 3) == [.preVoteAnswer(forTerm: 2, granted: false)])
        #expect(one.status.term == 1)
        one.receive(.voteRequest(last: .zero, byTransfer: true), from: 3, term: 9)
        #expect(one.status.term == 9 && one.status.vote == ReplicaID(3))

        var other = ReplicaFixture()
        other.append(term: 1)
        other.now = other.now.advanced(byMilliseconds: 500)
        other.receive(.preVoteRequest(last: .zero), from: 3, term: 1)
        #expect(other.sent(to: 3).contains(.preVoteAnswer(forTerm: 2, granted: true)), "not heard for an election time-out")
    }

    @Test("A leader that no majority answers steps down; one voter's answers keep three together")
    func checkQuorum() {
        var one = ReplicaFixture.leader()
        for _ in 0..<20 {
            one.wait(100)
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 1, round: 1)), from: 3, term: 1)
        }
        #expect(one.status.role == .leader)
        for _ in 0..<6 { one.wait(100) }
        #expect(one.status.role == .follower && one.status.leader == nil && one.status.term == 1)
    }

    @Test("A replica that is terms ahead is not shut out: its leader hears of its term and makes way")
    func aheadOfItsLeader() {
        var one = ReplicaFixture(hardState: HardState(term: 9))
        one.append(term: 3)
        #expect(one.sent() == [.heartbeatAnswer(Message.Heartbeat(commit: 0, round: 0))])
        var leader = ReplicaFixture.leader()
        leader.receive(.heartbeatAnswer(Message.Heartbeat(commit: 0, round: 0)), from: 2, term: 9)
        #expect(leader.status.role == .follower && leader.status.term == 9)
    }

    @Test("A refused pre-vote brings the newer term, and time-outs start anew each time")
    func refusedPreVote() {
        var one = ReplicaFixture()
        one.wait(1_000)
        one.receive(.preVoteAnswer(forTerm: 1, granted: false), from: 2, term: 6)
        #expect(one.status.role == .follower && one.status.term == 6)
        var other = ReplicaFixture()
        other.wait(1_000)
        _ = other.sent()
        other.wait(1_000)
        #expect(other.sent() == [.preVoteRequest(last: .zero), .preVoteRequest(last: .zero)])
        #expect(other.status.term == 0)
    }

    @Test("Learners, strangers and members that were removed do not stand")
    func whoStands() {
        var learner = ReplicaFixture(voters: [2, 3], learners: [1])
        learner.wait(10_000)
        #expect(learner.status.role == .follower && learner.replica.nextDeadline == nil)
        learner.receive(.timeoutNow, from: 2, term: 1)
        #expect(learner.status.role == .follower)
        learner.receive(.voteRequest(last: .zero, byTransfer: false), from: 2, term: 2)
        learner.persist()
        #expect(learner.sent(to: 2) == [.voteAnswer(granted: true)], "it may be a voter that has not heard of it yet")
    }

    @Test("Messages for others, of impossible form or from nobody change nothing")
    func strangeMessages() {
        var one = ReplicaFixture.leader()
        let before = one.status
        func message(group: GroupID = 7, from: UInt64 = 2, to: UInt64 = 1, term: UInt64 = 99, _ body: Message.Body)
            -> Message
        {
            Message(group: group, from: ReplicaID(from), to: ReplicaID(to), term: term, body: body)
        }
        for message in [
            message(group: 8, .heartbeat(Message.Heartbeat(commit: 9, round: 1))),
            message(to: 2, .heartbeat(Message.Heartbeat(commit: 9, round: 1))),
            message(from: 1, .heartbeat(Message.Heartbeat(commit: 9, round: 1))),
            message(from: 0, .heartbeat(Message.Heartbeat(commit: 9, round: 1))),
            message(term: .max, .heartbeat(Message.Heartbeat(commit: 9, round: 1))),
            message(from: 9, .heartbeatAnswer(Message.Heartbeat(commit: 9, round: 1))),
            message(from: 9, .appendAccepted(match: 1)), message(from: 9, .voteAnswer(granted: true)),
            message(term: 1, .appendAccepted(match: 900)),
            message(term: 1, .append(Message.Append(previous: .zero, commit: 9, entries: []))),
            message(term: 1, .appendRejected(Message.AppendRejection(index: 900, hint: .zero))),
            message(term: 1, .readIndexAnswer(context: 1, index: 1)), message(term: 1, .timeoutNow),
        ] {
            one.step { $0.received(message, at: $1) }
        }
        #expect(one.status == before)
        #expect(one.taken() == [])
    }
}
