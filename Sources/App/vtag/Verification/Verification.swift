import JSON
import Model
import PostgresClient
import PostgresSink
import Sink

/// Compares the cluster with the database, page by page.
///
/// What differs may be on its way: it is compared again after the database has reached what the cluster had applied, and counts only
/// where the cluster said the same both times.
struct Verification {
    let client: Client
    let reader: ResultReader

    struct ShardResult {
        let number: Int
        var compared = 0
        var differences: [String] = []
    }

    struct AuditResult {
        var compared = 0
        var differences: [String] = []
    }

    /// Rows of one page.
    private static let pageRows = 1_000
    /// How often a page is compared again whose rows keep changing.
    private static let roundsMax = 20
    /// Longest wait for the database to catch up, in milliseconds, and between two looks at it.
    private static let catchUpMillisecondsMax = 120_000
    private static let lookMilliseconds = 100

    // MARK: Rows

    func shards() async throws -> [ShardResult] {
        let cluster = try await client.get(Target("cluster"))
        guard let id = cluster["id"]?.string.flatMap({ UUID128($0) }), let shards = cluster["shards"]?.array else {
            throw Failure.refused("the server's answer is not that of a cluster")
        }
        if let other = try reader.progress().values.first(where: { $0.incarnation != id }) {
            throw Failure.refused("the database belongs to cluster \(other.incarnation), not to \(id)")
        }
        var results = [try await catalog()]
        for shard in shards {
            guard let number = shard["number"]?.int, let first = shard["first_slot"]?.int, let last = shard["last_slot"]?.int
            else { throw Failure.refused("the server's answer names no shard") }
            results.append(
                try await compare(
                    number, from: UUID128(high: UInt64(first) << 48, low: 0),
                    through: UUID128(high: UInt64(last + 1) << 48 &- 1, low: .max)))
        }
        return results
    }

    private func compare(_ shard: Int, from first: UUID128, through last: UUID128) async throws -> ShardResult {
        var result = ShardResult(number: shard)
        var low = first
        var after: UUID128?
        while true {
            let (rows, next) = try await page(shard, after: after)
            let high = next ?? last
            result.compared += rows.count
            let doubtful = try differences(rows, reader.digests(from: low, through: high))
            if !doubtful.isEmpty {
                result.differences += try await settle(shard, doubtful) {
                    let again = try await pages(shard, after: after, through: high)
                    return try differences(again, reader.digests(from: low, through: high))
                }
            }
            guard let next else { return result }
            after = next
            low = next.successor
        }
    }

    private func catalog() async throws -> ShardResult {
        var result = ShardResult(number: 0)
        func compare() async throws -> [UUID128: Difference] {
            let rows = try await pages(0, after: nil, through: UUID128(high: .max, low: .max))
            result.compared = rows.count
            return try differences(rows, reader.catalogDigests())
        }
        let doubtful = try await compare()
        if !doubtful.isEmpty { result.differences = try await settle(0, doubtful, compare) }
        return result
    }

    /// What the cluster has and what the database has of one thing.
    private struct Difference: Equatable {
        let here: ResultDigest.Row?
        let there: ResultDigest.Row?

        var words: String {
            switch (here, there) {
            case (.some, nil): "is missing in PostgreSQL"
            case (nil, .some): "is in PostgreSQL alone"
            case (let here?, let there?) where there.changedIndex == 0 && here.changedIndex > 0:
                "is missing in PostgreSQL, but for parts of it"
            case (let here?, let there?) where here.changedIndex != there.changedIndex:
                "is as of entry \(there.changedIndex) in PostgreSQL, and of \(here.changedIndex) in the cluster"
            case (.some, .some), (nil, nil): "is not the same in PostgreSQL"
            }
        }
    }

    private func differences(_ here: [ResultDigest.Row], _ there: [ResultDigest.Row]) -> [UUID128: Difference] {
        var found: [UUID128: Difference] = [:]
        let known = Dictionary(there.map { ($0.id, $0) }) { first, _ in first }
        var left = known
        for row in here {
            left[row.id] = nil
            if known[row.id] != row { found[row.id] = Difference(here: row, there: known[row.id]) }
        }
        for (id, row) in left { found[id] = Difference(here: nil, there: row) }
        return found
    }

    /// What stays different although the database has had what the cluster said.
    private func settle(
        _ shard: Int, _ doubtful: [UUID128: Difference], _ again: () async throws -> [UUID128: Difference]
    ) async throws -> [String] {
        var open = doubtful
        var certain: [UUID128: Difference] = [:]
        for _ in 0..<Self.roundsMax where !open.isEmpty {
            try await waitForDatabase(shard)
            let now = try await again()
            for (id, difference) in open {
                guard let found = now[id] else {
                    open[id] = nil
                    continue
                }
                if found.here == difference.here {
                    certain[id] = found
                    open[id] = nil
                } else {
                    open[id] = found
                }
            }
        }
        let noun = shard == 0 ? "item" : "resource"
        return certain.sorted { $0.key < $1.key }.map { "shard \(shard): \(noun) \($0.key) \($0.value.words)" }
            + open.keys.sorted().map { "shard \(shard): \(noun) \($0) changes too fast to be compared" }
    }

