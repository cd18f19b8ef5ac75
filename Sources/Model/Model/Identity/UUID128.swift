/// A UUID (RFC 9562) as two words in network order: cheap to copy, compare and hash.
package struct UUID128: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// The version field: 5 for names, 8 for ids derived from another id.
    package var version: Int { Int((high >> 12) & 0xF) }

    /// Sets the version and the variant bits of RFC 9562, section 4.
    package static func stamped(high: UInt64, low: UInt64, version: UInt64) -> UUID128 {
        UUID128(
            high: (high & 0xFFFF_FFFF_FFFF_0FFF) | (version << 12),
            low: (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }
}

extension UUID128 {
    /// Parses the 36-byte form, either case; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var copy = String(text)
        guard let parsed = copy.withUTF8({ UUID128(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = parsed
    }

    /// Parses the 36-byte form without making a String.
    package init?(utf8 text: UnsafeRawBufferPointer) {
        guard text.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for position in 0..<36 {
            let byte = text[position]
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte &- UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte &- UInt8(ascii: "a") &+ 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte &- UInt8(ascii: "A") &+ 10)
            default: return nil
            }
            if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
            digits += 1
        }
        self.init(high: high, low: low)
    }

    /// Writes the 36-byte form to `target`, which has room for it.
    package func write(to target: UnsafeMutablePointer<UInt8>) {
        let target = UnsafeMutableRawPointer(target)
        let dash = UInt8(ascii: "-")
        let groups = (Self.hex(high >> 32), Self.hex(high), Self.hex(low >> 32), Self.hex(low))
        Self.store(groups.0, 8, at: target)
        target.storeBytes(of: dash, toByteOffset: 8, as: UInt8.self)
        Self.store(groups.1, 4, at: target + 9)
        target.storeBytes(of: dash, toByteOffset: 13, as: UInt8.self)
        Self.store(groups.1 >> 32, 4, at: target + 14)
        target.storeBytes(of: dash, toByteOffset: 18, as: UInt8.self)
        Self.store(groups.2, 4, at: target + 19)
        target.storeBytes(of: dash, toByteOffset: 23, as: UInt8.self)
        Self.store(groups.2 >> 32, 4, at: target + 24)
        Self.store(groups.3, 8, at: target + 28)
    }

    /// The eight hexadecimal digits of the lower 32 bits, the first one in the lowest byte: all eight at once, in one word.
    @inline(__always)
    private static func hex(_ value: UInt64) -> UInt64 {
        var digits = (value & 0xFFFF) << 32 | (value >> 16 & 0xFFFF)
        digits = (digits & 0x0000_00FF_0000_00FF) << 16 | (digits >> 8 & 0x0000_00FF_0000_00FF)
        digits = (digits & 0x000F_000F_000F_000F) << 8 | (digits >> 4 & 0x000F_000F_000F_000F)
        let letters = ((digits &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    }

    @inline(__always)
    private static func store(_ digits: UInt64, _ count: Int, at target: UnsafeMutableRawPointer) {
        if count == 8 {
            target.storeBytes(of: digits.littleEndian, as: UInt64.self)
        } else {
            target.storeBytes(of: UInt32(truncatingIfNeeded: digits).littleEndian, as: UInt32.self)
        }
    }
}

extension UUID128: CustomStringConvertible {
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(to: buffer.baseAddress!)
            return 36
        }
    }
}
