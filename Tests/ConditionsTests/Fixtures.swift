import Conditions
import JSON
import Model

enum Fixture {
    static let metadata = """
        {"instance_type":"m5.large","cpu":8,"price":0.096,"encrypted":true,"nothing":null,"launched":"2026-03-01T10:00:00Z",\
        "ips":["10.0.0.1","10.0.0.2"],"ports":[80,443],"placement":{"zone":"eu-west-1a"},\
        "labels":{"app.kubernetes.io/name":"shop"},"disks":[{"size":100},{"size":500}]}
        """

    static let resource = Resource(
        provider: .aws, resourceID: "i-0abc", resourceType: "ec2.instance", name: "Web-Prod-01", accountID: "111122223333",
        region: "",
        nativeTags: TagList([
            Tag("CostCenter", "4711"), Tag("Env", "Prod"), Tag("cost-center", "0815"), Tag("empty", ""),
            Tag("größe", "GROß"),
        ]),
        metadata: JSONText(trusted: Array(metadata.utf8)), firstSeen: Timestamp(milliseconds: 0),
        lastSeen: Timestamp(milliseconds: 0))

    static func record(_ tags: [(String, String)] = [("environment", "prod"), ("owner", "ada"), ("retention", "30")])
        -> ResourceRecord
    {
        ResourceRecord(
            resource: resource,
            tags: tags.sorted { $0.0 < $1.0 }.map { key, value in
                VirtualTag(
                    key: key,
                    winner: TagAssertion(
                        value: value, source: .manual, createdBy: "ada", createdAt: Timestamp(milliseconds: 0),
                        updatedAt: Timestamp(milliseconds: 0)))
            })
    }

    /// Decodes, compiles and asks.
    static func holds(_ json: String, for record: ResourceRecord = record()) throws -> Bool {
        try CompiledCondition(decode(json)).holds(for: record, in: EvaluationContext())
    }

    static func decode(_ json: String) throws -> Condition {
        var errors = ValidationErrors()
        guard let condition = Condition(json: try JSONValue(parsing: json), at: .root, into: &errors) else { throw errors }
        return condition
    }

    /// What is wrong with the condition, as "pointer: message".
    static func problems(_ json: JSONValue) -> [String] {
        var errors = ValidationErrors()
        _ = Condition(json: json, at: .root, into: &errors)
        return errors.problems.map { "\($0.pointer): \($0.message)" }
    }

    static func problems(_ json: String) throws -> [String] { problems(try JSONValue(parsing: json)) }
}
