import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("A damaged checkpoint")
struct DamageTests {
    /// A file as an orderly stop leaves it, or with its last batches in the write-ahead file as a crash does.
    private func prepare(_ bench: borrowing Bench, crashed: Bool) async throws -> [Contents] {
        let checkpoint = try bench.open()
        var states = [try checkpoint.contents()]
        for index in 1...4 {
            let rows = (0..<30).map { record($0, name: "name-\(index)", changed: UInt64(index)) }
            let audit = (1...30).map { entry(UInt64((index - 1) * 30 + $0), of: $0 - 1) }
            try await checkpoint.write(
                [batch(index: UInt64(index), rows: rows, audit: audit, state: [("sweep", [UInt8(index)])])],
                system: systemBatch(index: UInt64(index), item: [UInt8(index)]))
            states.append(try checkpoint.contents())
        }
        if crashed {
            let kept = bench.directory + "/kept"
            try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: bench.path + suffix, toPath: kept + "/checkpoint.sqlite" + suffix)
            }
            checkpoint.close()
            try? FileManager.default.removeItem(atPath: bench.path + "-shm")
            for suffix in ["", "-wal"] {
                try? FileManager.default.removeItem(atPath: bench.path + suffix)
                try FileManager.default.moveItem(atPath: kept + "/checkpoint.sqlite" + suffix, toPath: bench.path + suffix)
            }
        } else {
            checkpoint.close()
        }
        return states
    }

    /// What a start reads of these files; nil when it refuses.
    private func read(_ files: [String: [UInt8]]) throws -> Contents? {
        let bench = try Bench()
        for (suffix, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: bench.path + suffix)) }
        do {
            let checkpoint = try bench.open()
            defer { checkpoint.close() }
            return try checkpoint.contents()
        } catch {
            #expect((error as? CheckpointError)?.message.contains(bench.path) == true, "\(error)")
            return nil
        }
    }

    private func files(_ bench: borrowing Bench) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for suffix in ["", "-wal"] {
            if let data = FileManager.default.contents(atPath: bench.path + suffix) { files[suffix] = Array(data) }
        }
        return files
    }

    @Test("Flipped bits and cut ends: what was written up to some batch, or a refusal; never anything else", arguments: [false, true])
    func flips(crashed: Bool) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("checkpoint damage seed \(seed)")
        var dice = Dice(state: seed)
        let bench = try Bench()
        let states = try await prepare(bench, crashed: crashed)
        let intact = try files(bench)
        #expect(try read(intact) == states.last)
        // Without its write-ahead file the main file may be older, never in between. The log, trimmed below it, has the rest.
        var refused = 0
        for _ in 0..<150 {
            var files = intact
            let suffix = files.keys.sorted()[dice.below(files.count)]
            guard var bytes = files[suffix], !bytes.isEmpty else { continue }
            if dice.below(5) == 0 {
                bytes.removeLast(1 + dice.below(bytes.count))
            } else {
                for _ in 0...dice.below(3) { bytes[dice.below(bytes.count)] ^= UInt8(1 << dice.below(8)) }
            }
            files[suffix] = bytes
            guard let found = try read(files) else {
                refused += 1
                continue
            }
            #expect(states.contains(found), "seed \(seed)")
        }
        print("checkpoint damage: \(refused) of 150 refused")
    }
}
