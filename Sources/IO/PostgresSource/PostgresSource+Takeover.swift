package import Model
import PostgresClient
package import Sink

/// A new cluster takes the database over from the one that wrote it, and begins with what is there.
extension PostgresSource {
    /// What a new cluster would have to be like, and which one it would take over from. Changes nothing. Throws where none can be
    /// made of what is there.
    package func inspect() throws -> (facts: SourceFacts, former: UUID128) {
        try checkTakesWrites()
        return try reading { snapshot in
            let facts = try snapshot.facts()
            let progress = try snapshot.progress()
            try Self.check(progress, facts)
            guard let former = progress.values.first?.incarnation else { preconditionFailure("checked to have all shards") }
            guard try snapshot.mayTakeOver() else {
                throw SourceError.readOnly(
                    "the database's user may not write there: name one that may, such as the owner of the schema vtag")
            }
            return (facts, former)
        }
    }

    /// Makes the database that of the cluster `incarnation`; whoever wrote there before is refused from then on, also where it is in
    /// the middle of a transaction. Returns how far each shard is; the logs of the new cluster begin there. May be called again, on
    /// each node of the new cluster, and returns the same.
    ///
    /// - Parameter expected: the cluster that it takes over from, where no other will do.
    ///
    /// All in one transaction. Rows may be newer than the progress of their shard, as they are sent as they are: what is there of
    /// these belongs to the new cluster too, so that its logs begin behind the newest row.
    package func takeOver(as incarnation: UUID128, from expected: UUID128? = nil) throws -> [Int: SinkProgress] {
        try checkTakesWrites()
        return try transaction("BEGIN") { connection in
            // Of two clusters that take over, one is the first. The lock is that of `vtag.raise_term`.
            try connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(6220668758503981058)")
            try connection.execute("SELECT FROM vtag.sink_progress ORDER BY shard FOR UPDATE")
            let snapshot = SourceSnapshot(connection)
            let present = try snapshot.progress()
            if let begun = try snapshot.takeover(by: incarnation) {
                guard present.values.allSatisfy({ $0.incarnation == incarnation }) else {
                    throw SourceError.takenOver(
                        "another cluster has taken this database over since: to restore from it, start with an empty data directory"
                    )
                }
                return begun
            }
            try Self.check(present, try snapshot.facts())
            guard let former = present.values.first?.incarnation, former != incarnation else {
                throw SourceError.takenOver("the database belongs to this very cluster, which did not take it over")
            }
            guard expected == nil || expected == former else {
                throw SourceError.takenOver(
                    "cluster \(former) was faster, and took the database over: start again to follow that one")
            }
            try connection.execute(Self.takeover, [.uuid(incarnation)])
            try connection.execute(
                """
                INSERT INTO vtag.takeovers (incarnation, shard, former, term, applied_index, audit_sequence)
                SELECT incarnation, shard, $1, term, applied_index, audit_sequence FROM vtag.sink_progress
                """, [.uuid(former)])
            return try snapshot.progress()
        }
    }

    private static let takeover: StaticString = """
        UPDATE vtag.sink_progress s SET incarnation = $1, updated_at = now(), applied_index = greatest(s.applied_index,
            (SELECT max(changed_index) FROM vtag.resources r WHERE r.shard = s.shard),
            (SELECT max(changed_index) FROM vtag.deleted_resources d WHERE d.shard = s.shard),
            (SELECT max(changed_index) FROM vtag.system_items WHERE s.shard = 0))
        """

    private func checkTakesWrites() throws {
        let answer = try reading { snapshot in try snapshot.isStandby() }
        guard !answer else {
            throw SourceError.readOnly(
                "the server is a standby, or takes no writes: promote it first, or name the primary; a new cluster has to shut the "
                    + "old one out of the database before it may begin")
        }
    }

    private static func check(_ progress: [Int: SinkProgress], _ facts: SourceFacts) throws(SourceError) {
        guard (1...shardsMax).contains(facts.shards) else {
            throw .damaged(table: "cluster_facts", id: "1", reason: "\(facts.shards) shards")
        }
        let missing = (0...facts.shards).filter { (progress[$0]?.appliedIndex ?? 0) == 0 }
        guard missing.isEmpty else {
            throw .incomplete(
                "nothing was sent yet of shard \(missing.map(String.init).joined(separator: ", ")), or not again since the schema was "
                    + "older: let the cluster send it first")
        }
        guard !facts.lacksRecords else {
            throw .incomplete(
                "some resources were not sent again since the schema was older: let the cluster send them first")
        }
        if let stranger = progress.keys.filter({ !(0...facts.shards).contains($0) }).min() {
            throw .damaged(table: "sink_progress", id: "\(stranger)", reason: "the cluster has \(facts.shards) shards")
        }
        guard Set(progress.values.map(\.incarnation)).count == 1 else {
            throw .damaged(table: "sink_progress", id: "0", reason: "its rows are of several clusters")
        }
        for (shard, row) in progress.sorted(by: { $0.key < $1.key }) where !row.isPossible {
            throw .damaged(table: "sink_progress", id: "\(shard)", reason: "its numbers cannot be")
        }
    }

    /// As of a cluster's founding.
    private static let shardsMax = 1_024
}

extension SinkProgress {
    /// Numbers that a log can go on from.
    fileprivate var isPossible: Bool {
        term >= 1 && term < 1 << 62 && appliedIndex < 1 << 62 && auditSequence < 1 << 40
    }
}

extension SourceSnapshot {
    /// Where the shards of that cluster began, if it has taken the database over.
    package func takeover(by incarnation: UUID128) throws -> [Int: SinkProgress]? {
        let rows = try connection.execute(
            "SELECT shard, incarnation, term, applied_index, audit_sequence FROM vtag.takeovers WHERE incarnation = $1",
            [.uuid(incarnation)])
        return rows.count == 0 ? nil : try Self.progress(rows)
    }

    /// Whether the database is as it was when that cluster took it over, and still its own; otherwise it has gone on.
    package func isStill(_ begun: [Int: SinkProgress]) throws -> Bool {
        let now = try progress()
        return now.count == begun.count
            && begun.allSatisfy { shard, row in
                guard var found = now[shard] else { return false }
                // A leader announces itself before it sends something.
                found.term = row.term
                return found == row
            }
    }

    /// Resources in all shards.
    package func resourceCount() throws -> Int {
        Int(try connection.execute("SELECT count(*) FROM vtag.resources").get(0, 0, as: Int64.self))
    }

    func mayTakeOver() throws -> Bool {
        try connection.execute(
            """
            SELECT pg_catalog.has_table_privilege('vtag.sink_progress', 'UPDATE')
                AND pg_catalog.has_table_privilege('vtag.takeovers', 'INSERT')
                AND pg_catalog.has_table_privilege('vtag.resources', 'INSERT')
            """
        ).get(0, 0)
    }

    func isStandby() throws -> Bool {
        // This transaction itself only reads.
        try connection.execute(
            """
            SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('default_transaction_read_only') = 'on'
            """
        ).get(0, 0)
    }
}
