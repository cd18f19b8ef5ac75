import Conditions
import Testing

@Suite("Text that conditions and tag keys share")
struct TextTests {
    @Test(
        "Keys that differ in case and separators have one form",
        arguments: [
            ("CostCenter", "costcenter", "cost-center"), ("cost-center", "costcenter", "cost-center"),
            ("COST_CENTER", "costcenter", "cost-center"), (" Cost  Center ", "costcenter", "cost-center"),
            ("costcenter", "costcenter", "costcenter"), ("AWSAccountID", "awsaccountid", "aws-account-id"),
            ("app.kubernetes.io/name", "appkubernetesioname", "app-kubernetes-io-name"),
            ("env2Name", "env2name", "env2-name"),
            ("ENVIRONMENT", "environment", "environment"), ("Größe", "größe", "größe"), ("-leading", "leading", "leading"),
            ("trailing:", "trailing", "trailing"), ("---", "---", "---"), ("日本 語", "日本語", "日本-語"),
        ])
    func keys(key: String, form: String, canonical: String) {
        #expect(TagKeyForm.form(of: key) == form)
        #expect(TagKeyForm.canonicalSpelling(of: key) == canonical)
        #expect(TagKeyForm.canonicalSpelling(of: canonical) == canonical)
    }

    @Test(
        "Only decimal numbers are numbers",
        arguments: [
            ("0", 0), ("-1", -1), ("+2.50", 2.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-2", 0.01),
            ("12345678901234567168", 12_345_678_901_234_567_168), ("0.1", 0.1), ("", nil), ("-", nil), (".", nil),
            ("1x", nil),
            ("0x10", nil), ("nan", nil), ("inf", nil), ("1e999", nil), ("1 ", nil), ("1.2.3", nil), ("1e", nil),
        ] as [(String, Double?)])
    func numbers(text: String, expected: Double?) {
        #expect(text.withBytes { ByteText.number($0) } == expected)
    }

    @Test("A map finds every text that it was made from, and no other")
    func byteMap() {
        let texts = (0..<2000).map { "value-\($0 * 7919 % 2000)" } + ["", "é", "value-0"]
        let map = ByteMap(texts)
        for text in texts { #expect(map.position(of: text) == texts.firstIndex(of: text)) }
        for text in ["value-2000", "VALUE-1", " ", "e"] { #expect(map.position(of: text) == nil) }
        #expect(ByteMap([]).position(of: "") == nil)
    }

    @Test("Keys in two compositions of Unicode have one form, byte by byte, and one hash")
    func compositions() {
        for (composed, parted) in [
            ("Gr\u{F6}\u{DF}e", "gro\u{308}\u{DF}e"), ("\u{C5}-x", "A\u{30A}_X"), ("\u{AC00}", "\u{1100}\u{1161}"),
        ] {
            #expect(TagKeyForm.form(of: composed).utf8.elementsEqual(TagKeyForm.form(of: parted).utf8))
            #expect(TagKeyForm.hash(of: composed) == TagKeyForm.hash(of: parted))
            #expect(composed.withBytes { one in parted.withBytes { TagKeyForm.same(one, $0) } })
        }
        #expect(TagKeyForm.form(of: "Gr\u{F6}\u{DF}e") != TagKeyForm.form(of: "Gro\u{DF}e"))
    }
}
