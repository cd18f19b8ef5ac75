import Interchange
import JSON
import Model
import Testing

@Suite("Tag policies of AWS Organizations")
struct TagPolicyTests {
    private func imported(_ documents: String...) throws -> ImportedDefinitions {
        var reader = TagPolicyImport()
        for document in documents { try reader.read(JSONValue(parsing: document)) }
        return reader.definitions()
    }

    @Test("A key with values becomes a definition; what is enforced for some resources also a policy for them")
    func basics() throws {
        let found = try imported(
            """
            {"tags":{"costcenter":{"tag_key":{"@@assign":"CostCenter"},"tag_value":{"@@assign":["100","200"]},
             "enforced_for":{"@@assign":["ec2:instance","s3:*"]}},"project":{}}}
            """)
        #expect(found.isWhole && found.definitions.map { $0["tag_key"]?.string } == ["CostCenter", "project"])
        #expect(found.definitions[0]["allowed_values"]?.array == [.string("100"), .string("200")])
        #expect(found.policies.count == 1 && found.policies[0]["severity"]?.string == "HIGH")
        #expect(try Inventory(tags: ["costcenter": "300"]).violations(of: found).count == 1)
        #expect(try Inventory(type: "s3.bucket", tags: ["costcenter": "300"]).violations(of: found).count == 1)
        #expect(try Inventory(type: "sqs.queue", tags: ["costcenter": "300"]).violations(of: found).isEmpty)
        #expect(try Inventory(tags: ["costcenter": "200"]).violations(of: found).isEmpty)
        #expect(try Inventory().violations(of: found).isEmpty)
    }

