/// Reads a frame's fields in order. Every read is checked against the bytes that are there.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(FrameDamage) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw .truncated }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// LEB128: seven bits a byte, lowest first, in its shortest form only.
    mutating func varint(max: UInt64, _ field: FrameDamage.Field) throws(FrameDamage) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try integer(UInt8.self)
            // `max` is at most 2^56: no value of ours needs a ninth byte.
            guard shift < 63, byte != 0 || shift == 0 else { throw .outOfRange(field) }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { break }
            shift += 7
        }
        guard value <= max else { throw .outOfRange(field) }
        return value
    }

    mutating func bytes(max: Int, _ field: FrameDamage.Field) throws(FrameDamage) -> UnsafeRawBufferPointer {
        let count = Int(try varint(max: UInt64(max), field))
        guard remaining >= count else { throw .truncated }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// UTF-8 text; anything else is refused, not repaired, so that what is decoded encodes to the same bytes.
    mutating func text(_ range: ClosedRange<Int>, _ field: FrameDamage.Field) throws(FrameDamage) -> String {
        let utf8 = try bytes(max: range.upperBound, field)
        guard utf8.count >= range.lowerBound, let text = String(validating: utf8, as: UTF8.self) else {
            throw .outOfRange(field)
        }
        return text
    }
}

/// Writes a frame's fields in order.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving count: Int) { bytes.reserveCapacity(count) }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func varint(_ value: some FixedWidthInteger & UnsignedInteger) {
        var value = UInt64(value)
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func bytes(_ value: [UInt8]) {
        varint(UInt(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ value: String) {
        varint(UInt(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Overwrites the first four bytes.
    mutating func setLength(_ length: UInt32) {
        withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
    }

    static func varintBytes(_ value: some FixedWidthInteger & UnsignedInteger) -> Int {
        let bits = UInt64.bitWidth - UInt64(value).leadingZeroBitCount
        return max(1, (bits + 6) / 7)
    }
}