    private func page(_ shard: Int, after: UUID128?) async throws -> (rows: [ResultDigest.Row], next: UUID128?) {
        let target = Target("cluster", "shards", "\(shard)", "digests").adding("limit", "\(Self.pageRows)")
            .adding("after", after?.description)
        let answer = try await client.get(target)
        guard let items = answer["items"]?.array else { throw Failure.refused("the server's list has no items") }
        let rows = try items.map { item in
            guard let id = item["id"]?.string.flatMap({ UUID128($0) }), let index = item["changed_index"]?.int,
                let digest = item["digest"]?.string.flatMap({ UInt64($0, radix: 16) })
            else { throw Failure.refused("the server's list holds what is no digest") }
            return ResultDigest.Row(id: id, changedIndex: UInt64(clamping: index), digest: digest)
        }
        return (rows, answer["next_after"]?.string.flatMap { UUID128($0) })
    }

    private func pages(_ shard: Int, after: UUID128?, through last: UUID128) async throws -> [ResultDigest.Row] {
        var all: [ResultDigest.Row] = []
        var after = after
        while true {
            let (rows, next) = try await page(shard, after: after)
            all += rows.filter { $0.id <= last }
            guard let next, next < last else { return all }
            after = next
        }
    }

    // MARK: Waiting

    /// Returns once the database has what the shard has applied by now.
    private func waitForDatabase(_ shard: Int) async throws {
        let cluster = try await client.get(Target("cluster"))
        let applied: Int?
        if shard == 0 {
            // The system shard's index is not told: what its leader says of the lag is.
            applied = nil
        } else {
            applied = cluster["shards"]?.array?.first { $0["number"]?.int == shard }?["applied_index"]?.int
        }
        for _ in 0..<(Self.catchUpMillisecondsMax / Self.lookMilliseconds) {
            if let applied {
                if let found = try reader.progress()[shard], found.appliedIndex >= UInt64(clamping: applied) { return }
            } else {
                let system = try await client.get(Target("cluster"))["system"]
                if system?["postgres"]?["state"]?.string == "current" { return }
            }
            try await Task.sleep(nanoseconds: UInt64(Self.lookMilliseconds) * 1_000_000)
        }
        throw Failure.refused(
            "PostgreSQL does not catch up with shard \(shard); see what `GET /cluster` and the nodes' logs say of it")
    }
}

// MARK: - The audit history

extension Verification {
    func audit() async throws -> AuditResult {
        var result = AuditResult()
        var doubtful: [UUID128: AuditText] = [:]
        var pages: [[(UUID128, AuditText)]] = []
        try await client.pages(Target("audit", "trail"), limit: nil) { items in
            pages.append(try items.map(Self.entry))
            // Compared as they come: memory holds one page.
            for page in pages {
                let found = try reader.audit(page.map(\.0))
                result.compared += page.count
                for (id, text) in page where found[id] != [text] { doubtful[id] = text }
            }
            pages = []
        }
        if !doubtful.isEmpty {
            for number in try reader.progress().keys.sorted() { try await waitForDatabase(number) }
            let ids = doubtful.keys.sorted()
            for start in stride(from: 0, to: ids.count, by: 1_000) {
                let part = Array(ids[start..<min(ids.count, start + 1_000)])
                let found = try reader.audit(part)
                for id in part {
                    let copies = found[id] ?? []
                    if copies == [doubtful[id]] { continue }
                    let words =
                        copies.isEmpty
                        ? "is missing in PostgreSQL"
                        : copies.count > 1
                            ? "is in PostgreSQL \(copies.count) times" : "is not the same in PostgreSQL"
                    result.differences.append("audit entry \(id) \(words)")
                }
            }
        }
        result.differences += try countDifferences()
        return result
    }

    /// Sequences are dense: what is there twice or missing shows in the counts.
    private func countDifferences() throws -> [String] {
        let counts = try reader.auditCounts()
        // Read after the counts: what came meanwhile is above them.
        let progress = try reader.progress()
        return counts.sorted { $0.key < $1.key }.compactMap { shard, count in
            if count.entries != count.sequences {
                return "shard \(shard): \(count.entries - count.sequences) audit entries are there twice"
            }
            if Int64(clamping: progress[shard]?.auditSequence ?? 0) < count.last {
                return "shard \(shard): audit entry \(count.last) is there before its time"
            }
            return nil
        }
    }

    private static func entry(_ item: JSONValue) throws -> (UUID128, AuditText) {
        guard let id = item["id"]?.string.flatMap({ UUID128($0) }) else {
            throw Failure.refused("the server's audit trail holds an entry without an id")
        }
        let names = ["resource_id", "action", "tag_key", "old_value", "new_value", "actor", "source", "rule_id", "at"]
        return (id, AuditText(names.map { item[$0]?.string }))
    }
}

extension UUID128 {
    /// The next one; the last one's is itself.
    fileprivate var successor: UUID128 {
        if low < .max { return UUID128(high: high, low: low + 1) }
        return high < .max ? UUID128(high: high + 1, low: 0) : self
    }
}
