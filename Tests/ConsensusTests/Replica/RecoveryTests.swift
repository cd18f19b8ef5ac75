import Testing
import WriteAheadLog

@testable import Consensus

@Suite("Snapshots, compaction and lost tails")
struct RecoveryTests {
    private let members = Configuration(voters: ReplicaFixture.ids([1, 2, 3]), learners: ReplicaFixture.ids([4]))

    private func snapshot(_ index: UInt64, _ term: UInt64) -> SnapshotPoint {
        SnapshotPoint(point: LogPoint(index: index, term: term), configuration: members)
    }

    // MARK: Snapshots

    @Test("A snapshot ahead of the log restarts it there; it is acknowledged when it is on disk")
    func restart() {
        var one = ReplicaFixture(hardState: HardState(term: 1), terms: [1, 1])
        one.append(from: 2, term: 3)
        one.persist()
        _ = one.taken()
        let snapshot = snapshot(50, 3)
        one.step { $0.snapshotReceived(snapshot, at: $1) }
        let effects = one.taken()
        #expect(effects.writes == [LogWrite(ticket: 2, restart: snapshot)])
        #expect(effects.contains(.configurationChanged(IndexedConfiguration(index: 50, configuration: members))))
        #expect(one.status.base == snapshot.point && one.status.applied == 50 && one.status.durable == 0)
        one.persist()
        #expect(one.sent() == [.appendAccepted(match: 50)])
        one.append(from: 2, term: 3, previous: (50, 3), [ReplicaFixture.entry(51, 3)])
        #expect(one.taken().writes.last?.entries.map(\.index) == [51])
    }

    @Test("A snapshot of what the log holds only tells what is committed; an old or contradicting one changes nothing")
    func needlessSnapshots() {
        var one = ReplicaFixture(hardState: HardState(term: 1), terms: [1, 1, 1], applied: 1)
        one.step { $0.snapshotReceived(snapshot(2, 1), at: $1) }
        #expect(one.taken().applied == [2] && one.status.base == .zero)
        one.step { $0.snapshotReceived(snapshot(1, 1), at: $1) }
        #expect(one.taken() == [])
        one.step { $0.snapshotReceived(snapshot(2, 5), at: $1) }
        #expect(one.taken() == [.halted(.snapshotContradicted(LogPoint(index: 2, term: 5), committedTerm: 1))])
    }

    @Test("Tickets of writes before a restart of the log vouch for nothing after it")
    func ticketsAcrossRestart() {
        var one = ReplicaFixture()
        one.append(term: 1, (1...5).map { ReplicaFixture.entry($0, 1) })
        one.step { $0.snapshotReceived(snapshot(3_000, 1), at: $1) }
        one.step { $0.persisted(upTo: 1, at: $1) }
        #expect(one.status.durable == 0)
        one.persist()
        #expect(one.status.durable == 3_000)
    }

