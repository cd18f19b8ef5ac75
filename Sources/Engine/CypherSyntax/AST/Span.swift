/// A stretch of a query's text, in bytes of its UTF-8.
package struct Span: Sendable, Hashable {
    package var offset: Int32
    package var length: Int32

    package init(offset: Int, length: Int) {
        self.offset = Int32(truncatingIfNeeded: offset)
        self.length = Int32(truncatingIfNeeded: length)
    }

    /// Where nothing of the text is meant, as in what the planner adds.
    package static let none = Span(offset: 0, length: 0)

    package var end: Int { Int(offset) + Int(length) }

    /// From where this one begins to where the other ends.
    package func through(_ other: Span) -> Span {
        Span(offset: Int(offset), length: max(other.end - Int(offset), 0))
    }
}