    @Test("A wildcard becomes a pattern over the whole value, for AWS's resources")
    func wildcards() throws {
        let found = try imported(#"{"tags":{"mail":{"tag_value":{"@@assign":["*@brindlewick.example","none"]}}}}"#)
        #expect(found.definitions[0]["allowed_values"] == nil)
        #expect(try Inventory(tags: ["mail": "a@brindlewick.example"]).violations(of: found).isEmpty)
        #expect(try Inventory(tags: ["mail": "none"]).violations(of: found).isEmpty)
        #expect(try Inventory(tags: ["mail": "a@brindlewickXexample"]).violations(of: found).count == 1)
        #expect(try Inventory(tags: ["mail": "none of it"]).violations(of: found).count == 1)
        #expect(try Inventory(provider: .gcp, tags: ["mail": "x"]).violations(of: found).isEmpty)
    }

    @Test("A chain of policies is read from the root down: assign, append and remove, as far as the parent allows it")
    func inheritance() throws {
        let root = """
            {"tags":{"stage":{"tag_key":{"@@assign":"Stage","@@operators_allowed_for_child_policies":["@@none"]},
             "tag_value":{"@@assign":["prod","test"],"@@operators_allowed_for_child_policies":["@@append","@@remove"]}}}}
            """
        let child = #"{"tags":{"Stage":{"tag_value":{"@@append":["dev"],"@@remove":["test"]}}}}"#
        let found = try imported(root, child)
        #expect(found.isWhole && found.definitions[0]["allowed_values"]?.array == [.string("prod"), .string("dev")])
        let refused = try imported(root, #"{"tags":{"stage":{"tag_key":{"@@assign":"STAGE"}}}}"#)
        #expect(refused.leftOut == ["/tags/stage/tag_key/@@assign: a policy above does not let this one use @@assign"])
        #expect(refused.definitions[0]["tag_key"]?.string == "Stage")
    }

    @Test("What is required of some resources is a policy; effective policies and printed ones are read too")
    func shapes() throws {
        let effective =
            #"{"EffectivePolicy":{"PolicyContent":"{\"tags\":{\"owner\":{\"tag_key\":\"Owner\",\"tag_value\":[\"a\"],\"report_required_tag_for\":[\"ec2:ALL_SUPPORTED\"]}}}"}}"#
        let found = try imported(effective)
        #expect(found.isWhole && found.policies.map { $0["policy_type"]?.string } == ["REQUIRED_TAGS"])
        #expect(try Inventory().violations(of: found) == ["AWS tag policy, required: Owner"])
        #expect(try Inventory(type: "s3.bucket").violations(of: found).isEmpty)
    }

    @Test(
        "What is wrong is named with its place",
        arguments: [
            (#"{"tags":{"a":7}}"#, "/tags/a: expected an object"),
            (#"{"tags":{"a":{"tag_key":{"@@assign":"b"}}}}"#, "/tags/a/tag_key: the tag key \"b\" is not the policy key"),
            (#"{"tags":{"a":{"tag_value":{"@@assign":[7]}}}}"#, "/tags/a/tag_value/@@assign: expected a text"),
            (#"{"tags":{"a":{"tag_value":{"@@set":["x"]}}}}"#, "/tags/a/tag_value/@@set: there is no operator"),
            (#"{"tags":{"a":{"enforced_for":{"@@assign":["ec2"]}}}}"#, "\"ec2\" is no type of resource"),
            (#"{"tags":{"a":{"other":1}}}"#, "/tags/a/other: tag policies have no such field"),
            (#"{"tags":{"a b":{},"A_B":{}}}"#, "is there already"),
        ])
    func malformed(document: String, complaint: String) throws {
        let found = try imported(document)
        #expect(found.contains(leftOut: complaint), "\(found.leftOut)")
    }

    @Test(
        "A document that is no tag policy is refused",
        arguments: ["{}", "[]", #"{"tags":[]}"#, #"{"Policy":{"Content":"x"}}"#])
    func notOne(document: String) {
        #expect(throws: NotImportable.self) { try imported(document) }
    }
}

@Suite("Cost Categories of AWS")
struct CostCategoryTests {
    private static let category = """
        {"Name":"Team","RuleVersion":"CostCategoryExpression.v1","DefaultValue":"Unassigned","Rules":[
         {"Value":"Checkout","Rule":{"And":[{"Dimensions":{"Key":"LINKED_ACCOUNT","Values":["111122223333"],"MatchOptions":["EQUALS"]}},
          {"Not":{"Tags":{"Key":"stage","Values":["test"],"MatchOptions":["EQUALS"]}}}]},"Type":"REGULAR"},
         {"Value":"Data","Rule":{"Or":[{"Tags":{"Key":"app","Values":["etl-","lake-"],"MatchOptions":["STARTS_WITH"]}},
          {"Dimensions":{"Key":"SERVICE_CODE","Values":["AmazonRedshift"]}}]}},
         {"Type":"INHERITED_VALUE","InheritedValue":{"DimensionName":"TAG","DimensionKey":"team"}},
         {"Value":"Bare","Rule":{"Tags":{"Key":"app","MatchOptions":["ABSENT"]}}}],
         "SplitChargeRules":[{"Source":"Shared","Targets":["Checkout"],"Method":"EVEN"}]}
        """

    private func imported(_ document: String, key: String? = nil) throws -> ImportedDefinitions {
        try CostCategoryImport(key: key).definitions(from: JSONValue(parsing: document))
    }

    @Test("The first rule that matches gives the value, and the default what no rule matches")
    func firstMatchWins() throws {
        let found = try imported(Self.category, key: "cost-team")
        #expect(found.rules.count == 5 && found.leftOut.count == 1)
        #expect(found.leftOut[0].hasPrefix("/SplitChargeRules/0: "))
        func team(_ inventory: Inventory) throws -> String? { try inventory.tagged(by: found)["cost-team"] }
        #expect(try team(Inventory()) == "Checkout")
        #expect(try team(Inventory(tags: ["app": "etl-1"])) == "Checkout")
        #expect(try team(Inventory(tags: ["stage": "test", "app": "etl-1"])) == "Data")
        #expect(try team(Inventory(type: "redshift.cluster", account: "2")) == "Data")
        #expect(try team(Inventory(account: "2", tags: ["team": "web", "app": "x"])) == "web")
        #expect(try team(Inventory(account: "2")) == "Bare")
        #expect(try team(Inventory(account: "2", tags: ["app": "x"])) == "Unassigned")
        #expect(try team(Inventory(provider: .gcp)) == nil)
    }

    @Test("Case counts unless the rule says otherwise")
    func matchOptions() throws {
        func rule(_ options: String) -> String {
            #"[{"Value":"v","Rule":{"Tags":{"Key":"app","Values":["web"],"MatchOptions":[\#(options)]}}}]"#
        }
        for (options, value, matches) in [
            (#""EQUALS""#, "WEB", false), (#""EQUALS","CASE_INSENSITIVE""#, "WEB", true), (#""ENDS_WITH""#, "my-web", true),
            (#""CONTAINS""#, "a web b", true), (#""CONTAINS","CASE_INSENSITIVE""#, "a WEB b", true), ("", "web", true),
        ] {
            let found = try imported(rule(options), key: "k")
            #expect(try Inventory(tags: ["app": value]).tagged(by: found)["k"] == (matches ? "v" : nil), "\(options)")
        }
    }

    @Test(
        "What tags cannot say is named with its place",
        arguments: [
            (
                #"{"Value":"v","Rule":{"Dimensions":{"Key":"RECORD_TYPE","Values":["Tax"]}}}"#,
                "/0/Rule/Dimensions: RECORD_TYPE is about a line"
            ),
            (#"{"Value":"v","Rule":{"Dimensions":{"Key":"LINKED_ACCOUNT_NAME","Values":["x"]}}}"#, "names of accounts"),
            (
                #"{"Value":"v","Rule":{"Dimensions":{"Key":"SERVICE_CODE","Values":["AmazonEC3"]}}}"#,
                "did you mean \"AmazonEC2\"?"
            ),
            (#"{"Value":"v","Rule":{"And":{}}}"#, "/0/Rule/And: expected a list"), (#"{"Value":"v"}"#, "/0: a rule needs"),
            (#"{"Value":"v","Rule":{"Tags":{"Key":"a"}}}"#, "/0/Rule/Tags/Values: expected a list"),
            (
                #"{"Value":"v","Rule":{"Tags":{"Key":"a","Values":["x"],"MatchOptions":["EQUALS","CONTAINS"]}}}"#,
                "exclude each other"
            ),
            (#"{"Value":"v","Rule":{"Xor":[]}}"#, "/0/Rule/Xor: there is no expression"), ("7", "/0: expected an object"),
            (
                #"{"Type":"INHERITED_VALUE","InheritedValue":{"DimensionName":"LINKED_ACCOUNT_NAME"}}"#,
                "/0/InheritedValue: only a tag's"
            ),
            (#"{"Type":"OTHER","Value":"v"}"#, "/0/Type: there is no type"),
            (#"{"Value":"","Rule":{"Tags":{"Key":"a","Values":["x"]}}}"#, "would be refused"),
        ])
    func leftOut(rule: String, complaint: String) throws {
        let found = try imported("[\(rule)]", key: "k")
        #expect(found.count == 0 && found.contains(leftOut: complaint), "\(found.leftOut)")
    }

    @Test("Rules without a name need a key; what is no category is refused", arguments: ["[]", "{}", "7", #"{"Rules":7}"#])
    func notOne(document: String) {
        #expect(throws: NotImportable.self) { try imported(document) }
    }
}