    @Test("A peer that needs a snapshot gets nothing else until one is reported, and another try after a failure")
    func sending() {
        var one = ReplicaFixture(hardState: HardState(term: 1), terms: [1, 1, 1, 1], applied: 4)
        one.lead()
        one.persist()
        one.receive(.appendAccepted(match: 5), from: 2, term: 2)
        one.applyAll()
        one.step { $0.compacted(upTo: 4, at: $1) }
        one.receive(.appendRejected(Message.AppendRejection(index: 4, hint: .zero)), from: 3, term: 2)
        #expect(one.taken().contains(.needsSnapshot(peer: ReplicaID(3))))
        one.receive(.appendRejected(Message.AppendRejection(index: 4, hint: .zero)), from: 3, term: 2)
        one.step { $0.snapshotReported(peer: ReplicaID(3), delivered: nil, at: $1) }
        #expect(one.taken() == [])
        for _ in 0..<6 {
            one.wait(100)
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 5, round: 1)), from: 2, term: 2)
        }
        #expect(one.taken().contains(.needsSnapshot(peer: ReplicaID(3))))
        one.step { $0.snapshotReported(peer: ReplicaID(3), delivered: LogPoint(index: 4, term: 1), at: $1) }
        #expect(one.sent(to: 3).appends.first?.previous == LogPoint(index: 4, term: 1))
        one.step { $0.snapshotReported(peer: ReplicaID(9), delivered: nil, at: $1) }
        #expect(one.taken() == [])
    }

    @Test("The log forgets nothing that is not applied and on disk, and keeps terms and members of what it forgets")
    func compaction() {
        var one = ReplicaFixture(hardState: HardState(term: 2), terms: [1, 1, 2, 2], applied: 3)
        one.step { $0.compacted(upTo: 4, at: $1) }
        #expect(one.status.base == LogPoint(index: 3, term: 2))
        #expect(one.replica.term(at: 2) == nil && one.replica.term(at: 3) == 2 && one.replica.term(at: 4) == 2)
        #expect(one.replica.configuration(at: 3).voters == ReplicaFixture.ids([1, 2, 3]))
        one.append(
            term: 3, previous: (2, 1), [ReplicaFixture.entry(3, 2), ReplicaFixture.entry(4, 2), ReplicaFixture.entry(5, 3)])
        #expect(one.status.last == LogPoint(index: 5, term: 3), "what lies below the base is skipped")
    }

    // MARK: Lost tails

    @Test("A replica that lost entries begins a new term and grants nothing")
    func suspectAbstains() {
        var one = ReplicaFixture(
            hardState: HardState(term: 4, vote: ReplicaID(2)), terms: [1, 4], durability: .suspect(lostAfter: 2))
        #expect(one.taken().writes == [LogWrite(ticket: 1, hardState: HardState(term: 5))])
        one.persist()
        one.wait(10_000)
        #expect(one.status.role == .follower && one.replica.nextDeadline == nil)
        one.receive(.preVoteRequest(last: LogPoint(index: 9, term: 4)), from: 3, term: 5)
        one.receive(.voteRequest(last: LogPoint(index: 9, term: 4), byTransfer: true), from: 3, term: 6)
        one.receive(.timeoutNow, from: 3, term: 6)
        #expect(one.sent() == [.preVoteAnswer(forTerm: 6, granted: false), .voteAnswer(granted: false)])
        #expect(one.status.vote == nil)
    }

    @Test("It refuses the leader of its last term, which may count copies that are gone")
    func suspectRefusesOldLeader() {
        var one = ReplicaFixture(hardState: HardState(term: 4), terms: [1, 4], durability: .suspect(lostAfter: 2))
        _ = one.taken()
        one.append(term: 4, previous: (2, 4), commit: 2)
        #expect(one.sent() == [.heartbeatAnswer(Message.Heartbeat(commit: 0, round: 0))])
    }

    @Test("It is repaired by a committed entry of a later term that is on its disk, and by nothing less")
    func repaired() {
        var one = ReplicaFixture(hardState: HardState(term: 4), terms: [1, 4], durability: .suspect(lostAfter: 2))
        one.persist()
        one.append(term: 5, previous: (2, 4), commit: 3, [ReplicaFixture.entry(3, 4)])
        one.persist()
        #expect(one.status.commit == 3 && one.status.isSuspect, "an entry of an old term")
        one.append(term: 5, previous: (3, 4), commit: 4, [ReplicaFixture.entry(4, 5)])
        #expect(one.status.commit == 4 && one.status.isSuspect, "not on disk")
        _ = one.taken()
        one.persist()
        #expect(!one.status.isSuspect && one.taken().contains(.repaired))
        one.receive(.voteRequest(last: LogPoint(index: 4, term: 5), byTransfer: true), from: 3, term: 6)
        #expect(one.status.vote == ReplicaID(3))
    }

    @Test("Founders begin with the same entry, which names them")
    func founders() {
        let now = Instant(milliseconds: 0)
        var replica = RaftReplica(group: 7, id: ReplicaID(1), start: ReplicaStart(newIn: members), seed: 1, at: now)
        let founding = Entry(point: LogPoint(index: 1, term: 1), content: .configuration(members))
        #expect(replica.started(at: now).writes == [LogWrite(ticket: 1, hardState: HardState(term: 1), entries: [founding])])
        #expect(replica.status(at: now).configuration == IndexedConfiguration(index: 1, configuration: members))
        #expect(replica.status(at: now).durable == 0)
    }

    @Test("A replica that was removed and is made again knows its vote's term, and starts as one that lost everything")
    func madeAgain() {
        let start = ReplicaStart(againWith: HardState(term: 4, vote: ReplicaID(2)))
        var replica = RaftReplica(group: 7, id: ReplicaID(1), start: start, seed: 1, at: Instant(milliseconds: 0))
        #expect(replica.started(at: Instant(milliseconds: 0)).writes == [LogWrite(ticket: 1, hardState: HardState(term: 5))])
        let status = replica.status(at: Instant(milliseconds: 0))
        #expect(status.isSuspect && status.configuration.configuration == .empty && status.last == .zero)
    }

    @Test("A sole voter that is pushed into a later term leads again at once")
    func soleVoterAgain() {
        var one = ReplicaFixture(voters: [1], learners: [2])
        one.persist()
        one.persist()
        one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 0, round: 0)), from: 2, term: 9)
        #expect(one.status.role == .follower && one.replica.nextDeadline == one.now)
        one.wait(0)
        one.persist()
        #expect(one.status.role == .leader && one.status.term == 10)
    }

    // MARK: Anything at all

    @Test("No sequence of messages and events traps, whoever sends what")
    func noise() {
        var halts = 0
        for seed in 0..<150 as Range<UInt64> {
            var noise = Noise(seed: seed)
            halts += noise.run(events: 400)
        }
        #expect(halts > 0, "contradictions are to come up")
    }

    @Test("Nor does a planted mistake trap: it is for the oracles to find")
    func noiseWithPlantedBugs() {
        for (_, bug) in PlantedBugs.all {
            for seed in 1000..<1020 as Range<UInt64> {
                var noise = Noise(seed: seed, plantedBugs: bug)
                _ = noise.run(events: 400)
            }
        }
    }
}

