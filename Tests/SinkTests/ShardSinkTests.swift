import Model
import Sink
import Testing

@Suite("The sink of a shard")
struct ShardSinkTests {
    static let us = UUID128(high: 1, low: 1)

    private func leading(term: UInt64, applied: UInt64, found: SinkProgress) -> (ShardSink, ShardSink.Action) {
        var sink = ShardSink(incarnation: Self.us)
        #expect(sink.applied(index: applied, auditSequence: applied) == .nothing)
        #expect(sink.elected(term: term) == .raiseTerm(incarnation: Self.us, term: term))
        let action = sink.raised(term: term, .success(found), random: 0)
        return (sink, action)
    }

    @Test("A new leader raises the term, reads the progress, and sends what comes after it until nothing is left")
    func sends() {
        let found = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 5, auditSequence: 5)
        var (sink, action) = leading(term: 3, applied: 9, found: found)
        #expect(action == .send(after: found))
        #expect(sink.lag == 4)
        let half = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 7, auditSequence: 7)
        #expect(sink.sent(after: found, .success(half), random: 0) == .send(after: half))
        let whole = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 9, auditSequence: 9)
        #expect(sink.sent(after: half, .success(whole), random: 0) == .nothing)
        #expect(sink.lag == 0)
        // Somebody else may have changed the database meanwhile.
        #expect(sink.lookDue() == .raiseTerm(incarnation: Self.us, term: 3))
        #expect(sink.raised(term: 3, .success(half), random: 0) == .send(after: half))
        #expect(sink.lookDue() == .nothing)
        #expect(sink.sent(after: half, .success(whole), random: 0) == .nothing)
        #expect(sink.applied(index: 10, auditSequence: 9) == .send(after: whole))
    }

    @Test("An unknown outcome is settled by reading the progress after a pause")
    func unknownOutcome() {
        let found = SinkProgress(incarnation: Self.us, term: 3)
        var (sink, _) = leading(term: 3, applied: 9, found: found)
        #expect(
            sink.sent(after: found, .failure(.outcomeUnknown), random: 0)
                == .wait(milliseconds: ShardSink.waitMillisecondsMin))
        #expect(sink.timePassed() == .raiseTerm(incarnation: Self.us, term: 3))
        let whole = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 9, auditSequence: 9)
        #expect(sink.raised(term: 3, .success(whole), random: 0) == .nothing)
        #expect(sink.lag == 0)
    }

    @Test("A database of another cluster, or one that is ahead, stops the sink until somebody has mended it")
    func stops() {
        let other = UUID128(high: 2, low: 2)
        var (sink, action) = leading(term: 3, applied: 9, found: SinkProgress(incarnation: other, term: 1))
        #expect(action == .stop(.belongsToOther(other)))
        #expect(sink.isStopped)
        #expect(sink.timePassed() == .raiseTerm(incarnation: Self.us, term: 3))
        #expect(
            sink.raised(term: 3, .success(SinkProgress(incarnation: other, term: 1)), random: 0)
                == .stop(.belongsToOther(other)))
        #expect(sink.elected(term: 4) == .raiseTerm(incarnation: Self.us, term: 4))
        let empty = SinkProgress(incarnation: Self.us, term: 4)
        #expect(sink.raised(term: 4, .success(empty), random: 0) == .send(after: empty))
        let ahead = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 10)
        (sink, action) = leading(term: 3, applied: 9, found: ahead)
        #expect(action == .stop(.databaseIsAhead(ahead)))
        // What is applied later does not make the database's rows true.
        #expect(sink.applied(index: 20, auditSequence: 20) == .nothing)
        _ = sink.timePassed()
        #expect(sink.raised(term: 3, .success(ahead), random: 0) == .stop(.databaseIsAhead(ahead)))
        _ = sink.timePassed()
        let replaced = SinkProgress(incarnation: Self.us, term: 3)
        #expect(sink.raised(term: 3, .success(replaced), random: 0) == .send(after: replaced))
    }

    @Test("A leader that finds a higher term sends nothing, and asks again later")
    func outranked() {
        var (sink, action) = leading(term: 3, applied: 9, found: SinkProgress(incarnation: Self.us, term: 4))
        #expect(action == .wait(milliseconds: ShardSink.waitMillisecondsMin))
        #expect(sink.timePassed() == .raiseTerm(incarnation: Self.us, term: 3))
        sink.deposed()
        #expect(sink.raised(term: 3, .success(SinkProgress(incarnation: Self.us, term: 4)), random: 0) == .nothing)
        #expect(sink.elected(term: 5) == .raiseTerm(incarnation: Self.us, term: 5))
    }

    @Test("Answers that were not waited for change nothing")
    func staleAnswers() {
        let found = SinkProgress(incarnation: Self.us, term: 3)
        var (sink, _) = leading(term: 3, applied: 9, found: found)
        sink.deposed()
        let whole = SinkProgress(incarnation: Self.us, term: 3, appliedIndex: 9, auditSequence: 9)
        #expect(sink.sent(after: found, .success(whole), random: 0) == .nothing)
        #expect(sink.timePassed() == .nothing)
        #expect(sink.lag == nil)
    }

    @Test(
        "Through lost answers, outages, late commits and changes of leader every row arrives as it is, every audit entry once"
    )
    func lives() {
        for seed in 1...1000 as ClosedRange<UInt64> {
            var life = SinkLife(seed: seed)
            let problem = life.run()
            #expect(problem == nil, "seed \(seed): \(problem ?? "")")
        }
    }
}
