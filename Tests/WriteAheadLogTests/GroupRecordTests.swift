import Testing

@testable import WriteAheadLog

@Suite("Recovery of groups")
struct GroupRecordTests {
    private func state(_ segment: SegmentImage) throws -> GroupState? { try recover([segment]).groups[1]?.state }

    @Test("The newest hard state counts; one that goes back in term or changes its vote is damage")
    func hardStates() throws {
        var segment = SegmentImage()
        for (term, vote) in [(1, 0), (1, 7), (1, 7), (3, 0), (3, 9)] as [(UInt64, UInt64)] {
            segment.append(.hardState, index: vote, term: term)
        }
        #expect(try state(segment)?.hardState == LogHardState(term: 3, vote: 9))
        for (term, vote) in [(3, 7), (3, 0), (2, 9)] as [(UInt64, UInt64)] {
            var damaged = segment
            damaged.append(.hardState, index: vote, term: term)
            #expect(
                refusal([damaged])
                    == .hardState(
                        group: 1, held: LogHardState(term: 3, vote: 9), found: LogHardState(term: term, vote: vote)))
        }
    }

    @Test("A restart voids all entries and goes on behind its point, above or below them")
    func restart() throws {
        for point in [LogPoint(index: 9, term: 2), LogPoint(index: 1, term: 1), LogPoint(index: 0, term: 0)] {
            var segment = SegmentImage()
            segment.append(.hardState, index: 5, term: 1)
            for index in 1...3 as ClosedRange<UInt64> { segment.append(index: index, term: 1, payload: [UInt8(index)]) }
            segment.append(.restart, index: point.index, term: point.term)
            var history = try recover([segment]).groups[1]?.history
            #expect(history?.base == point && history?.last == point)
            #expect(try state(segment)?.hardState == LogHardState(term: 1, vote: 5))
            segment.append(index: point.index + 1, term: 4, payload: [44])
            #expect(try entries([segment]).map(\.payload) == [[44]])
            history = try recover([segment]).groups[1]?.history
            #expect(history?.last == LogPoint(index: point.index + 1, term: 4))
            if point.index > 0 {
                segment.append(.truncate, index: point.index - 1, term: 0)
                #expect(refusal([segment]) == .truncation(group: 1, to: LogPoint(index: point.index - 1, term: 0)))
            }
        }
    }

    @Test("A restart brings its hard state; another length of payload is damage")
    func restartWithHardState() throws {
        var segment = SegmentImage()
        segment.append(.restart, index: 8, term: 2, payload: LogHardState(term: 6, vote: 3).encoded)
        #expect(
            try state(segment) == GroupState(last: LogPoint(index: 8, term: 2), hardState: LogHardState(term: 6, vote: 3)))
        segment.append(.restart, index: 9, term: 2, payload: LogHardState(term: 5, vote: 3).encoded)
        #expect(
            refusal([segment])
                == .hardState(group: 1, held: LogHardState(term: 6, vote: 3), found: LogHardState(term: 5, vote: 3)))
        for length in [1, 15, 17, 32] {
            var segment = SegmentImage()
            segment.append(.restart, index: 8, term: 2, payload: [UInt8](repeating: 1, count: length))
            #expect(refusal([segment]) == .length)
        }
    }

    @Test("A removal voids all entries and keeps the hard state; whatever is written next makes the group live again")
    func removal() throws {
        var segment = SegmentImage()
        segment.append(.hardState, index: 5, term: 2)
        for index in 1...3 as ClosedRange<UInt64> { segment.append(index: index, term: 1) }
        segment.append(.remove)
        #expect(try state(segment) == GroupState(hardState: LogHardState(term: 2, vote: 5), isRemoved: true))
        #expect(try entries([segment]).isEmpty)
        var again = segment
        again.append(index: 1, term: 2, payload: [1])
        #expect(try state(again)?.isRemoved == false)
        #expect(try entries([again]).map(\.payload) == [[1]])
        again = segment
        again.append(.hardState, index: 6, term: 3)
        #expect(try state(again) == GroupState(hardState: LogHardState(term: 3, vote: 6)))
        segment.append(index: 4, term: 2)
        #expect(refusal([segment]) == .index(group: 1, expected: 1, found: 4))
    }

    @Test("A segment whose header tells another hard state or removal than the records before it is damage")
    func headerTellsOtherwise() throws {
        var first = SegmentImage()
        first.append(.hardState, index: 5, term: 2)
        first.append(index: 1, term: 1)
        let end = first
        first.append(.seal)
        let right = GroupState(last: LogPoint(index: 1, term: 1), hardState: LogHardState(term: 2, vote: 5))
        #expect(refusal([first, end.successor(groups: [1: right])]) == nil)
        for wrong in [
            GroupState(last: right.last, hardState: LogHardState(term: 2)), GroupState(last: right.last),
            GroupState(hardState: right.hardState, isRemoved: true),
            GroupState(last: right.last, hardState: right.hardState, isRemoved: true),
        ] {
            #expect(
                refusal([first, end.successor(groups: [1: wrong])])
                    == .groupState(group: 1, expected: wrong, found: right))
        }
        #expect(refusal([first, end.successor(groups: [1: right, 2: GroupState(isRemoved: true)])]) != nil)
    }

    @Test("A trimmed log starts with the hard states and removals of its oldest header")
    func trimmed() throws {
        let groups: [GroupID: GroupState] = [
            1: GroupState(last: LogPoint(index: 30, term: 3), hardState: LogHardState(term: 4, vote: 9)),
            2: GroupState(hardState: LogHardState(term: 8, vote: 1), isRemoved: true),
        ]
        var segment = SegmentImage(sequence: 5, previousEnd: 4096, groups: groups)
        #expect(try recover([segment]).groups.mapValues(\.state) == groups)
        #expect(try recover([segment]).groups[1]?.history.base == LogPoint(index: 30, term: 3))

        // What was cut back lay in segments that are gone, but for what came after the cut.
        segment.append(.truncate, index: 20, term: 2)
        segment.append(index: 21, term: 5, payload: [21])
        let history = try recover([segment]).groups[1]?.history
        #expect(history?.base == LogPoint(index: 20, term: 2) && history?.last == LogPoint(index: 21, term: 5))
        #expect(try entries([segment]).map(\.point.index) == [21])
        segment.append(.truncate, index: 19, term: 6)
        #expect(refusal([segment]) == .truncation(group: 1, to: LogPoint(index: 19, term: 6)))

        var untrimmed = SegmentImage()
        untrimmed.append(.restart, index: 30, term: 3)
        untrimmed.append(.truncate, index: 20, term: 2)
        #expect(refusal([untrimmed]) == .truncation(group: 1, to: LogPoint(index: 20, term: 2)))
    }
}

