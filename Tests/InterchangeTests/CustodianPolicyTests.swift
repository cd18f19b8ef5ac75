import Interchange
import JSON
import Model
import Testing

@Suite("Policies of Cloud Custodian")
struct CustodianPolicyTests {
    // MARK: Actions

    @Test("tag and mark set tags, with the account and the region in their values")
    func setting() throws {
        let imported = try custodian(
            filters: "[]",
            actions: """
                [{"type":"tag","tags":{"Stage":"prod","Where":"{account_id}/{region}"}},{"type":"tag","key":"Team","value":"web"},
                 {"type":"tag","tag":"Brace","value":"{{a}} ${b}"},{"type":"mark","msg":"seen"}]
                """.replacing("${b}", with: "$"))
        #expect(imported.isWhole, "\(imported.findings)")
        #expect(
            try Inventory().tagged(by: imported) == [
                "Stage": "prod", "Where": "111122223333/eu-west-1", "Team": "web", "Brace": "{a} $", "maid_status": "seen",
            ])
    }

    @Test("What looks like a reference of ours stays text")
    func noReference() throws {
        let imported = try custodian(filters: "[]", actions: #"[{"type":"tag","key":"a","value":"${{name}}"}]"#)
        #expect(try Inventory().tagged(by: imported) == ["a": "${name}"])
    }

    @Test("remove-tag, unmark and untag take tags away; rename-tag moves a value")
    func removing() throws {
        let imported = try custodian(
            filters: "[]",
            actions: """
                ["unmark",{"type":"remove-tag","tags":["junk"]},{"type":"rename-tag","old_key":"Envment","new_key":"environment"}]
                """)
        let inventory = Inventory(tags: ["maid_status": "x", "junk": "y", "Envment": "prod", "kept": "z"])
        #expect(try inventory.tagged(by: imported) == ["environment": "prod", "kept": "z"])
        #expect(try Inventory(tags: ["kept": "z"]).tagged(by: imported) == ["kept": "z"])
    }

    @Test("normalize-tag becomes the case policy of a definition, a renaming of spelling alone a definition")
    func definitions() throws {
        let imported = try custodian(
            filters: #"[{"tag:Stage":"present"}]"#,
            actions: """
                [{"type":"normalize-tag","key":"Stage","action":"lower"},{"type":"rename-tag","old_key":"cost_center","new_key":"CostCenter"},
                 {"type":"normalize-tag","key":"Team","action":"title"}]
                """)
        #expect(imported.rules.isEmpty && imported.definitions.count == 2)
        #expect(imported.leftOut.count == 1 && imported.contains(leftOut: "not changed by \"title\""))
        #expect(
            try Inventory(tags: ["Stage": "PROD", "cost_center": "7"]).tagged(by: imported) == [
                "Stage": "prod", "CostCenter": "7",
            ])
    }

    @Test(
        "Actions that have no counterpart are named, and the others stay",
        arguments: [
            (#"{"type":"mark-for-op","op":"stop","days":4}"#, "a day that is counted"),
            (#"{"type":"auto-tag-user","tag":"Owner"}"#, "who created a resource"),
            (#"{"type":"copy-related-tag","resource":"ebs","key":"VolumeId","tags":"*"}"#, "related resources"),
            (#""terminate""#, "`terminate` does something to the resource itself"),
            (#"{"type":"tag","key":"a","value":"{now}"}"#, "known only when Cloud Custodian runs"),
            (#"{"type":"tag","tags":{"a":{"type":"resource"}}}"#, "would look it up"),
            (#"{"type":"tag","tags":["a"]}"#, "`tags` is an array"), (#"{"type":"tag"}"#, "sets no tag"),
            (#"{"type":"rename-tag","old_key":"a"}"#, "needs `old_key` and `new_key`"),
            (#"{"type":"remove-tag","tags":[7]}"#, "not a list of texts"), ("7", "the action has no type"),
        ])
    func leftOut(action: String, complaint: String) throws {
        let imported = try custodian(filters: "[]", actions: #"[\#(action),{"type":"tag","key":"kept","value":"yes"}]"#)
        #expect(imported.leftOut.count == 1 && imported.contains(leftOut: complaint), "\(imported.leftOut)")
        #expect(imported.leftOut[0].hasPrefix("/policies/0/actions/0"))
        #expect(try Inventory().tagged(by: imported) == ["kept": "yes"])
    }

    // MARK: Policies that only select

    @Test("What only selects becomes policies: the resources it selects are those that violate them")
    func compliance() throws {
        let filters = [
            #"[{"tag:Owner":"absent"}]"#,
            #"[{"or":[{"tag:Owner":"absent"},{"tag:Stage":"empty"},{"type":"value","key":"tag:Stage","op":"not-in","value":["prod","test"]}]}]"#,
            #"[{"tag:Owner":"absent"},{"tag:Stage":"absent"}]"#,
            #"[{"tag:Stage":"prod"},{"tag:Owner":"absent"}]"#,
            #"[{"not":[{"and":[{"tag:Owner":"present"},{"tag:Stage":"present"}]}]}]"#,
            #"[{"not":[{"type":"value","key":"tag:Stage","op":"regex","value":"(prod|test)$"}]}]"#,
            #"[{"type":"value","key":"tag:Stage","op":"ne","value":"prod"}]"#,
            #"[{"type":"value","key":"tag:Stage","value_type":"normalize","op":"ni","value":["prod"]}]"#,
            #"[{"type":"tag-count","op":"lt","count":2}]"#, #"[{"type":"tag-count","count":2}]"#,
        ]
        let inventories: [[String: String]] = [
            [:], ["Owner": "jo"], ["Owner": "jo", "Stage": "prod"], ["Stage": "prod"], ["Stage": "TEST"],
            ["Owner": "jo", "Stage": ""], ["Owner": "jo", "Stage": "other"],
        ]
        for text in filters {
            let selecting = try custodian(filters: text)
            #expect(
                selecting.isWhole && !selecting.policies.isEmpty && selecting.rules.isEmpty, "\(text) \(selecting.findings)")
            // To REQUIRED_TAGS a tag without a value is a missing one.
            let asksForEmpty = text.contains("empty")
            for tags in inventories where asksForEmpty || !tags.values.contains("") {
                let list = try JSONValue(parsing: text).array ?? []
                let expected = list.allSatisfy { Self.selects($0, tags) }
                let found = try Inventory(tags: tags).violations(of: selecting)
                #expect(!found.isEmpty == expected, "\(text) of \(tags): \(found)")
                #expect(try Inventory(type: "s3.bucket", tags: tags).violations(of: selecting).isEmpty)
            }
        }
    }

    /// A filter that may ask for several tags.
    private static func selects(_ filter: JSONValue, _ tags: [String: String]) -> Bool {
        guard let first = filter.members?.first else { return false }
        let parts = first.value.array ?? []
        switch first.name {
        case "and": return parts.allSatisfy { selects($0, tags) }
        case "or": return parts.contains { selects($0, tags) }
        case "not": return !parts.allSatisfy { selects($0, tags) }
        default: break
        }
        if filter["type"]?.string == "tag-count" {
            let count = filter["count"]?.int ?? 10
            return filter["op"]?.string == "lt" ? tags.count < count : tags.count >= count
        }
        let key = filter["key"]?.string ?? first.name
        return CustodianOracle.selects(filter, tags[String(key.dropFirst(4))])
    }

    @Test("What selects without a fault of a tag is left out; with actions for the resource, these are named too")
    func noFault() throws {
        let plain = try custodian(filters: #"[{"State.Name":"stopped"}]"#)
        #expect(plain.count == 0 && plain.contains(leftOut: "without a tag that would be wrong"))
        let acting = try custodian(filters: #"[{"tag:Owner":"absent"}]"#, actions: #"["stop"]"#)
        #expect(acting.policies.count == 1 && acting.contains(leftOut: "`stop` does something"))
    }

    // MARK: Order, scope and shape

    @Test("A later policy has its way over an earlier one, unless it reads what that one writes")
    func order() throws {
        func policy(_ name: String, _ value: String, when filters: String = "[]") -> String {
            #"{"name":"\#(name)","resource":"ec2","filters":\#(filters),"actions":[{"type":"tag","key":"stage","value":"\#(value)"}]}"#
        }
        let both = try custodian(policy("one", "first"), policy("two", "second"))
        #expect(try Inventory().tagged(by: both) == ["stage": "second"] && both.findings.isEmpty)
        let reading = try custodian(policy("one", "first"), policy("two", "second", when: #"[{"tag:Stage":"first"}]"#))
        #expect(try Inventory().tagged(by: reading) == ["stage": "first"])
        #expect(reading.findings.contains { $0.why.contains("here the earlier one wins") })
        let chain = try custodian(
            #"{"name":"a","resource":"ec2","filters":[{"tag:Owner":"absent"}],"actions":[{"type":"mark","msg":"bad"}]}"#,
            #"{"name":"b","resource":"ec2","filters":[{"tag:maid_status":"bad"}],"actions":[{"type":"tag","key":"chased","value":"yes"}]}"#
        )
        #expect(try Inventory().tagged(by: chain) == ["maid_status": "bad", "chased": "yes"])
    }

    @Test("A policy's region, conditions, start and end narrow the rule; unknown members keep it out")
    func members() throws {
        let mark = #"[{"type":"mark","msg":"x"}]"#
        let region = try custodian(
            filters: "[]", actions: mark,
            more: #","region":"us-east-1","conditions":[{"type":"value","key":"account_id","op":"in","value":["1"]}]"#)
        #expect(try Inventory(account: "1", region: "us-east-1").tagged(by: region).count == 1)
        #expect(try Inventory(account: "1").tagged(by: region).isEmpty)
        #expect(try Inventory(account: "2", region: "us-east-1").tagged(by: region).isEmpty)
        let dated = try custodian(
            filters: "[]", actions: mark, more: #","start":"2026-10-31","end":"2026/11/30"}"#.replacing("}", with: ""))
        #expect(dated.rules[0]["effective_start"]?.string == "2026-10-31T00:00:00.000Z")
        #expect(dated.rules[0]["effective_end"]?.string == "2026-11-30T00:00:00.000Z")
        let query = try custodian(filters: "[]", actions: mark, more: #","query":[{"instance-state-name":"running"}]"#)
        #expect(query.count == 0 && query.leftOut[0].hasPrefix("/policies/0/query: "))
        let event = try custodian(filters: "[]", actions: mark, more: #","mode":{"type":"cloudtrail"}"#)
        #expect(event.isWhole && event.findings[0].kind == .changed)
    }

    @Test("Google's labels and Azure's tags are read as tags")
    func otherProviders() throws {
        let google = try custodian(
            filters: #"[{"tag:env":"absent"}]"#,
            actions: #"[{"type":"set-labels","labels":{"env":"none"},"remove":["old"]}]"#,
            resource: "gcp.instance")
        #expect(
            try Inventory(provider: .gcp, type: "compute.instance", tags: ["old": "x"]).tagged(by: google) == ["env": "none"]
        )
        let azure = try custodian(
            filters: #"[{"location":"westeurope"}]"#, actions: #"[{"type":"tag","tag":"Zone","value":"EU"}]"#,
            resource: "azure.vm")
        #expect(
            try Inventory(provider: .azure, type: "microsoft.compute/virtualmachines", region: "westeurope")
                .tagged(by: azure) == ["Zone": "EU"])
    }

    @Test("Malformed policies are named one by one, and the others come over")
    func malformed() throws {
        let good = #"{"name":"good","resource":"ec2","actions":[{"type":"mark","msg":"x"}]}"#
        let imported = try custodian(
            "7", #"{"name":"a"}"#, #"{"name":"b","resource":7}"#, #"{"name":"c","resource":"aws.ec3"}"#,
            #"{"name":"d","resource":"oci.instance"}"#,
            #"{"name":"\#(String(repeating: "n", count: 200))","resource":"ec2","actions":["mark"]}"#,
            good, good)
        #expect(imported.rules.count == 1)
        #expect(imported.contains(leftOut: "/policies/0: a policy is an object with a name"))
        #expect(imported.contains(leftOut: "/policies/1/resource: the policy names no resource"))
        #expect(imported.contains(leftOut: "did you mean \"ec2\"?"))
        #expect(imported.contains(leftOut: "the provider \"oci\" is not known"))
        #expect(imported.contains(leftOut: "\"good\" is there already"))
        for document in ["[]", "7", #"{"policies":{}}"#, "{}"] {
            #expect(throws: NotImportable.self) { try CustodianImport().definitions(from: JSONValue(parsing: document)) }
        }
    }

    @Test("Nothing that anybody may write brings the import down: random documents", arguments: 0..<20)
    func randomDocuments(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        for _ in 0..<200 {
            let imported = try CustodianImport(at: .zero).definitions(
                from: .object([.init("policies", .array((0..<3).map { _ in dice.policy() }))]))
            // What came out is what the server would take; nothing disappears in silence.
            _ = try Inventory(tags: ["a": "1"]).tagged(by: imported)
            _ = try Inventory(tags: ["a": "1"]).violations(of: imported)
            #expect(imported.count > 0 || !imported.findings.isEmpty, "seed \(seed)")
        }
    }
}

/// Policies that mix what is right and wrong. SplitMix64.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func roll(_ sides: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(sides))
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }

    mutating func policy() -> JSONValue {
        var members: [JSONValue.Member] = []
        if roll(10) > 0 { members.append(.init("name", .string("p\(roll(50))"))) }
        if roll(10) > 0 {
            members.append(.init("resource", roll(8) == 0 ? value(3) : .string(pick(["ec2", "aws.s3", "gcp.disk", "x"]))))
        }
        members.append(.init("filters", roll(5) == 0 ? value(3) : .array((0..<roll(4)).map { _ in filter(4) })))
        if roll(2) == 0 {
            members.append(.init("actions", roll(5) == 0 ? value(3) : .array((0..<roll(4)).map { _ in action() })))
        }
        if roll(6) == 0 { members.append(.init(pick(["mode", "start", "region", "conditions", "odd"]), value(3))) }
        return .object(members)
    }

    private mutating func filter(_ depth: Int) -> JSONValue {
        switch roll(depth > 0 ? 6 : 3) {
        case 0: return .object([.init("tag:\(pick(["a", "b", ""]))", value(1))])
        case 1:
            return .object([
                .init("type", .string(pick(["value", "tag-count", "marked-for-op", "x"]))),
                .init("key", roll(6) == 0 ? value(1) : .string(pick(["tag:a", "State.Name", "a[", "a[0].b"]))),
                .init("op", .string(pick(["eq", "ni", "gt", "regex", "glob", "contains", "in", "zz"]))),
                .init("value_type", pick([.null, .string("age"), .string("integer"), .string("size"), .string("swap")])),
                .init("value", value(2)),
            ])
        case 2: return value(2)
        default: return .object([.init(pick(["and", "or", "not"]), .array((0..<roll(4)).map { _ in filter(depth - 1) }))])
        }
    }

    private mutating func action() -> JSONValue {
        roll(5) == 0
            ? value(2)
            : .object([
                .init(
                    "type", .string(pick(["tag", "mark", "unmark", "rename-tag", "normalize-tag", "set-labels", "stop"]))),
                .init(pick(["key", "tag", "old_key", "labels"]), value(1)),
                .init(pick(["value", "msg", "tags", "new_key", "action"]), value(2)),
            ])
    }

    private mutating func value(_ depth: Int) -> JSONValue {
        switch roll(depth > 0 ? 9 : 7) {
        case 0: .null
        case 1: .bool(roll(2) == 0)
        case 2: .int(roll(20) - 5)
        case 3: .double(Double(roll(100)) / 7)
        case 4: .string(pick(["absent", "present", "", "a", "{x}", "${y", "(", "[", "lower", "\u{1}"]))
        case 5: .string(String(repeating: "long", count: roll(600)))
        case 6: .int(roll(2) == 0 ? .max : .min)
        case 7: .array((0..<roll(4)).map { _ in value(depth - 1) })
        default: .object((0..<roll(4)).map { .init("k\($0)", value(depth - 1)) })
        }
    }
}
