import Glibc
import Model

/// Writes JSON text through a pointer into room that was reserved before: for point reads, where each nanosecond counts.
///
/// Nothing is checked here; who reserves adds up what will be written.
struct RawJSON {
    private(set) var at: UnsafeMutablePointer<UInt8>
    /// The moment written last, to copy where the next one is the same.
    private var lastTime: (milliseconds: Int64, text: UnsafeMutablePointer<UInt8>)?

    init(_ start: UnsafeMutablePointer<UInt8>) { at = start }

    /// Text that is JSON already.
    @inline(__always)
    mutating func literal(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        memcpy(at, text.utf8Start, count)
        at += count
    }

    /// A string without its quotes. At most six bytes for each of `text`.
    @inline(__always)
    mutating func escaped(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress else { return }
        if Self.needsNoEscape(text) {
            memcpy(at, start, text.count)
            at += text.count
        } else {
            escapedSlowly(text)
        }
    }

    @inline(__always)
    mutating func uuid(_ value: UUID128) {
        value.write(to: at)
        at += 36
    }

    /// Text that is ready.
    @inline(__always)
    mutating func copy(_ text: UnsafePointer<UInt8>, count: Int) {
        memcpy(at, text, count)
        at += count
    }

    /// RFC 3339 with milliseconds, without quotes: 24 bytes.
    @inline(__always)
    mutating func time(milliseconds: Int64) {
        if let lastTime, lastTime.milliseconds == milliseconds {
            memcpy(at, lastTime.text, 24)
        } else {
            Timestamp(milliseconds: milliseconds).write(to: at)
        }
        lastTime = (milliseconds, at)
        at += 24
    }

    /// At most 20 bytes.
    mutating func integer(_ value: UInt64) {
        guard value > 9 else {
            at.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)
            at += 1
            return
        }
        var rest = value
        var digits = 0
        while rest > 0 {
            rest /= 10
            digits += 1
        }
        rest = value
        for position in stride(from: digits - 1, through: 0, by: -1) {
            at[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        at += digits
    }

    /// A finite number; at most 32 bytes.
    mutating func double(_ value: Double) {
        if value == 1 { return byte("1") }
        var text = value.isFinite ? value.description : "null"
        text.withUTF8 { copy($0.baseAddress!, count: $0.count) }
    }

    @inline(__always)
    private mutating func byte(_ character: Unicode.Scalar) {
        at.pointee = UInt8(ascii: character)
        at += 1
    }

    /// Looks at eight bytes at a time for a quote, a backslash or a control character ("Bit Twiddling Hacks", Anderson).
    @inline(__always)
    private static func needsNoEscape(_ text: UnsafeRawBufferPointer) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var position = 0
        var found: UInt64 = 0
        while position &+ 8 <= text.count {
            let word = text.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let slashes = word ^ (ones &* 0x5C)
            found |= ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- ones &* 0x20) & ~word)
            position &+= 8
        }
        if found & highs != 0 { return false }
        while position < text.count {
            let byte = text[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { return false }
            position &+= 1
        }
        return true
    }

    private mutating func escapedSlowly(_ text: UnsafeRawBufferPointer) {
        for value in text {
            switch value {
            case 0x22: literal("\\\"")
            case 0x5C: literal("\\\\")
            case 0x0A: literal("\\n")
            case 0x0D: literal("\\r")
            case 0x09: literal("\\t")
            case 0..<0x20:
                literal("\\u00")
                byte(value < 0x10 ? "0" : "1")
                let digit = value & 0xF
                at.pointee = digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
                at += 1
            default:
                at.pointee = value
                at += 1
            }
        }
    }
}
