import Testing

@testable import WriteAheadLog

@Suite("Recovery")
struct LogRecoveryTests {
    /// Three batches of entries of group 1: one, two and three entries of 700 bytes.
    private func threeBatches() -> SegmentImage {
        var segment = SegmentImage()
        var index: UInt64 = 0
        for count in 1...3 {
            segment.batch()
            for _ in 0..<count {
                index += 1
                segment.append(index: index, payload: [UInt8](repeating: UInt8(index), count: 700))
            }
        }
        return segment
    }

    @Test("A whole log is read back, and its last batch counts as unconfirmed")
    func whole() throws {
        let segment = threeBatches()
        let recovery = try recover([segment])
        #expect(
            recovery.finish()
                == LogTail(
                    sequence: 1, end: segment.end, unconfirmedStart: segment.offsets[3], dirtyEnd: segment.end,
                    stoppedOrderly: false))
        #expect(recovery.groups[1]?.history.last == LogPoint(index: 6, term: 1))
        #expect(try entries([segment]).map(\.point.index) == [1, 2, 3, 4, 5, 6])
        #expect(try entries([segment], above: [1: 4]).map(\.payload) == [5, 6].map { [UInt8](repeating: $0, count: 700) })
    }

    @Test("An empty segment is an empty log")
    func empty() throws {
        let segment = SegmentImage()
        #expect(try recover([segment]).finish().end == segment.header.recordsStart)
        #expect(try entries([segment]).isEmpty)
    }

    @Test("Whatever sectors of the last batch are missing, what stands before is kept and the rest is cut")
    func tornTail() throws {
        let whole = threeBatches()
        let first = whole.offsets[3] / 512 + 1
        let last = (whole.end - 1) / 512
        for missing in 1..<1 << (last - first + 1) {
            var segment = whole
            for sector in first...last where missing >> (sector - first) & 1 == 1 {
                segment.lose(sectors: sector..<sector + 1)
            }
            let tail = try recover([segment]).finish()
            #expect(tail.end >= segment.offsets[3] && tail.end < segment.end)
            #expect(segment.bytes[tail.dirtyEnd...].allSatisfy { $0 == 0 })
            #expect(try entries([segment]).starts(with: try entries([whole]).prefix(3)))
        }
    }

    @Test("Sectors missing before the last batch are damage")
    func hole() {
        let whole = threeBatches()
        for sector in 1...whole.offsets[3] / 512 - 1 {
            var segment = whole
            segment.lose(sectors: sector..<sector + 1)
            #expect(refusal([segment]) != nil, "sector \(sector)")
        }
    }

    @Test("A flipped byte anywhere in the records is damage, in the last batch too")
    func flippedByte() {
        let whole = threeBatches()
        for at in stride(from: whole.header.recordsStart, to: whole.end, by: 7) {
            var segment = whole
            segment.bytes[at] ^= 0x10
            #expect(refusal([segment]) != nil, "byte \(at)")
        }
    }

    @Test("After an orderly stop neither a hole in the last batch nor a byte behind it passes")
    func orderlyStop() throws {
        var whole = threeBatches()
        whole.batch()
        whole.append(.stopped)
        #expect(try recover([whole]).finish().stoppedOrderly)

        var segment = whole
        segment.lose(sectors: (whole.offsets[3] / 512 + 1)..<(whole.offsets[3] / 512 + 2))
        #expect(refusal([segment]) == .hole)
        segment = whole
        segment.bytes[whole.end + 1000] = 1
        #expect(refusal([segment]) == .bytesAfterStop)

        segment = whole
        segment.batch()
        segment.append(.opened)
        segment.batch()
        segment.append(index: 7, payload: [UInt8](repeating: 7, count: 2000))
        let sector = segment.offsets[segment.offsets.count - 1] / 512 + 1
        segment.lose(sectors: sector..<sector + 1)
        #expect(refusal([segment]) == nil, "once opened again, a tail may tear")
    }

    @Test("Two segments make one log; a changed end, a missing seal and a missing segment are noticed")
    func twoSegments() throws {
        var first = threeBatches()
        let unsealed = first
        var second = first.successor(groups: [1: GroupState(last: LogPoint(index: 6, term: 1))])
        let empty = second
        first.batch()
        first.append(.seal)
        second.append(index: 7, payload: [7])

        #expect(try entries([first, second]).map(\.point.index) == [1, 2, 3, 4, 5, 6, 7])
        #expect(try entries([second]).map(\.point.index) == [7], "the start of the log may be trimmed")
        #expect(try recover([second]).groups[1]?.history.base == LogPoint(index: 6, term: 1))
        #expect(refusal([first]) == .segmentMissing(sequence: 2))
        #expect(try recover([unsealed, empty]).finish().sealOfPrevious == unsealed.end)
        #expect(refusal([unsealed, second]) == .hole)
        #expect(refusal([first, third(after: second), second.successor(groups: [:])]) != nil)

        var torn = first
        torn.lose(sectors: (torn.offsets[5] / 512 + 1)..<(torn.offsets[5] / 512 + 2))
        #expect(refusal([torn, second]) == .payloadChecksum)
        #expect(
            refusal([first, unsealed.successor(groups: [1: GroupState(last: LogPoint(index: 5, term: 1))])])
                == .groupState(
                    group: 1, expected: GroupState(last: LogPoint(index: 5, term: 1)),
                    found: GroupState(last: LogPoint(index: 6, term: 1))))
    }

    private func third(after second: SegmentImage) -> SegmentImage {
        SegmentImage(sequence: 4, previousEnd: second.end, groups: [1: GroupState(last: LogPoint(index: 7, term: 1))])
    }

    @Test("Entries that skip, repeat or go back in term are damage")
    func order() {
        func log(_ points: [(UInt64, UInt64)]) -> [SegmentImage] {
            var segment = SegmentImage()
            for (index, term) in points { segment.append(index: index, term: term) }
            return [segment]
        }
        #expect(refusal(log([(1, 1), (2, 1), (3, 4)])) == nil)
        #expect(refusal(log([(2, 1)])) == .index(group: 1, expected: 1, found: 2))
        #expect(refusal(log([(1, 1), (1, 1)])) == .index(group: 1, expected: 2, found: 1))
        #expect(refusal(log([(1, 1), (3, 1)])) == .index(group: 1, expected: 2, found: 3))
        #expect(refusal(log([(1, 2), (2, 1)])) == .term(group: 1, lowest: 2, found: 1))
    }

    @Test("A truncation voids what was above it, and the group goes on from there")
    func truncation() throws {
        var segment = SegmentImage()
        segment.append(index: 1, term: 1, payload: [1])
        segment.append(group: 2, index: 1, term: 1, payload: [20])
        segment.append(index: 2, term: 1, payload: [2])
        segment.append(index: 3, term: 2, payload: [3])
        segment.append(.truncate, index: 1, term: 1)
        segment.append(index: 2, term: 3, payload: [22])
        #expect(try entries([segment]).map(\.payload) == [[1], [20], [22]])
        let history = try recover([segment]).groups[1]?.history
        #expect(history?.last == LogPoint(index: 2, term: 3))
        #expect([0, 1, 2, 3].map { history?.term(at: $0) } == [0, 1, 3, nil])

        segment.append(.truncate, index: 5, term: 3)
        #expect(refusal([segment]) == .truncation(group: 1, to: LogPoint(index: 5, term: 3)))
    }
}
