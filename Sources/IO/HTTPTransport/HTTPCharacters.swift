/// Byte classes of HTTP's grammar (RFC 9110 section 5).
enum HTTPCharacters {
    static let space = UInt8(ascii: " ")
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 65 < 26 ? byte | 0x20 : byte
    }

    /// CR, LF and NUL must not stand in a field's value.
    @inline(__always)
    static func isForbiddenInValue(_ byte: UInt8) -> Bool {
        byte == carriageReturn || byte == lineFeed || byte == 0
    }

    /// `tchar`, of which methods and field names are made: a bit for each byte below 64, and for each from 64 to 127.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        let bits: UInt64 = byte < 64 ? 0x03ff_6cfa_0000_0000 : 0x57ff_ffff_c7ff_fffe
        return byte < 128 && bits >> UInt64(byte & 63) & 1 == 1
    }

    /// The number that a Content-Length field states: digits alone, no sign, no overflow; nil otherwise.
    static func contentLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var length = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, overflowed) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowedAgain) = product.addingReportingOverflow(Int(digit))
            if overflowed || overflowedAgain { return nil }
            length = sum
        }
        return length
    }
}
