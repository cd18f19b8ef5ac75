import Foundation
import Model
import Synchronization
import Testing

@testable import Checkpoint

@Suite("Snapshots that are refused, and installs that fail")
struct SnapshotRefusalTests {
    /// Installs, and expects a refusal that changes nothing.
    private func refuse(
        _ exported: Exported, on target: Lived, checking contents: SnapshotContents? = nil,
        code: CheckpointError.Code = .snapshotRefused, _ comment: @autoclosure () -> Comment = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = target.checkpoint.writer.shards
        let error = #expect(throws: CheckpointError.self, comment(), sourceLocation: sourceLocation) {
            try target.install(exported, checking: contents)
        }
        #expect(error?.code == code, comment(), sourceLocation: sourceLocation)
        #expect(error?.message.contains(exported.path) == true, comment(), sourceLocation: sourceLocation)
        #expect(target.checkpoint.writer.shards == before, comment(), sourceLocation: sourceLocation)
    }

    @Test("Every flipped byte is refused, by its SHA-256 or by what the file says of itself", arguments: [0, 1])
    func flippedBytes(shard: Int) async throws {
        let source = try await Lived(seed: 40, rounds: 2, changes: 3)
        let target = try await Lived(seed: 41, rounds: 1)
        let before = try Loaded(target.checkpoint)
        let exported = try source.export(shard)
        let bytes = exported.bytes
        var random = SeededRandom(seed: 40)
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= UInt8.random(in: 1...255, using: &random)
            for announced in [false, true] {
                try refuse(try exported.with(flipped, announced: announced), on: target, "byte \(position), \(announced)")
            }
        }
        #expect(try Loaded(target.checkpoint) == before)
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("A file cut short anywhere, or with something behind it, is refused")
    func cutShort() async throws {
        let source = try await Lived(seed: 42, rounds: 2, changes: 3)
        let target = try await Lived(seed: 43, rounds: 1)
        let before = try Loaded(target.checkpoint)
        let exported = try source.export(1)
        let bytes = exported.bytes
        for count in bytes.indices {
            try refuse(try exported.with(Array(bytes[..<count]), announced: true), on: target, "\(count) bytes")
        }
        try refuse(try exported.with(bytes + [0], announced: true), on: target)
        try refuse(try exported.with(bytes + bytes, announced: true), on: target)
        #expect(try Loaded(target.checkpoint) == before)
        var missing = exported
        missing.path += ".missing"
        try refuse(missing, on: target, code: .unavailable)
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("A newer format, another shard, another point and ids of other slots are refused")
    func strangers() async throws {
        let source = try await Lived(seed: 44)
        let target = try await Lived(seed: 45, rounds: 1)
        let exported = try source.export(1)
        var newer = exported.bytes
        newer[8] = UInt8(SnapshotFormat.version) + 1
        withUnsafeBytes(of: SnapshotFormat.checksum(newer[..<12]).littleEndian) { newer.replaceSubrange(12..<16, with: $0) }
        try refuse(try exported.with(newer, announced: true), on: target, code: .newerVersion)

        var other = exported
        other.shard = 2
        try refuse(other, on: target)
        for (index, term) in [(1, 0), (0, 1), (-1, 0)] as [(Int64, Int64)] {
            let error = #expect(throws: CheckpointError.self) {
                try target.checkpoint.install(
                    shard: 1,
                    at: SnapshotMark(
                        index: UInt64(Int64(exported.mark.index) + index), term: UInt64(Int64(exported.mark.term) + term)),
                    from: exported.path, sha256: exported.export.sha256, checking: .any(1))
            }
            #expect(error?.code == .snapshotRefused)
        }
        let ids = try #require(source.world.rows[1]?.keys.map(\.uuid).sorted())
        for range in [ids[1]...ids[ids.count - 1], ids[0]...ids[ids.count - 2]] {
            try refuse(exported, on: target, checking: SnapshotContents(ids: range, state: { _, _ in }))
        }
        try refuse(
            try source.export(source.shardWithState), on: target,
            checking: SnapshotContents(ids: World.allIDs, state: { key, _ in throw CodecError("unknown state \(key)") }))
        try refuse(
            try source.export(0), on: target,
            checking: SnapshotContents(state: { _, _ in }, item: { _, _, _ in throw CodecError("no rule") }))
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("Well-formed files whose entries are not those that were written are refused")
    func forgeries() async throws {
        let source = try await Lived(seed: 46)
        let target = try await Lived(seed: 47, rounds: 1)
        let before = try Loaded(target.checkpoint)
        let exported = try source.export(source.shardWithState)
        func check(
            sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout SnapshotHead, inout [SnapshotEntry]) -> Void
        ) throws {
            try refuse(try exported.forged(change), on: target, sourceLocation: sourceLocation)
        }
        let kinds: [SnapshotFormat.Kind] = [.records, .tombstones, .audit, .state]
        for kind in kinds {
            let count = try exported.contents().entries.count { $0.kind == kind }
            #expect(count > 0)
            try check { _, entries in
                if let first = entries.firstIndex(where: { $0.kind == kind }) { entries.remove(at: first) }
            }
            try check { _, entries in
                if let last = entries.lastIndex(where: { $0.kind == kind }) { entries.insert(entries[last], at: last) }
            }
            try check { _, entries in entries.removeAll { $0.kind == kind } }
        }
        try check { _, entries in
            let first = entries.firstIndex { $0.kind == .audit } ?? 0
            entries.swapAt(first, first + 1)
        }
        try check { _, entries in entries.reverse() }
        // Of the system shard.
        try check { _, entries in
            let item = StoredItem(table: .rules, id: UUID128(high: 1, low: 1), changedIndex: 1, record: [1])
            let end = entries.firstIndex { $0.kind == .audit } ?? 0
            entries.insert(.item(item), at: end)
        }
        // Newer than the file itself.
        try check { head, entries in
            let index = head.stored.watermark.appliedIndex + 1
            let state = StoredState(shard: head.shard, key: "later", changedIndex: index, value: [])
            head.stored.state.add(StoredState.hash(state.key, state.checksum))
            entries.append(.state(key: state.key, changedIndex: state.changedIndex, value: []))
        }
        // Times that nobody can add up.
        try check { _, entries in
            let times = [Int64.max, .min]
            let first = entries.firstIndex { $0.kind == .audit } ?? 0
            for (place, time) in zip(first..., times) {
                let entry = AuditEntry(
                    id: UUID128(high: 0, low: 0), sequence: UInt64(place - first) + 1, resourceID: nil,
                    action: .ruleUpdated, actor: "mallory", at: Timestamp(milliseconds: time))
                entries[place] = .audit(entry, previous: 0, stamp: .max, changedIndex: 1)
            }
        }
        // A row that no codec reads.
        try check { head, entries in
            let id = ResourceID(provider: .aws, nativeID: "forged")
            let checksum = StoredRecord.checksum(
                id.uuid, changedIndex: 0, auditHead: 0, record: UnsafeRawBufferPointer(start: nil, count: 0))
            head.stored.rows.add(Tally.hash(id.uuid, checksum))
            entries.insert(.record(id, bytes: [], auditHead: 0), at: 0)
        }
        // Small state that is there twice, and counted twice.
        try check { head, entries in
            guard case .state(let key, let changedIndex, let value)? = entries.last else { return }
            let state = StoredState(shard: head.shard, key: key, changedIndex: changedIndex, value: value)
            head.stored.state.add(StoredState.hash(key, state.checksum))
            entries.append(.state(key: key, changedIndex: changedIndex, value: value))
        }
        // A row that is there twice, and counted twice: the table itself refuses it.
        try check { head, entries in
            guard case .record(let id, let bytes, let auditHead) = entries[0],
                let changedIndex = try? RecordCodec.changedIndex(of: bytes)
            else { return }
            let checksum = bytes.withUnsafeBytes {
                StoredRecord.checksum(id.uuid, changedIndex: changedIndex, auditHead: auditHead, record: $0)
            }
            head.stored.rows.add(Tally.hash(id.uuid, checksum))
            entries.insert(entries[0], at: 0)
        }
        #expect(try Loaded(target.checkpoint) == before)
        try target.install(exported.forged { _, _ in })
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("A damaged row in the source is never exported")
    func damagedSource() async throws {
        for sql in [
            "UPDATE records SET record = zeroblob(10) WHERE row = (SELECT max(row) FROM records WHERE row >> 40 = 1)",
            "DELETE FROM records WHERE row = (SELECT max(row) FROM records WHERE row >> 40 = 1)",
            "DELETE FROM tag_audit WHERE shard = 1 AND sequence = 3", "DELETE FROM tombstones WHERE shard = 1",
            "UPDATE shard_state SET value = x'00' WHERE shard = 1",
        ] {
            let source = try await Lived(seed: 48)
            try SQLiteConnection(path: source.scratch.file, readOnly: false).execute(sql)
            let error = #expect(throws: CheckpointError.self, "\(sql)") { try source.export(1) }
            #expect(error?.code == .damaged)
            let files = try FileManager.default.contentsOfDirectory(atPath: source.scratch.path)
            #expect(files.allSatisfy { !$0.hasSuffix("snapshot") })
            _ = try source.export(2)
            source.checkpoint.close()
        }
    }

    @Test("An install that fails on the way changes nothing, and can be tried again")
    func failedInstall() async throws {
        let source = try await Lived(seed: 49)
        let target = try await Lived(seed: 50)
        let before = try Loaded(target.checkpoint)
        let exported = try source.export(3)
        let blocker = try SQLiteConnection(path: target.scratch.file, readOnly: false)
        for table in ["watermarks", "records", "tag_audit", "totals"] {
            try blocker.execute("CREATE TRIGGER full BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'full'); END")
            #expect(throws: CheckpointError.self) { try target.install(exported) }
            #expect(try Loaded(target.checkpoint) == before)
            #expect(target.checkpoint.installed().isEmpty)
            try blocker.execute("DROP TRIGGER full")
        }
        try target.install(exported)
        #expect(try Loaded(target.checkpoint).parts([3]) == Loaded(source.checkpoint).parts([3]))
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("A process that dies during an install has the old state, one that dies after it the new one and the marker")
    func death() async throws {
        let source = try await Lived(seed: 51, rounds: 3, changes: 200)
        let target = try await Lived(seed: 52)
        let before = try Loaded(target.checkpoint)
        let shard = try source.shardWithState
        let exported = try source.export(shard)
        let entries = try exported.contents().entries.count { $0.kind == .state }
        // The file is read twice: first to check it, then within the transaction.
        let seen = Mutex(0)
        let dead = Mutex<Scratch?>(nil)
        let contents = SnapshotContents(ids: World.allIDs) { [scratch = target.scratch] _, _ in
            let count = seen.withLock {
                $0 += 1
                return $0
            }
            if count == 2 * entries { try dead.withLock { $0 = try scratch.copy() } }
        }
        try target.install(exported, checking: contents)
        let copy = try #require(dead.withLock { $0 })
        let during = try Checkpoint.open(path: copy.file)
        #expect(try Loaded(during) == before)
        #expect(during.installed().isEmpty)
        during.close()
        let later = try target.scratch.copy()
        let after = try Checkpoint.open(path: later.file)
        #expect(try Loaded(after) == Loaded(target.checkpoint) && after.installed() == [shard: exported.mark])
        after.close()
        target.checkpoint.close()
        source.checkpoint.close()
    }

    @Test("The marker of an install stays through restarts and rounds until it is cleared")
    func marker() async throws {
        var source = try await Lived(seed: 53)
        let target = try await Lived(seed: 54)
        let exported = try source.export(1)
        try target.install(exported)
        #expect(target.checkpoint.durableWatermarks[1] == exported.export.watermark)
        let (batches, _) = source.world.round()
        try await target.checkpoint.write(batches.filter { $0.shard == 1 })
        target.checkpoint.close()
        var reopened = try Checkpoint.open(path: target.scratch.file)
        #expect(reopened.installed() == [1: exported.mark])
        try reopened.clearInstalled(shard: 1)
        try reopened.clearInstalled(shard: 2)
        #expect(reopened.installed() == [:])
        reopened.close()
        reopened = try Checkpoint.open(path: target.scratch.file)
        #expect(reopened.installed() == [:])
        #expect(try Loaded(reopened).rows[1] == source.world.rows[1])
        reopened.close()
        source.checkpoint.close()
    }

    @Test("The calls that do not block do the same; a closed checkpoint refuses them")
    func withoutBlocking() async throws {
        let source = try await Lived(seed: 55)
        let target = try await Lived(seed: 56)
        let path = source.scratch.path + "/a.snapshot"
        let export = try await source.checkpoint.export(shard: 1, to: path)
        let exported = Exported(export: export, shard: 1, path: path)
        func install() async -> Result<ShardInstall, CheckpointError> {
            await withCheckedContinuation { continuation in
                target.checkpoint.install(
                    shard: 1, at: exported.mark, from: path, sha256: export.sha256, checking: .any(1)
                ) { continuation.resume(returning: $0) }
            }
        }
        func wait(_ start: (@escaping @Sendable (Result<Void, CheckpointError>) -> Void) -> Void) async throws {
            try await withCheckedThrowingContinuation { continuation in start { continuation.resume(with: $0) } }
        }
        #expect(try await install().get().watermark == export.watermark)
        #expect(target.checkpoint.installed() == [1: exported.mark])
        try await wait { target.checkpoint.clearInstalled(shard: 1, done: $0) }
        #expect(target.checkpoint.installed() == [:])
        try await wait { target.checkpoint.remove(shard: 1, done: $0) }
        #expect(try target.checkpoint.watermarks()[1] == nil)
        target.checkpoint.close()
        let refusal = await install()
        #expect(throws: CheckpointError.self) { try refusal.get() }
        source.checkpoint.close()
        await #expect(throws: CheckpointError.self) { try await source.checkpoint.export(shard: 2, to: path + "2") }
        #expect(!FileManager.default.fileExists(atPath: path + "2"))
    }
}
