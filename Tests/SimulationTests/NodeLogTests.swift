import Simulation
import Testing

@Suite("A simulated node's log")
struct NodeLogTests {
    static func records(_ count: Int, from random: inout RandomStream) -> [NodeLog.Record] {
        (0..<count).map { number in
            NodeLog.Record(
                kind: random.chance(percent: 80) ? .entry : .hardState, group: random.below(3), index: UInt64(number + 1),
                term: UInt64(number / 4),
                payload: (0..<random.below(900)).map { _ in random.chance(percent: 60) ? 0 : UInt8(random.below(256)) })
        }
    }

    /// Writes each batch and syncs all but the last.
    static func write(_ batches: [[NodeLog.Record]], to disk: inout SimulatedDisk) throws {
        for (position, batch) in batches.enumerated() {
            var bytes: [UInt8] = []
            for (number, record) in batch.enumerated() {
                NodeLog.encode(record, startsBatch: number == 0, into: &bytes, startingAt: disk.bytes.count)
            }
            try disk.append(bytes)
            if position + 1 < batches.count { disk.synced(upTo: disk.bytes.count) }
        }
    }

    @Test("What was written is read back")
    func roundTrip() throws {
        var random = RandomStream(seed: 11)
        var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: 1))
        let batches = (0..<20).map { _ in Self.records(1 + random.below(4), from: &random) }
        try Self.write(batches, to: &disk)
        let recovered = NodeLog.recover(disk.bytes)
        let isSame = recovered.records == batches.flatMap { $0 }
        #expect(isSame && recovered.end == disk.bytes.count && recovered.ending == .whole)
    }

    @Test("A crash takes records of the last batch only, and is never mistaken for damage")
    func tornBatch() throws {
        var torn = 0
        for seed in 0..<400 as Range<UInt64> {
            var random = RandomStream(seed: seed)
            var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: seed))
            let batches = (0..<5).map { _ in Self.records(1 + random.below(4), from: &random) }
            try Self.write(batches, to: &disk)
            disk.crashed(powerIsLost: true)
            let recovered = NodeLog.recover(disk.bytes)
            #expect(recovered.ending != .damaged, "seed \(seed)")
            let all = batches.flatMap { $0 }
            let isPrefix = recovered.records == Array(all.prefix(recovered.records.count))
            #expect(isPrefix && recovered.records.count >= all.count - batches[4].count, "seed \(seed)")
            if recovered.ending == .torn { torn += 1 }
        }
        #expect(torn > 100, "crashes that tear were tried")
    }

    @Test("Flipped bits are found wherever they are, and taken for damage, never for a crash")
    func flippedBits() throws {
        for seed in 0..<400 as Range<UInt64> {
            var random = RandomStream(seed: seed)
            var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: seed))
            let batches = (0..<4).map { _ in Self.records(1 + random.below(4), from: &random) }
            try Self.write(batches, to: &disk)
            disk.synced(upTo: disk.bytes.count)
            let flipped = disk.flipBits()
            let position = try #require(flipped)
            let recovered = NodeLog.recover(disk.bytes)
            #expect(recovered.ending == .damaged, "seed \(seed), byte \(position)")
            #expect(recovered.end <= position, "seed \(seed): nothing behind the damage is used")
        }
    }

    @Test("A log goes on after a torn end was cut off")
    func goesOn() throws {
        var random = RandomStream(seed: 5)
        var disk = SimulatedDisk(profile: .calm, random: RandomStream(seed: 3))
        var kept: [NodeLog.Record] = []
        for _ in 0..<60 {
            try Self.write([Self.records(3, from: &random)], to: &disk)
            disk.crashed(powerIsLost: true)
            let recovered = NodeLog.recover(disk.bytes)
            #expect(recovered.ending != .damaged)
            let keepsPrefix = recovered.records.starts(with: kept)
            #expect(keepsPrefix)
            kept = recovered.records
            disk.cut(to: recovered.end)
        }
        #expect(kept.count > 30)
    }
}
