import Foundation
import Model

@testable import Checkpoint

/// A directory for one test, removed with it.
final class Scratch: Sendable {
    let path: String
    var file: String { path + "/checkpoint.sqlite" }

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "vtag-checkpoint-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var bytes: [UInt8] {
        get { [UInt8](FileManager.default.contents(atPath: file) ?? Data()) }
        set { _ = FileManager.default.createFile(atPath: file, contents: Data(newValue)) }
    }

    /// The files as a process that died at this moment leaves them.
    func copy() throws -> Scratch {
        let copy = try Scratch()
        for name in ["checkpoint.sqlite", "checkpoint.sqlite-wal"]
        where FileManager.default.fileExists(atPath: "\(path)/\(name)") {
            try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
        return copy
    }
}

extension Checkpoint {
    /// Waits for the write.
    func write(_ batches: [CheckpointBatch], system: SystemCheckpointBatch? = nil) async throws {
        try await withCheckedThrowingContinuation { continuation in
            write(batches, system) { continuation.resume(with: $0) }
        }
    }
}

/// The life of some shards, as a node would hand it over, beside what a restart must find.
struct World {
    static let allIDs = UUID128(high: 0, low: 0)...UUID128(high: .max, low: .max)
    static let shards = 1...3
    var random: SeededRandom
    /// What must be there.
    var rows: [Int: [ResourceID: [UInt8]]] = [:]
    var state: [Int: [String: [UInt8]]] = [:]
    var audit: [(shard: Int, entry: AuditEntry)] = []
    var items: [UUID128: [UInt8]] = [:]
    /// When what is gone was deleted.
    private(set) var deletions: [Int: [ResourceID: UInt64]] = [:]
    private var indexes: [Int: UInt64] = [:]
    private var sequences: [Int: UInt64] = [:]
    private var now: Int64 = 1_790_000_000_000

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// A round with changes in every shard.
    mutating func round(changes: Int = 20) -> (batches: [CheckpointBatch], system: SystemCheckpointBatch) {
        (Self.shards.map { batch(shard: $0, changes: changes) }, systemBatch())
    }

    mutating func batch(shard: Int, changes: Int) -> CheckpointBatch {
        var changed: [ResourceID: [UInt8]?] = [:]
        var entries: [AuditEntry] = []
        for _ in 0..<changes {
            indexes[shard, default: 0] += 1
            // Clocks jump back at times.
            now += Int64.random(in: -20...400, using: &random)
            let known = rows[shard, default: [:]].keys.sorted()
            if let victim = known.randomElement(using: &random), Int.random(in: 0..<10, using: &random) == 0 {
                rows[shard, default: [:]][victim] = nil
                changed[victim] = .some(nil)
                deletions[shard, default: [:]][victim] = indexes[shard, default: 0]
                entries.append(entry(victim, .resourceDeleted, shard: shard))
                continue
            }
            let name = "i-\(shard)-\(Int.random(in: 0..<40, using: &random))"
            let id = ResourceID(provider: .aws, nativeID: name)
            let bytes = record(name, index: indexes[shard, default: 0])
            rows[shard, default: [:]][id] = bytes
            deletions[shard]?[id] = nil
            changed[id] = bytes
            entries.append(entry(id, .tagChanged, shard: shard))
        }
        let key = "key/\(Int.random(in: 0..<5, using: &random))"
        let value: [UInt8]? = Bool.random(using: &random) ? Array("\(now)".utf8) : nil
        state[shard, default: [:]][key] = value
        audit += entries.map { (shard, $0) }
        return CheckpointBatch(
            shard: shard, watermark: watermark(shard), configuration: configuration(shard),
            rows: changed.compactMap { id, bytes in bytes.map { (id, $0) } },
            deleted: changed.filter { $0.value == nil }.map {
                CheckpointBatch.Deletion(id: $0.key, index: deletions[shard]?[$0.key] ?? 0)
            }, audit: entries, state: [(key, value)])
    }

