import Interchange
import JSON
import Testing

@Suite("Filters of Cloud Custodian")
struct CustodianFilterTests {
    /// Each filter of the documentation's kinds that asks for a tag.
    static let filters = [
        #"{"tag:Stage":"absent"}"#, #"{"tag:Stage":"present"}"#, #"{"tag:Stage":"not-null"}"#, #"{"tag:Stage":"empty"}"#,
        #"{"tag:Stage":"prod"}"#, #"{"tag:Stage":""}"#,
        #"{"type":"value","key":"tag:Stage","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"eq","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"equal","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"ne","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"not-equal","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"in","value":["prod","test"]}"#,
        #"{"type":"value","key":"tag:Stage","op":"not-in","value":["prod","test"]}"#,
        #"{"type":"value","key":"tag:Stage","op":"ni","value":["prod","test"]}"#,
        #"{"type":"value","key":"tag:Stage","op":"contains","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","op":"glob","value":"p*d"}"#,
        #"{"type":"value","key":"tag:Stage","op":"glob","value":"?rod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"glob","value":"pro"}"#,
        #"{"type":"value","key":"tag:Stage","op":"glob","value":"a\\b*"}"#,
        #"{"type":"value","key":"tag:Stage","op":"regex","value":"pro"}"#,
        #"{"type":"value","key":"tag:Stage","op":"regex","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","op":"regex","value":"test|prod$"}"#,
        #"{"type":"value","key":"tag:Stage","op":"regex-case","value":"^PROD$"}"#,
        #"{"type":"value","key":"tag:Stage","op":"gt","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"ge","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"less-than","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","op":"lte","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"normalize","value":"prod"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"normalize","op":"not-in","value":["prod","test"]}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"normalize","op":"contains","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"integer","op":"gt","value":7}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"integer","op":"lt","value":8}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"integer","op":"eq","value":0}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"integer","op":"ne","value":7}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"integer","op":"lte","value":-1}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"size","op":"lt","value":4}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"size","op":"gte","value":4}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"size","op":"ne","value":4}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"size","op":"eq","value":0}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"swap","op":"in","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"swap","op":"not-in","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"swap","op":"ni","value":"ro"}"#,
        #"{"type":"value","key":"tag:Stage","value_type":"swap","op":"contains","value":["prod","7"]}"#,
        #"{"or":[{"tag:Stage":"absent"},{"tag:Stage":"prod"}]}"#,
        #"{"and":[{"tag:Stage":"present"},{"not":[{"tag:Stage":"prod"}]}]}"#,
        #"{"not":[{"tag:Stage":"present"},{"type":"value","key":"tag:Stage","op":"glob","value":"p*"}]}"#,
        #"{"not":[{"or":[{"tag:Stage":"prod"},{"and":[{"tag:Stage":"test"},{"tag:Stage":"present"}]}]}]}"#,
    ]
    static let values: [String?] = [
        nil, "", "prod", "PROD", "Prod", "test", "pro", "xprod", "prod2", "a\\bc", "é", "7", "8", "10", "-3", "7.5", "0",
    ]