@Suite("A group's history")
struct GroupHistoryTests {
    /// Entries 1 to 12 of terms 1, 1, 1, 2, 2, 2, …, four to a segment.
    private func history() throws -> GroupHistory {
        var history = GroupHistory()
        for index in 1...12 as ClosedRange<UInt64> {
            try history.apply(
                .entry(LogPoint(index: index, term: (index + 2) / 3)),
                at: LogPosition(sequence: (index + 3) / 4, offset: Int(index) * 64), group: 1)
        }
        return history
    }

    @Test("Forgetting segments raises the base to their last entry and keeps the terms of the others")
    func forget() throws {
        for sequence in 0...4 as ClosedRange<UInt64> {
            var history = try history()
            let base = min(sequence * 4, 12)
            #expect(history.lastIndex(through: sequence) == base)
            history.forget(through: sequence)
            #expect(history.base == LogPoint(index: base, term: (base + 2) / 3))
            #expect(history.last == LogPoint(index: 12, term: 4))
            for index in base...12 { #expect(history.term(at: index) == (index + 2) / 3) }
            if base > 0 { #expect(history.term(at: base - 1) == nil) }
            #expect(history.term(at: 13) == nil)
            let positions = history.positions(from: base + 1, through: 100, countMax: 3)
            #expect(positions.map(\.offset) == (base + 1..<base + 4).filter { $0 <= 12 }.map { Int($0) * 64 })
            if base < 12 {
                try history.apply(
                    .truncate(LogPoint(index: base, term: (base + 2) / 3)), at: positions[positions.startIndex], group: 1)
                #expect(history.last == history.base)
            }
        }
    }

    @Test("A truncation goes to a point of the log or nowhere")
    func truncate() throws {
        for index in 0...12 as ClosedRange<UInt64> {
            var history = try history()
            let point = LogPoint(index: index, term: (index + 2) / 3)
            let position = LogPosition(sequence: 9, offset: 0)
            #expect(throws: LogDamage.Reason.truncation(group: 1, to: LogPoint(index: index, term: 9))) {
                try history.apply(.truncate(LogPoint(index: index, term: 9)), at: position, group: 1)
            }
            try history.apply(.truncate(point), at: position, group: 1)
            #expect(history.last == point && history.lastIndex(through: 9) == index)
            try history.apply(.entry(LogPoint(index: index + 1, term: 9)), at: position, group: 1)
            #expect(history.isLive(index + 1, at: position))
            #expect(!history.isLive(index + 1, at: LogPosition(sequence: 1, offset: 64)))
        }
    }

    @Test("A position keeps segment and offset")
    func position() {
        for (sequence, offset) in [(1, 0), (UInt64(UInt32.max), LogFormat.segmentBytesMax - 32), (7, 4096)] {
            let position = LogPosition(sequence: sequence, offset: offset)
            #expect(position.sequence == sequence && position.offset == offset)
        }
        #expect(LogPosition(sequence: 1, offset: 1 << 31) < LogPosition(sequence: 2, offset: 0))
    }
}
