import Conditions
import Model
import TaggingRules
import Testing

@Suite("The provider's tags in the virtual layer")
struct NormalisationTests {
    @Test(
        "Keys and values become those of the schema",
        arguments: [
            ("Env", "prd", "environment=production native:Env"),
            ("env_name", " Production ", "environment=production native:env_name"),
            ("ENVIRONMENT", "STG", "environment=staging native:ENVIRONMENT"),
            ("environment", "Pre_Prod", "environment=pre-prod native:environment"),
            ("En-v", "unheard of", "environment=unheard of native:En-v"),
            ("CostCenter", "Cc-1", "cost-center=Cc-1 native:CostCenter"),
            ("COST CENTER", "1", "cost-center=1 native:COST CENTER"),
            ("CC", "1", "cost-center=1 native:CC"),
            ("owner", "Ada", "Owner=Ada native:owner"),
            ("Backup", "YES", "backup=true native:Backup"),
            ("backup", "0", "backup=false native:backup"),
            ("backup", "maybe", "backup=maybe native:backup"),
            ("DataClass", "x", "data-class=x native:DataClass"),
            ("data_class", "", "data-class= native:data_class"),
            ("app.kubernetes.io/name", "x", "app-kubernetes-io-name=x native:app.kubernetes.io/name"),
            ("Größe", "groß", "größe=groß native:Größe"),
        ])
    func normalise(key: String, value: String, expected: String) {
        #expect(Scene(resource: Scene.resource([(key, value)])).outcome() == [expected])
    }

    @Test("The keys that providers reserve stay out, and conditions still see them")
    func reserved() throws {
        var scene = Scene(
            resource: Scene.resource([
                ("aws:cloudformation:stack-name", "shop-production"), ("AWS:x", "1"), ("AmazonECSManaged", ""),
                ("name", "x"),
            ]))
        try scene.rule(
            #"""
            {"rule_name":"stack","conditions":{"field":"native_tags.aws:cloudformation:stack-name","operator":"regex","value":"^([a-z]+)-"},
             "actions":[{"set_tag":{"key":"application","value":"${regex.1}"}},
                        {"copy_tag":{"from":"native_tags.aws:cloudformation:stack-name","key":"stack"}}]}
            """#)
        #expect(
            scene.outcome() == ["application=shop rule:stack", "name=x native:name", "stack=shop-production rule:stack"])
        for (provider, key) in [
            (Provider.gcp, "goog-dataproc-cluster"), (.azure, "hidden-title"), (.azure, "ms-resource-usage"),
        ] {
            #expect(Scene(resource: Scene.resource([(key, "x")], provider: provider)).outcome() == [])
            #expect(Scene(resource: Scene.resource([(key, "x")])).outcome().count == 1)
        }
    }

    @Test("Of two native tags that become one key, the exactly spelt one wins, else the first in order")
    func collision() {
        let exact = Scene(resource: Scene.resource([("ENV", "a"), ("environment", "b"), ("zenv", "c"), ("Env", "d")]))
        #expect(exact.outcome() == ["environment=b native:environment > a native:ENV > d native:Env", "zenv=c native:zenv"])
        let neither = Scene(resource: Scene.resource([("cost_center", "b"), ("COST-CENTER", "a")]))
        #expect(neither.outcome() == ["cost-center=a native:COST-CENTER > b native:cost_center"])
    }

    @Test("A key that nobody defined takes the spelling of people, then of rules")
    func spelling() throws {
        var scene = Scene(resource: Scene.resource([("Data_Class", "a")]))
        #expect(scene.outcome(claims: [.manual("dataClass", "b")]) == ["dataClass=b ada > a native:Data_Class"])
        try scene.set("DataClass", "c", when: #"{"field":"name","operator":"eq","value":"never"}"#)
        #expect(scene.outcome() == ["DataClass=a native:Data_Class"])
        #expect(TagNormaliser(definitions: Scene.definitions).key("ENV") == "environment")
        #expect(TagNormaliser(definitions: Scene.definitions).key("My Key") == "My Key")
        #expect(TagNormaliser(definitions: Scene.definitions).key(native: "My Key") == "my-key")
        #expect(TagNormaliser(definitions: Scene.definitions).value("LIVE", for: "env") == "production")
    }

    @Test("Keys and values beyond the limits stay out of the virtual layer")
    func limits() {
        let scene = Scene(
            resource: Scene.resource([
                (String(repeating: "k", count: TagLimits.keyBytesMax + 1), "x"),
                ("a", String(repeating: "v", count: TagLimits.valueBytesMax + 1)), ("b", "x"), ("", "x"), ("c\u{7}", "x"),
            ]))
        #expect(scene.outcome() == ["b=x native:b"])
        let many = Scene(resource: Scene.resource((0..<600).map { ("k\(1000 + $0)", "v") }))
        #expect(many.outcome().count == TagLimits.tagsPerResourceMax)
    }

    @Test("Keys that differ only in Unicode composition are one tag")
    func composition() {
        let scene = Scene(resource: Scene.resource([("gro\u{308}\u{DF}e", "a")]))
        let outcome = scene.evaluate(claims: [.manual("gr\u{F6}\u{DF}e", "b")])
        #expect(outcome.count == 1)
    }
}