    @Test("A filter selects what Cloud Custodian's documentation says", arguments: filters)
    func selects(filter: String) throws {
        let imported = try custodian(filters: "[\(filter)]", actions: #"[{"type":"tag","key":"hit","value":"yes"}]"#)
        #expect(imported.isWhole, "\(imported.findings)")
        for value in Self.values {
            let expected = CustodianOracle.selects(try JSONValue(parsing: filter), value)
            let tags = try Inventory(tags: value.map { ["Stage": $0] } ?? [:]).tagged(by: imported)
            #expect((tags["hit"] != nil) == expected, "\(filter) of \(value ?? "nothing")")
        }
    }

    @Test("A list of filters selects what all of them do, and only resources of the type")
    func listAndType() throws {
        let imported = try custodian(
            filters: #"[{"tag:Owner":"absent"},{"State.Name":"running"}]"#, actions: #"[{"type":"mark","msg":"no owner"}]"#)
        let running = #"{"State":{"Name":"running"}}"#
        #expect(try Inventory(metadata: running).tagged(by: imported) == ["maid_status": "no owner"])
        #expect(try Inventory(metadata: #"{"State":{"Name":"stopped"}}"#).tagged(by: imported).isEmpty)
        #expect(try Inventory(tags: ["Owner": "jo"], metadata: running).tagged(by: imported) == ["owner": "jo"])
        #expect(try Inventory(type: "ec2.volume", metadata: running).tagged(by: imported).isEmpty)
    }

    @Test("A size of a list counts its elements, a swapped `in` looks into it")
    func lists() throws {
        let mark = #"[{"type":"mark","msg":"hit"}]"#
        let size = try custodian(
            filters: #"[{"type":"value","key":"Zones","value_type":"size","op":"gt","value":1}]"#, actions: mark)
        #expect(try Inventory(metadata: #"{"Zones":["a","b"]}"#).tagged(by: size).count == 1)
        #expect(try Inventory(metadata: #"{"Zones":["a"]}"#).tagged(by: size).isEmpty)
        let member = try custodian(
            filters: #"[{"type":"value","key":"Zones","value_type":"swap","op":"in","value":"b"}]"#, actions: mark)
        #expect(try Inventory(metadata: #"{"Zones":["a","b"]}"#).tagged(by: member).count == 1)
        #expect(try Inventory(metadata: #"{"Zones":["abc"]}"#).tagged(by: member).isEmpty)
        let number = try custodian(
            filters: #"[{"type":"value","key":"CpuOptions.CoreCount","op":"greater-than","value":36}]"#, actions: mark)
        #expect(try Inventory(metadata: #"{"CpuOptions":{"CoreCount":48}}"#).tagged(by: number).count == 1)
        #expect(try Inventory(metadata: #"{"CpuOptions":{"CoreCount":36}}"#).tagged(by: number).isEmpty)
        #expect(try Inventory().tagged(by: number).isEmpty)
    }

    @Test("Ages, expiry and marks are judged as of a moment that is named, and left out without one")
    func times() throws {
        let mark = #"[{"type":"mark","msg":"hit"}]"#
        let old = #"[{"type":"value","key":"LaunchTime","value_type":"age","op":"gt","value":30}]"#
        #expect(try custodian(filters: old, actions: mark).contains(leftOut: "days are counted"))
        let at = "2026-11-23T12:00:00Z"
        let aged = try custodian(filters: old, actions: mark, at: at)
        #expect(try Inventory(metadata: #"{"LaunchTime":"2026-10-01T00:00:00+00:00"}"#).tagged(by: aged).count == 1)
        #expect(try Inventory(metadata: #"{"LaunchTime":"2026-11-01T00:00:00+00:00"}"#).tagged(by: aged).isEmpty)
        #expect(try Inventory().tagged(by: aged).isEmpty)
        let expiring = try custodian(
            filters: #"[{"type":"value","key":"tag:expires","value_type":"expiration","op":"lt","value":7}]"#, actions: mark,
            at: at)
        #expect(try Inventory(tags: ["expires": "2026-11-29"]).tagged(by: expiring).count == 2)
        #expect(try Inventory(tags: ["expires": "2026-12-29"]).tagged(by: expiring).count == 1)
        #expect(try Inventory(tags: ["expires": "never"]).tagged(by: expiring).count == 1)

        let marked = #"[{"type":"marked-for-op","op":"stop"}]"#
        #expect(try custodian(filters: marked, actions: mark).contains(leftOut: "marked day"))
        let due = try custodian(filters: marked, actions: #"[{"type":"tag","key":"due","value":"yes"}]"#, at: at)
        for (text, isDue) in [
            ("Resource does not meet policy: stop@2026/11/23", true), ("x: stop@2026/11/22", true),
            ("x: stop@2025/12/31", true), ("x: stop@2026/11/22 1200 UTC", true), ("x: stop@2026/11/24", false),
            ("x: stop@2026/12/01", false), ("x: stop@2027/01/01", false), ("x: terminate@2026/11/01", false),
            ("stop@2026/11/01", false), ("nothing", false),
        ] {
            #expect(try Inventory(tags: ["maid_status": text]).tagged(by: due)["due"] == (isDue ? "yes" : nil), "\(text)")
        }
    }

    @Test(
        "What cannot be said is named with its place, and the whole policy stays out",
        arguments: [
            (#"[{"type":"image-age","days":30}]"#, "/policies/0/filters/0: `image-age` asks the provider"),
            (#"["offhour"]"#, "/policies/0/filters/0: `offhour` asks the provider"),
            (#"[{"tag:Count":5}]"#, "/policies/0/filters/0/tag:Count: a tag is text"),
            (
                #"[{"or":[{"tag:a":"absent"},{"type":"value","key":"tag:Count","op":"gt","value":5}]}]"#,
                "/policies/0/filters/0/or/1/value: a tag is text"
            ),
            (
                #"[{"type":"value","key":"tag:a","op":"gt","value":"5"}]"#,
                "/policies/0/filters/0/value: Cloud Custodian compares \"5\""
            ),
            (
                #"[{"type":"value","key":"tag:a","op":"regex","value":"(?!x)y"}]"#,
                "/policies/0/filters/0/value: not a valid regular expression"
            ),
            (
                #"[{"type":"value","key":"tag:a","op":"in","value_from":{"url":"s3://b/k"}}]"#,
                "/policies/0/filters/0/value_from: `value_from` takes the value from elsewhere"
            ),
            (
                #"[{"type":"value","key":"length(Tags)","op":"ge","value":48}]"#,
                "/policies/0/filters/0: \"length(Tags)\" is an expression of JMESPath"
            ),
            (#"[{"type":"value","key":"tag:a","op":"eqq","value":"x"}]"#, "did you mean \"eq\"?"),
            (#"[{"type":"value","key":"tag:a","value_type":"cidr","value":"10.0.0.0/8"}]"#, "there is no value_type"),
            (#"[{"type":"value","key":"tag:a"}]"#, "a value filter needs `key` and `value`"),
            (#"[7]"#, "/policies/0/filters/0: a filter is a name or an object, not a number"),
            (#"[{"or":[]}]"#, "`or` of nothing selects nothing"),
            (#"[{"tag:":"absent"}]"#, "names no key"), (#"[{"type":"tag-count"}]"#, "cannot ask for the number of tags"),
        ])
    func leftOut(filters: String, complaint: String) throws {
        let imported = try custodian(filters: filters, actions: #"[{"type":"mark","msg":"x"}]"#)
        #expect(imported.count == 0)
        #expect(imported.contains(leftOut: complaint), "\(imported.leftOut)")
        #expect(imported.findings.allSatisfy { !$0.advice.isEmpty })
    }
}
