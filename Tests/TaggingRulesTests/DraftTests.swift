import Conditions
import JSON
import Model
import TaggingRules
import Testing

@Suite("Rules and definitions as people send them")
struct DraftTests {
    private func problems(rule json: String) throws -> [String] {
        do {
            _ = try TagRuleDraft(json: JSONValue(parsing: json))
            return []
        } catch let errors as ValidationErrors {
            return errors.problems.map { "\($0.pointer): \($0.message)" }
        }
    }

    private func problems(definition json: String) throws -> [String] {
        do {
            _ = try TagDefinitionDraft(json: JSONValue(parsing: json))
            return []
        } catch let errors as ValidationErrors {
            return errors.problems.map { "\($0.pointer): \($0.message)" }
        }
    }

    @Test("Defaults: priority 1000, enabled, no description; what was read from here can be sent back")
    func defaults() throws {
        let draft = try TagRuleDraft(
            json: JSONValue(parsing: #"{"rule_name":"r","conditions":{"all":[]},"actions":[{"remove_tag":{"key":"x"}}]}"#))
        #expect(draft.priority == 1000)
        #expect(draft.enabled)
        #expect(draft.description.isEmpty)

        var scene = Scene()
        try scene.rule(
            #"""
            {"rule_name":"r","description":"d","priority":-5,"enabled":false,"conditions":{"field":"name","operator":"regex","value":"(a)"},
             "actions":[{"set_tag":{"key":"a","value":"${regex.1}"}},{"copy_tag":{"from":"metadata.a.b","key":"b"}},
                        {"map_value":{"key":"c","from":"tags.a","mapping":{"1":"one","2":"two"},"default":"many"}},
                        {"remove_tag":{"key":"d"}}]}
            """#)
        let rule = scene.rules[0]
        let json = rule.json
        #expect(
            json.members?.map(\.name) == [
                "id", "rule_name", "description", "priority", "enabled", "conditions", "actions", "if_tag_exists",
                "default_value", "effective_start", "effective_end", "version", "created_by", "created_at", "updated_at",
            ])
        let again = try TagRuleDraft(json: JSONValue(parsing: json.serialised))
        #expect(again.actions == rule.actions)
        #expect(again.condition == rule.condition)
        #expect(again.priority == -5)
        #expect(!again.enabled)
    }

    @Test(
        "A rule's mistakes are named with their places",
        arguments: [
            ("[]", [": expected an object, found an array"]),
            (
                "{}",
                [
                    "/rule_name: the field is required",
                    #"/conditions: the field is required; {"all": []} holds for every resource"#,
                    "/actions: the field is required",
                ]
            ),
            (
                #"{"name":"r","rule_name":"","priority":1.5,"enabled":"no","conditions":{"all":[]},"actions":[]}"#,
                [
                    #"/name: unknown field; did you mean "rule_name"?"#, "/rule_name: the text is empty",
                    "/priority: expected a whole number, found a fraction",
                    "/enabled: expected true or false, found a string",
                    "/actions: a rule has 1 to 32 actions, not 0",
                ]
            ),
            (
                #"{"rule_name":"r","priority":99999999999,"conditions":{"fild":1},"actions":[{"set":{}},{"set_tag":{},"remove_tag":{}},{},5]}"#,
                [
                    "/priority: 99999999999 is not between -2147483648 and 2147483647",
                    #"/conditions/fild: unknown field; did you mean "field"?"#, "/conditions/field: the field is required",
                    "/conditions/operator: the field is required",
                    #"/actions/0/set: unknown field; did you mean "set_tag"?"#,
                    "/actions/1: an action is an object with one member, which is one of set_tag, copy_tag, map_value, remove_tag, inherit_tag",
                    "/actions/2: an action is an object with one member, which is one of set_tag, copy_tag, map_value, remove_tag, inherit_tag",
                    "/actions/3: expected an object, found a number",
                ]
            ),
            (
                #"""
                {"rule_name":"r","conditions":{"all":[]},"actions":[{"set_tag":{"key":"","value":"${nme}"}},
                 {"set_tag":{"key":"a","value":"${name"}},{"set_tag":{"key":"a","value":"${regex.1}"}},
                 {"set_tag":{"key":"a","value":""}},{"set_tag":{"key":"a","value":"${regex.17}"}},
                 {"copy_tag":{"from":"nam","key":"a"}},{"map_value":{"key":"a","from":"name","mapping":{}}},
                 {"map_value":{"key":"a","from":"name","mapping":{"x":[]},"defualt":"y"}},
                 {"inherit_tag":{"key":"team"}}]}
                """#,
                [
                    "/actions/0/set_tag/key: the key is empty",
                    "/actions/1/set_tag/value: a \"${\" has no \"}\"; write \"$${\" for the text \"${\"",
                    "/actions/2/set_tag/value: \"${regex.1}\" refers to nothing; the rule's conditions have no regular expression",
                    "/actions/3/set_tag/value: the value is empty",
                    "/actions/4/set_tag/value: \"${regex.17}\" is no group; groups are ${regex.0} to ${regex.16}",
                    "/actions/5/copy_tag/from: unknown field \"nam\"; did you mean \"name\"? fields are provider, resource_type, name, account_id, region, resource_id, tags.KEY, native_tags.KEY and metadata.PATH",
                    "/actions/6/map_value/mapping: expected an object with 1 to 10000 members, found 0 members",
                    "/actions/7/map_value/defualt: unknown field; did you mean \"default\"?",
                    "/actions/7/map_value/mapping/x: expected a string, number or boolean, found an array",
                    "/actions/8/inherit_tag/types: the field is required",
                ]
            ),
            (
                #"{"rule_name":"r","conditions":{"field":"name","operator":"regex","value":"(a)"},"actions":[{"set_tag":{"key":"a","value":"${regex.2}${nme}"}}]}"#,
                [
                    "/actions/0/set_tag/value: \"${nme}\" refers to nothing; did you mean \"name\"? references are ${name} and the other fields of conditions, and ${regex.N}"
                ]
            ),
            (
                #"{"rule_name":"r","conditions":{"field":"name","operator":"regex","value":"(a)"},"actions":[{"set_tag":{"key":"a","value":"${regex.2}"}}]}"#,
                [
                    "/actions/0/set_tag/value: \"${regex.2}\" refers to nothing; the rule's regular expressions have at most 1 groups"
                ]
            ),
        ])
    func ruleMistakes(json: String, expected: [String]) throws {
        #expect(try problems(rule: json) == expected)
    }

    @Test(
        "A definition's mistakes are named with their places",
        arguments: [
            (#"{"tag_key":"a"}"#, []),
            (#"{"tag_key":"a","data_type":"enum"}"#, ["/allowed_values: an enum needs its allowed values"]),
            (
                #"{"tag_key":" a","data_type":"int","required":1,"aliases":["x",5],"extra":1}"#,
                [
                    "/extra: unknown field", "/tag_key: the key begins or ends with a space",
                    "/data_type: \"int\" is not one of string, number, boolean, date, enum",
                    "/required: expected true or false, found a number", "/aliases/1: expected a string, found a number",
                ]
            ),
            (
                #"{"tag_key":"a","data_type":"number","allowed_values":["1","x","1"]}"#,
                ["/allowed_values/1: \"x\" is no number"]
            ),
            (
                #"{"tag_key":"a","allowed_values":["production","staging"],"value_aliases":{"producton":["p"],"staging":["p",7,[]],"production":"x"}}"#,
                [
                    "/value_aliases/staging/2: expected a string, number or boolean, found an array",
                    "/value_aliases/production: expected an array of spellings, found a string",
                ]
            ),
            (#"{"tag_key":"a","value_aliases":{"":["p"]}}"#, ["/value_aliases/: the value is empty"]),
        ] as [(String, [String])])
    func definitionMistakes(json: String, expected: [String]) throws {
        #expect(try problems(definition: json) == expected)
    }

    @Test("A name is one line", arguments: ["a\\tb", "a\\nb", "a\\r\\nb"])
    func nameInOneLine(name: String) throws {
        let json = #"{"rule_name":"\#(name)","conditions":{"all":[]},"actions":[{"remove_tag":{"key":"x"}}]}"#
        #expect(try problems(rule: json) == ["/rule_name: the name has a tab or a line break in it"])
    }

    @Test("Numbers and booleans become text, and a value that is given twice counts once")
    func spelledValues() throws {
        let draft = try TagDefinitionDraft(
            json: JSONValue(parsing: #"{"tag_key":"a","allowed_values":[1,1.0,"1",0.5,true,"true",-3]}"#))
        #expect(draft.allowedValues == ["1", "0.5", "true", "-3"])
    }

    @Test("What is odd about a definition, and has a meaning all the same, is a warning")
    func warnings() throws {
        var definition = Scene.definitions[0]
        definition.allowedValues = ["production", "staging"]
        definition.valueAliases = [
            .init(value: "producton", aliases: ["p"]), .init(value: "staging", aliases: ["P", "s"]),
        ]
        #expect(
            definition.warnings.problems.map { "\($0.pointer): \($0.message)" } == [
                "/value_aliases/producton: the value is not one of allowed_values; did you mean \"production\"?",
                "/value_aliases/staging/0: \"P\" stands for \"producton\" already, and goes on doing so",
            ])
        #expect(try TagDefinitionDraft(json: definition.json).valueAliases == definition.valueAliases)
    }

    @Test("A definition reads back as it was written, and clashes with another that claims its spelling")
    func definition() throws {
        let draft = try TagDefinitionDraft(json: Scene.definitions[0].json)
        #expect(draft.valueAliases == Scene.definitions[0].valueAliases)
        #expect(draft.allowedValues == ["production", "staging", "pre-prod"])
        #expect(draft.conflicts(with: Scene.definitions, replacing: Scene.definitions[0].id).isEmpty)
        let clash = try TagDefinitionDraft(json: JSONValue(parsing: #"{"tag_key":"stage","aliases":["x","E N V"]}"#))
        #expect(
            clash.conflicts(with: Scene.definitions).problems
                == [.init(pointer: "/aliases/1", message: "\"E N V\" means \"environment\" already")])
    }
}
