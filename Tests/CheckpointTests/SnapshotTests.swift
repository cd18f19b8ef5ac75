import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("Snapshots of shards")
struct SnapshotTests {
    @Test(
        "A shard's snapshot replaces all there was of it on another node, and nothing else",
        arguments: 0...3, [1, 2] as [UInt64])
    func roundTrip(shard: Int, seed: UInt64) async throws {
        var source = try await Lived(seed: seed)
        let target = try await Lived(seed: seed + 100, rounds: 3)
        let others = (0...3).filter { $0 != shard }
        let before = try Loaded(target.checkpoint)
        let exported = try source.export(shard)
        #expect(exported.export.watermark == source.world.watermark(shard))
        #expect(exported.export.configuration == source.world.configuration(shard))
        #expect(exported.export.totalBytes == UInt64(exported.bytes.count))
        #expect(try exported.export.sha256 == SnapshotDirectory.sha256(of: exported.path))
        let installed = try target.install(exported)
        #expect(installed.watermark == exported.export.watermark)
        #expect(installed.configuration == exported.export.configuration)
        var checkpoint = target.checkpoint
        for isReopened in [false, true] {
            if isReopened {
                checkpoint.close()
                checkpoint = try Checkpoint.open(path: target.scratch.file)
            }
            let loaded = try Loaded(checkpoint)
            #expect(try loaded.parts([shard]) == Loaded(source.checkpoint).parts([shard]))
            #expect(loaded.parts(others) == before.parts(others))
            let audit = others.reduce(source.audit(shard)) { $0.union(target.audit($1)) }
            #expect(Set(loaded.audit) == audit && loaded.audit.count == audit.count)
            for resource in Set(source.audit(shard).compactMap(\.resourceID)) {
                var filter = AuditFilter()
                filter.resource = resource
                let page = try checkpoint.auditTrail(filter, before: nil, limit: 1000)
                #expect(try page.entries == source.checkpoint.auditTrail(filter, before: nil, limit: 1000).entries)
            }
        }
        // It goes on from there like the original.
        for _ in 0..<3 {
            let (batches, system) = source.world.round()
            try await source.checkpoint.write(batches, system: system)
            try await checkpoint.write(batches.filter { $0.shard == shard }, system: shard == 0 ? system : nil)
        }
        #expect(try Loaded(checkpoint).parts([shard]) == Loaded(source.checkpoint).parts([shard]))
        checkpoint.close()
        source.checkpoint.close()
    }

