import Normalisation
import Testing

/// Parses a whole text, cut into pieces.
func csvRecords(_ text: [UInt8], pieces: some Sequence<Int>, limits: CSVParser.Limits = .init()) throws -> [[String?]] {
    var parser = CSVParser(limits: limits)
    var records: [[String?]] = []
    func drain() throws {
        while try parser.next() {
            records.append(parser.withRecord { record in (0..<record.count).map { record.string($0) } })
        }
    }
    var at = 0
    for piece in pieces where at < text.count {
        let end = min(at + piece, text.count)
        text[at..<end].withUnsafeBytes { parser.append($0) }
        at = end
        try drain()
    }
    try parser.finish()
    try drain()
    return records
}

func csvRecords(_ text: String, limits: CSVParser.Limits = .init()) throws -> [[String?]] {
    try csvRecords(Array(text.utf8), pieces: [text.utf8.count], limits: limits)
}

@Suite struct CSVParserTests {
    static let hostile =
        "\u{FEFF}a,\"b\",c\r\n\r\n1,\"x \"\"y\"\",\nz\",\r\n\"\",\"\"\"\",é\"é\n,,\n\"last\",\"line\r\nbreak\",\"end\"\r"

    static let expected: [[String?]] = [
        ["a", "b", "c"], ["1", "x \"y\",\nz", ""], ["", "\"", "é\"é"], ["", "", ""], ["last", "line\r\nbreak", "end"],
    ]

    @Test("Quotes, doubled quotes, line breaks inside quotes, CRLF, a byte order mark and blank lines are read")
    func dialect() throws {
        #expect(try csvRecords(Self.hostile) == Self.expected)
    }

    @Test("However the bytes are cut, the records are the same", arguments: 1...17)
    func cuts(size: Int) throws {
        let text = Array(Self.hostile.utf8)
        #expect(try csvRecords(text, pieces: repeatElement(size, count: text.count)) == Self.expected)
    }

    @Test("Random cuts of random texts give what the whole gives")
    func randomCuts() throws {
        let seed: UInt64 = 20_261_123
        var generator = SplitMix64(state: seed)
        let alphabet = Array("ab,\"\r\n é".utf8)
        for round in 0..<2_000 {
            let text = (0..<Int(generator.next() % 40)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
            let whole = Result { try csvRecords(text, pieces: [max(1, text.count)]) }
            let pieces = (0..<text.count + 1).map { _ in Int(generator.next() % 5) + 1 }
            let cut = Result { try csvRecords(text, pieces: pieces) }
            switch (whole, cut) {
            case (.success(let left), .success(let right)): #expect(left == right, "seed \(seed), round \(round)")
            case (.failure(let left), .failure(let right)):
                #expect(left as? CSVError == right as? CSVError, "seed \(seed), round \(round)")
            default: Issue.record("only one of the two fails: seed \(seed), round \(round)")
            }
        }
    }

    @Test("A record's line counts the line breaks inside the quotes before it")
    func lines() throws {
        var parser = CSVParser()
        Array("h\n\"a\nb\nc\"\n\nd\n".utf8).withUnsafeBytes { parser.append($0) }
        var lines: [Int] = []
        while try parser.next() { lines.append(parser.line) }
        #expect(lines == [1, 2, 6])
    }

    @Test("An open quote at the end is an error that names the line where it opens")
    func openQuote() {
        let error = #expect(throws: CSVError.self) { try csvRecords("a,b\n1,\"two\nthree\n") }
        #expect(error?.code == .unterminatedQuote)
        #expect(error?.line == 2)
    }

    @Test("Text behind a closing quote is an error with its line")
    func textAfterQuote() {
        let error = #expect(throws: CSVError.self) { try csvRecords("a\n\"b\"c\n") }
        #expect(error?.code == .textAfterQuote)
        #expect(error?.line == 2)
    }

    @Test("A record above the limit is an error, whether it ends or not")
    func recordTooLong() throws {
        var limits = CSVParser.Limits()
        limits.recordBytesMax = 8
        #expect(try csvRecords("1234567\n", limits: limits) == [["1234567"]])
        for text in ["12345678\n", "\"1234567890123"] {
            let error = #expect(throws: CSVError.self) { try csvRecords(text, limits: limits) }
            #expect(error?.code == .recordTooLong)
        }
    }

    @Test("More fields than the limit are an error")
    func tooManyFields() throws {
        var limits = CSVParser.Limits()
        limits.fieldsMax = 2
        #expect(try csvRecords("a,b\n", limits: limits) == [["a", "b"]])
        let error = #expect(throws: CSVError.self) { try csvRecords("a,b,c\n", limits: limits) }
        #expect(error?.code == .tooManyFields)
    }

    @Test(
        "UTF-16 and gzip are refused by name",
        arguments: [[0xFF, 0xFE, 0x61, 0x00], [0x1F, 0x8B, 0x08, 0x00]] as [[UInt8]])
    func otherEncodings(bytes: [UInt8]) {
        let error = #expect(throws: CSVError.self) { try csvRecords(bytes, pieces: [4]) }
        #expect(error?.code == .notUTF8)
    }

    @Test("A field that is not UTF-8 is no string")
    func invalidUTF8() throws {
        #expect(try csvRecords([0x61, 0x2C, 0xC3, 0x0A], pieces: [4]) == [["a", nil]])
    }
}
