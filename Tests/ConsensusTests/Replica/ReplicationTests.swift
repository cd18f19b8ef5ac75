import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Replication")
struct ReplicationTests {
    private func entries(_ indexes: ClosedRange<UInt64>, _ term: UInt64, _ byte: UInt8 = 0) -> [Entry] {
        indexes.map { ReplicaFixture.entry($0, term, byte) }
    }

    // MARK: Leader

    @Test("Entries go out before they are on the leader's disk; it counts itself only when they are")
    func parallelDisk() throws {
        var one = ReplicaFixture.leader()
        let point = try one.propose()
        #expect(point == LogPoint(index: 2, term: 1))
        let effects = one.taken()
        #expect(effects.writes.first?.entries.map(\.index) == [2])
        #expect(effects.appends.count == 2 && effects.appends.allSatisfy { $0.entries.map(\.index) == [2] })
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        #expect(one.status.commit == 1, "one of three")
        one.persist()
        #expect(one.status.commit == 2)
        #expect(one.taken().applied == [2])
    }

    @Test("A majority may commit without the leader's disk; the leader applies when its own has the entry")
    func applyAfterDisk() throws {
        var one = ReplicaFixture.leader()
        _ = try one.propose()
        for peer in [2, 3] as [UInt64] { one.receive(.appendAccepted(match: 2), from: peer, term: 1) }
        #expect(one.status.commit == 2)
        #expect(one.taken().applied == [])
        one.persist()
        #expect(one.taken().applied == [2])
    }

