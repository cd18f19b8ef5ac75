import Testing

@testable import NodeRuntime

@Suite("Revisions")
struct RevisionTests {
    @Test("A revision is read as it is written")
    func roundTrip() {
        let revision = Revision([3: 2_241, 0: 17, 1_024: .max])
        #expect(revision.text == "0:17,3:2241,1024:18446744073709551615")
        #expect(Revision(revision.text) == revision)
    }

    @Test(
        "What is no revision is refused",
        arguments: [
            "", ",", "1", "1:", ":1", "1:2,", "1:+2", "+1:2", "1:-2", " 1:2", "1:2, 3:4", "1:2,1:3", "1025:1",
            "1:18446744073709551616", "1:2:3", "a:b", "1:٣", String(repeating: "9", count: 100) + ":1",
            (0...1_025).map { "\($0):1" }.joined(separator: ","),
        ])
    func malformed(_ text: String) { #expect(Revision(text) == nil) }

    @Test("Of two entries of a shard the later one counts")
    func later() {
        var revision = Revision()
        #expect(revision.isEmpty)
        revision.note(2, 9)
        revision.note(2, 7)
        #expect(revision == Revision([2: 9]))
    }
}
