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

    /// The protocol counts them in 16 bits.
    private static let parametersMax = 65_535

    /// Calls `body` with what libpq's functions take.
    func withArguments<Value>(
        _ body: (
            _ count: Int32, _ types: UnsafePointer<UInt32>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<Int32>?, _ formats: UnsafePointer<Int32>?
        ) -> Value
    ) -> Value {
        // One piece for all values: an empty one needs an address too, or it would be NULL.
        var total = 1
        for parameter in parameters { total += parameter.bytes?.count ?? 0 }
        var blob: [UInt8] = []
        blob.reserveCapacity(total)
        var places: [Int?] = []
        for parameter in parameters {
            places.append(parameter.bytes == nil ? nil : blob.count)
            if let bytes = parameter.bytes { blob.append(contentsOf: bytes) }
        }
        blob.append(0)
        let types = parameters.map(\.type.rawValue)
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: parameters.count)
        return blob.withUnsafeBytes { raw in
            let values: [UnsafePointer<CChar>?] = places.map { place in
                place.flatMap { raw.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return body(Int32(parameters.count), types, values, lengths, formats)
        }
    }
}
