import Foundation
import HTTPTransport
import JSON
import PostgresTesting
import Synchronization
import Testing

/// Writes that go on, whatever happens to the database.
private enum Load {
    static let volumes = 1_500

    static func ingest(on node: NodeProcess) async throws {
        for first in stride(from: 0, to: volumes, by: 500) {
            let list = (first..<first + 500).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }
            let answer = try await node.send(
                .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(list.joined(separator: ","))]}"#)
            #expect(answer.status == 200)
        }
    }

    /// A tag of all volumes, and one volume that goes and comes.
    static func round(_ number: Int, on node: NodeProcess) async throws {
        let tags = #"[{"key":"round","value":"\#(number)"},{"key":"odd","value":"\#(number % 2)"}]"#
        let answer = try await node.send(
            .post, "/virtual-tags/bulk-apply",
            #"{"where":{"field":"resource_type","operator":"eq","value":"ec2.volume"},"tags":\#(tags)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        let list = try await node.send(.get, "/resources?resource_id=vol-\(number)")
        if let id = list.json["items"]?.array?.first?["id"]?.string {
            #expect(try await node.send(.delete, "/resources/\(id)").status == 204)
        }
        let back = #"{"Volumes":[{"VolumeId":"vol-\#(max(0, number - 1))","Size":\#(number + 2)}]}"#
        #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", back).status == 200)
    }
}

extension NodeProcess {
    fileprivate func postgresStates() async throws -> Set<String> {
        let shards = try await send(.get, "/cluster").json["shards"]?.array ?? []
        return Set(shards.compactMap { $0["postgres"]?["state"]?.string })
    }
}

extension CommandLineTool {
    /// Compares the cluster with the database, and their numbers of audit entries besides.
    fileprivate func verify(_ node: NodeProcess, _ address: String) async throws {
        let outcome = try await run("verify", "--postgres", address, url: node.url, token: node.token)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let entries = try PostgresServer.psql(
            address,
            "SELECT count(*) - sum(DISTINCT last), count(*) - count(DISTINCT (shard, sequence)) FROM vtag.tag_audit, "
                + "(SELECT sum(audit_sequence) AS last FROM vtag.sink_progress) p")
        #expect(entries == "0|0")
    }
}

@Suite("Replication to PostgreSQL", .serialized)
struct PostgresReplicationTests {
    @Test("The database is away at the start, then killed in mid-batch, the node too: no write fails, and all is there once")
    func kills() async throws {
        let server = try PostgresServer()
        let address = try server.makeDatabase()
        server.stop()
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let flags = ["--postgres", address + " password=hunter2"]
        var node = try await NodeProcess.serving(scratch.url, flags)
        defer { if node.isRunning { node.kill() } }
        try await Load.ingest(on: node)
        try await until { try await node.postgresStates() == ["down"] }
        try server.start()
        for round in 0..<8 {
            let writer = node
            async let written: Void = Load.round(round, on: writer)
            if round % 2 == 1 {
                server.kill()
                try server.start()
            }
            try await written
            if round == 3 || round == 6 {
                #expect(!node.log.text.contains("hunter2"))
                node.kill()
                await node.close()
                node = try await NodeProcess.serving(scratch.url, flags)
            }
        }
        try await until { try await node.postgresStates() == ["current"] }
        try await tool.verify(node, address)
        #expect(try await node.metric("vtag_postgres_up") == 1)

        // A row that somebody changed is named.
        try PostgresServer.psql(
            address,
            "UPDATE vtag.virtual_tags SET tag_value = 'mine' WHERE (resource_id, id) IN (SELECT resource_id, id FROM vtag.virtual_tags ORDER BY 1 LIMIT 1)"
        )
        let found = try await tool.run("verify", "--without-audit", "--postgres", address, url: node.url, token: node.token)
        #expect(found.status == 2)
        #expect(found.errors.contains("is not the same in PostgreSQL"))
        await node.close()
    }

