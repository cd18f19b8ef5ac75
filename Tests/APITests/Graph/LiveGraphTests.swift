import JSON
import Model
import Testing

@testable import API

@Suite("The graph over a socket")
struct LiveGraphTests {
    private static let reservation = """
        {"Reservations":[{"OwnerId":"111122223333","Instances":[{"InstanceId":"i-1","SubnetId":"subnet-1",
        "Placement":{"AvailabilityZone":"eu-west-1a"},"Tags":[{"Key":"Name","Value":"web"}]}]}]}
        """
    private static let volumes = """
        {"Volumes":[{"VolumeId":"vol-1","AvailabilityZone":"eu-west-1a","Size":8,
        "Attachments":[{"InstanceId":"i-1","VolumeId":"vol-1"}]}]}
        """

    private func fill(_ api: LiveAPI) async throws {
        for (operation, document) in [("ec2.describe-instances", Self.reservation), ("ec2.describe-volumes", Self.volumes)] {
            let path = "/ingest/aws?account_id=111122223333&region=eu-west-1&operation=\(operation)"
            let answer = try await api.send("POST", path, json: document)
            #expect(try answer.status == 200 && answer.json["errors"]?.array == [], "\(answer.text)")
        }
    }

    private func ask(_ api: LiveAPI, _ query: String, parameters: String = "{}") async throws -> Answer {
        let body = JSONValue.object([
            .init("query", .string(query)), .init("parameters", try JSONValue(parsing: parameters)),
        ])
        return try await api.send("POST", "/graph/query", json: String(decoding: body.serialised, as: UTF8.self))
    }

