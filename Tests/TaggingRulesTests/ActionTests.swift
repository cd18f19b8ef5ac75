import Conditions
import JSON
import Model
import TaggingRules
import Testing

@Suite("What actions do")
struct ActionTests {
    private func value(_ action: String, when: String = #"{"all":[]}"#, native: [(String, String)] = []) throws -> String? {
        var scene = Scene(resource: Scene.resource(native))
        try scene.rule(#"{"rule_name":"r","conditions":\#(when),"actions":[\#(action)]}"#)
        return scene.evaluate().first { $0.key == "x" }?.value
    }

    @Test(
        "Templates read fields and groups; a reference without a value makes the action do nothing",
        arguments: [
            ("plain", "plain"), ("${name}/${region}", "web-prod-01/eu-west-1"), ("${provider}", "aws"),
            ("${tags.Env}", "production"), ("${native_tags.env}", "prd"), ("${metadata.size}-${metadata.cpu}", "large-8"),
            ("${regex.1}:${regex.2}", "web:prod"), ("${regex.0}", "web-prod-"), ("$${name}", "${name}"),
            ("$5 {x}", "$5 {x}"),
            ("${tags.missing}", nil), ("a${native_tags.empty}", nil), ("${metadata.ips}", nil), ("${regex.3}", nil),
            ("  spaced  ", "spaced"), ("${native_tags.long}", nil),
        ] as [(String, String?)])
    func templates(template: String, expected: String?) throws {
        let made = try value(
            #"{"set_tag":{"key":"x","value":"\#(template)"}}"#,
            when: #"{"field":"name","operator":"regex","value":"^([a-z]+)-([a-z]+)-(never)?"}"#,
            native: [("Env", "prd"), ("empty", ""), ("long", String(repeating: "x", count: 1025))])
        #expect(made == expected)
    }

    @Test("copy_tag copies, normalised to the target's definition")
    func copy() throws {
        #expect(try value(#"{"copy_tag":{"from":"native_tags.e","key":"x"}}"#, native: [("E", "prd")]) == "prd")
        #expect(try value(#"{"copy_tag":{"from":"account_id","key":"x"}}"#) == "111122223333")
        var scene = Scene(resource: Scene.resource([("stage", "prd")]))
        try scene.rule(
            #"{"rule_name":"r","conditions":{"all":[]},"actions":[{"copy_tag":{"from":"native_tags.stage","key":"env"}}]}"#)
        #expect(scene.outcome() == ["environment=production rule:r", "stage=prd native:stage"])
    }

    @Test(
        "map_value looks up exactly, then without regard to case, then takes the default",
        arguments: [
            ("A", "upper"), ("a", "lower"), ("b", "bee"), ("B", "bee"), ("c", "other"),
        ])
    func map(from: String, expected: String) throws {
        let mapping = #""mapping":{"A":"upper","a":"lower","b":"bee"}"#
        #expect(
            try value(
                #"{"map_value":{"key":"x","from":"native_tags.k",\#(mapping),"default":"other"}}"#, native: [("k", from)])
                == expected)
        let withoutDefault = try value(
            #"{"map_value":{"key":"x","from":"native_tags.k",\#(mapping)}}"#, native: [("k", from)])
        #expect(withoutDefault == (expected == "other" ? nil : expected))
    }

    @Test("map_value takes its default where the field is missing")
    func mapMissing() throws {
        #expect(try value(#"{"map_value":{"key":"x","from":"tags.no","mapping":{"a":"b"},"default":"none"}}"#) == "none")
        #expect(try value(#"{"map_value":{"key":"x","from":"tags.no","mapping":{"a":"b"}}}"#) == nil)
    }
}
