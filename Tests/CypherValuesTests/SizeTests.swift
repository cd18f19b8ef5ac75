import CypherValues
import Testing

@Suite("Values")
struct SizeTests {
    @Test("A value takes no more than 24 bytes")
    func size() { #expect(MemoryLayout<CypherValue>.stride <= 24) }
}
