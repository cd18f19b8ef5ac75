import NIOCore
import Testing

@testable import API

@Suite("Lines")
struct LineSplitterTests {
    private func lines(_ pieces: [String], max: Int = 1000) -> [String?] {
        var splitter = LineSplitter(lineBytesMax: max)
        var lines: [String?] = []
        for piece in pieces {
            splitter.append(ByteBuffer(string: piece))
            while let line = splitter.next() { lines.append(String(buffer: line)) }
        }
        if let rest = splitter.finish() { lines.append(String(buffer: rest)) }
        if splitter.isOverLimit { lines.append(nil) }
        return lines
    }

    @Test("Lines come out whole however the text is cut")
    func cuts() {
        let text = "{\"a\":1}\n\n{\"b\":2}\r\nlast"
        let whole = lines([text])
        #expect(whole == ["{\"a\":1}", "", "{\"b\":2}\r", "last"])
        for cut in 0...text.utf8.count {
            let bytes = Array(text.utf8)
            let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
            #expect(lines(pieces) == whole)
        }
        #expect(lines(text.utf8.map { String(decoding: [$0], as: UTF8.self) }) == whole)
    }

    @Test("A line beyond the limit is the last that is looked at")
    func tooLong() {
        let long = String(repeating: "x", count: 50)
        #expect(lines(["a\n", long, long, "\nb\n"], max: 20) == ["a", nil])
        #expect(lines(["a\n", long], max: 20) == ["a", nil])
        #expect(lines(["\(long)\nb"], max: 20) == [nil])
    }
}
