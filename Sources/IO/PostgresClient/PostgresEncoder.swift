import Glibc
package import Model

/// Values in the server's binary form (all numbers in network order), one after the other.
package struct PostgresEncoder: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func replaceInteger(at position: Int, with value: Int32) {
        precondition(position >= 0 && position + 4 <= bytes.count, "nothing to replace at \(position)")
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func uuid(_ value: UUID128) {
        integer(value.high)
        integer(value.low)
    }

    /// Microseconds since 2000. A moment beyond what they can count becomes the nearest that they can.
    static func microseconds(_ value: Timestamp) -> Int64 {
        let (since, overflow) = value.milliseconds.subtractingReportingOverflow(PostgresType.epochMilliseconds)
        let bound = Int64.max / 1000 - 1
        return (overflow ? -bound : min(bound, max(-bound, since))) * 1000
    }

    mutating func timestamp(_ value: Timestamp) { integer(Self.microseconds(value)) }

    /// PostgreSQL's text has no place for U+0000: it becomes U+FFFD.
    mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            guard let start = utf8.baseAddress, memchr(start, 0, utf8.count) != nil else {
                return bytes.append(contentsOf: utf8)
            }
            for byte in utf8 {
                if byte == 0 { bytes.append(contentsOf: [0xEF, 0xBF, 0xBD]) } else { bytes.append(byte) }
            }
        }
    }
}

/// A value that travels beside a statement, never inside its text.
package struct PostgresParameter: Sendable {
    let type: PostgresType
    /// Nil is NULL.
    let bytes: [UInt8]?

    private init(_ type: PostgresType, _ encode: (inout PostgresEncoder) -> Void) {
        var encoder = PostgresEncoder()
        encode(&encoder)
        self.type = type
        bytes = encoder.bytes
    }

    init(type: PostgresType, bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
    }

    package static func null(_ type: PostgresType) -> Self { Self(type: type, bytes: nil) }
    package static func text(_ value: String) -> Self { Self(.text) { $0.text(value) } }
    package static func bigint(_ value: Int64) -> Self { Self(.bigint) { $0.integer(value) } }
    /// The same 64 bits with a sign: what the server can store of a number without one.
    package static func bits(_ value: UInt64) -> Self { bigint(Int64(bitPattern: value)) }
    package static func integer(_ value: Int32) -> Self { Self(.integer) { $0.integer(value) } }
    package static func double(_ value: Double) -> Self { Self(.double) { $0.integer(value.bitPattern) } }
    package static func bool(_ value: Bool) -> Self { Self(.bool) { $0.integer(value ? 1 as UInt8 : 0) } }
    package static func bytes(_ value: [UInt8]) -> Self { Self(type: .bytea, bytes: value) }
    package static func uuid(_ value: UUID128) -> Self { Self(.uuid) { $0.uuid(value) } }
    package static func timestamp(_ value: Timestamp) -> Self { Self(.timestamptz) { $0.timestamp(value) } }
    /// `value` is JSON text.
    package static func jsonb(_ value: [UInt8]) -> Self {
        Self(.jsonb) {
            $0.integer(1 as UInt8)
            $0.append(value)
        }
    }
}

/// A column of many values as one array: what `unnest` turns into rows.
package struct PostgresColumn: Sendable {
    private let type: PostgresType
    private let arrayType: PostgresType
    private var encoder: PostgresEncoder
    package private(set) var count = 0

    /// The header: dimensions, whether there are nulls, the elements' type, count, lower bound; four bytes each.
    private static let nullsOffset = 4
    private static let countOffset = 12

    /// Of a type that `PostgresType.array` knows.
    package init(_ type: PostgresType) {
        guard let array = type.array else { preconditionFailure("no arrays of type \(type.rawValue) here") }
        self.type = type
        arrayType = array
        encoder = PostgresEncoder(reserving: 1024)
        for word in [1, 0, Int32(bitPattern: type.rawValue), 0, 1] as [Int32] { encoder.integer(word) }
    }

    /// Size of what it holds so far, in bytes.
    package var byteCount: Int { encoder.bytes.count }

    private mutating func element(_ wanted: PostgresType, _ encode: (inout PostgresEncoder) -> Void) {
        begin(wanted)
        let start = encoder.bytes.count
        encoder.integer(0 as Int32)
        encode(&encoder)
        encoder.replaceInteger(at: start, with: Int32(encoder.bytes.count - start - 4))
    }

    /// One whose size is known before: a batch has a hundred thousand of them, so each is appended in one piece.
    private mutating func element(_ wanted: PostgresType, size: Int, _ encode: (UnsafeMutableRawBufferPointer) -> Void) {
        begin(wanted)
        withUnsafeTemporaryAllocation(byteCount: 4 + size, alignment: 8) { piece in
            piece.storeBytes(of: Int32(size).bigEndian, as: Int32.self)
            encode(UnsafeMutableRawBufferPointer(rebasing: piece[4...]))
            encoder.append(piece)
        }
    }

    private mutating func element<Value: FixedWidthInteger>(_ wanted: PostgresType, _ value: Value) {
        element(wanted, size: Value.bitWidth / 8) { $0.storeBytes(of: value.bigEndian, as: Value.self) }
    }

    private mutating func begin(_ wanted: PostgresType) {
        precondition(type == wanted, "a value of type \(wanted.rawValue) in a column of type \(type.rawValue)")
        counted()
    }

    /// The header is kept as it should be, so that nothing is copied in the end.
    private mutating func counted() {
        count += 1
        encoder.replaceInteger(at: Self.countOffset, with: Int32(count))
    }

    package mutating func appendNull() {
        counted()
        encoder.replaceInteger(at: Self.nullsOffset, with: 1)
        encoder.integer(-1 as Int32)
    }

    package mutating func append(_ value: UUID128) {
        element(.uuid, size: 16) {
            $0.storeBytes(of: value.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: value.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
    }
    package mutating func append(_ value: UUID128?) { if let value { append(value) } else { appendNull() } }
    package mutating func append(_ value: String) { element(.text) { $0.text(value) } }
    package mutating func append(_ value: String?) { if let value { append(value) } else { appendNull() } }
    package mutating func append(_ value: Int64) { element(.bigint, value) }
    package mutating func append(bits value: UInt64) { append(Int64(bitPattern: value)) }
    package mutating func append(_ value: Int32) { element(.integer, value) }
    package mutating func append(_ value: Double) { element(.double, value.bitPattern) }
    package mutating func append(_ value: Bool) { element(.bool, value ? 1 as UInt8 : 0) }
    package mutating func append(_ value: Timestamp) { element(.timestamptz, PostgresEncoder.microseconds(value)) }
    package mutating func append(bytes value: [UInt8]) { element(.bytea) { $0.append(value) } }
    /// `value` is JSON text.
    package mutating func append(json value: [UInt8]) {
        element(.jsonb) {
            $0.integer(1 as UInt8)
            $0.append(value)
        }
    }

    package var parameter: PostgresParameter {
        guard count > 0 else {
            // An empty array has no dimension, and no header beyond its type.
            var empty = PostgresEncoder()
            for word in [0, 0, Int32(bitPattern: type.rawValue)] as [Int32] { empty.integer(word) }
            return PostgresParameter(type: arrayType, bytes: empty.bytes)
        }
        return PostgresParameter(type: arrayType, bytes: encoder.bytes)
    }
}
