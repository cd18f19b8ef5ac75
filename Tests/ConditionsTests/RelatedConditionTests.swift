import Conditions
import JSON
import Model
import Testing

@Suite("Conditions along relationships")
struct RelatedConditionTests {
    private static func read(_ text: String) throws -> (Condition?, [String]) {
        var errors = ValidationErrors()
        let condition = Condition(
            json: try JSONValue(parsing: text), at: .root, alongRelationships: true, into: &errors)
        return (condition, errors.problems.map { "\($0.pointer): \($0.message)" })
    }

    @Test("They are read with what is not said filled in, and written as they are read")
    func reading() throws {
        let (condition, errors) = try Self.read(
            #"{"not":{"related":{"types":["attached_to","IN_SUBNET"],"max_depth":3,"where":{"field":"tags.env","operator":"eq","value":"prod"}}}}"#
        )
        #expect(errors == [])
        let prod = Condition.test(FieldTest(.tag("env"), .eq, .text("prod")))
        let query = RelationQuery(
            types: RelationshipTypes(.attachedTo, .inSubnet), direction: .outgoing, depths: 1...3, subject: .condition(prod))
        #expect(condition == .not(.related(query)))
        let written = try #require(condition).json
        #expect(try Self.read(String(decoding: written.serialised, as: UTF8.self)).0 == condition)
        let bare = try Self.read(#"{"related":{"types":["uses"],"direction":"any","min_depth":2}}"#).0
        #expect(
            bare
                == .related(
                    RelationQuery(
                        types: RelationshipTypes(.uses), direction: .any, depths: 2...2, subject: .condition(.all([])))))
    }

    @Test(
        "A mistake is named with its place",
        arguments: [
            (#"{"related":{}}"#, ["/related/types: the field is required"]),
            (
                #"{"related":{"types":["atached_to"],"direction":"up","max_depth":5}}"#,
                [
                    "/related/types/0: there is no relationship \"atached_to\"; did you mean \"attached_to\"?",
                    "/related/direction: \"up\" is not one of out, in, any; did you mean \"out\"?",
                    "/related/max_depth: 5 is not between 1 and 4",
                ]
            ),
            (
                #"{"related":{"types":["uses"],"min_depth":3,"max_depth":2}}"#,
                ["/related/min_depth: min_depth is above max_depth, which is 2"]
            ),
            (
                #"{"related":{"types":["uses"],"where":{"any":[{"related":{"types":["uses"]}}]}}}"#,
                [
                    "/related/where/any/0/related: `related` is for conditions of rules and policies, and not inside another `related`"
                ]
            ),
        ])
    func mistakes(text: String, expected: [String]) throws {
        let found = try Self.read(text).1
        #expect(found == expected)
    }

    @Test("They hold where the row has an answer to them, in memory and as it is stored")
    func holding() throws {
        let query = RelationQuery(
            types: RelationshipTypes(.uses), direction: .outgoing, depths: 1...1, subject: .condition(.all([])))
        let compiled = CompiledCondition(.related(query))
        let time = Timestamp(milliseconds: 1_790_000_000_000)
        var resource = Resource(
            provider: .aws, resourceID: "i-1", resourceType: "ec2.instance", firstSeen: time, lastSeen: time,
            costs: [CostLine(month: 202_609, service: "ec2", currency: "USD", billedNanos: 5, effectiveNanos: 4)])
        let context = EvaluationContext()
        for facts in [[], [RelationFact(query: query.key, value: "", path: [ResourceID(provider: .aws, nativeID: "x")])]] {
            resource.relations = facts
            let record = ResourceRecord(resource: resource)
            #expect(compiled.holds(for: record, in: context) == !facts.isEmpty)
            try RecordCodec.encode(record).withUnsafeBytes { row in
                try context.facts.startRow(row, withClaims: true)
                #expect(compiled.holds(&context.facts) == !facts.isEmpty)
            }
        }
    }
}
