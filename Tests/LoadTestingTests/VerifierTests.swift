import Linearizability
import Testing

@testable import LoadTesting

/// Histories that are made up, each with the one thing wrong that its test is about.
@Suite("Verification")
struct VerifierTests {
    /// A history of one register, built step by step.
    struct Story {
        var history = RecordedHistory()
        var trail: [TrailEntry] = []
        var last = SeenValue.absent

        /// A write, and its entry in the audit trail as often as it took effect.
        mutating func write(
            _ number: UInt64, _ call: Microseconds, _ completion: Microseconds,
            _ fate: RecordedHistory.Fate = .acknowledged, applied: Int = 1
        ) {
            history.append(
                RecordedHistory.Write(number: number, register: 0, call: call, completion: completion, fate: fate))
            for _ in 0..<applied { apply(.written(number)) }
        }

        mutating func apply(_ value: SeenValue) {
            trail.append(TrailEntry(before: last, after: value))
            last = value
        }

        mutating func read(_ value: SeenValue, _ call: Microseconds, _ completion: Microseconds) {
            history.append(RecordedHistory.Read(register: 0, call: call, completion: completion, value: value))
        }

        func verdict(stepsMax: Int = HistoryVerifier.stepsMax) -> Verdict {
            var verifier = HistoryVerifier(history: history, trails: [0: trail], stepsMax: stepsMax) { "register \($0)" }
            return verifier.verify()
        }
    }

    @Test("A sound history is sound, and its parts are counted")
    func sound() {
        var story = Story()
        story.read(.absent, 0, 5)
        story.write(1, 10, 20)
        story.read(.written(1), 30, 40)
        story.write(2, 50, 60, .unknown, applied: 1)
        story.read(.written(2), 70, 80)
        story.write(3, 90, 95, .unknown, applied: 0)
        story.write(4, 90, 95, .refused, applied: 0)
        story.read(.written(2), 100, 110)
        let verdict = story.verdict()
        #expect(verdict.isClean, "\(verdict.text)")
        #expect(verdict.acknowledged == 1 && verdict.unknown == 2 && verdict.unknownApplied == 1 && verdict.refused == 1)
        #expect(verdict.reads == 4 && verdict.registers == 1)
        #expect(verdict.text.last == "VERDICT: sound. 0 lost, 0 applied twice, every history linearizable.")
    }

    @Test("An acknowledged write that is gone is lost, and the reads say so too")
    func lost() {
        var story = Story()
        story.write(1, 0, 10)
        story.write(2, 20, 30, applied: 0)
        story.read(.written(1), 40, 50)
        let verdict = story.verdict()
        #expect(verdict.violations.map(\.kind) == [.lost, .notLinearizable])
        #expect(verdict.violations[0].story == ["write 2, acknowledged at 0.000030 s, is not in the audit trail"])
        #expect(verdict.text.last?.contains("1 lost") == true)
    }

    @Test(
        "A write that took effect twice shows in the trail, whatever its client knows of it",
        arguments: [
            RecordedHistory.Fate.acknowledged, .unknown,
        ])
    func twice(fate: RecordedHistory.Fate) {
        var story = Story()
        story.write(1, 0, 10, fate, applied: 2)
        #expect(story.verdict().violations.map(\.kind) == [.appliedTwice])
    }

    @Test("A write that comes back after another one shows both in the trail and in what is read")
    func resurrected() {
        var story = Story()
        story.write(1, 0, 10)
        story.write(2, 20, 30)
        story.apply(.written(1))
        story.read(.written(1), 40, 50)
        #expect(story.verdict().violations.map(\.kind) == [.appliedTwice, .notLinearizable])
    }

