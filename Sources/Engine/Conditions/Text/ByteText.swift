/// Byte-level work on UTF-8 text that conditions and normalisation share. Nothing here allocates for ASCII.
package enum ByteText {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// A 64-bit hash, the same on every machine of one byte order and in every run: the multiply-and-fold of Wang Yi's
    /// wyhash over words of eight bytes, the last one overlapping.
    @inlinable
    package static func hash(_ bytes: Bytes) -> UInt64 {
        guard let start = bytes.baseAddress.map({ UnsafeRawPointer($0) }) else { return fold(0, 0) }
        let count = bytes.count
        var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)
        guard count >= 8 else { return fold(hash ^ shortWord(start, count), 0x8EBC_6AF0_9C88_C6E3) }
        var at = 0
        while at < count &- 8 {
            hash = fold(hash ^ start.loadUnaligned(fromByteOffset: at, as: UInt64.self), 0xE703_7ED1_A0B4_28DB)
            at &+= 8
        }
        return fold(hash ^ start.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self), 0x8EBC_6AF0_9C88_C6E3)
    }

    @inlinable
    package static func hash(_ text: String) -> UInt64 { text.withBytes { hash($0) } }

    /// Up to seven bytes as one word, different for different bytes of one length.
    @inlinable
    static func shortWord(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        if count >= 4 {
            let first = UInt64(start.loadUnaligned(as: UInt32.self))
            return first << 32 | UInt64(start.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
        }
        guard count > 0 else { return 0 }
        let first = UInt64(start.load(as: UInt8.self))
        let middle = UInt64(start.load(fromByteOffset: count / 2, as: UInt8.self))
        return first << 16 | middle << 8 | UInt64(start.load(fromByteOffset: count &- 1, as: UInt8.self))
    }

    @inlinable
    static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }

    @inlinable
    package static func equal(_ left: Bytes, _ right: Bytes) -> Bool {
        let count = left.count
        guard count == right.count else { return false }
        guard let first = left.baseAddress.map({ UnsafeRawPointer($0) }),
            let second = right.baseAddress.map({ UnsafeRawPointer($0) })
        else { return true }
        guard count >= 8 else { return shortWord(first, count) == shortWord(second, count) }
        var at = 0
        while at < count &- 8 {
            guard
                first.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    == second.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            else { return false }
            at &+= 8
        }
        return first.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            == second.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }

    /// UTF-8 order, which for code points is the same.
    @inlinable
    package static func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
        let shared = min(left.count, right.count)
        for position in 0..<shared where left[position] != right[position] { return left[position] < right[position] }
        return left.count < right.count
    }

    static func hasPrefix(_ text: Bytes, _ prefix: Bytes) -> Bool {
        text.count >= prefix.count && equal(Bytes(rebasing: text[..<prefix.count]), prefix)
    }

    static func hasSuffix(_ text: Bytes, _ suffix: Bytes) -> Bool {
        text.count >= suffix.count && equal(Bytes(rebasing: text[(text.count - suffix.count)...]), suffix)
    }

    /// Knuth would frown; operands are short, and the first byte rejects almost every position.
    static func contains(_ text: Bytes, _ part: Bytes) -> Bool {
        guard let first = part.first else { return true }
        guard text.count >= part.count else { return false }
        for start in 0...(text.count - part.count) where text[start] == first {
            if equal(Bytes(rebasing: text[start..<(start + part.count)]), part) { return true }
        }
        return false
    }

    /// Lends `body` the text in lower case: byte by byte for ASCII, by Unicode's rules where anything else occurs.
    package static func withLowercased<Result>(_ text: Bytes, _ body: (Bytes) -> Result) -> Result {
        guard !text.contains(where: { $0 >= 0x80 }) else {
            return String(decoding: text, as: UTF8.self).lowercased().withBytes(body)
        }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count) { lower in
            for position in 0..<text.count { lower[position] = lowercased(text[position]) }
            return body(Bytes(lower))
        }
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// The number that the whole text spells in decimal (sign, fraction and exponent allowed); nil for anything else,
    /// "nan", "inf" and hexadecimal included.
    package static func number(_ text: Bytes) -> Double? {
        guard let first = text.first, text.count <= 64 else { return nil }
        var at = first == UInt8(ascii: "-") || first == UInt8(ascii: "+") ? 1 : 0
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction = 0
        var point = false
        while at < text.count {
            let byte = text[at]
            if byte &- UInt8(ascii: "0") < 10 {
                mantissa = mantissa &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                digits += 1
                if point { fraction += 1 }
            } else if byte == UInt8(ascii: "."), !point {
                point = true
            } else {
                break
            }
            at += 1
        }
        guard digits > 0 else { return nil }
        // Up to 15 digits both the mantissa and the power of ten are exact, so one division rounds correctly (Clinger).
        if at == text.count, digits <= 15 {
            let magnitude = Double(mantissa) / powersOfTen[fraction]
            return first == UInt8(ascii: "-") ? -magnitude : magnitude
        }
        guard at == text.count || text[at] | 0x20 == UInt8(ascii: "e") else { return nil }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}

extension String {
    /// Lends the UTF-8 bytes without a copy on the heap.
    @inlinable
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        if let result = try utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return try copy.withUTF8(body)
    }
}
