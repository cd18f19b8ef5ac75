/// An amount of money in 10⁻¹⁸ of the currency's unit: fine enough to add up billing rows without an error.
struct Attos: Equatable, Sendable {
    private(set) var value: Int128

    static let zero = Attos(value: 0)
    private static let perNano: Int128 = 1_000_000_000

    /// False when the sum has no place in an `Int64` of nanos.
    func canAdd(_ other: Attos) -> Bool { Self.nanos(value + other.value) != nil }

    mutating func add(_ other: Attos) { value += other.value }

    /// In billionths, rounded to the nearest, halves away from zero.
    var nanos: Int64 { Self.nanos(value) ?? (value < 0 ? .min : .max) }

    private static func nanos(_ value: Int128) -> Int64? {
        let half = value < 0 ? -perNano / 2 : perNano / 2
        return Int64(exactly: (value + half) / perNano)
    }
}

extension Attos {
    /// Parses `-12.5`, `.5`, `1.2E-7`, spaces around it. Digits finer than 10⁻¹⁸ are cut off.
    ///
    /// Nil when it is no number, or none that fits into an `Int64` of billionths.
    init?(decimal text: UnsafeBufferPointer<UInt8>) {
        var scanner = DecimalScanner(text)
        guard let parsed = scanner.scan() else { return nil }
        var digits = parsed.digits
        var shift = 18 + parsed.exponent
        // 10²⁸ attos are 10¹⁹ nanos: more than an Int64 holds.
        while shift > 0, digits != 0 {
            guard digits < 100_000_000_000_000_000_000_000_000_000 else { return nil }
            digits *= 10
            shift -= 1
        }
        while shift < 0, digits != 0 {
            digits /= 10
            shift += 1
        }
        let value = parsed.isNegative ? -digits : digits
        guard Self.nanos(value) != nil else { return nil }
        self.value = value
    }
}

/// Reads the parts of a decimal number.
private struct DecimalScanner {
    private let text: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// The number is ±digits × 10^exponent.
    struct Parts {
        var digits: Int128
        var exponent: Int
        var isNegative: Bool
    }

    /// Digits kept; the ones after them are beyond 10⁻¹⁸ or the number is too large.
    private static let digitsMax = 37

    mutating func scan() -> Parts? {
        skipSpaces()
        let isNegative = skip(UInt8(ascii: "-"))
        if !isNegative { _ = skip(UInt8(ascii: "+")) }
        var parts = Parts(digits: 0, exponent: 0, isNegative: isNegative)
        var kept = 0
        var seen = 0
        var low: UInt64 = 0
        var lowCount = 0
        var scale: UInt64 = 1
        func flush() {
            parts.digits = parts.digits * Int128(scale) + Int128(low)
            low = 0
            lowCount = 0
            scale = 1
        }
        var afterPoint = false
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "."), !afterPoint {
                afterPoint = true
            } else if let digit = Self.digit(byte) {
                seen += 1
                if kept < Self.digitsMax {
                    low = low * 10 + digit
                    lowCount += 1
                    scale *= 10
                    if kept > 0 || digit != 0 { kept += 1 }
                    if lowCount == 18 { flush() }
                    if afterPoint { parts.exponent -= 1 }
                } else if !afterPoint {
                    parts.exponent += 1
                }
            } else {
                break
            }
            at += 1
        }
        flush()
        guard seen > 0, let exponent = scanExponent() else { return nil }
        parts.exponent += exponent
        skipSpaces()
        return at == text.count ? parts : nil
    }

    /// 0 when there is none; nil when it is malformed. Beyond ±10,000 every number is too large or zero.
    private mutating func scanExponent() -> Int? {
        guard skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) else { return 0 }
        let isNegative = skip(UInt8(ascii: "-"))
        if !isNegative { _ = skip(UInt8(ascii: "+")) }
        var value = 0
        let first = at
        while at < text.count, let digit = Self.digit(text[at]) {
            value = min(value * 10 + Int(digit), 10_000)
            at += 1
        }
        guard at > first else { return nil }
        return isNegative ? -value : value
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        let digit = byte &- UInt8(ascii: "0")
        return digit < 10 ? UInt64(digit) : nil
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard at < text.count, text[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipSpaces() { while at < text.count, text[at] == UInt8(ascii: " ") { at += 1 } }
}