    @Test("A new node that installs every shard has the same tables, row numbers aside")
    func tables() async throws {
        let source = try await Lived(seed: 7, rounds: 6)
        let target = try await Lived(seed: 0, rounds: 0)
        for shard in 0...3 { try target.install(source.export(shard)) }
        #expect(try Loaded(target.checkpoint) == Loaded(source.checkpoint))
        for sql in [
            "* FROM tag_audit ORDER BY number", "* FROM tombstones ORDER BY shard, id",
            "* FROM shard_state ORDER BY shard, key",
            "* FROM virtual_tag_rules ORDER BY id", "id, changed_index, audit_head, crc, record FROM records ORDER BY id",
            "id, provider, resource_id, name, native_tags, metadata FROM resources ORDER BY id",
            "id, resource_id, tag_key, tag_value, source FROM virtual_tags ORDER BY id",
            "id, resource_id, violations, checked_at FROM compliance_status ORDER BY id",
            "shard, term, applied_index, audit_sequence, audit_stamp, audit_skew, row_digest, configuration FROM watermarks",
            "row >> 40, count(*) FROM records GROUP BY 1", "row_count, state_count, tombstone_count FROM watermarks",
        ] {
            #expect(try target.scratch.dump(sql) == source.scratch.dump(sql), "\(sql)")
            #expect(try !target.scratch.dump(sql).isEmpty, "\(sql)")
        }
        #expect(try target.scratch.dump("* FROM records JOIN resources USING (row) WHERE records.id <> resources.id") == [])
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("Entries longer than a block, and shards of many blocks, come through")
    func blocks() async throws {
        let source = try await Lived(seed: 8, rounds: 2, changes: 2000)
        let next = source.world.watermark(1)
        let state = (0..<4).map { number in
            (key: "big/\(number)", value: [UInt8](repeating: UInt8(number), count: 300 << 10) as [UInt8]?)
        }
        let batch = CheckpointBatch(
            shard: 1,
            watermark: Watermark(term: 3, appliedIndex: next.appliedIndex + 1, auditSequence: next.auditSequence),
            configuration: [], rows: [], deleted: [], audit: [], state: state)
        try await source.checkpoint.write([batch])
        let exported = try source.export(1)
        let file = try SnapshotFileReader(path: exported.path)
        var kinds: [SnapshotFormat.Kind] = []
        while let block = try file.next() { kinds.append(block.kind) }
        #expect(kinds.filter { $0 == .state }.count == 4 && kinds.filter { $0 == .audit }.count > 1)
        let target = try await Lived(seed: 0, rounds: 0)
        try target.install(exported)
        #expect(try Loaded(target.checkpoint).parts([1]) == Loaded(source.checkpoint).parts([1]))
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("What is exported while a round is written is whole, as of the round before")
    func exportBesideWrites() async throws {
        var source = try await Lived(seed: 9)
        let world = source.world
        let (batches, system) = source.world.round()
        let path = source.scratch.path + "/beside.snapshot"
        let checkpoint = source.checkpoint
        let export = try checkpoint.reading { connection in
            let stored = try #require(try StoredTotals.read(connection, path: path).shards[2])
            let file = try SnapshotFileWriter(path: path, head: SnapshotHead(shard: 2, stored: stored))
            var isWritten = false
            try SnapshotSource(connection, path: path, shard: 2, stored: stored).forEachEntry { entry in
                if !isWritten { try checkpoint.writer.change(fold: .now) { try $0.write(batches, system) } }
                isWritten = true
                _ = try file.append(entry)
            }
            let (totalBytes, sha256) = try file.finish()
            return ShardExport(watermark: stored.watermark, configuration: [], totalBytes: totalBytes, sha256: sha256)
        }
        #expect(export.watermark == world.watermark(2))
        #expect(try checkpoint.watermarks()[2] == source.world.watermark(2))
        let target = try await Lived(seed: 0, rounds: 0)
        try target.install(Exported(export: export, shard: 2, path: path))
        let loaded = try Loaded(target.checkpoint)
        #expect(loaded.rows[2] == world.rows[2] && loaded.configurations[2] == world.configuration(2))
        target.checkpoint.close()
        checkpoint.close()
    }

    @Test("Exports beside a stream of rounds are each as of their own watermark")
    func exportsBesideRounds() async throws {
        var source = try await Lived(seed: 10)
        var rows: [UInt64: [ResourceID: [UInt8]]] = [:]
        let checkpoint = source.checkpoint
        let directory = try SnapshotDirectory(in: source.scratch.path)
        let exports = Task {
            var exports: [(ShardExport, String)] = []
            for _ in 0..<12 {
                let path = directory.newFile(shard: 1, .outgoing)
                exports.append((try await checkpoint.export(shard: 1, to: path), path))
            }
            return exports
        }
        for _ in 0..<60 {
            rows[source.world.watermark(1).appliedIndex] = source.world.rows[1]
            try await source.round(changes: 5)
        }
        rows[source.world.watermark(1).appliedIndex] = source.world.rows[1]
        let target = try await Lived(seed: 0, rounds: 0)
        for (export, path) in try await exports.value {
            try target.install(Exported(export: export, shard: 1, path: path))
            #expect(try Loaded(target.checkpoint).rows[1] == rows[export.watermark.appliedIndex])
            directory.remove(path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        target.checkpoint.close()
        checkpoint.close()
    }

    @Test("A removed shard is gone from every table, and can come back")
    func removal() async throws {
        let lived = try await Lived(seed: 11)
        let before = try Loaded(lived.checkpoint)
        let exported = try lived.export(2)
        try lived.checkpoint.remove(shard: 2)
        #expect(try lived.checkpoint.watermarks()[2] == nil && lived.checkpoint.durableWatermarks[2] == nil)
        let after = try Loaded(lived.checkpoint)
        #expect(after.parts([0, 1, 3]) == before.parts([0, 1, 3]) && after.rows[2]?.isEmpty == true)
        #expect(Set(after.audit) == Set(before.audit).subtracting(lived.audit(2)))
        for table in ["records", "resources", "virtual_tags", "compliance_status"] {
            #expect(try lived.scratch.dump("row FROM \(table) WHERE row >> 40 = 2") == [])
        }
        for table in ["tag_audit", "tombstones", "shard_state", "watermarks"] {
            #expect(try lived.scratch.dump("shard FROM \(table) WHERE shard = 2") == [])
        }
        #expect(throws: CheckpointError.self) { try lived.export(2) }
        try lived.checkpoint.remove(shard: 2)
        try lived.install(exported)
        #expect(try Loaded(lived.checkpoint) == before)
        lived.checkpoint.close()
        let reopened = try Checkpoint.open(path: lived.scratch.file)
        #expect(try Loaded(reopened) == before)
        reopened.close()
    }

    @Test("The directory for snapshots is empty at every start, and gives no name twice")
    func directory() throws {
        let scratch = try Scratch()
        for _ in 0..<2 {
            let directory = try SnapshotDirectory(in: scratch.path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
            let names = (0..<10).map { directory.newFile(shard: $0 % 2, $0 % 3 == 0 ? .incoming : .outgoing) }
            #expect(Set(names).count == 10)
            for name in names { #expect(FileManager.default.createFile(atPath: name, contents: Data())) }
        }
        #expect(throws: CheckpointError.self) { try SnapshotDirectory(in: scratch.path + "/nowhere") }
    }
}

extension Scratch {
    /// What a SELECT gives, as text.
    func dump(_ sql: String) throws -> [String] {
        let connection = try SQLiteConnection(path: file, readOnly: true)
        let rows = try connection.prepare("SELECT " + sql)
        var lines: [String] = []
        while try rows.step() {
            let columns = 0..<20 as Range<Int32>
            lines.append(columns.map { "\(rows.isNull($0)) \(Array(rows.blob($0)))" }.joined(separator: "|"))
        }
        return lines
    }
}

extension Checkpoint {
    /// Waits for the export.
    func export(shard: Int, to path: String) async throws -> ShardExport {
        try await withCheckedThrowingContinuation { continuation in
            export(shard: shard, to: path) { continuation.resume(with: $0) }
        }
    }
}
