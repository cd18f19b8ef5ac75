import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WriteAheadLog

@testable import LogStorage

@Suite("Entries read back")
struct ReadBackTests {
    private func options(segmentBytes: Int = 16 << 10) -> LogOptions {
        LogOptions(node: Harness.node, segmentBytes: segmentBytes, allocationRetryMilliseconds: 1)
    }

    /// Payloads that need a mask, that need none, and empty ones.
    private func entry(_ index: UInt64, term: UInt64 = 1) -> LogEntry {
        let bytes = Int(index % 7) * 300
        let payload = (0..<bytes).map {
            index % 2 == 0 && $0 > 0 ? 0 : UInt8(truncatingIfNeeded: $0 &+ Int(index) &+ Int(term))
        }
        return LogEntry(point: LogPoint(index: index, term: term), kind: UInt8(index % 256), payload: payload)
    }

    private func write(_ indexes: ClosedRange<UInt64>, term: UInt64 = 1, to harness: Harness) throws {
        for index in indexes {
            try harness.write(GroupWrite(entries: [entry(index, term: term)], ticket: index))
        }
        harness.notices.wait(for: indexes.upperBound)
    }

    private func read(
        _ harness: Harness, _ range: ClosedRange<UInt64>, group: GroupID = 1, bytesMax: Int = .max
    ) throws -> LogReading {
        try harness.storage.entries(of: group, from: range.lowerBound, through: range.upperBound, bytesMax: bytesMax)
    }

    @Test("Across segments, masked or not, in the running log and after a restart; the bounds hold")
    func acrossSegments() throws {
        let disk = SimulatedDisk()
        var harness = try Harness(RecoveredLog(files: disk, options: options()))
        try write(1...60, to: harness)
        for _ in 0..<2 {
            #expect(try read(harness, 1...60) == .entries((1...60).map { entry($0) }))
            #expect(try read(harness, 59...100) == .entries([entry(59), entry(60)]))
            #expect(try read(harness, 61...70) == .entries([]))
            #expect(try read(harness, 1...5, group: 2) == .entries([]), "a group that was never written")
            #expect(try read(harness, 0...5) == .compacted)
            #expect(try read(harness, 6...60, bytesMax: 0) == .entries([entry(6)]), "the first in any case")
            #expect(try read(harness, 7...60, bytesMax: 32 + 332 + 632) == .entries([entry(7), entry(8), entry(9)]))
            #expect(try read(harness, 7...60, bytesMax: 32 + 332 + 631) == .entries([entry(7), entry(8)]))
            harness.storage.close()
            harness = try Harness(RecoveredLog(files: disk, options: options()))
        }
        harness.storage.close()
        #expect(disk.segmentNames.count > 3)
    }

    @Test("After a truncation the new entries are read, after a restart those behind its point, after a removal none")
    func voided() throws {
        let harness = try Harness(RecoveredLog(files: SimulatedDisk(), options: options()))
        try write(1...20, to: harness)
        try harness.write(
            GroupWrite(
                truncateTo: LogPoint(index: 12, term: 1), entries: [entry(13, term: 2), entry(14, term: 2)], ticket: 21))
        harness.notices.wait(for: 21)
        #expect(
            try read(harness, 11...20)
                == .entries([entry(11), entry(12), entry(13, term: 2), entry(14, term: 2)]))
        try harness.write(GroupWrite(restart: LogPoint(index: 30, term: 2), entries: [entry(31, term: 3)], ticket: 22))
        harness.notices.wait(for: 22)
        #expect(try read(harness, 30...31) == .compacted)
        #expect(try read(harness, 31...40) == .entries([entry(31, term: 3)]))
        try harness.remove(ticket: 23)
        harness.notices.wait(for: 23)
        #expect(try read(harness, 1...40) == .entries([]))
        harness.storage.close()
    }

    @Test("Bytes that changed on the disk are damage, with the place")
    func damage() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options()))
        try write(1...20, to: harness)
        for at in stride(from: 200, to: 4000, by: 61) {
            let name = disk.segmentNames[0]
            disk.damage(name) { $0[at] ^= 4 }
            do throws(LogError) {
                guard case .entries(let entries) = try harness.storage.entries(of: 1, from: 1, through: 20, bytesMax: .max)
                else {
                    Issue.record("compacted")
                    return
                }
                #expect(entries == (1...20).map { entry($0) }, "the byte belongs to no entry")
            } catch {
                guard case .damaged(_, let damage) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(damage.file == name && damage.offset <= at && damage.offset > at - 2200)
            }
            disk.damage(name) { $0[at] ^= 4 }
        }
        harness.storage.close()
    }

    @Test("A trim beside readers: every answer is right or says that the entries are gone, and the bases are told")
    func besideTrim() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "vtag-log-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let files = try PosixFileSystem(directory: directory)
        let harness = try Harness(RecoveredLog(files: files, options: options()))
        let isOver = Mutex(false)
        let answers = Mutex<[Int]>([0, 0])
        let storage = harness.storage
        let readers = (0..<2).map { number in
            SystemThread(name: "reader") {
                var random = SeededRandom(seed: UInt64(number))
                while !isOver.withLock({ $0 }) {
                    let first = UInt64.random(in: 1...600, using: &random)
                    switch Result(catching: { try storage.entries(of: 1, from: first, through: first + 40, bytesMax: .max) })
                    {
                    case .success(.compacted): answers.withLock { $0[0] += 1 }
                    case .success(.entries(let entries)):
                        #expect(entries == entries.indices.map { entry(first + UInt64($0)) })
                        answers.withLock { $0[1] += entries.isEmpty ? 0 : 1 }
                    case .failure(let error): Issue.record("\(error)")
                    }
                }
            }
        }
        for round in 0..<60 as Range<UInt64> {
            try write(round * 10 + 1...round * 10 + 10, to: harness)
            harness.storage.trim(upTo: [1: round * 10])
        }
        while answers.withLock({ $0.contains(0) }) { sched_yield() }
        isOver.withLock { $0 = true }
        for reader in readers { reader.join() }
        harness.storage.close()

        let again = try RecoveredLog(files: files, options: options())
        let base = again.groups[1]?.base
        #expect(base == harness.bases.change { $0[1] })
        #expect(base.map { $0.index > 400 && $0.index <= 590 } == true)
    }
}
