package import Model
package import Placement
package import PostgresClient

/// Asks a server whether another cluster took over the results of this one.
package enum SuccessionLookup {
    /// Nil where nobody did, or where there is nothing of ours. Blocks.
    package static func successor(
        of incarnation: UUID128, at settings: PostgresSettings, _ cancellation: PostgresCancellation
    ) throws(PostgresError) -> Succession? {
        let connection = try PostgresConnection(settings, cancellation)
        defer { connection.close() }
        guard try connection.execute("SELECT to_regclass('vtag.takeovers') IS NOT NULL").get(0, 0) as Bool else {
            return nil
        }
        let rows = try connection.execute(
            """
            SELECT incarnation, at, shard::bigint, applied_index, audit_sequence FROM vtag.takeovers WHERE former = $1
            ORDER BY at, incarnation, shard
            """, [.uuid(incarnation)])
        guard rows.count > 0 else { return nil }
        let successor: UUID128 = try rows.get(0, 0)
        var positions: [Succession.Position] = []
        for row in 0..<rows.count where try rows.get(row, 0) as UUID128 == successor {
            let (index, sequence): (Int64, Int64) = (try rows.get(row, 3), try rows.get(row, 4))
            positions.append(
                Succession.Position(
                    group: Int(try rows.get(row, 2) as Int64), appliedIndex: UInt64(max(0, index)),
                    auditSequence: UInt64(max(0, sequence))))
        }
        return Succession(successor: successor, at: try rows.get(0, 1), positions: positions)
    }
}
