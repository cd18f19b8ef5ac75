import Consensus
import Simulation
import Testing

/// Some lives in a debug build, where preconditions and overflow checks are on. The many are lived by `make sim`.
@Suite("Lives of whole clusters")
struct LifeTests {
    @Test("Nothing goes wrong that must not, whatever happens", arguments: [0, 20, 40] as [UInt64])
    func lives(first: UInt64) {
        for seed in first + 1...first + 20 {
            let report = Life.live(seed: seed)
            #expect(report.violation == nil, "\(report.text())")
        }
    }

    @Test("Five and seven nodes live like three", arguments: [3, 5, 7])
    func sizes(founders: Int) {
        var options = Life.Options()
        options.founders = founders
        for seed in 1_000..<1_006 as Range<UInt64> {
            let report = Life.live(seed: seed, options: options)
            #expect(report.plan.founders == founders)
            #expect(report.violation == nil, "\(report.text())")
        }
    }

    @Test("The same seed gives the same trace; another one gives another")
    func determinism() {
        let hashes = (1...8 as ClosedRange<UInt64>).map { seed in
            let report = Life.live(seed: seed, twice: true)
            #expect(report.violation == nil, "\(report.text())")
            return report.traceHash
        }
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("Lives are eventful: every kind of fault is drawn, and clients get answers all the same")
    func eventful() {
        var tally = LifeTally()
        var kinds: Set<FaultKind> = []
        var machines: Set<MachineKind> = []
        for seed in 1...30 as ClosedRange<UInt64> {
            let report = Life.live(seed: seed)
            tally += report.tally
            kinds.formUnion(report.plan.faultWeights.keys)
            machines.formUnion(report.plan.machines)
        }
        #expect(kinds == Set(FaultKind.allCases))
        #expect(machines == [.registers, .shard])
        #expect(tally.operations > 2_000 && tally.unknownOutcomes < tally.operations / 2)
        #expect(tally.faults > 600 && tally.restarts > 200 && tally.damagedLogs > 5)
        #expect(tally.elections > 150 && tally.snapshots > 100 && tally.memberChanges > 200)
    }

    @Test("Chunks of snapshots are damaged on their way, and nobody comes to another state by it")
    func damagedChunks() {
        let seeds = (1...600 as ClosedRange<UInt64>).filter { seed in
            let plan = LifePlan(seed: seed)
            return plan.streamsSnapshots && plan.damagedChunksPerMillion > 200_000 && plan.snapshotInterval < 40
        }
        var damaged = 0
        for seed in seeds.prefix(20) {
            let report = Life.live(seed: seed)
            #expect(report.violation == nil, "\(report.text())")
            damaged += report.tally.damagedChunks
        }
        #expect(damaged > 0)
    }

    @Test("A report says what to do: seed, plan, and the last events in words")
    func report() throws {
        var options = Life.Options()
        try #require(PlantedBug.named("shell.answerAtAppend")).plant(in: &options)
        let reports = (1...40 as ClosedRange<UInt64>).lazy.map { Life.live(seed: $0, options: options) }
        let report = try #require(reports.first { $0.violation != nil })
        let text = report.text()
        #expect(text.contains("VIOLATION of \(try #require(report.violation).property.rawValue)"))
        #expect(text.contains("plan: \(report.plan.founders) nodes"))
        #expect(report.diagram().hasPrefix("sequenceDiagram"))
    }
}

/// The simulator would notice: mistakes planted on purpose are caught. All of them are tried by `vtag-sim bugs`; here those
/// that show within a few lives.
@Suite("Planted bugs")
struct PlantedBugTests {
    /// Most lives that a bug of this list may take.
    static let livesMax: UInt64 = 120

    static let soonCaught = [
        "shell.persistedBeforeSync", "shell.skipSync", "shell.forgetHardState", "shell.skipTruncation",
        "shell.ignoreSuspectMark", "shell.readBehindDamage", "shell.keepIdentityAfterWipe", "shell.applyBeforeCommit",
        "shell.applyTwiceAfterRestart", "shell.snapshotWithoutAnswers", "shell.ignoreIdempotencyKeys",
        "shell.snapshotIndexOffByOne", "shell.answerAtAppend", "shell.answerByIndexAlone", "shell.readWithoutAsking",
        "shell.readFromFollower", "shell.readStateOfCall", "shell.proposeBeforeOldEntries", "shell.keepInFlight",
        "shell.keepWaiters", "shell.answerUnchangedAtOnce", "core.voteTwice", "core.voteForStaleLog",
        "core.voteBeforePersist", "core.quorumOfHalf", "core.voteWhileSuspect", "core.skipPreviousCheck",
        "core.keepConflicts", "core.applyBeforeCommit", "core.readBeforeOwnCommit",
        "core.readBeforeApply",
    ]

    @Test("Is caught", arguments: soonCaught)
    func caught(name: String) throws {
        let bug = try #require(PlantedBug.named(name))
        guard !bug.isInCore || PlantedBugs.areCompiledIn else { return }
        var options = Life.Options()
        bug.plant(in: &options)
        let seed = (1...Self.livesMax).first { Life.live(seed: $0, options: options).violation != nil }
        #expect(seed != nil, "\(name) was not caught in \(Self.livesMax) lives")
    }

    @Test("There are at least twenty, each with a name of its own")
    func names() {
        let names = PlantedBug.all.map(\.name)
        #expect(names.count >= 20 && Set(names).count == names.count)
        #expect(PlantedBug.named("shell.noSuchBug") == nil)
    }
}
