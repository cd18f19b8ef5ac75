import Simulation
import Testing

@Suite("The oracles")
struct LedgerTests {
    static func applied(_ ledger: inout Ledger, node: Int, index: UInt64, term: UInt64, payload: UInt64, state: UInt64) {
        ledger.applied(
            node, group: 0, index: index, term: term, payloadHash: payload, stateHash: state, effect: nil, at: 0)
    }

    @Test("Two leaders of one term are noticed; the same leader twice is not")
    func leaders() {
        var ledger = Ledger(groups: 1)
        ledger.leads(1, group: 0, term: 3, lastIndex: 0, at: 0) { _ in 0 }
        ledger.leads(1, group: 0, term: 3, lastIndex: 0, at: 0) { _ in 0 }
        ledger.leads(2, group: 0, term: 4, lastIndex: 0, at: 0) { _ in 0 }
        #expect(ledger.violation == nil)
        ledger.leads(2, group: 0, term: 3, lastIndex: 0, at: 0) { _ in 0 }
        #expect(ledger.violation?.property == .oneLeader)
    }

    @Test("A leader without a committed entry is noticed, one with another entry in its place too")
    func completeness() {
        for (lastIndex, term) in [(0, 0), (1, 1)] as [(UInt64, UInt64)] {
            var ledger = Ledger(groups: 1)
            Self.applied(&ledger, node: 0, index: 1, term: 2, payload: 7, state: 7)
            ledger.leads(1, group: 0, term: 3, lastIndex: lastIndex, at: 0) { $0 == 1 ? term : 0 }
            #expect(ledger.violation?.property == .leaderCompleteness)
        }
    }

    @Test("Entries of one index and term must be equal, and so must what stands before them")
    func logMatching() {
        for (payload, before) in [(1, 1), (2, 0)] as [(UInt64, UInt64)] {
            var ledger = Ledger(groups: 1)
            ledger.holds(0, group: 0, index: 1, term: 1, payloadHash: 1, termBefore: 0, at: 0)
            ledger.holds(1, group: 0, index: 1, term: 1, payloadHash: 1, termBefore: 0, at: 0)
            #expect(ledger.violation == nil)
            ledger.holds(2, group: 0, index: 1, term: 1, payloadHash: payload, termBefore: before, at: 0)
            #expect(ledger.violation?.property == .logMatching)
        }
    }

    @Test("Another entry, another state or a gap at an applied index is noticed")
    func applying() {
        func ledger() -> Ledger {
            var ledger = Ledger(groups: 1)
            Self.applied(&ledger, node: 0, index: 1, term: 1, payload: 7, state: 70)
            Self.applied(&ledger, node: 1, index: 1, term: 1, payload: 7, state: 70)
            return ledger
        }
        #expect(ledger().violation == nil)
        var otherEntry = ledger()
        Self.applied(&otherEntry, node: 2, index: 1, term: 2, payload: 7, state: 70)
        #expect(otherEntry.violation?.property == .committedIsFinal)
        var otherState = ledger()
        Self.applied(&otherState, node: 2, index: 1, term: 1, payload: 7, state: 71)
        #expect(otherState.violation?.property == .stateMachineSafety)
        var gap = ledger()
        Self.applied(&gap, node: 2, index: 3, term: 1, payload: 7, state: 70)
        #expect(gap.violation?.property == .committedIsFinal)
        var snapshot = ledger()
        snapshot.restored(2, group: 0, index: 1, stateHash: 71, at: 0)
        #expect(snapshot.violation?.property == .stateMachineSafety)
    }

    @Test("An effect at two indexes, and an acknowledged write without one, are noticed")
    func effects() {
        let id = OperationID(client: 1, sequence: 1)
        var doubled = Ledger(groups: 1)
        doubled.applied(0, group: 0, index: 1, term: 1, payloadHash: 1, stateHash: 1, effect: id, at: 0)
        doubled.applied(0, group: 0, index: 2, term: 1, payloadHash: 1, stateHash: 2, effect: id, at: 0)
        #expect(doubled.violation?.property == .exactlyOnce)
        var lost = Ledger(groups: 1)
        lost.acknowledgedWrite(id, group: 0)
        lost.finish(at: 9)
        #expect(lost.violation?.property == .acknowledgedIsKept)
    }

    @Test("Two votes of one term, and a term that fell at a restart, are noticed; a wiped node is forgiven")
    func promises() {
        var ledger = Ledger(groups: 1)
        ledger.promised(0, group: 0, term: 5, vote: 1, at: 0)
        var twice = ledger
        twice.promised(0, group: 0, term: 5, vote: 2, at: 0)
        #expect(twice.violation?.property == .termNeverFalls)
        var fallen = ledger
        fallen.restarted(0, group: 0, term: 4, at: 0)
        #expect(fallen.violation?.property == .termNeverFalls)
        ledger.forgets(0)
        ledger.restarted(0, group: 0, term: 0, at: 0)
        #expect(ledger.violation == nil)
    }
}