    @Test("An entry of an older term is not committed by counting, only by one of the leader's own term above it")
    func figureEight() {
        var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 2])
        one.lead()
        #expect(one.status.role == .leader && one.status.last == LogPoint(index: 3, term: 4))
        one.receive(.appendAccepted(match: 2), from: 2, term: 4)
        one.receive(.appendAccepted(match: 2), from: 3, term: 4)
        #expect(one.status.commit == 0)
        one.receive(.appendAccepted(match: 3), from: 2, term: 4)
        #expect(one.status.commit == 3)
    }

    @Test("Learners receive everything and count for nothing")
    func learnersDoNotCount() throws {
        var one = ReplicaFixture.leader(learners: [4, 5])
        _ = try one.propose()
        #expect(one.sent(to: 4).appends.first?.entries.map(\.index) == [2])
        one.persist()
        one.receive(.appendAccepted(match: 2), from: 4, term: 1)
        one.receive(.appendAccepted(match: 2), from: 5, term: 1)
        #expect(one.status.commit == 1)
    }

    @Test("Appends are pipelined as far as the window allows, and go on as answers come")
    func pipelining() throws {
        var settings = ConsensusSettings()
        settings.inflightAppendsMax = 2
        var one = ReplicaFixture.leader(settings: settings)
        for _ in 0..<5 { _ = try one.propose() }
        #expect(one.sent(to: 2).appends.map { $0.entries.map(\.index) } == [[2], [3]])
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        #expect(one.sent(to: 2).appends.map { $0.entries.map(\.index) } == [[4, 5, 6]], "what waited travels together")
        var bytes = ConsensusSettings()
        bytes.inflightBytesMax = 100
        bytes.appendBytesMax = 60
        var other = ReplicaFixture.leader(settings: bytes)
        for _ in 0..<5 { _ = try other.propose(bytes: 30) }
        #expect(other.sent(to: 2).appends.map { $0.entries.map(\.index) } == [[2], [3]])
        #expect(other.status.peers[0].inflightBytes == 124)
    }

    @Test("A lost append is noticed and sent again; an old answer moves nothing back")
    func lostAppend() throws {
        var one = ReplicaFixture.leader()
        _ = try one.propose()
        _ = one.sent()
        for _ in 0..<4 { one.wait(100) }
        #expect(
            one.sent(to: 2).appends == [
                Message.Append(previous: LogPoint(index: 1, term: 1), commit: 1, entries: entries(2...2, 1))
            ])
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        one.receive(.appendAccepted(match: 1), from: 2, term: 1)
        one.receive(.appendRejected(Message.AppendRejection(index: 1, hint: .zero)), from: 2, term: 1)
        #expect(one.status.peers[0].match == 2 && one.status.peers[0].mode == .replicating)
    }

    @Test("Terms are skipped on both sides until the logs agree")
    func backOff() {
        var one = ReplicaFixture(hardState: HardState(term: 6), terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6])
        one.lead()
        _ = one.sent()
        // The follower has terms 1, 1, 1 and then ten entries of term 2.
        one.receive(
            .appendRejected(Message.AppendRejection(index: 10, hint: LogPoint(index: 10, term: 2))), from: 2, term: 7)
        #expect(one.sent(to: 2).appends.first?.previous == LogPoint(index: 3, term: 1))
        one.receive(.appendAccepted(match: 11), from: 2, term: 7)
        #expect(one.status.peers[0].mode == .replicating && one.status.peers[0].match == 11)
    }

    @Test("What is committed is told at once to who has it all")
    func commitNotice() throws {
        var one = ReplicaFixture.leader()
        _ = try one.propose()
        one.persist()
        _ = one.sent()
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        #expect(one.sent() == [.heartbeat(Message.Heartbeat(commit: 2, round: 0))])
        one.receive(.appendAccepted(match: 2), from: 3, term: 1)
        #expect(one.sent() == [.heartbeat(Message.Heartbeat(commit: 2, round: 0))])
    }

    @Test("Proposals beyond the quota are refused until some are committed, too long ones always")
    func quota() throws {
        var settings = ConsensusSettings()
        settings.uncommittedBytesMax = 200
        settings.entryBytesMax = 1_000
        var one = ReplicaFixture.leader(settings: settings)
        #expect(throws: ProposalRefusal.tooLarge(bytes: 1_001, bytesMax: 1_000)) { try one.propose(bytes: 1_001) }
        _ = try one.propose(bytes: 1_000)
        #expect(throws: ProposalRefusal.quotaExceeded) { try one.propose() }
        one.persist()
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        #expect(one.status.uncommittedBytes == 0)
        _ = try one.propose()
        var follower = ReplicaFixture()
        follower.append(from: 3, term: 1)
        #expect(throws: ProposalRefusal.notLeader(leader: ReplicaID(3))) { try follower.propose() }
    }

    @Test("Entries that left memory are read back; ones that left the log call for a snapshot")
    func readBack() throws {
        var settings = ConsensusSettings()
        settings.windowBytesMax = 100
        var one = ReplicaFixture.leader(settings: settings)
        for _ in 0..<10 {
            _ = try one.propose()
            one.persist()
            one.receive(.appendAccepted(match: one.status.last.index), from: 2, term: 1)
            one.applyAll()
        }
        #expect(one.status.windowBytes <= 100 && one.status.commit == 11)
        _ = one.taken()
        for _ in 0..<4 { one.wait(100) }
        #expect(one.sent(to: 3).appends.map(\.entries) == [[]], "a probe asks only")
        one.receive(.appendAccepted(match: 1), from: 3, term: 1)
        let fetch = EntryFetch(reader: .peer(ReplicaID(3)), from: 2, through: 8, bytesMax: settings.fetchBytesMax)
        #expect(one.taken() == [.fetchEntries(fetch)])
        one.step { $0.entriesFetched(fetch, .entries([ReplicaFixture.entry(2, 9)]), at: $1) }
        #expect(one.taken() == [.fetchEntries(fetch)], "not the log's entries")
        one.step { $0.entriesFetched(fetch, .entries(entries(2...6, 1)), at: $1) }
        let effects = one.taken()
        #expect(effects.appends.map { $0.entries.map(\.index) } == [[2, 3, 4, 5, 6]])
        #expect(
            effects.contains(
                .fetchEntries(EntryFetch(reader: .peer(ReplicaID(3)), from: 7, through: 8, bytesMax: settings.fetchBytesMax))
            ))
        one.step {
            $0.entriesFetched(EntryFetch(reader: .peer(ReplicaID(3)), from: 7, through: 8, bytesMax: 1), .compacted, at: $1)
        }
        #expect(one.taken() == [.needsSnapshot(peer: ReplicaID(3))])
    }

    @Test("An idle leader sends heartbeats and nothing else, at instants that all groups share")
    func idle() {
        var one = ReplicaFixture.leader()
        for _ in 0..<20 {
            #expect(one.replica.nextDeadline.map { $0.nanoseconds % 100_000_000 } == 0)
            one.wait(100)
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 1, round: 1)), from: 2, term: 1)
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 1, round: 1)), from: 3, term: 1)
            #expect(
                one.sent() == [
                    .heartbeat(Message.Heartbeat(commit: 1, round: 1)), .heartbeat(Message.Heartbeat(commit: 1, round: 1)),
                ])
        }
    }

    // MARK: Follower

    @Test("An append is acknowledged when it is on disk, as far as it is")
    func acknowledgedFromDisk() {
        var one = ReplicaFixture()
        one.append(term: 1, entries(1...3, 1))
        #expect(one.sent() == [])
        one.append(term: 1, previous: (3, 1), entries(4...4, 1))
        one.step { $0.persisted(upTo: 1, at: $1) }
        #expect(one.sent() == [.appendAccepted(match: 3)])
        one.persist()
        #expect(one.sent() == [.appendAccepted(match: 4)])
        one.append(term: 1, previous: (3, 1), entries(4...4, 1))
        #expect(one.sent() == [.appendAccepted(match: 4)], "a doubled message is answered again")
    }

    @Test("A write that ends late does not vouch for entries that replaced its own: same index, even same term")
    func staleTickets() {
        var one = ReplicaFixture()
        one.append(from: 2, term: 1, entries(1...5, 1))  // write 1
        one.append(from: 3, term: 2, entries(1...1, 1) + entries(2...2, 2))  // write 2 cuts above 1
        #expect(one.taken().writes.last?.truncateTo == LogPoint(index: 1, term: 1))
        // The leader of term 3 has what the one of term 1 had: the same points come again.
        one.append(from: 2, term: 3, previous: (1, 1), entries(2...5, 1, 9))  // write 3
        _ = one.taken()
        one.step { $0.persisted(upTo: 1, at: $1) }
        #expect(one.status.durable == 1)
        one.step { $0.persisted(upTo: 2, at: $1) }
        #expect(one.status.durable == 1)
        #expect(one.sent() == [], "the term of write 3 is not on disk either")
        one.step { $0.persisted(upTo: 3, at: $1) }
        #expect(one.sent() == [.appendAccepted(match: 5)])
        one.step { $0.persisted(upTo: 1, at: $1) }
        one.step { $0.persisted(upTo: 99, at: $1) }
        #expect(one.status.durable == 5)
    }

    @Test("Conflicting entries go, agreeing ones stay, however the messages are reordered")
    func conflicts() {
        var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 1, 2, 2, 3])
        one.append(term: 4, previous: (2, 1), entries(3...4, 4))
        #expect(
            one.taken().writes.last
                == LogWrite(
                    ticket: 1, hardState: HardState(term: 4), truncateTo: LogPoint(index: 2, term: 1),
                    entries: entries(3...4, 4)))
        one.append(term: 4, previous: (2, 1), entries(3...3, 4))
        #expect(one.status.last == LogPoint(index: 4, term: 4), "a shorter, older message cuts nothing")
        #expect(one.taken().writes == [])
    }

    @Test("A gap or a conflict before the entries is refused with the highest point that may agree")
    func refusal() {
        var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 1, 2, 2, 3])
        one.append(term: 4, previous: (9, 4))
        #expect(one.sent() == [.appendRejected(Message.AppendRejection(index: 9, hint: LogPoint(index: 5, term: 3)))])
        one.append(term: 4, previous: (5, 1))
        #expect(one.sent() == [.appendRejected(Message.AppendRejection(index: 5, hint: LogPoint(index: 2, term: 1)))])
    }

    @Test("A follower commits only what was compared with its leader")
    func commitOfCompared() {
        var one = ReplicaFixture(hardState: HardState(term: 3), terms: [1, 1, 2, 2, 3])
        one.receive(.heartbeat(Message.Heartbeat(commit: 5, round: 1)), from: 2, term: 4)
        #expect(one.status.commit == 0)
        one.append(term: 4, previous: (2, 1), commit: 5)
        #expect(one.status.commit == 2)
        one.receive(.heartbeat(Message.Heartbeat(commit: 5, round: 1)), from: 2, term: 4)
        #expect(one.status.commit == 2)
        one.persist()
        #expect(one.taken().applied == [1, 2])
    }

    @Test("A restarted follower compares its log anew before it believes that it is committed")
    func restartedFollower() {
        var leader = ReplicaFixture.leader()
        leader.receive(.heartbeatAnswer(Message.Heartbeat(commit: 0, round: 1)), from: 2, term: 1)
        #expect(
            leader.sent(to: 2) == [.append(Message.Append(previous: LogPoint(index: 1, term: 1), commit: 1, entries: []))])
    }

    @Test("A leader that contradicts what is committed halts the replica, and nothing is cut")
    func contradiction() {
        var one = ReplicaFixture(hardState: HardState(term: 2), terms: [1, 1, 2], applied: 2)
        one.append(term: 3, previous: (1, 1), entries(2...2, 3))
        #expect(one.taken().last == .halted(.committedEntryContradicted(index: 2, committedTerm: 1, leaderTerm: 3)))
        #expect(one.status.isHalted && one.status.last == LogPoint(index: 3, term: 2))
        one.wait(10_000)
        #expect(one.taken() == [] && one.replica.nextDeadline == nil)
        var behind = ReplicaFixture(hardState: HardState(term: 2), terms: [1], applied: 5)
        #expect(behind.taken() == [.halted(.logLost(from: 2))])
    }

    @Test("A follower whose disk stalls takes no more than it can keep")
    func backlog() {
        var settings = ConsensusSettings()
        settings.backlogBytesMax = 100
        var one = ReplicaFixture(settings: settings)
        for index in 1...20 as ClosedRange<UInt64> {
            one.append(term: 1, previous: (index - 1, index > 1 ? 1 : 0), entries(index...index, 1))
        }
        #expect(one.status.last.index == 4)
        one.persist()
        one.append(term: 1, previous: (4, 1), commit: 4, entries(5...5, 1))
        #expect(one.status.last.index == 4, "on disk, and still to be applied")
        one.receive(.heartbeat(Message.Heartbeat(commit: 4, round: 0)), from: 2, term: 1)
        one.append(term: 1, previous: (4, 1), entries(5...5, 1))
        #expect(one.status.last.index == 5)
    }

    @Test("Committed entries that left memory are read back to be applied, one stretch at a time")
    func applyFromDisk() {
        var settings = ConsensusSettings()
        settings.windowBytesMax = 70
        var one = ReplicaFixture(hardState: HardState(term: 1), terms: [UInt64](repeating: 1, count: 10), settings: settings)
        one.append(term: 1, previous: (10, 1), commit: 10)
        let fetch = EntryFetch(reader: .apply, from: 1, through: 8, bytesMax: settings.fetchBytesMax)
        #expect(one.taken().filter { if case .fetchEntries = $0 { true } else { false } } == [.fetchEntries(fetch)])
        one.step { $0.entriesFetched(fetch, .entries(entries(1...4, 1)), at: $1) }
        #expect(one.taken().applied == [1, 2, 3, 4])
        one.applyAll()
        let rest = EntryFetch(reader: .apply, from: 5, through: 8, bytesMax: settings.fetchBytesMax)
        #expect(one.taken() == [.fetchEntries(rest)])
        one.step { $0.entriesFetched(rest, .entries(entries(5...8, 1)), at: $1) }
        #expect(one.taken().applied == [5, 6, 7, 8, 9, 10], "the rest was in memory")
    }

    @Test("A follower knows that it is behind from what its leader says to be committed, wherever its own log ends")
    func level() {
        var one = ReplicaFixture()
        #expect(!one.replica.isLevel, "nothing is known of the leader")
        one.append(term: 1, commit: 0, [ReplicaFixture.entry(1, 1)])
        one.persist()
        #expect(one.replica.isLevel)
        one.receive(.heartbeat(Message.Heartbeat(commit: 5, round: 0)), from: 2, term: 1)
        one.applyAll()
        #expect(!one.replica.isLevel)
        one.append(term: 1, previous: (1, 1), commit: 5, (2...5).map { ReplicaFixture.entry($0, 1) })
        one.persist()
        #expect(!one.replica.isLevel, "handed over is not applied")
        one.applyAll()
        #expect(one.replica.isLevel)
        one.append(term: 1, previous: (9, 1), commit: 9)
        #expect(!one.replica.isLevel, "said by an append that does not fit")
    }

    @Test("A leader tells a follower that lags what is committed, too")
    func commitForLaggards() throws {
        var one = ReplicaFixture.leader()
        _ = try one.propose()
        one.persist()
        one.receive(.appendAccepted(match: 2), from: 2, term: 1)
        _ = one.taken()
        one.wait(100)
        #expect(one.sent(to: 3).contains(.heartbeat(Message.Heartbeat(commit: 2, round: 1))))
    }
}