    @Test("A stale read has no place in any order, and the counterexample says which")
    func stale() throws {
        var story = Story()
        story.write(1, 0, 10)
        story.write(2, 20, 30)
        story.read(.written(1), 40, 50)
        let verdict = story.verdict()
        let violation = try #require(verdict.violations.first)
        #expect(verdict.violations.count == 1 && violation.kind == .notLinearizable)
        #expect(
            violation.story == [
                "these are in order, 2 of 4 operations:",
                "    the beginning: nothing",
                "    0.000000 s – 0.000010 s  write 1",
                "then nothing can be written until the same value was seen by:",
                "    0.000040 s – 0.000050 s  read the value of write 1",
                "but one of these comes before that:",
                "    0.000020 s – 0.000030 s  write 2",
            ])
    }

    @Test("Reads that go back behind what was seen are found, even of a write that nobody answered")
    func backwards() {
        var story = Story()
        story.write(1, 0, 10)
        story.write(2, 20, 30, .unknown)
        story.read(.written(2), 40, 50)
        story.read(.written(1), 60, 70)
        #expect(story.verdict().violations.map(\.kind) == [.notLinearizable])
    }

    @Test("A write of unknown outcome may take effect long after its client gave up")
    func lateEffect() {
        var story = Story()
        story.write(1, 0, 10)
        story.write(2, 20, 30, .unknown)
        story.read(.written(1), 40, 50)
        story.read(.written(2), 60, 70)
        #expect(story.verdict().isClean)
    }

    @Test("A refused write that took effect is a violation")
    func refused() {
        var story = Story()
        story.write(1, 0, 10, .refused)
        #expect(story.verdict().violations.map(\.kind) == [.refusedButApplied])
    }

    @Test("Values out of nowhere are named once")
    func foreign() {
        var story = Story()
        story.write(1, 0, 10)
        for time in [20, 40, 60] as [Microseconds] { story.read(.foreign("production"), time, time + 5) }
        story.read(.written(99), 80, 85)
        #expect(story.verdict().count(.foreignValue) == 2)
    }

    @Test("A value that was read, and that the trail does not know, is a violation")
    func withoutTrail() {
        var story = Story()
        story.write(1, 0, 10, .unknown, applied: 0)
        story.read(.written(1), 20, 30)
        #expect(story.verdict().violations.map(\.kind) == [.readWithoutTrail])
    }

    @Test("A trail whose changes do not follow from each other is broken")
    func brokenTrail() {
        var story = Story()
        story.write(1, 0, 10)
        story.last = .absent
        story.write(2, 20, 30)
        let verdict = story.verdict()
        #expect(verdict.violations.map(\.kind) == [.brokenTrail])
        #expect(
            verdict.violations[0].story[0].hasPrefix(
                "change 2 of its audit trail set the value of write 2 in place of nothing"))
    }

    @Test("A history that is too large to decide is not called sound")
    func undecided() {
        var story = Story()
        for number in 1...40 as ClosedRange<UInt64> { story.write(number, 0, 1_000_000) }
        let verdict = story.verdict(stepsMax: 30)
        #expect(verdict.violations.isEmpty && verdict.undecided == ["register 0"] && !verdict.isClean)
        #expect(verdict.text.last?.hasPrefix("VERDICT: undecided") == true)
    }

    @Test("A value that was read before its write was sent is no order's to explain")
    func prophecy() {
        var story = Story()
        story.read(.written(1), 0, 5)
        story.write(1, 10, 20)
        #expect(story.verdict().violations.map(\.kind) == [.notLinearizable])
    }

    @Test("Agrees with the plain search for an order in a register")
    func againstThePlainModel() {
        var verdicts = (yes: 0, no: 0)
        for seed in 0..<2_000 as Range<UInt64> {
            let (writes, reads, plain) = Self.drawn(seed: seed)
            let expected = LinearizabilityChecker.check(plain, as: RegisterModel.self) == .linearizable
            let found = RegisterOrder(writes: writes, reads: reads).check(stepsMax: 100_000) == .linearizable
            #expect(found == expected, "seed \(seed)")
            if expected { verdicts.yes += 1 } else { verdicts.no += 1 }
        }
        #expect(verdicts.yes > 200 && verdicts.no > 200, "both kinds were tried: \(verdicts)")
    }

    /// Seven operations at random times; reads see the value of any write before them in the list, or nothing.
    static func drawn(
        seed: UInt64
    ) -> (
        writes: [RecordedHistory.Write], reads: [RecordedHistory.Read],
        plain: [HistoryOperation<RegisterModel.Operation>]
    ) {
        var random = SplitMix64(seed: seed)
        var writes: [RecordedHistory.Write] = []
        var reads: [RecordedHistory.Read] = []
        var plain: [HistoryOperation<RegisterModel.Operation>] = []
        for number in 1...7 as ClosedRange<UInt64> {
            let call = Microseconds(random.below(60))
            let end = call + Microseconds(random.below(30))
            guard random.below(2) > 0 else {
                let fate: RecordedHistory.Fate = random.below(3) == 0 ? .unknown : .acknowledged
                let write = RecordedHistory.Write(number: number, register: 0, call: call, completion: end, fate: fate)
                writes.append(write)
                plain.append(
                    HistoryOperation(
                        call: call, completion: write.completion,
                        operation: .init(.write(number), fate == .acknowledged ? .written : nil)))
                continue
            }
            let position = random.below(writes.count + 1)
            let seen = position == 0 ? 0 : writes[position - 1].number
            let value = seen == 0 ? SeenValue.absent : .written(seen)
            reads.append(RecordedHistory.Read(register: 0, call: call, completion: end, value: value))
            plain.append(HistoryOperation(call: call, completion: end, operation: .init(.read, .value(seen))))
        }
        return (writes, reads, plain)
    }

    @Test(
        "Long histories with much at once are decided, and one stale read among them is found",
        arguments: [1, 2, 3] as [UInt64])
    func long(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var story = Story()
        // A register served one operation after the other; each operation's span reaches up to 8 others on either side.
        var value: UInt64 = 0
        for number in 1...5_000 as ClosedRange<UInt64> {
            let effect = Microseconds(number) * 100
            let call = effect - Microseconds(random.below(800)) - 1
            let completion = effect + Microseconds(random.below(800)) + 1
            if random.below(2) == 0 {
                value = number
                story.write(number, call, completion, random.below(50) == 0 ? .unknown : .acknowledged)
            } else {
                story.read(value == 0 ? .absent : .written(value), call, completion)
            }
        }
        #expect(story.verdict().isClean, "seed \(seed)")
        let old = story.history.writes[story.history.writes.count / 2].number
        story.read(.written(old), 1_000_000, 1_000_001)
        #expect(story.verdict().violations.map(\.kind) == [.notLinearizable], "seed \(seed)")
    }
}
