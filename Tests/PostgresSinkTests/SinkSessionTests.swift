import Model
import PostgresClient
import PostgresSink
import PostgresSource
import PostgresTesting
import Sink
import Testing

@Suite("The sink's way into PostgreSQL", .serialized)
struct SinkSessionTests {
    static let us = UUID128(high: 7, low: 8)

    private func database() throws -> String { try PostgresServer.shared.get().makeDatabase() }

    private func session(_ address: String, _ incarnation: UUID128 = us) throws -> SinkSession {
        try SinkSession(PostgresSettings(address), incarnation: incarnation, PostgresCancellation())
    }

    private func record(_ name: String, tags: [String: String], index: UInt64) -> ResourceRecord {
        let at = Timestamp(milliseconds: 1_790_000_000_000)
        return ResourceRecord(
            resource: Resource(
                provider: .aws, resourceID: name, resourceType: "ec2.instance", name: name,
                nativeTags: TagList([Tag("a\u{0}b", "c\u{0}")]),
                metadata: JSONText(trusted: Array(#"{"x":"\u0000\\u0000","n":1.50}"#.utf8)), firstSeen: at, lastSeen: at,
                costs: [
                    CostLine(month: 202609, service: "EC2", currency: "USD", billedNanos: Int64(index), effectiveNanos: 2),
                    CostLine(month: 202600, service: "no month", currency: "USD", billedNanos: 1, effectiveNanos: 2),
                ]),
            tags: tags.sorted { $0.key < $1.key }.map {
                VirtualTag(
                    key: $0.key,
                    winner: TagAssertion(value: $0.value, source: .manual, createdBy: "ann", createdAt: at, updatedAt: at))
            }, changedIndex: index)
    }

    private func transaction(
        from before: SinkProgress, to index: UInt64, _ records: [ResourceRecord], deleting: [ResourceID] = [], audit: Int = 0
    ) throws -> SinkTransaction {
        var after = before
        after.appliedIndex = index
        after.auditSequence += UInt64(audit)
        var transaction = SinkTransaction()
        transaction.begin(1, from: before, to: after)
        for record in records { try transaction.put(record.resource.id, RecordCodec.encode(record), shard: 1) }
        for id in deleting { transaction.delete(id, changedIndex: index, shard: 1) }
        for number in 0..<UInt64(audit) {
            let sequence = before.auditSequence + number + 1
            transaction.add(
                AuditEntry(
                    id: UUID128(high: sequence, low: 1), sequence: sequence, resourceID: nil, action: .tagAdded,
                    actor: "ann",
                    at: Timestamp(milliseconds: 1_790_000_000_000 + Int64(number) * 40 * 86_400_000)), shard: 1)
        }
        return transaction
    }

    @Test("Rows, tags, costs, deletions and history arrive with the progress, whatever characters they hold")
    func arrives() throws {
        let address = try database()
        let session = try session(address)
        #expect(!session.migrated.isEmpty)
        let start = try session.raise([(1, 5)])[0]
        #expect(start == SinkProgress(incarnation: Self.us, term: 5, epoch: start.epoch))
        let first = record("i-1", tags: ["team": "a", "cost": "b"], index: 3)
        let second = record("i-2", tags: ["team": "b"], index: 4)
        try session.commit(transaction(from: start, to: 4, [first, second], audit: 3))
        let middle = try session.raise([(1, 5)])[0]
        #expect(
            middle
                == SinkProgress(incarnation: Self.us, term: 5, epoch: middle.epoch, appliedIndex: 4, auditSequence: 3))
        #expect(middle.epoch > start.epoch)
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.virtual_tags") == "3")
        #expect(try PostgresServer.psql(address, "SELECT metadata->>'n' FROM vtag.resources LIMIT 1") == "1.50")
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.resource_costs") == "2")

        let again = record("i-1", tags: ["team": "c"], index: 9)
        try session.commit(transaction(from: middle, to: 9, [again], deleting: [second.resource.id], audit: 1))
        #expect(
            try PostgresServer.psql(address, "SELECT tag_key, tag_value FROM vtag.virtual_tags") == "team|c")
        #expect(
            try PostgresServer.psql(
                address,
                "SELECT changed_index, billed_nanos FROM vtag.resources r JOIN vtag.resource_costs c ON c.resource_id = r.id"
            )
                == "9|9")
        #expect(
            try PostgresServer.psql(address, "SELECT count(*), max(changed_index) FROM vtag.deleted_resources") == "1|9")
        #expect(try PostgresServer.psql(address, "SELECT count(*), max(sequence) FROM vtag.tag_audit") == "4|4")

        // Back again.
        let last = try session.raise([(1, 5)])[0]
        try session.commit(transaction(from: last, to: 10, [second]))
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.deleted_resources") == "0")
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.resources") == "2")
    }

    @Test("A stale leader changes nothing, nor does whoever sends the same twice")
    func fences() throws {
        let address = try database()
        let old = try session(address)
        let new = try session(address)
        #expect(new.migrated.isEmpty)
        let start = try old.raise([(1, 5)])[0]
        let one = record("i-1", tags: ["team": "a"], index: 3)
        try old.commit(transaction(from: start, to: 3, [one], audit: 1))
        #expect(throws: SinkError.self) { try old.commit(transaction(from: start, to: 3, [one], audit: 1)) }
        let found = try new.raise([(1, 6)])[0]
        #expect(found.term == 6 && found.appliedIndex == 3)
        var stale = found
        stale.term = 5
        let refused = try transaction(from: stale, to: 4, [record("i-2", tags: [:], index: 4)], audit: 1)
        do throws(SinkError) {
            try old.commit(refused)
            Issue.record("the stale leader was let in")
        } catch {
            #expect(error.failure == .conflict)
            #expect(error.trouble == nil)
        }
        #expect(old.isOpen)
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.resources") == "1")
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.tag_audit") == "1")
        #expect(try old.raise([(1, 5)])[0].term == 6)
    }

    @Test(
        "What was sent before the leader looked again is refused, also where somebody reset the progress meanwhile",
        arguments: [
            "UPDATE vtag.sink_progress SET applied_index = 0, audit_sequence = 0", "DELETE FROM vtag.sink_progress",
        ])
    func lateTransaction(reset: String) throws {
        let address = try database()
        let lost = try session(address)
        let before = try lost.raise([(1, 5)])[0]
        let late = try transaction(from: before, to: 4, [record("i-1", tags: ["team": "a"], index: 4)])
        // The session is given up before the server carries that out.
        let next = try session(address)
        let found = try next.raise([(1, 5)])[0]
        try next.commit(transaction(from: found, to: 5, [record("i-1", tags: ["team": "b"], index: 5)]))
        try PostgresServer.psql(address, reset)
        if reset.hasPrefix("DELETE") { _ = try next.raise([(1, 5)]) }
        do throws(SinkError) {
            try lost.commit(late)
            Issue.record("a transaction of an earlier epoch was carried out")
        } catch {
            #expect(error.failure == .conflict)
        }
        #expect(try PostgresServer.psql(address, "SELECT tag_value FROM vtag.virtual_tags") == "b")
        #expect(try next.raise([(1, 5)])[0].appliedIndex == 0)
    }

    @Test("A leader that is outranked does not end the epoch of the one that leads")
    func outranked() throws {
        let address = try database()
        let new = try session(address)
        let found = try new.raise([(1, 6)])[0]
        #expect(try session(address).raise([(1, 5)])[0] == found)
        try new.commit(transaction(from: found, to: 4, [record("i-1", tags: [:], index: 4)]))
    }

    @Test("Another cluster is told whose the database is, for shards too that are not in it yet")
    func otherCluster() throws {
        let address = try database()
        _ = try session(address).raise([(1, 5)])
        let other = try session(address, UUID128(high: 9, low: 9))
        let found = try other.raise([(1, 50), (2, 50)])
        #expect(found.map(\.incarnation) == [Self.us, Self.us])
        #expect(try PostgresServer.psql(address, "SELECT count(*), max(term) FROM vtag.sink_progress") == "1|5")
    }

    @Test("A newer schema is refused and left alone")
    func newerSchema() throws {
        let address = try database()
        _ = try session(address)
        try PostgresServer.psql(address, "INSERT INTO vtag.schema_migrations VALUES (99, 'later', 0)")
        let settings = try PostgresSettings(address)
        do throws(SinkError) {
            _ = try SinkSession(settings, incarnation: Self.us, PostgresCancellation())
            Issue.record("it was used")
        } catch {
            #expect(error.trouble == .schema)
            #expect(error.message.contains("99"))
        }
    }

    @Test("What was sent can be read back as it was, from any point on; what is no record is named")
    func readBack() throws {
        let address = try database()
        let session = try session(address)
        let start = try session.raise([(1, 5)])[0]
        let records = (3..<6).map { record("i-\($0)", tags: ["team": "a"], index: UInt64($0)) }
        try session.commit(transaction(from: start, to: 5, records, audit: 3))
        var items = SinkItems(isWhole: true, shards: 4, catalogVersion: 9)
        let kept = SinkItems.Item(id: UUID128(high: 1, low: 1), kind: "rule", record: [1, 2, 3])
        let gone = SinkItems.Item(id: UUID128(high: 2, low: 2), kind: "plan", record: [])
        items.put(kept)
        items.put(gone)
        let before = try session.raise([(0, 5), (1, 5)])
        var system = before[0]
        system.appliedIndex = 7
        var second = SinkTransaction()
        second.begin(0, from: before[0], to: system)
        second.change(items, changedIndex: 7)
        try session.commit(second)
        var changes = SinkItems(isWhole: false, shards: 4, catalogVersion: 9, removed: [gone.id])
        changes.put(kept)
        var later = system
        later.appliedIndex = 8
        var third = try transaction(from: before[1], to: 6, [], deleting: [records[2].resource.id])
        third.begin(0, from: system, to: later)
        third.change(changes, changedIndex: 8)
        try session.commit(third)

        let source = try PostgresSource(PostgresSettings(address))
        try source.reading { snapshot in
            #expect(try snapshot.facts() == SourceFacts(shards: 4, catalogVersion: 9, lacksRecords: false))
            let progress = SinkProgress(incarnation: Self.us, term: 5, appliedIndex: 6, auditSequence: 3)
            #expect(try snapshot.progress()[1] == progress)
            var rows: [SourceResource] = []
            try snapshot.resources(of: 1, changedAfter: 0) { rows.append($0) }
            #expect(rows.map(\.changedIndex) == [3, 4])
            #expect(rows.map(\.record) == records.prefix(2).map(RecordCodec.encode))
            rows = []
            try snapshot.resources(of: 1, changedAfter: 3) { rows.append($0) }
            try snapshot.resources(of: 2, changedAfter: 0) { rows.append($0) }
            #expect(rows.map(\.id) == [records[1].resource.id])
            var deleted: [ResourceID] = []
            try snapshot.deletions(of: 1, changedAfter: 5) { id, _ in deleted.append(id) }
            #expect(deleted == [records[2].resource.id])
            var found: [SourceItem] = []
            try snapshot.items(changedAfter: 0) { found.append($0) }
            #expect(
                found == [
                    SourceItem(id: kept.id, changedIndex: 7, record: kept.record),
                    SourceItem(id: gone.id, changedIndex: 8, record: nil),
                ])
            var entries: [AuditEntry] = []
            try snapshot.audit(of: 1, after: 1) { entries.append($0) }
            #expect(entries.map(\.sequence) == [2, 3] && entries.allSatisfy { $0.actor == "ann" && $0.action == .tagAdded })
        }

        try PostgresServer.psql(address, "UPDATE vtag.resources SET changed_index = 44 WHERE changed_index = 4")
        try PostgresServer.psql(address, "UPDATE vtag.tag_audit SET action = 'sung' WHERE sequence = 2")
        #expect(throws: SourceError.self) {
            try source.reading { try $0.resources(of: 1, changedAfter: 0) { _ in } }
        }
        do {
            try source.reading { try $0.audit(of: 1, after: 0) { _ in } }
            Issue.record("an unknown action was read")
        } catch {
            #expect("\(error)".contains("row 2 of shard 1 of vtag.tag_audit"))
            #expect("\(error)".contains("sung"))
        }
        try PostgresServer.psql(address, "UPDATE vtag.resources SET record = ''")
        #expect(try source.reading { try $0.facts().lacksRecords })
    }

    @Test("More rows than one batch come in order, and a database without a cluster is refused")
    func manyRows() throws {
        let address = try database()
        let settings = try PostgresSettings(address)
        #expect(throws: SourceError.self) { try PostgresSource(settings) }
        let session = try session(address)
        let start = try session.raise([(1, 5)])[0]
        let records = (1...4_100).map { record("i-\($0)", tags: [:], index: UInt64($0)) }
        try session.commit(transaction(from: start, to: 4_100, records))
        let source = try PostgresSource(settings)
        #expect(throws: SourceError.self) { try source.reading { try $0.facts() } }
        var indexes: [UInt64] = []
        try source.reading { try $0.resources(of: 1, changedAfter: 0) { indexes.append($0.changedIndex) } }
        #expect(indexes == Array(1...4_100))
    }
}
