/// A place in a query's text as people count: lines and columns from 1, columns in Unicode scalars.
package struct SourcePosition: Sendable, Hashable {
    package let line: Int
    package let column: Int
    /// The line as it stands in the text, cut to `excerptColumnsMax` columns about the place.
    package let excerpt: String
    /// The place in the excerpt, from 1.
    package let excerptColumn: Int

    package static let excerptColumnsMax = 160

    /// The place of a byte of the text; its end where the offset lies behind it.
    package init(offset: Int, in text: String) {
        let bytes = text.utf8
        let target = bytes.index(bytes.startIndex, offsetBy: max(offset, 0), limitedBy: bytes.endIndex) ?? bytes.endIndex
        var line = 1
        var lineStart = bytes.startIndex
        var index = bytes.startIndex
        while index < target {
            if bytes[index] == UInt8(ascii: "\n") {
                line += 1
                lineStart = bytes.index(after: index)
            }
            index = bytes.index(after: index)
        }
        let lineEnd = bytes[lineStart...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let scalars = Array(text.unicodeScalars[lineStart..<(lineEnd ?? bytes.endIndex)])
        let before = text.unicodeScalars[lineStart..<max(target, lineStart)].count
        let first = before < Self.excerptColumnsMax ? 0 : before - Self.excerptColumnsMax / 2
        var excerpt = String.UnicodeScalarView()
        excerpt.append(contentsOf: scalars[min(first, scalars.count)...].prefix(Self.excerptColumnsMax))
        self.line = line
        column = before + 1
        self.excerpt = String(excerpt)
        excerptColumn = before - first + 1
    }
}

extension CypherError {
    /// The message with the place: line, column, the line's text and a caret below the place.
    package func rendered(in text: String) -> String {
        guard let span else { return message }
        let position = SourcePosition(offset: Int(span.offset), in: text)
        let caret = String(repeating: " ", count: position.excerptColumn - 1) + "^"
        return "\(message) (line \(position.line), column \(position.column))\n\(position.excerpt)\n\(caret)"
    }
}
