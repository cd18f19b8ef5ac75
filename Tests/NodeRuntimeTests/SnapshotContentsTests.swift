import Foundation
import Model
import Shard
import Testing

@testable import Checkpoint
@testable import NodeRuntime

@Suite("What a snapshot may hold")
struct SnapshotContentsTests {
    private func contents(_ shard: Int, of shards: Int) -> SnapshotContents {
        shard == SystemShard.group ? .systemShard : .dataShard(shard, of: shards)
    }

    /// What a start reads.
    private func loaded(_ checkpoint: Checkpoint, _ shard: Int, of shards: Int) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        if shard == SystemShard.group {
            try checkpoint.loadSystem(state: { found[$0] = $1 }, item: { found["\($0) \($1)"] = $2 })
        } else {
            let ids = ShardState.slots(ofShard: shard - 1, of: shards).ids
            try checkpoint.load(shard: shard, ids: ids, state: { found[$0] = $1 }, row: { found["\($0)"] = $1 })
        }
        return found
    }

    @Test("All shards of a node can be installed on another, readable tables included; in another cut they are refused")
    func wholeNode() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 2, checkpointEvery: 3_600_000)
        _ = try await node.observe((0..<300).map { instance($0) })
        let command = ShardCommand.applyTags([TagApplication(resource: instance(1).id, tags: [Model.Tag("owner", "ann")])])
        let keyed = WriteContext(
            actor: "tester", idempotency: .init(key: IdempotencyKey(high: 1, low: 2), bodyDigest: 3))
        _ = try await node.submit(command, shard: node.shard(of: instance(1).id.slot), by: keyed)
        _ = try await node.submit(.create(roleRule("x")), by: operatorContext)
        try await node.settled()
        try await node.flushCheckpoint()

        let snapshots = try SnapshotDirectory(in: bench.directory)
        let other = try Checkpoint.open(path: snapshots.path + "/other.sqlite")
        for shard in 0...2 {
            let path = snapshots.newFile(shard: shard, .outgoing)
            let export = try node.checkpoint.export(shard: shard, to: path)
            let mark = SnapshotMark(index: export.watermark.appliedIndex, term: export.watermark.term)
            if shard > 0 {
                let error = #expect(throws: CheckpointError.self) {
                    try other.install(
                        shard: shard, at: mark, from: path, sha256: export.sha256, checking: .dataShard(shard, of: 3))
                }
                #expect(error?.code == .snapshotRefused)
            }
            _ = try other.install(
                shard: shard, at: mark, from: path, sha256: export.sha256, checking: contents(shard, of: 2))
            let found = try loaded(other, shard, of: 2)
            #expect(try found == loaded(node.checkpoint, shard, of: 2) && !found.isEmpty)
        }
        let connection = try SQLiteConnection(path: other.path, readOnly: true)
        #expect(try connection.text("SELECT rule_name FROM virtual_tag_rules WHERE priority = 10") == "role")
        #expect(try connection.integer("SELECT count(*) FROM resources") == 300)
        other.close()
        await node.stop()
    }

    @Test("Small state and catalogue items that the state machines cannot read are refused")
    func unreadable() {
        let contents = SnapshotContents.systemShard
        #expect(throws: CodecError.self) { try contents.state("unheard-of", []) }
        #expect(throws: CodecError.self) { try contents.state(StateKey.catalogVersion, []) }
        #expect(throws: CodecError.self) { _ = try contents.item(.rules, UUID128(high: 0, low: 1), [0xFF, 1, 2]) }
    }
}
