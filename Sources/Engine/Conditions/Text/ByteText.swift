/// Byte-level work on UTF-8 text that conditions and normalisation share. Nothing here allocates for ASCII.
package enum ByteText {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// A 64-bit hash, the same on every machine and in every run: the multiply-and-fold of Wang Yi's wyhash.
    package static func hash(_ bytes: Bytes) -> UInt64 {
        let raw = UnsafeRawBufferPointer(bytes)
        let count = raw.count
        var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)
        var at = 0
        while at &+ 8 <= count {
            hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian, 0xE703_7ED1_A0B4_28DB)
            at &+= 8
        }
        if at < count {
            var tail: UInt64 = 0
            while at < count {
                tail = tail << 8 | UInt64(raw[at])
                at &+= 1
            }
            hash = fold(hash ^ tail, 0x8EBC_6AF0_9C88_C6E3)
        }
        return fold(hash, 0x5899_65CC_7537_4CC3)
    }

    package static func hash(_ text: String) -> UInt64 { text.withBytes { hash($0) } }

    private static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }

    package static func equal(_ left: Bytes, _ right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        for position in 0..<left.count where left[position] != right[position] { return false }
        return true
    }

    /// UTF-8 order, which for code points is the same.
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
    @inline(__always)
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        if let result = try utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return try copy.withUTF8(body)
    }
}
