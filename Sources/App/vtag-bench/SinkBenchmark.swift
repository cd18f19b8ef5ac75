import ArgumentParser
import Model
import PostgresClient
import PostgresSink
import Sink

/// How fast results get into PostgreSQL.
struct SinkBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "Rows a second of the sink, against plain upserts of tags over one connection.",
        discussion: """
            The sink writes resources with ten tags each, and an audit entry for each resource: the fence, the progress, what is no \
            more and the encoding of the stored rows are in its time. The baseline writes the same tags into the same table by \
            `unnest` upserts of 10,000 rows, and does nothing else. Both write rows that are there already, with new values, over \
            one connection to the same server, in turn.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Connection string of an empty database.")
    var postgres: String

    private static let tagsPerResource = 10
    private static let resourcesPerBatch = 1_000
    private static let batches = 10

    func run() async throws {
        let settings = try PostgresSettings(postgres)
        let incarnation = UUID128(high: 1, low: 1)
        let session = try SinkSession(settings, incarnation: incarnation, PostgresCancellation())
        let plain = try PostgresConnection(settings)
        var progress = try session.raise([(shard: 1, term: 1)])[0]
        // The first round makes the rows.
        _ = try sinkRound(0, session, &progress)
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for round in 1...(common.quick ? 2 : 6) {
            ours.append(try sinkRound(UInt64(round) * 2, session, &progress))
            theirs.append(try plainRound(UInt64(round) * 2 + 1, plain))
            say(
                "round \(round): \(Int(ours[ours.count - 1])) rows/s by the sink, \(Int(theirs[theirs.count - 1])) by plain upserts"
            )
        }
        Figure(
            name: "sink_rows", value: ours.median, unit: "rows/s", baseline: "plain unnest upserts of 10,000 tags",
            baselineValue: theirs.median
        ).report()
    }

    private func sinkRound(_ version: UInt64, _ session: SinkSession, _ progress: inout SinkProgress) throws -> Double {
        var rows = 0
        let stored = (0..<Self.batches).map { batch in
            (0..<Self.resourcesPerBatch).map { place in
                let record = Self.record(batch * Self.resourcesPerBatch + place, version)
                return (record.resource.id, RecordCodec.encode(record))
            }
        }
        let spent = try seconds {
            for batch in stored {
                var transaction = SinkTransaction()
                var next = progress
                next.appliedIndex += 1
                next.auditSequence += UInt64(batch.count)
                transaction.begin(1, from: progress, to: next)
                for (position, (id, row)) in batch.enumerated() {
                    try transaction.put(id, row, shard: 1)
                    let sequence = progress.auditSequence + UInt64(position) + 1
                    transaction.add(
                        AuditEntry(
                            id: PartID.auditEntry(of: id, sequence: sequence), sequence: sequence, resourceID: id,
                            action: .tagChanged, tagKey: "team", oldValue: "a", newValue: "b", actor: "bench",
                            at: Self.time), shard: 1)
                }
                try session.commit(transaction)
                rows += transaction.rowCount
                progress = next
            }
        }
        return Double(rows) / spent
    }

    private func plainRound(_ version: UInt64, _ connection: PostgresConnection) throws -> Double {
        let batches = (0..<Self.batches).map { batch in
            (0..<Self.resourcesPerBatch).map { Self.record(batch * Self.resourcesPerBatch + $0, version) }
        }
        var rows = 0
        let spent = try seconds {
            for batch in batches { rows += try connection.execute(Self.upsert(batch)).affected }
        }
        return Double(rows) / spent
    }

    private static func upsert(_ records: [ResourceRecord]) -> PostgresStatement {
        var (owners, ids, rules) = (PostgresColumn(.uuid), PostgresColumn(.uuid), PostgresColumn(.uuid))
        var texts = [PostgresColumn](repeating: PostgresColumn(.text), count: 4)
        var confidences = PostgresColumn(.double)
        var times = [PostgresColumn](repeating: PostgresColumn(.timestamptz), count: 2)
        for record in records {
            for tag in record.tags {
                owners.append(record.resource.id.uuid)
                ids.append(PartID.virtualTag(of: record.resource.id, key: tag.key))
                rules.append(tag.winner.ruleID)
                let values = [tag.key, tag.value, tag.winner.source.rawValue, tag.winner.createdBy]
                for (column, value) in values.enumerated() { texts[column].append(value) }
                confidences.append(tag.winner.confidence)
                times[0].append(tag.winner.createdAt)
                times[1].append(tag.winner.updatedAt)
            }
        }
        return PostgresStatement(
            """
            INSERT INTO vtag.virtual_tags (resource_id, id, tag_key, tag_value, source, created_by, confidence, rule_id,
                created_at, updated_at)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[],
                $8::uuid[], $9::timestamptz[], $10::timestamptz[])
            ON CONFLICT (resource_id, id) DO UPDATE SET tag_key = excluded.tag_key, tag_value = excluded.tag_value,
                source = excluded.source, created_by = excluded.created_by, confidence = excluded.confidence,
                rule_id = excluded.rule_id, created_at = excluded.created_at, updated_at = excluded.updated_at
            """,
            [owners.parameter, ids.parameter] + texts.map(\.parameter) + [confidences.parameter, rules.parameter]
                + times.map(\.parameter))
    }

    private static let time = Timestamp(milliseconds: 1_790_000_000_000)

    private static func record(_ number: Int, _ version: UInt64) -> ResourceRecord {
        let updated = time.adding(milliseconds: Int64(version))
        let resource = Resource(
            provider: .aws, resourceID: "vol-\(number)", resourceType: "ec2.volume", name: "volume \(number)",
            accountID: "111122223333", region: "us-east-1", nativeTags: TagList([Tag("Name", "volume \(number)")]),
            metadata: JSONText(trusted: Array(#"{"size":\#(number),"state":"in-use"}"#.utf8)), version: version + 1,
            firstSeen: time, lastSeen: updated)
        let tags = (0..<tagsPerResource).map { tag in
            VirtualTag(
                key: "key-\(tag)",
                winner: TagAssertion(
                    value: "value \(version)", source: .rule, ruleID: UUID128(high: 5, low: 6), createdBy: "rule:bench",
                    createdAt: time, updatedAt: updated))
        }
        return ResourceRecord(resource: resource, tags: tags, changedIndex: version)
    }
}