    private mutating func systemBatch() -> SystemCheckpointBatch {
        indexes[0, default: 0] += 1
        let id = UUID128(high: 7, low: UInt64.random(in: 0..<6, using: &random))
        let record: [UInt8]? = Int.random(in: 0..<4, using: &random) == 0 ? nil : Array("item \(now)".utf8)
        items[id] = record
        let entry = AuditEntry(
            id: UUID128(high: 1, low: UInt64(audit.count)), sequence: nextSequence(0), resourceID: nil,
            action: .ruleUpdated, tagKey: "rule", actor: "carol", at: Timestamp(milliseconds: now))
        audit.append((0, entry))
        return SystemCheckpointBatch(
            watermark: watermark(0), configuration: configuration(0),
            items: [.init(table: .rules, id: id, record: record, columns: [("rule_name", "a"), ("priority", "5")])],
            audit: [entry], state: [("catalog_version", [UInt8(truncatingIfNeeded: indexes[0] ?? 0)])])
    }

    func watermark(_ shard: Int) -> Watermark {
        Watermark(term: 2, appliedIndex: indexes[shard] ?? 0, auditSequence: sequences[shard] ?? 0)
    }

    /// What the group's members are as of its last round.
    func configuration(_ shard: Int) -> [UInt8] { Array("voters of \(shard) at \(indexes[shard] ?? 0)".utf8) }

    private mutating func nextSequence(_ shard: Int) -> UInt64 {
        sequences[shard, default: 0] += 1
        return sequences[shard] ?? 0
    }

    private mutating func entry(_ id: ResourceID, _ action: AuditEntry.Action, shard: Int) -> AuditEntry {
        let sequence = nextSequence(shard)
        return AuditEntry(
            id: PartID.auditEntry(of: id, sequence: sequence), sequence: sequence, resourceID: id, action: action,
            tagKey: ["team", "environment", ""][Int(sequence % 3)], oldValue: sequence % 2 == 0 ? nil : "old",
            newValue: "", actor: ["alice", "bob"][Int(sequence % 2)], source: .manual,
            ruleID: sequence % 5 == 0 ? UUID128(high: 5, low: 5) : nil, requestID: "r\(sequence)",
            at: Timestamp(milliseconds: now))
    }

    private mutating func record(_ name: String, index: UInt64) -> [UInt8] {
        let at = Timestamp(milliseconds: now)
        let resource = Resource(
            provider: .aws, resourceID: name, resourceType: "ec2.instance", name: "web \(index)", accountID: "123456789012",
            region: "eu-west-1", nativeTags: TagList([Tag("Owner", "A \"quoted\" name"), Tag("empty", "")]), firstSeen: at,
            lastSeen: at)
        let claim = TagAssertion(value: "v\(index)", source: .manual, createdBy: "alice", createdAt: at, updatedAt: at)
        let violation = Violation(.missingTag, tagKey: "owner")
        return RecordCodec.encode(
            ResourceRecord(
                resource: resource,
                tags: (0..<Int.random(in: 0...3, using: &random)).map { VirtualTag(key: "key\($0)", winner: claim) },
                compliance: [ComplianceResult(policyID: UUID128(high: 3, low: 3), violations: [violation], checkedAt: at)],
                judgedUnder: 1, changedIndex: index))
    }
}

/// What a checkpoint gives back.
struct Loaded: Equatable {
    var watermarks: [Int: Watermark] = [:]
    var configurations: [Int: [UInt8]] = [:]
    var rows: [Int: [ResourceID: [UInt8]]] = [:]
    var state: [Int: [String: [UInt8]]] = [:]
    var items: [UUID128: [UInt8]] = [:]
    var audit: [AuditEntry] = []

    init(_ checkpoint: Checkpoint) throws(CheckpointError) {
        watermarks = try checkpoint.watermarks()
        configurations = checkpoint.configurations()
        for shard in World.shards {
            var (rows, state): ([ResourceID: [UInt8]], [String: [UInt8]]) = ([:], [:])
            try checkpoint.load(
                shard: shard, ids: World.allIDs, state: { state[$0] = $1 }, row: { rows[$0] = $1 })
            self.rows[shard] = rows
            self.state[shard] = state
        }
        var items: [UUID128: [UInt8]] = [:]
        try checkpoint.loadSystem(state: { _, _ in }, item: { items[$1] = $2 })
        self.items = items
        var audit: [AuditEntry] = []
        var cursor: AuditCursor?
        repeat {
            let page = try checkpoint.auditTrail(AuditFilter(), before: cursor, limit: .max)
            audit += page.entries
            cursor = page.next
        } while cursor != nil
        self.audit = audit
    }
}

/// splitmix64: the same numbers for the same seed everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }
}
