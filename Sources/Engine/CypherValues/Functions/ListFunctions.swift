internal import CypherSyntax

extension FunctionCall {
    func ofList() throws(CypherError) -> CypherValue {
        switch (function, first) {
        case (.range, _): return try range()
        case (.size, .list(let members)): return .integer(Int64(members.count))
        case (.size, .string(let text)): return .integer(Int64(text.unicodeScalars.count))
        case (.isEmpty, .list(let members)): return .boolean(members.isEmpty)
        case (.isEmpty, .string(let text)): return .boolean(text.isEmpty)
        case (.isEmpty, .map(let map)): return .boolean(map.isEmpty)
        case (.head, .list(let members)): return members.first ?? .null
        case (.last, .list(let members)): return members.last ?? .null
        case (.tail, .list(let members)): return .list(Array(members.dropFirst()))
        case (.reverse, .list(let members)): return .list(members.reversed())
        case (.reverse, .string(let text)):
            var scalars = String.UnicodeScalarView()
            scalars.append(contentsOf: text.unicodeScalars.reversed())
            return .string(String(scalars))
        case (.size, _), (.reverse, _): throw wants("a list or a string")
        case (.isEmpty, _): throw wants("a list, a map or a string")
        default: throw wants("a list")
        }
    }

    /// From start to end, both included.
    private func range() throws(CypherError) -> CypherValue {
        var bounds: [Int64] = []
        for argument in arguments {
            guard case .integer(let value) = argument else {
                throw .argument(.invalidArgumentType, "range() wants integers, not \(argument.described)")
            }
            bounds.append(value)
        }
        let (start, end, step) = (bounds[0], bounds[1], bounds.count > 2 ? bounds[2] : 1)
        guard step != 0 else { throw .outOfRange("the step of range() must not be 0") }
        guard step > 0 ? start <= end : start >= end else { return .list([]) }
        // Wide, as the ends may lie further apart than an integer reaches.
        let count = (Int128(end) - Int128(start)) / Int128(step) + 1
        try context.limits.admitList(count: Int(clamping: count), as: "the list of range(\(start), \(end), \(step))")
        return .list((0..<Int64(count)).map { .integer(start + $0 * step) })
    }
}
