import Interchange
import JSON
import Testing

@Suite("Tags in FOCUS exports")
struct FocusEnrichmentTests {
    private let tags: [String: [JSONValue.Member]] = [
        "i-1": [.init("team", .string("web \"x\""))], "i-2": [.init("team", .string("data"))],
    ]

    /// Feeds the text in pieces of some size.
    private func enrich(_ text: String, pieces: Int = 1 << 16, prefix: String = "vt/") throws -> (
        text: String, FocusEnrichment
    ) {
        var enrichment = FocusEnrichment(prefix: prefix)
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        func flush() {
            while enrichment.hasBatch {
                #expect(enrichment.batchIDs.count <= FocusEnrichment.batchRowsMax)
                out += enrichment.batch(with: tags)
            }
        }
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try enrichment.push(bytes[start..<min(bytes.count, start + pieces)])
            flush()
        }
        try enrichment.finish()
        flush()
        return (String(decoding: out, as: UTF8.self), enrichment)
    }

    private static let export = #"""
        \#u{FEFF}BilledCost,ResourceId,Tags,ChargeDescription\#r
        1.50,i-1,"{""a"":""b"",""vt/team"":""old""}","one, ""two""\#nthree"
        -2,i-2,NULL,NULL
        3,i-3,"{""a"":""b""}",x
        4,NULL,,y
        5,i-1,not json,z

        """#
    private static let expected = #"""
        BilledCost,ResourceId,Tags,ChargeDescription
        1.50,i-1,"{""a"":""b"",""vt/team"":""web \""x\""""}","one, ""two""\#nthree"
        -2,i-2,"{""vt/team"":""data""}",NULL
        3,i-3,"{""a"":""b""}",x
        4,NULL,,y
        5,i-1,not json,z

        """#

    @Test(
        "Virtual tags join the provider's, everything else stays as it was, however the bytes are cut",
        arguments: [1, 7, 1 << 16])
    func enriches(pieces: Int) throws {
        let (text, enrichment) = try enrich(Self.export, pieces: pieces)
        #expect(text == Self.expected)
        #expect(enrichment.rowCount == 5 && enrichment.taggedCount == 2 && enrichment.unreadableCount == 1)
    }

    @Test("Its own output comes out unchanged, and a missing column is added")
    func twice() throws {
        let (text, _) = try enrich(Self.export)
        #expect(try enrich(text).text == text)
        #expect(
            try enrich("ResourceId\ni-2\nx\n", prefix: "").text
                == "ResourceId,Tags\ni-2,\"{\"\"team\"\":\"\"data\"\"}\"\nx,\n")
    }

    @Test("Rows pass in batches: memory holds those of one push")
    func batches() throws {
        let rows = (0..<2_500).map { "\($0),i-\($0)" }.joined(separator: "\n")
        let (text, enrichment) = try enrich("BilledCost,ResourceId\n\(rows)\n")
        #expect(enrichment.rowCount == 2_500 && text.split(separator: "\n").count == 2_501)
    }

    @Test(
        "A text that is no export is refused with its line",
        arguments: [
            ("", "the text has no header"), ("a,b\n", "line 1: the header has no column `ResourceId`"),
            ("ResourceId,Tags\nx\n", "line 2: the row has 1 fields, the header 2"),
            ("ResourceId,Tags\nx,\"open\n", "line 2: a quoted field begins here"), ("\u{1F}\u{8B}", "no column"),
        ])
    func refuses(text: String, complaint: String) {
        #expect { try enrich(text) } throws: { "\($0)".contains(complaint) }
    }
}
