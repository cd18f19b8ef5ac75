/// A word, a literal or a sign of a query's text.
struct Token {
    enum Kind: UInt8 {
        /// A name or keyword; which of them is decided where it stands.
        case word
        /// A name in backticks.
        case quotedName
        case integer
        case float
        /// A text in single or double quotes.
        case string
        /// `$name`, `$0`, `$`quoted``; the span covers the dollar sign too.
        case parameter
        case openParenthesis
        case closeParenthesis
        case openBracket
        case closeBracket
        case openBrace
        case closeBrace
        case comma
        case dot
        case dotDot
        case colon
        case semicolon
        case pipe
        case ampersand
        case exclamation
        case plus
        case plusEqual
        case minus
        case star
        case slash
        case percent
        case caret
        case equal
        case equalTilde
        case notEqual
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual
        case endOfText
    }

    let kind: Kind
    /// What the word may mean as a keyword.
    let keyword: Keyword?
    let offset: Int32
    let length: Int32

    init(_ kind: Kind, offset: Int, length: Int, keyword: Keyword? = nil) {
        self.kind = kind
        self.keyword = keyword
        self.offset = Int32(truncatingIfNeeded: offset)
        self.length = Int32(truncatingIfNeeded: length)
    }

    var end: Int { Int(offset) + Int(length) }
    var span: Span { Span(offset: Int(offset), length: Int(length)) }
}
