/// Integers that 64 bits do not hold. simdjson refuses a document for them, though it takes the same number with an exponent.
enum WideIntegers {
    /// The text with `e0` after each of them, which makes it a double; nil when there is none. Takes what is no JSON as it
    /// comes: the parser decides what to say of it.
    static func rewritten(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var text: [UInt8] = []
        var copied = 0
        var at = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at = endOfString(in: bytes, from: at + 1)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let end = endOfNumber(in: bytes, from: at)
                if isWide(UnsafeRawBufferPointer(rebasing: bytes[at..<end])) {
                    text.append(contentsOf: bytes[copied..<end])
                    text.append(contentsOf: "e0".utf8)
                    copied = end
                }
                at = end
            default:
                at += 1
            }
        }
        guard copied > 0 else { return nil }
        text.append(contentsOf: bytes[copied...])
        return text
    }

    /// Position after the quote that ends the string.
    private static func endOfString(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(at + 1, bytes.count)
    }

    private static func endOfNumber(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start + 1
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                at += 1
            default: return at
            }
        }
        return at
    }

    private static func isWide(_ number: UnsafeRawBufferPointer) -> Bool {
        let isNegative = number.first == UInt8(ascii: "-")
        let digits = number.dropFirst(isNegative ? 1 : 0)
        guard digits.count >= 19, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return false }
        let spelt = String(decoding: number, as: UTF8.self)
        return isNegative ? Int64(spelt) == nil : UInt64(spelt) == nil
    }
}
