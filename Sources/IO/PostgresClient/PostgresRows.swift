import CPostgreSQL
package import Model

/// A type that a column of an answer can be read as.
package protocol PostgresDecodable {
    /// Nil where a column of that type does not hold one. `bytes` are the server's binary form.
    static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Self?
}

/// What a statement answered: rows in the binary form, and how many rows it touched.
package final class PostgresRows: @unchecked Sendable {
    // Nobody changes it, and libpq's readers of results are safe on any thread.
    private let result: OpaquePointer
    package let count: Int
    private let types: [PostgresType]

    /// Owns `result` from now on.
    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        types = (0..<PQnfields(result)).map { PostgresType(rawValue: PQftype(result, $0)) }
    }

    deinit { PQclear(result) }

    /// Rows that the statement inserted, changed, deleted or answered with.
    package var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// Nil where the value is NULL. Row and column count from 0.
    package func find<Value: PostgresDecodable>(
        _ row: Int, _ column: Int, as _: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        precondition(
            row >= 0 && row < count && column >= 0 && column < types.count, "there is no row \(row), column \(column)")
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        guard let value = Value.decode(bytes, as: types[Int(column)]) else {
            throw PostgresError(
                .unexpectedAnswer,
                "column \(PQfname(result, column).map { String(cString: $0) } ?? "?") is of type "
                    + "\(types[Int(column)].rawValue), which is not read as \(Value.self)")
        }
        return value
    }

    package func get<Value: PostgresDecodable>(
        _ row: Int, _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = try find(row, column, as: type) else {
            throw PostgresError(
                .unexpectedAnswer, "column \(String(cString: PQfname(result, Int32(column)))) of row \(row) is NULL")
        }
        return value
    }
}

private func integer<Value: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _: Value.Type) -> Value? {
    bytes.count == MemoryLayout<Value>.size ? Value(bigEndian: bytes.loadUnaligned(as: Value.self)) : nil
}

extension String: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> String? {
        switch type {
        case .text, .varchar, .name, .json: String(validating: bytes, as: UTF8.self)
        case .jsonb where bytes.first == 1: String(validating: bytes.dropFirst(), as: UTF8.self)
        default: nil
        }
    }
}

extension Int64: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Int64? {
        switch type {
        case .bigint: integer(bytes, Int64.self)
        case .integer: integer(bytes, Int32.self).map(Int64.init)
        case .smallint: integer(bytes, Int16.self).map(Int64.init)
        default: nil
        }
    }
}

extension Double: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Double? {
        type == .double ? integer(bytes, UInt64.self).map(Double.init(bitPattern:)) : nil
    }
}

extension Bool: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Bool? {
        type == .bool && bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

extension UUID128: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> UUID128? {
        guard type == .uuid, bytes.count == 16 else { return nil }
        return UUID128(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension Timestamp: PostgresDecodable {
    /// Rounded down to milliseconds.
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Timestamp? {
        guard type == .timestamptz, let since = integer(bytes, Int64.self) else { return nil }
        let (quotient, remainder) = since.quotientAndRemainder(dividingBy: 1000)
        return Timestamp(milliseconds: quotient - (remainder < 0 ? 1 : 0) + PostgresType.epochMilliseconds)
    }
}

extension [UInt8]: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> [UInt8]? {
        switch type {
        case .bytea, .json: [UInt8](bytes)
        case .jsonb where bytes.first == 1: [UInt8](bytes.dropFirst())
        default: nil
        }
    }
}

/// An array of one dimension; nulls in it are refused.
package struct PostgresList<Element: PostgresDecodable>: PostgresDecodable {
    package let elements: [Element]

    package static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Self? {
        func word(_ position: Int) -> Int32? {
            position + 4 <= bytes.count
                ? Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self)) : nil
        }
        guard let dimensions = word(0), let code = word(8) else { return nil }
        let elementType = PostgresType(rawValue: UInt32(bitPattern: code))
        guard elementType.array == type else { return nil }
        guard dimensions > 0 else { return Self(elements: []) }
        guard dimensions == 1, let count = word(12), count >= 0 else { return nil }
        var elements: [Element] = []
        var position = 20
        for _ in 0..<count {
            guard let length = word(position), length >= 0, position + 4 + Int(length) <= bytes.count else { return nil }
            let element = UnsafeRawBufferPointer(rebasing: bytes[(position + 4)..<(position + 4 + Int(length))])
            guard let value = Element.decode(element, as: elementType) else { return nil }
            elements.append(value)
            position += 4 + Int(length)
        }
        return Self(elements: elements)
    }
}
