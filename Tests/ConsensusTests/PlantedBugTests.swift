import Testing
import WriteAheadLog

@testable import Consensus

/// Each planted mistake is really made, and only where it is planted. That the oracles find them is the simulator's to show.
@Suite("Planted mistakes", .enabled(if: PlantedBugs.areCompiledIn))
struct PlantedBugTests {
    typealias Settings = ConsensusSettings

    /// A scenario in which exactly one mistake shows, by the mistake's name.
    static let misbehaves: [String: @Sendable (Settings) throws -> Bool] = [
        "forgetVoteAtRestart": { settings in
            let one = ReplicaFixture(hardState: HardState(term: 4, vote: ReplicaID(2)), settings: settings)
            return one.status.vote == nil
        },
        "voteTwice": { settings in
            var one = ReplicaFixture(hardState: HardState(term: 4, vote: ReplicaID(2)), settings: settings)
            one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 4)
            return one.status.vote == ReplicaID(3)
        },
        "voteForStaleLog": { settings in
            var one = ReplicaFixture(terms: [1, 2], settings: settings)
            one.receive(.voteRequest(last: LogPoint(index: 1, term: 1), byTransfer: false), from: 3, term: 4)
            return one.status.vote == ReplicaID(3)
        },
        "voteBeforePersist": { settings in
            var one = ReplicaFixture(settings: settings)
            one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 4)
            return one.sent() == [.voteAnswer(granted: true)]
        },
        "countLearnerVotes": { settings in
            var one = ReplicaFixture(learners: [4, 5], settings: settings)
            one.wait(1_000)
            one.receive(.preVoteAnswer(forTerm: 1, granted: true), from: 2, term: 0)
            one.persist()
            one.receive(.voteAnswer(granted: true), from: 4, term: 1)
            one.receive(.voteAnswer(granted: true), from: 5, term: 1)
            return one.status.role == .leader
        },
        "quorumOfHalf": { settings in
            var one = ReplicaFixture(settings: settings)
            one.wait(1_000)
            return one.status.role == .candidate
        },
        "ignoreOldTerm": { settings in
            var one = ReplicaFixture(hardState: HardState(term: 1), settings: settings)
            one.lead()
            one.receive(.appendAccepted(match: 1), from: 2, term: 1)
            return one.status.commit == 1
        },
        "voteWhileSuspect": { settings in
            var one = ReplicaFixture(durability: .suspect(lostAfter: 0), settings: settings)
            one.receive(.voteRequest(last: .zero, byTransfer: false), from: 3, term: 4)
            return one.status.vote == ReplicaID(3)
        },
        "commitOlderTermsByCounting": { settings in
            var one = ReplicaFixture(hardState: HardState(term: 2), terms: [1, 2], settings: settings)
            one.lead()
            one.receive(.appendAccepted(match: 2), from: 2, term: 3)
            return one.status.commit == 2
        },
        "countLearnerCopies": { settings in
            var one = ReplicaFixture.leader(learners: [4, 5], settings: settings)
            _ = try one.propose()
            one.persist()
            for learner in [4, 5] as [UInt64] { one.receive(.appendAccepted(match: 2), from: learner, term: 1) }
            return one.status.commit == 2
        },
        "countUnpersistedOwnCopy": { settings in
            var one = ReplicaFixture.leader(settings: settings)
            _ = try one.propose()
            one.receive(.appendAccepted(match: 2), from: 2, term: 1)
            return one.status.commit == 2
        },
        "acknowledgeBeforePersist": { settings in
            var one = ReplicaFixture(hardState: HardState(term: 1), settings: settings)
            one.append(term: 1, [ReplicaFixture.entry(1, 1)])
            return one.sent() == [.appendAccepted(match: 1)]
        },
        "skipPreviousCheck": { settings in
            var one = ReplicaFixture(terms: [1, 1], settings: settings)
            one.append(term: 3, previous: (2, 2), [ReplicaFixture.entry(3, 3)])
            return one.status.last.index == 3
        },
        "keepConflicts": { settings in
            var one = ReplicaFixture(terms: [1, 1], settings: settings)
            one.append(term: 3, previous: (1, 1), [ReplicaFixture.entry(2, 3)])
            return one.status.last == LogPoint(index: 2, term: 1)
        },
        "commitBeyondMatch": { settings in
            var one = ReplicaFixture(terms: [1, 1], settings: settings)
            one.receive(.heartbeat(Message.Heartbeat(commit: 2, round: 0)), from: 2, term: 3)
            return one.status.commit == 2
        },
        "applyBeforeCommit": { settings in
            let one = ReplicaFixture(terms: [1, 1], settings: settings)
            return one.effects.applied == [1, 2]
        },
        "trustStaleTicket": { settings in
            var one = ReplicaFixture(settings: settings)
            one.append(from: 2, term: 1, [ReplicaFixture.entry(1, 1), ReplicaFixture.entry(2, 1)])
            one.append(from: 3, term: 2, [ReplicaFixture.entry(1, 2), ReplicaFixture.entry(2, 2)])
            one.step { $0.persisted(upTo: 1, at: $1) }
            return one.status.durable == 2
        },
        "jointCountsIncomingOnly": { settings in
            var one = ReplicaFixture.leader(settings: settings)
            let target = ConfigurationTarget(voters: ReplicaFixture.ids([1, 4, 5]))
            _ = try one.replica.propose(members: target, at: one.now)
            one.step { $0.flush(at: $1) }
            one.persist()
            one.receive(.appendAccepted(match: 2), from: 4, term: 1)
            return one.status.commit == 2
        },
        "skipJointConsensus": { settings in
            var one = ReplicaFixture.leader(settings: settings)
            let target = ConfigurationTarget(voters: ReplicaFixture.ids([1, 4, 5]))
            _ = try one.replica.propose(members: target, at: one.now)
            return !one.status.configuration.configuration.isJoint
        },
        "keepTruncatedConfiguration": { settings in
            var one = ReplicaFixture(settings: settings)
            let next = Configuration(voters: ReplicaFixture.ids([1, 2]))
            one.append(term: 1, [Entry(point: LogPoint(index: 1, term: 1), content: .configuration(next))])
            one.append(from: 3, term: 2, [ReplicaFixture.entry(1, 2)])
            return one.status.configuration.configuration == next
        },
        "readWithoutRound": { settings in
            var one = ReplicaFixture.leader(settings: settings)
            one.step { $0.readsRequested([1], at: $1) }
            return one.taken().readsReady == [1]
        },
        "readBeforeOwnCommit": { settings in
            var one = ReplicaFixture(terms: [1], applied: 1, settings: settings)
            one.lead()
            one.step { $0.readsRequested([1], at: $1) }
            one.receive(.heartbeatAnswer(Message.Heartbeat(commit: 1, round: 2)), from: 2, term: 2)
            return one.taken().readsReady == [1]
        },
        "readBeforeApply": { settings in
            var one = ReplicaFixture(voters: [1], settings: settings)
            one.persist()
            one.persist()
            one.step { $0.readsRequested([1], at: $1) }
            return one.taken().readsReady == [1]
        },
        "acceptOldSnapshot": { settings in
            var one = ReplicaFixture(terms: [1, 1, 1], applied: 3, settings: settings)
            one.step { $0.compacted(upTo: 3, at: $1) }
            let old = SnapshotPoint(point: LogPoint(index: 2, term: 1), configuration: .empty)
            one.step { $0.snapshotReceived(old, at: $1) }
            return one.status.applied == 2
        },
    ]

    @Test("Every mistake has a name of its own and a scenario that shows it")
    func complete() {
        #expect(Set(PlantedBugs.all.map(\.name)) == Set(Self.misbehaves.keys))
        #expect(Set(PlantedBugs.all.map(\.bug.rawValue)).count == PlantedBugs.all.count)
    }

    @Test("A mistake is made where it is planted and nowhere else", arguments: PlantedBugs.all.map(\.name))
    func made(name: String) throws {
        let scenario = try #require(Self.misbehaves[name])
        let bug = try #require(PlantedBugs.all.first { $0.name == name }).bug
        var settings = Settings()
        settings.plantedBugs = bug
        #expect(try scenario(settings), "\(name) does not show")
        #expect(try !scenario(Settings()), "\(name) shows although it is not planted")
    }
}
