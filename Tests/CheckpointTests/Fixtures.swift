import Foundation
import Model
import Testing

@testable import Checkpoint

/// SplitMix64: the same numbers from the same seed everywhere.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

let now = Timestamp(milliseconds: 1_770_000_000_000)
let allIDs = UUID128(high: 0, low: 0)...UUID128(high: .max, low: .max)

/// A directory of a test's own, with a checkpoint in it.
struct Bench: ~Copyable {
    let directory = NSTemporaryDirectory() + "checkpoint-\(UUID().uuidString)"
    var path: String { directory + "/checkpoint.sqlite" }

    init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func open() throws -> Checkpoint { try Checkpoint.open(path: path) }

    /// Changes the stored file behind the checkpoint's back.
    func alter(_ sql: String) throws {
        let connection = try SQLiteConnection(path: path, readOnly: false)
        try connection.execute(sql)
    }
}

extension Checkpoint {
    func write(_ batches: [CheckpointBatch], system: SystemCheckpointBatch? = nil) async throws {
        let result = await withCheckedContinuation { continuation in
            write(batches, system) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// All that a start reads.
    func contents() throws -> Contents {
        var contents = Contents()
        contents.watermarks = try watermarks()
        for shard in [1] {
            try load(
                shard: shard, ids: allIDs, state: { contents.state[$0] = $1 }, row: { contents.rows[$0] = $1 })
        }
        try loadSystem(state: { contents.system[$0] = $1 }, item: { _, id, bytes in contents.items[id] = bytes })
        contents.trail = try auditTrail(AuditFilter(), before: nil, limit: 1000).entries
        return contents
    }
}

struct Contents: Equatable {
    var watermarks: [Int: Watermark] = [:]
    var rows: [ResourceID: [UInt8]] = [:]
    var state: [String: [UInt8]] = [:]
    var system: [String: [UInt8]] = [:]
    var items: [UUID128: [UInt8]] = [:]
    var trail: [AuditEntry] = []
}

func record(_ number: Int, name: String = "web", changed index: UInt64 = 1) -> ResourceRecord {
    let resource = Resource(
        provider: .aws, resourceID: "i-\(number)", resourceType: "ec2.instance", name: name,
        nativeTags: TagList([Tag("Name", name)]), firstSeen: now, lastSeen: now)
    let claim = TagAssertion(value: "ann", source: .manual, createdBy: "tester", createdAt: now, updatedAt: now)
    let result = ComplianceResult(
        policyID: UUID128(high: 7, low: 7), violations: [Violation(.missingTag, tagKey: "team")], checkedAt: now)
    return ResourceRecord(
        resource: resource, tags: [VirtualTag(key: "owner", winner: claim)], compliance: [result], judgedUnder: 1,
        changedIndex: index)
}

func entry(
    _ sequence: UInt64, of number: Int, action: AuditEntry.Action = .tagAdded, key: String = "owner", actor: String = "ann",
    rule: UUID128? = nil, after milliseconds: Int64 = 0
) -> AuditEntry {
    let id = record(number).resource.id
    return AuditEntry(
        id: PartID.auditEntry(of: id, sequence: sequence), sequence: sequence, resourceID: id, action: action, tagKey: key,
        oldValue: nil, newValue: "x", actor: actor, source: .manual, ruleID: rule, requestID: "r",
        at: now.adding(milliseconds: milliseconds))
}

func batch(
    index: UInt64, rows: [ResourceRecord] = [], deleted: [Int] = [], audit: [AuditEntry] = [], auditSequence: UInt64? = nil,
    state: [(key: String, value: [UInt8]?)] = []
) -> CheckpointBatch {
    CheckpointBatch(
        shard: 1,
        watermark: Watermark(term: 1, appliedIndex: index, auditSequence: auditSequence ?? audit.last?.sequence ?? 0),
        rows: rows.map { ($0.resource.id, RecordCodec.encode($0)) }, deleted: deleted.map { record($0).resource.id },
        audit: audit, state: state)
}

func systemBatch(index: UInt64, item record: [UInt8]?) -> SystemCheckpointBatch {
    SystemCheckpointBatch(
        watermark: Watermark(term: 1, appliedIndex: index, auditSequence: 0),
        items: [
            .init(table: .rules, id: UUID128(high: 1, low: 1), record: record, columns: record == nil ? [] : [("rule_name", "r")])
        ], audit: [], state: [("catalog_version", [UInt8(index)])])
}
