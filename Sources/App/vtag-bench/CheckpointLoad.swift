import Checkpoint
import Glibc
import Model

/// Rounds of tag writes as the shards of a busy node hand them to the checkpoint.
///
/// Each write sets one tag of a row that is drawn at random to a new value, and leaves an audit entry with the old value and
/// the new one. Within a round the writes of a row fall together.
struct CheckpointLoad {
    private static let shards = 16

    let checkpoint: Checkpoint
    private var rows: [[ResourceRecord]] = Array(repeating: [], count: shards)
    private var indexes = [UInt64](repeating: 0, count: shards)
    private var sequences = [UInt64](repeating: 0, count: shards)
    private let value: String
    private var random = SystemRandomNumberGenerator()
    private var written: UInt64 = 0

    /// A checkpoint in `directory` that holds `resources` rows, whose tag has `valueBytes` bytes (8 or more).
    init(directory: String, resources: Int, valueBytes: Int) async throws {
        checkpoint = try Checkpoint.open(path: directory + "/checkpoint.sqlite")
        value = String(repeating: "v", count: max(0, valueBytes - 8))
        for number in 0..<resources { rows[number % Self.shards].append(Self.record(number)) }
        var batches: [CheckpointBatch] = []
        for shard in 0..<Self.shards {
            indexes[shard] = 1
            batches.append(batch(of: shard, rows: rows[shard], audit: []))
        }
        try await checkpoint.write(batches)
    }

    /// Carries out `writes` tag writes in one round; returns the processor time that its transaction took, in seconds.
    mutating func round(writes: Int) async throws -> Double {
        var changed = [Set<Int>](repeating: [], count: Self.shards)
        var audit = [[AuditEntry]](repeating: [], count: Self.shards)
        for _ in 0..<writes {
            let shard = Int.random(in: 0..<Self.shards, using: &random)
            let position = Int.random(in: 0..<rows[shard].count, using: &random)
            changed[shard].insert(position)
            audit[shard].append(write(shard, position))
        }
        let batches = (0..<Self.shards).map { shard in
            batch(of: shard, rows: changed[shard].sorted().map { rows[shard][$0] }, audit: audit[shard])
        }
        let before = processorSeconds()
        try await checkpoint.write(batches)
        return processorSeconds() - before
    }

    /// Folds what is left and closes; returns the processor time that took, in seconds.
    func close() -> Double {
        let before = processorSeconds()
        checkpoint.close()
        return processorSeconds() - before
    }

    private mutating func write(_ shard: Int, _ position: Int) -> AuditEntry {
        indexes[shard] += 1
        sequences[shard] += 1
        written += 1
        let at = Timestamp(milliseconds: 1_790_000_000_000 + Int64(written))
        var record = rows[shard][position]
        let old = record.tags[0].value
        record.tags[0].winner.value = value + String(10_000_000 + written)
        record.tags[0].winner.updatedAt = at
        record.changedIndex = indexes[shard]
        rows[shard][position] = record
        let id = record.resource.id
        return AuditEntry(
            id: PartID.auditEntry(of: id, sequence: sequences[shard]), sequence: sequences[shard], resourceID: id,
            action: .tagChanged, tagKey: record.tags[0].key, oldValue: old, newValue: record.tags[0].value, actor: "bench",
            source: .manual, requestID: "0192f0c1-7a3e-7cc0-8d15-0123456789ab", at: at)
    }

    private func batch(of shard: Int, rows: [ResourceRecord], audit: [AuditEntry]) -> CheckpointBatch {
        CheckpointBatch(
            shard: shard + 1,
            watermark: Watermark(term: 1, appliedIndex: indexes[shard], auditSequence: sequences[shard]), configuration: [],
            rows: rows.map { ($0.resource.id, RecordCodec.encode($0)) }.sorted { $0.0 < $1.0 }, deleted: [], audit: audit,
            state: [])
    }

    private static func record(_ number: Int) -> ResourceRecord {
        let at = Timestamp(milliseconds: 1_780_000_000_000)
        let resource = Resource(
            provider: .aws, resourceID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-\(number)",
            resourceType: "ec2.instance", name: "cart-prod-\(number)", accountID: "111122223333", region: "eu-west-1",
            nativeTags: TagList([Tag("Env", "prd"), Tag("Owner", "ann"), Tag("Team", "checkout")]),
            metadata: JSONText(
                trusted: Array(#"{"instance_type":"m7g.large","state":"running","image":"ami-0123456789abcdef0"}"#.utf8)),
            firstSeen: at, lastSeen: at)
        let tags = [("note", ""), ("environment", "production"), ("owner", "ann"), ("team", "checkout")].map {
            VirtualTag(
                key: $0,
                winner: TagAssertion(
                    value: $1, source: $1.isEmpty ? .manual : .inherited, createdBy: "bench", createdAt: at, updatedAt: at))
        }
        let results = (1...3).map {
            ComplianceResult(policyID: UUID128(high: 3, low: UInt64($0)), violations: [], checkedAt: at)
        }
        return ResourceRecord(resource: resource, tags: tags, compliance: results, judgedUnder: 1, changedIndex: 1)
    }
}

extension Checkpoint {
    fileprivate func write(_ batches: [CheckpointBatch]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            write(batches, nil) { continuation.resume(with: $0.mapError { $0 as any Error }) }
        }
    }
}

/// Processor time of this process, in seconds: its own and the kernel's for it.
func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(of time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(of: usage.ru_utime) + seconds(of: usage.ru_stime)
}