    /// Those of a body that came in chunks: what is JSON.
    private static func lines(_ body: String) -> [Substring] {
        body.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{") || $0.hasPrefix("[") }
    }

    @Test("A query finds what was acknowledged before it, and follows relationships between shards")
    func query() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let text =
                "MATCH (v:EBSVolume)-[:ATTACHED_TO]->(i:EC2Instance) WHERE i.region = $region RETURN v.resource_id AS v, i.name"
            var answer = try await ask(api, text, parameters: #"{"region":"eu-west-1"}"#)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try answer.json["columns"]?.array?.compactMap(\.string) == ["v", "i.name"])
            let row = try answer.json["rows"]?.array?.first?.array
            #expect(row?[0].string?.hasSuffix("vol-1") == true && row?[1].string == "web", "\(answer.text)")
            for round in 1...5 {
                let instance = try await ask(api, "MATCH (i:EC2Instance) RETURN i.id").json["rows"]?.array?.first?.array?
                    .first
                let tag = #"{"resource_id":"\#(instance?.string ?? "")","tags":[{"key":"team","value":"t\#(round)"}]}"#
                #expect(try await api.send("POST", "/virtual-tags/apply", json: tag).status == 201)
                answer = try await ask(api, "MATCH (:EC2Instance)-[:TAGGED]->(t:Tag {key: 'team'}) RETURN t.value, t.source")
                let found = try answer.json["rows"]?.array?.map { $0.array?.compactMap(\.string) ?? [] }
                #expect(found == [["t\(round)", "manual"]], "\(answer.text)")
            }
            answer = try await ask(api, "MATCH (i:EC2Instance) DETACH DELETE i")
            #expect(try answer.status == 422 && answer.json["type"]?.string == "urn:vtag:problem:graph-is-read-only")
        }
    }

    @Test("Entities say what they are; a streamed answer is a line for each row and one for its end")
    func forms() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let answer = try await ask(api, "MATCH p = (v:EBSVolume)-[r:ATTACHED_TO]->(i) RETURN v, r, p")
            let row = try answer.json["rows"]?.array?.first?.array ?? []
            #expect(row.map { $0["$type"]?.string } == ["node", "relationship", "path"], "\(answer.text)")
            #expect(row.count == 3 && row[1]["start"] == row[0]["id"] && row[1]["end"] == row[2]["nodes"]?.array?[1]["id"])

            let body = #"{"query":"UNWIND range(1, 3000) AS x RETURN x"}"#
            let streamed = try await api.send(
                "POST", "/graph/query", headers: [("accept", "application/x-ndjson")], json: body)
            let lines = Self.lines(streamed.text)
            #expect(streamed.status == 200 && lines.count == 3_002 && lines.first == #"{"columns":["x"]}"#)
            #expect(lines[3_000] == "[3000]" && lines[3_001].hasPrefix(#"{"stats":{"rows":3000,"#))
            let failing = #"{"query":"UNWIND [1, 0] AS x RETURN 1 / x"}"#
            let failed = try await api.send(
                "POST", "/graph/query", headers: [("accept", "application/x-ndjson")], json: failing)
            #expect(
                Self.lines(failed.text).last?.hasPrefix(#"{"error":{"type":"urn:vtag:problem:query-failed""#)
                    == true)
        }
    }

    @Test("Errors have a place, a class, a phase and a detail; budgets end what takes too much")
    func errors() async throws {
        try await LiveAPI.run { api in
            var answer = try await ask(api, "MATCH (n)\nRETURN m")
            #expect(
                try answer.status == 400 && answer.json["line"]?.int == 2 && answer.json["column"]?.int == 8,
                "\(answer.text)")
            #expect(try answer.json["opencypher"]?["class"]?.string == "SyntaxError")
            #expect(try answer.json["opencypher"]?["detail"]?.string == "UndefinedVariable")
            #expect(try answer.json["detail"]?.string?.contains("\nRETURN m\n       ^") == true)
            answer = try await ask(api, "RETURN $x")
            #expect(try answer.json["opencypher"]?["class"]?.string == "ParameterMissing", "\(answer.text)")
            answer = try await ask(api, "RETURN range(0, 1000000000)")
            #expect(
                try answer.status == 422 && answer.json["detail"]?.string?.contains("memory_mib") == true, "\(answer.text)")
            let slow =
                #"{"query":"UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN count(*)","timeout_seconds":1}"#
            answer = try await api.send("POST", "/graph/query", json: slow)
            #expect(
                try answer.status == 422 && answer.json["detail"]?.string?.contains("timeout_seconds") == true,
                "\(answer.text)")
            answer = try await api.send("POST", "/graph/query", json: #"{"query":"RETURN 1","graph":"other"}"#)
            #expect(answer.status == 404)
            answer = try await api.send("POST", "/graph/query", json: #"{"query":"RETURN 1","parameters":[1],"x":1}"#)
            #expect(try answer.status == 422 && answer.json["errors"]?.array?.count == 2, "\(answer.text)")
        }
    }

    @Test("Neo4j's Query API: plain, with types, and its errors")
    func queryAPI() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let path = "/db/neo4j/query/v2"
            var answer = try await api.send(
                "POST", path, json: #"{"statement":"RETURN $a AS a, date('2024-02-29') AS d","parameters":{"a":1}}"#)
            #expect(
                answer.status == 202 && answer.text.hasPrefix(#"{"data":{"fields":["a","d"],"values":[[1,"2024-02-29"]]}"#))
            let typed =
                #"{"statement":"MATCH (i:EC2Instance) RETURN i, $d","parameters":{"d":{"$type":"Date","_value":"2024-02-29"}}}"#
            let type = "application/vnd.neo4j.query"
            answer = try await api.send("POST", path, type: type, headers: [("accept", type)], body: Array(typed.utf8))
            let row = try answer.json["data"]?["values"]?.array?.first?.array ?? []
            #expect(row.first?["$type"]?.string == "Node", "\(answer.text)")
            #expect(row.first?["_value"]?["_properties"]?["name"]?["_value"]?.string == "web")
            #expect(row.last?["$type"]?.string == "Date")
            answer = try await api.send("POST", path, json: #"{"statement":"RETRUN 1"}"#)
            let error = try answer.json["errors"]?.array?.first
            #expect(
                answer.status == 400 && error?["code"]?.string == "Neo.ClientError.Statement.SyntaxError", "\(answer.text)")
            #expect(error?["opencypher"]?["phase"]?.string == "compile time")
            answer = try await api.send("POST", path, json: #"{"statement":"CREATE (:A)"}"#)
            #expect(answer.status == 422 && answer.text.contains("Neo.ClientError.Statement.AccessMode"))
            answer = try await api.send("POST", "/db/other/query/v2", json: #"{"statement":"RETURN 1"}"#)
            #expect(answer.status == 404 && answer.text.contains("Neo.ClientError.Database.DatabaseNotFound"))
            answer = try await api.send("POST", path, json: "{}")
            #expect(answer.status == 400 && answer.text.contains("Neo.ClientError.Request.Invalid"))
        }
    }
}