    @Test(
        "A database that takes no writes, is emptied, or belongs to others is told in one line each, and what can be caught up is"
    )
    func faults() async throws {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url, ["--postgres", address])
        defer { if node.isRunning { node.kill() } }
        try await Load.ingest(on: node)
        try await until { try await node.postgresStates() == ["current"] }
        let database = String(address.split(separator: " ").first { $0.hasPrefix("dbname=") }?.dropFirst(7) ?? "")
        func endSessions() throws {
            try PostgresServer.psql(
                address,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)' AND pid <> pg_backend_pid()"
            )
        }

        try PostgresServer.psql(address, "ALTER DATABASE \(database) SET default_transaction_read_only = on")
        try endSessions()
        try await Load.round(0, on: node)
        #expect(await node.log.line(with: #""postgres.trouble":"read_only""#) != nil)
        try PostgresServer.psql(server.address(), "ALTER DATABASE \(database) RESET default_transaction_read_only")
        #expect(await node.log.line(with: "results go to PostgreSQL") != nil)

        try PostgresServer.psql(address, "DROP SCHEMA vtag CASCADE")
        try await Load.round(1, on: node)
        #expect(await node.log.line(with: "it was emptied, replaced or restored") != nil)
        try await until { try await node.postgresStates() == ["current"] }
        try await tool.verify(node, address)

        try PostgresServer.psql(address, "INSERT INTO vtag.schema_migrations VALUES (99, 'later', 0)")
        try endSessions()
        try await Load.round(2, on: node)
        #expect(await node.log.line(with: #""postgres.trouble":"schema""#) != nil)
        try PostgresServer.psql(address, "DELETE FROM vtag.schema_migrations WHERE version = 99")
        #expect(await node.log.line(with: "results go to PostgreSQL") != nil)

        try PostgresServer.psql(
            address, "UPDATE vtag.sink_progress SET incarnation = '11111111-1111-8111-8111-111111111111'")
        try await Load.round(3, on: node)
        #expect(await node.log.line(with: "belongs to another cluster") != nil)
        try await until { try await node.postgresStates() == ["other_cluster"] }
        let refused = try await tool.run("verify", "--postgres", address, url: node.url, token: node.token)
        #expect(refused.status == 1)
        #expect(try await node.metric(#"vtag_postgres_stopped{shard="1"}"#) == 1)
        await node.close()
    }

    @Test("A cluster whose results another one took over takes no more changes, and lists what its successor never had")
    func superseded() async throws {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let node = try await NodeProcess.serving(scratch.url, ["--postgres", address])
        defer { if node.isRunning { node.kill() } }
        try await Load.ingest(on: node)
        try await until { try await node.postgresStates() == ["current"] }
        #expect(try await node.send(.get, "/audit/trail?unsent=true").status == 409)
        // What had come when it was taken over lacks ten entries of one shard.
        try PostgresServer.psql(
            address,
            """
            INSERT INTO vtag.takeovers (incarnation, shard, former, term, applied_index, audit_sequence)
            SELECT '11111111-1111-8111-8111-111111111111', shard, incarnation, term, applied_index,
                audit_sequence - CASE shard WHEN 1 THEN 10 ELSE 0 END FROM vtag.sink_progress
            """)
        try await until { try await node.send(.get, "/health/ready").status == 503 }
        #expect(await node.log.line(with: "another cluster took this one's place") != nil)
        let refused = try await node.send(
            .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[{"VolumeId":"vol-x"}]}"#)
        #expect(refused.text.contains("superseded"))
        let rule = try await node.send(
            .post, "/tag-rules",
            #"{"rule_name":"r","priority":1,"conditions":{"field":"name","operator":"exists"},"actions":[{"set_tag":{"key":"a","value":"b"}}]}"#
        )
        #expect(rule.text.contains("superseded"), "\(rule.text)")
        #expect(
            try await node.send(.get, "/cluster").json["superseded"]?["by"]?.string == "11111111-1111-8111-8111-111111111111"
        )
        let unsent = try await node.send(.get, "/audit/trail?unsent=true&limit=100").json["items"]?.array ?? []
        // And what happened since in the group that says so.
        #expect(unsent.count { $0["action"]?.string == "resource_created" } == 10)
        #expect(unsent.contains { $0["action"]?.string == "cluster_superseded" })
        let listed = try await tool.run("region", "unsent", url: node.url, token: node.token)
        #expect(listed.status == 0)
        #expect(listed.output.contains("resource_created"))
        // It is the same after a restart.
        node.kill()
        await node.close()
        let again = try await NodeProcess.serving(scratch.url)
        defer { if again.isRunning { again.kill() } }
        #expect(try await again.send(.get, "/health/ready").text.contains("superseded"))
        await again.close()
    }

    @Test("Nodes of a cluster are killed while they write to one database: in the end it has all, once")
    func cluster() async throws {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let cluster = try ClusterProcesses(flags: ["--postgres", address])
        defer { cluster.scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        var nodes = try await cluster.startAll()
        do {
            try await Load.ingest(on: nodes[0])
            for round in 0..<3 {
                let victim = round
                let writer = nodes[(round + 1) % 3]
                async let written: Void = {
                    // Some of it is unknown while leaders change: sent until it is known to be done.
                    let tag =
                        #"{"where":{"field":"resource_type","operator":"eq","value":"ec2.volume"},"tags":[{"key":"round","value":"\#(round)"}]}"#
                    while try await writer.send(.post, "/virtual-tags/bulk-apply", tag).json["failed"]?.array?.isEmpty
                        != true
                    {}
                }()
                nodes[victim].kill()
                await nodes[victim].close()
                nodes[victim] = try await cluster.start(victim)
                try await written
            }
            try await until { try await nodes[0].postgresStates() == ["current"] }
            try await tool.verify(nodes[0], address)
        } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }
}
