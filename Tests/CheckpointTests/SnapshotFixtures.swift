import Foundation
import Model
import Testing

@testable import Checkpoint

/// A node's checkpoint some rounds into its life.
struct Lived {
    let scratch: Scratch
    var world: World
    let checkpoint: Checkpoint

    init(seed: UInt64, rounds: Int = 4, changes: Int = 20) async throws {
        scratch = try Scratch()
        world = World(seed: seed)
        checkpoint = try Checkpoint.open(path: scratch.file)
        for _ in 0..<rounds { try await round(changes: changes) }
    }

    mutating func round(changes: Int = 20) async throws {
        let (batches, system) = world.round(changes: changes)
        try await checkpoint.write(batches, system: system)
    }

    func export(_ shard: Int) throws -> Exported {
        let path = "\(scratch.path)/\(UUID()).snapshot"
        return Exported(export: try checkpoint.export(shard: shard, to: path), shard: shard, path: path)
    }

    @discardableResult
    func install(_ exported: Exported, checking contents: SnapshotContents? = nil) throws -> ShardInstall {
        try checkpoint.install(
            shard: exported.shard, at: exported.mark, from: exported.path, sha256: exported.export.sha256,
            checking: contents ?? .any(exported.shard))
    }

    /// A data shard that has some small state.
    var shardWithState: Int {
        get throws { try #require(World.shards.first { world.state[$0]?.isEmpty == false }) }
    }

    /// The audit history of a shard.
    func audit(_ shard: Int) -> Set<AuditEntry> { Set(world.audit.filter { $0.shard == shard }.map(\.entry)) }
}

/// A snapshot's file and what is said of it.
struct Exported {
    var export: ShardExport
    var shard: Int
    var path: String

    var mark: SnapshotMark { SnapshotMark(index: export.watermark.appliedIndex, term: export.watermark.term) }

    var bytes: [UInt8] { [UInt8](FileManager.default.contents(atPath: path) ?? Data()) }

    /// The same with other bytes: with the old SHA-256, or with the one that they have.
    func with(_ bytes: [UInt8], announced: Bool) throws -> Exported {
        var changed = self
        changed.path = path + ".changed"
        _ = FileManager.default.createFile(atPath: changed.path, contents: Data(bytes))
        if announced { changed.export = changed.export.with(sha256: try SnapshotDirectory.sha256(of: changed.path)) }
        return changed
    }

    /// Head and entries.
    func contents() throws -> (head: SnapshotHead, entries: [SnapshotEntry]) {
        let file = try SnapshotFileReader(path: path)
        var head = SnapshotHead(shard: 0, stored: .none)
        var entries: [SnapshotEntry] = []
        while let block = try file.next() {
            try block.payload.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                switch block.kind {
                case .head: head = try SnapshotHead(from: &reader)
                case .end: break
                default: while !reader.atEnd { entries.append(try SnapshotEntry(block.kind, from: &reader)) }
                }
            }
        }
        return (head, entries)
    }

    /// A well-formed file with other contents, announced as it is.
    func forged(_ change: (inout SnapshotHead, inout [SnapshotEntry]) -> Void) throws -> Exported {
        var (head, entries) = try contents()
        change(&head, &entries)
        var changed = self
        changed.path = path + ".forged"
        let file = try SnapshotFileWriter(path: changed.path, head: head)
        for entry in entries { _ = try file.append(entry) }
        changed.export = changed.export.with(sha256: try file.finish().sha256)
        return changed
    }
}

extension ShardExport {
    func with(sha256: [UInt8]) -> ShardExport {
        ShardExport(watermark: watermark, configuration: configuration, totalBytes: totalBytes, sha256: sha256)
    }
}

extension SnapshotContents {
    /// Anything goes.
    static func any(_ shard: Int) -> SnapshotContents {
        guard shard > 0 else {
            return SnapshotContents(state: { _, _ in }, item: { _, _, _ in [("rule_name", "a"), ("priority", "5")] })
        }
        return SnapshotContents(ids: World.allIDs, state: { _, _ in })
    }
}

extension Loaded {
    /// What there is of some shards, the audit history aside.
    func parts(_ shards: [Int]) -> Loaded {
        var part = self
        part.watermarks = watermarks.filter { shards.contains($0.key) }
        part.configurations = configurations.filter { shards.contains($0.key) }
        part.rows = rows.filter { shards.contains($0.key) && !$0.value.isEmpty }
        part.state = state.filter { shards.contains($0.key) && !$0.value.isEmpty }
        if !shards.contains(0) { part.items = [:] }
        part.audit = []
        return part
    }
}
