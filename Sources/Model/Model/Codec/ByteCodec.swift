/// Why stored bytes could not be read back.
package struct CodecError: Error, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }

    package init(_ message: String) { self.message = message }
}

/// Appends values to bytes: integers as LEB128 varints, the rest in little-endian order.
package struct ByteWriter {
    package private(set) var bytes: [UInt8]

    package init(reserving capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// The bytes without spare room behind them: for what is kept.
    package var exactBytes: [UInt8] {
        bytes.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: source.count) { copy, count in
                count = copy.initialize(fromContentsOf: source)
            }
        }
    }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func varint(_ value: Int) { varint(UInt64(value)) }

    /// Signed, so that small magnitudes stay short.
    package mutating func zigzag(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    package mutating func uuid(_ value: UUID128) {
        withUnsafeBytes(of: (value.high.bigEndian, value.low.bigEndian)) { bytes.append(contentsOf: $0) }
    }

    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 {
            varint($0.count)
            bytes.append(contentsOf: $0)
        }
    }

    package mutating func optionalString(_ value: String?) {
        byte(value == nil ? 0 : 1)
        if let value { string(value) }
    }

    /// A length, then the bytes.
    package mutating func blob(_ value: [UInt8]) {
        varint(value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func double(_ value: Double) {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads what `ByteWriter` wrote. Every read is checked; nothing outside the bytes is touched.
package struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    package private(set) var position = 0

    /// The bytes must outlive the reader.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package var atEnd: Bool { position == bytes.count }
    package var remaining: Int { bytes.count - position }

    @inline(__always)
    package mutating func byte() throws(CodecError) -> UInt8 {
        guard position < bytes.count else { throw CodecError("the bytes end too early") }
        defer { position += 1 }
        return bytes[position]
    }

    @inline(__always)
    package mutating func varint() throws(CodecError) -> UInt64 {
        // Nearly all are counts and lengths of one byte.
        guard position < bytes.count, bytes[position] < 0x80 else { return try longVarint() }
        defer { position += 1 }
        return UInt64(bytes[position])
    }

    private mutating func longVarint() throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw CodecError("a number is too long") }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A count or length that cannot exceed what is left, as each of its items takes at least one byte.
    @inline(__always)
    package mutating func count() throws(CodecError) -> Int {
        let value = try varint()
        guard value <= UInt64(remaining) else { throw CodecError("a length reaches past the end") }
        return Int(value)
    }

    package mutating func zigzag() throws(CodecError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next bytes as they lie.
    package mutating func part(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        guard remaining >= count else { throw CodecError("the bytes end too early") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    package mutating func uuid() throws(CodecError) -> UUID128 {
        guard remaining >= 16 else { throw CodecError("the bytes end too early") }
        defer { position += 16 }
        return UUID128(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)))
    }

    /// The bytes of a string or blob, in place.
    @inline(__always)
    package mutating func slice() throws(CodecError) -> UnsafeRawBufferPointer {
        let length = try count()
        defer { position += length }
        return UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 + position }, count: length)
    }

    /// Passes over so many bytes.
    @inline(__always)
    mutating func skip(_ length: Int) throws(CodecError) {
        guard length <= remaining else { throw CodecError("the bytes end too early") }
        position += length
    }

    package mutating func string() throws(CodecError) -> String {
        String(decoding: try slice(), as: UTF8.self)
    }

    package mutating func optionalString() throws(CodecError) -> String? {
        try byte() == 0 ? nil : try string()
    }

    package mutating func blob() throws(CodecError) -> [UInt8] { Array(try slice()) }

    package mutating func double() throws(CodecError) -> Double {
        guard remaining >= 8 else { throw CodecError("the bytes end too early") }
        defer { position += 8 }
        return Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
    }
}