/// Random events, most of them nonsense that fits the formats.
private struct Noise {
    var random: RandomSource
    var fixture: ReplicaFixture
    var fetches: [EntryFetch] = []

    init(seed: UInt64, plantedBugs: PlantedBugs = []) {
        random = RandomSource(seed: seed)
        var settings = ConsensusSettings()
        settings.windowBytesMax = 100
        settings.backlogBytesMax = 1_000
        settings.readsMax = 5
        settings.plantedBugs = plantedBugs
        fixture = ReplicaFixture(
            hardState: HardState(term: 3), terms: [1, 2, 3], applied: 1,
            durability: seed % 4 == 0 ? .suspect(lostAfter: 3) : .intact, settings: settings)
    }

    mutating func below(_ limit: UInt64) -> UInt64 { random.next() % limit }

    mutating func point() -> LogPoint {
        let index = below(9)
        return LogPoint(index: index, term: index == 0 ? 0 : 1 + below(6))
    }

    mutating func body(term: UInt64) -> Message.Body {
        switch below(13) {
        case 0: return .preVoteRequest(last: point())
        case 1: return .preVoteAnswer(forTerm: below(9), granted: below(2) == 0)
        case 2: return .voteRequest(last: point(), byTransfer: below(2) == 0)
        case 3: return .voteAnswer(granted: below(2) == 0)
        case 4: return .appendAccepted(match: below(9))
        case 5: return .appendRejected(Message.AppendRejection(index: below(9), hint: point()))
        case 6: return .heartbeat(Message.Heartbeat(commit: below(9), round: below(3)))
        case 7: return .heartbeatAnswer(Message.Heartbeat(commit: below(9), round: below(3)))
        case 8: return .timeoutNow
        case 9: return .readIndexRequest(context: below(3))
        case 10: return .readIndexAnswer(context: below(3), index: below(9))
        default:
            let previous = point()
            var entries: [Entry] = []
            var last = previous
            for _ in 0..<below(4) {
                last = LogPoint(index: last.index + 1, term: max(1, last.term) + below(3) / 2)
                let configuration = Configuration(voters: ReplicaFixture.ids((0...below(3)).map { _ in 1 + below(5) }))
                entries.append(Entry(point: last, content: below(8) == 0 ? .configuration(configuration) : .noOperation))
            }
            return .append(Message.Append(previous: previous, commit: below(9), entries: entries))
        }
    }

    /// Returns 1 if the replica halted.
    mutating func run(events: Int) -> Int {
        for _ in 0..<events {
            let kind = below(20)
            let term = below(4) == 0 ? below(9) : fixture.replica.term + below(8) / 7
            switch kind {
            case 0: fixture.wait(below(700))
            case 1, 2, 3: fixture.persist()
            case 4: fixture.step { $0.persisted(upTo: term, at: $1) }
            case 5: fixture.applyAll()
            case 6: fixture.step { $0.applied(upTo: term, at: $1) }
            case 7: fixture.step { $0.compacted(upTo: term, at: $1) }
            case 8:
                let snapshot = SnapshotPoint(
                    point: point(), configuration: Configuration(voters: ReplicaFixture.ids([1, 2, 4])))
                if below(4) == 0 { fixture.step { $0.snapshotReceived(snapshot, at: $1) } }
            case 9:
                let peer = ReplicaID(1 + below(5))
                let delivered = below(2) == 0 ? nil : point()
                fixture.step { $0.snapshotReported(peer: peer, delivered: delivered, at: $1) }
            case 10: fixture.step { $0.readsRequested([term], at: $1) }
            case 11:
                _ = try? fixture.propose()
                let target = ReplicaID(1 + below(5))
                _ = try? fixture.step { try $0.transferRequested(to: target, at: $1) }
            case 12:
                let target = ConfigurationTarget(voters: ReplicaFixture.ids((0...below(3)).map { _ in 1 + below(5) }))
                _ = try? fixture.replica.propose(members: target, at: fixture.now)
            case 13:
                guard let fetch = fetches.popLast() else { break }
                let entries = (fetch.from...fetch.through).map {
                    ReplicaFixture.entry($0, fixture.replica.term(at: $0) ?? term)
                }
                fixture.step { $0.entriesFetched(fetch, entries[0].term == 2 ? .compacted : .entries(entries), at: $1) }
            default:
                let sender = 1 + below(6)
                let body = body(term: term)
                fixture.receive(body, from: sender, term: term)
            }
            for effect in fixture.taken() {
                if case .fetchEntries(let fetch) = effect { fetches.append(fetch) }
                if case .halted = effect { return 1 }
            }
            _ = fixture.status
        }
        return 0
    }
}
