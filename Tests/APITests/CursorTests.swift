import Testing

@testable import API

@Suite("Cursors")
struct CursorTests {
    private let sealer = CursorSealer(key: Array(0..<32))

    @Test("A cursor opens for the query it was made for, and gives its position back")
    func roundTrip() {
        for position in [[], [1], Array(repeating: 9, count: 200)] as [[UInt8]] {
            #expect(sealer.open(sealer.seal(position, query: "/a?b"), query: "/a?b") == position)
        }
    }

    @Test("It says nothing of its position")
    func sealed() throws {
        for byte in [0, 1, 7] as [UInt8] {
            let position = Array(repeating: byte, count: 40)
            let cursor = try #require(Base64URL.decode(sealer.seal(position, query: "q").utf8))
            for start in 0..<cursor.count - 4 { #expect(Array(cursor[start..<start + 4]) != Array(position[..<4])) }
        }
    }

    @Test("It does not open for another query or under another key")
    func otherQuery() {
        let cursor = sealer.seal([1, 2, 3], query: "/a?b")
        #expect(sealer.open(cursor, query: "/a?c") == nil)
        #expect(CursorSealer(key: Array(1..<33)).open(cursor, query: "/a?b") == nil)
    }

    @Test("Each changed, missing or added character makes it invalid")
    func tampering() {
        let cursor = Array(sealer.seal([1, 2, 3, 4], query: "q").utf8)
        for position in cursor.indices {
            var changed = cursor
            changed[position] = changed[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(sealer.open(String(decoding: changed, as: UTF8.self), query: "q") == nil)
            #expect(sealer.open(String(decoding: cursor[..<position], as: UTF8.self), query: "q") == nil)
        }
        #expect(sealer.open(String(decoding: cursor, as: UTF8.self) + "AA", query: "q") == nil)
        for text in ["", "=", "%%%", String(repeating: "A", count: 5000)] { #expect(sealer.open(text, query: "q") == nil) }
    }
}
