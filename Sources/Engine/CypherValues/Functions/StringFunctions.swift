internal import CypherSyntax

/// Texts are counted in Unicode scalars.
extension FunctionCall {
    func ofStrings() throws(CypherError) -> CypherValue {
        switch function {
        case .toUpper, .upper: return .string(try string(0).uppercased())
        case .toLower, .lower: return .string(try string(0).lowercased())
        case .charLength, .characterLength: return .integer(Int64(try string(0).unicodeScalars.count))
        case .left:
            return .string(String(try string(0).unicodeScalars.prefix(try count(1, "length"))))
        case .right:
            return .string(String(try string(0).unicodeScalars.suffix(try count(1, "length"))))
        case .substring:
            let rest = try string(0).unicodeScalars.dropFirst(try count(1, "start"))
            return .string(String(arguments.count > 2 ? rest.prefix(try count(2, "length")) : rest))
        case .replace: return try replace()
        case .split: return try split()
        case .trim, .btrim: return .string(trimmed(try string(0), start: true, end: true, of: try characters()))
        case .ltrim: return .string(trimmed(try string(0), start: true, end: false, of: try characters()))
        case .rtrim: return .string(trimmed(try string(0), start: false, end: true, of: try characters()))
        default: preconditionFailure("\(name) is not of strings")
        }
    }

    private func count(_ position: Int, _ what: String) throws(CypherError) -> Int {
        let value = try integer(position)
        guard value >= 0 else { throw .outOfRange("the \(what) of \(name) must not be negative: \(value)") }
        return Int(value)
    }

    private func replace() throws(CypherError) -> CypherValue {
        let (text, search, replacement) = (try string(0), try string(1), try string(2))
        guard !search.isEmpty else { return first }
        let parts = TextSearch.parts(of: text, between: search)
        let bytes = text.utf8.count + (parts.count - 1) * (replacement.utf8.count - search.utf8.count)
        try context.limits.admitString(bytes: bytes, as: "the string")
        return .string(parts.joined(separator: replacement))
    }

    private func split() throws(CypherError) -> CypherValue {
        let (text, delimiter) = (try string(0), try string(1))
        // Every scalar takes a slot of the list.
        try context.limits.admitList(count: delimiter.isEmpty ? text.utf8.count : 1, as: "the list")
        let parts =
            delimiter.isEmpty ? text.unicodeScalars.map(String.init) : TextSearch.parts(of: text, between: delimiter)
        try context.limits.admitList(count: parts.count, as: "the list")
        return .list(parts.map(CypherValue.string))
    }

    /// The characters to trim; nil: white space.
    private func characters() throws(CypherError) -> Set<Unicode.Scalar>? {
        arguments.count > 1 ? Set(try string(1).unicodeScalars) : nil
    }

    private func trimmed(_ text: String, start: Bool, end: Bool, of characters: Set<Unicode.Scalar>?) -> String {
        let goes: (Unicode.Scalar) -> Bool = { characters?.contains($0) ?? $0.properties.isWhitespace }
        var rest = Substring(text).unicodeScalars
        if start { rest = rest.drop(while: goes) }
        if end { while let scalar = rest.last, goes(scalar) { rest.removeLast() } }
        return String(Substring(rest))
    }
}
