import CypherSyntax
import JSON
import Testing

@testable import CypherValues

@Suite("Values of queries in JSON")
struct WireTests {
    private static let node = NodeValue(
        handle: NodeHandle(partition: 1, local: 2), elementId: "n", labels: ["A", "B"], properties: ["x": 1])
    private static let other = NodeValue(handle: NodeHandle(partition: 1, local: 3), elementId: "m")
    private static let relationship = RelationshipValue(
        handle: RelationshipHandle(partition: 1, local: 1), elementId: "r", type: "T", start: node.handle,
        end: other.handle, startElementId: "n", endElementId: "m", properties: ["y": 0.5])

    private func json(_ value: CypherValue, _ form: ValueForm) -> String {
        var writer = JSONWriter()
        writer.value(value, as: form)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("Our own form names what an entity is, and where a relationship leads")
    func own() {
        #expect(
            json(.node(Self.node), .own) == #"{"$type":"node","id":"n","labels":["A","B"],"properties":{"x":1}}"#)
        #expect(
            json(.relationship(Self.relationship), .own)
                == #"{"$type":"relationship","id":"r","type":"T","start":"n","end":"m","properties":{"y":0.5}}"#)
        let path = PathValue(nodes: [Self.other], relationships: [])
        #expect(
            json(.path(path), .own)
                == #"{"$type":"path","nodes":[{"$type":"node","id":"m","labels":[],"properties":{}}],"relationships":[]}"#)
    }

    @Test("The Query API's plain form: a path is its parts by turns")
    func plain() {
        let path = PathValue(nodes: [Self.node, Self.other], relationships: [Self.relationship])
        let expected = """
            [{"elementId":"n","labels":["A","B"],"properties":{"x":1}},\
            {"elementId":"r","startNodeElementId":"n","endNodeElementId":"m","type":"T","properties":{"y":0.5}},\
            {"elementId":"m","labels":[],"properties":{}}]
            """
        #expect(json(.path(path), .plain) == expected)
    }

    @Test("The typed form loses nothing, and a node in it is the Query API's")
    func typed() throws {
        let value: CypherValue = ["a", nil, true, 9_007_199_254_740_993, 2.0, .map(["k": [.date(CypherDate(days: 0))]])]
        let expected = """
            {"$type":"List","_value":[{"$type":"String","_value":"a"},{"$type":"Null","_value":null},\
            {"$type":"Boolean","_value":true},{"$type":"Integer","_value":"9007199254740993"},{"$type":"Float","_value":"2.0"},\
            {"$type":"Map","_value":{"k":{"$type":"List","_value":[{"$type":"Date","_value":"1970-01-01"}]}}}]}
            """
        #expect(json(value, .typed) == expected)
        let node = """
            {"$type":"Node","_value":{"_element_id":"n","_labels":["A","B"],"_properties":{"x":{"$type":"Integer","_value":"1"}}}}
            """
        #expect(json(.node(Self.node), .typed) == node)
        let reader = ParameterReader(isTyped: true, zones: NoNamedZones())
        #expect(try reader.parameters([.init("p", JSONValue(parsing: expected))])["p"] == value)
    }

    @Test("A float stays one, and what JSON has no number for is text")
    func floats() {
        #expect(json(2.0, .own) == "2.0" && json(.float(1e300), .plain) == "1e+300")
        #expect(json(.float(.nan), .own) == "\"NaN\"" && json(.float(-.infinity), .plain) == "\"-Infinity\"")
    }

    @Test("Every type of time passes through the typed form")
    func times() throws {
        let reader = ParameterReader(isTyped: true, zones: NoNamedZones())
        for (type, text) in [
            ("Date", "2024-02-29"), ("Time", "12:00:00.5+01:00"), ("LocalTime", "12:00:00"), ("Duration", "P1M2DT3.5S"),
            ("LocalDateTime", "2024-02-29T12:00:00"), ("OffsetDateTime", "2024-02-29T12:00:00.000000001-08:00"),
        ] {
            let parameter = JSONValue.object([.init("$type", .string(type)), .init("_value", .string(text))])
            let value = try #require(try reader.parameters([.init("p", parameter)])["p"])
            let form = json(value, .typed)
            #expect(try reader.parameters([.init("p", JSONValue(parsing: form))])["p"] == value)
            #expect(form.hasPrefix(#"{"$type":"\#(type)""#))
        }
    }

    @Test("What is no parameter is named by its place")
    func faults() throws {
        let reader = ParameterReader(isTyped: true, zones: NoNamedZones())
        for (text, pointer) in [
            ("1", "/a~1b"), (#"{"$type":"Integer","_value":"x"}"#, "/a~1b/_value"),
            (#"{"$type":"Node","_value":{}}"#, "/a~1b"),
            (#"{"$type":"Date","_value":"soon"}"#, "/a~1b/_value"), (#"{"$type":"Integer","_value":true}"#, "/a~1b"),
            (#"{"$type":"List","_value":[{"$type":"Null","_value":null},7]}"#, "/a~1b/_value/1"),
        ] {
            let fault = #expect(throws: ParameterFault.self) {
                try reader.parameters([.init("a/b", JSONValue(parsing: text))])
            }
            #expect(fault?.pointer == pointer)
        }
        let plain = ParameterReader(isTyped: false, zones: NoNamedZones())
        let nested = try plain.parameters([.init("a", JSONValue(parsing: #"[1,2.5,{"b":null}]"#))])
        #expect(nested["a"] == [1, 2.5, .map(["b": nil])])
    }
}
