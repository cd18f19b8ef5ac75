import CypherSyntax
import Testing

@Suite("Places in a query's text")
struct SourcePositionTests {
    @Test("Lines and columns count from one, columns in Unicode scalars")
    func counting() {
        let text = "RETURN 1,\n  'é' + oops"
        let position = SourcePosition(offset: text.utf8.count - 4, in: text)
        #expect(position.line == 2)
        #expect(position.column == 9)
        #expect(position.excerpt == "  'é' + oops")
    }

    @Test("An error shows the line with a caret below the place")
    func caret() {
        let error = CypherError.syntax(.undefinedVariable, "Variable `x` not defined", at: Span(offset: 7, length: 1))
        #expect(error.rendered(in: "RETURN x") == "Variable `x` not defined (line 1, column 8)\nRETURN x\n       ^")
    }

    @Test("Of a line of a megabyte an excerpt is shown")
    func longLine() {
        let text = String(repeating: "x", count: 1_000_000)
        let position = SourcePosition(offset: 500_000, in: text)
        #expect(position.column == 500_001)
        #expect(position.excerpt.unicodeScalars.count == SourcePosition.excerptColumnsMax)
        #expect(position.excerptColumn <= SourcePosition.excerptColumnsMax)
    }
}
