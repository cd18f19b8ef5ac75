/// A statement and the values that travel beside it. Its text is part of the program: nothing from outside gets into SQL.
package struct PostgresStatement: Sendable {
    let sql: StaticString
    let parameters: [PostgresParameter]

    /// `sql` is one statement, with `$1`, `$2` … for the parameters.
    package init(_ sql: StaticString, _ parameters: [PostgresParameter] = []) {
        precondition(parameters.count <= Self.parametersMax, "\(parameters.count) parameters")
        self.sql = sql
        self.parameters = parameters
    }

    /// As many as a wide table has columns; each takes some of the stack while a statement is sent.
    private static let parametersMax = 128

    /// Calls `body` with what libpq's functions take.
    func withArguments<Value>(
        _ body: (
            _ count: Int32, _ types: UnsafePointer<UInt32>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<Int32>?, _ formats: UnsafePointer<Int32>?
        ) -> Value
    ) -> Value {
        let types = parameters.map(\.type.rawValue)
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: parameters.count)
        var values: [UnsafePointer<CChar>?] = []
        func lend(_ rest: ArraySlice<PostgresParameter>) -> Value {
            guard let parameter = rest.first else { return body(Int32(types.count), types, values, lengths, formats) }
            guard let bytes = parameter.bytes else {
                values.append(nil)
                return lend(rest.dropFirst())
            }
            // Lent where they lie: they may be megabytes. An empty value needs an address too, or it would be NULL.
            return (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { raw in
                values.append(raw.baseAddress?.assumingMemoryBound(to: CChar.self))
                return lend(rest.dropFirst())
            }
        }
        return lend(parameters[...])
    }
}
