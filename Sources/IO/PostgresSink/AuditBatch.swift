import Model
import PostgresClient

/// Entries of the audit history. One that is there already is left alone.
struct AuditBatch {
    private(set) var count = 0
    /// The months that it needs partitions of: some moment of each.
    private(set) var months: [MonthNumber: Timestamp] = [:]
    private var shards = PostgresColumn(.integer)
    private var sequences = PostgresColumn(.bigint)
    private var ids = PostgresColumn(.uuid)
    private var resources = PostgresColumn(.uuid)
    private var actions = PostgresColumn(.text)
    private var keys = PostgresColumn(.text)
    private var oldValues = PostgresColumn(.text)
    private var newValues = PostgresColumn(.text)
    private var actors = PostgresColumn(.text)
    private var sources = PostgresColumn(.text)
    private var rules = PostgresColumn(.uuid)
    private var requests = PostgresColumn(.text)
    private var times = PostgresColumn(.timestamptz)

    /// Months since the year 0.
    typealias MonthNumber = Int64

    mutating func add(_ entry: AuditEntry, shard: Int) {
        let at = SinkText.time(entry.at)
        count += 1
        months[Self.month(of: at)] = at
        shards.append(Int32(shard))
        sequences.append(SinkText.number(entry.sequence))
        ids.append(entry.id)
        resources.append(entry.resourceID?.uuid)
        actions.append(entry.action.rawValue)
        keys.append(entry.tagKey)
        oldValues.append(entry.oldValue)
        newValues.append(entry.newValue)
        actors.append(entry.actor)
        sources.append(entry.source?.rawValue)
        rules.append(entry.ruleID)
        requests.append(entry.requestID)
        times.append(at)
    }

    private static func month(of time: Timestamp) -> MonthNumber {
        let (days, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let date = CivilDate(daysSinceEpoch: rest < 0 ? days - 1 : days)
        return date.year * 12 + date.month - 1
    }

    var statements: [PostgresStatement] {
        guard count > 0 else { return [] }
        let columns = [
            shards, sequences, ids, resources, actions, keys, oldValues, newValues, actors, sources, rules, requests, times,
        ]
        return [
            PostgresStatement(
                """
                INSERT INTO vtag.tag_audit (shard, sequence, id, resource_id, action, tag_key, old_value, new_value, actor,
                    source, rule_id, request_id, at)
                SELECT * FROM unnest($1::integer[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::text[], $11::uuid[], $12::text[], $13::timestamptz[])
                ON CONFLICT (shard, sequence, at) DO NOTHING
                """, columns.map(\.parameter))
        ]
    }
}
