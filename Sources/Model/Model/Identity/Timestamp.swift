/// A moment: milliseconds since 1970-01-01T00:00:00Z, as RFC 3339 with milliseconds outside.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    package func adding(milliseconds delta: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds + delta) }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-03-01T12:30:00.250Z`.
    package var description: String {
        String(unsafeUninitializedCapacity: 24) { buffer in
            write(to: buffer.baseAddress!)
            return 24
        }
    }

    /// The first and the last moment that the text form has room for: years 0 to 9999.
    package static let textRange =
        Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

    /// Writes the 24-byte form to `target`, which has room for it. A moment outside `textRange` is written as its nearest end.
    package func write(to target: UnsafeMutablePointer<UInt8>) {
        let range = Self.textRange
        let milliseconds = max(range.lowerBound, min(self, range.upperBound)).milliseconds
        let day = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
        let inDay = milliseconds - day * 86_400_000
        let date = CivilDate(daysSinceEpoch: day)
        func digits(_ value: Int64, _ count: Int, at position: Int) {
            var value = value
            for offset in stride(from: count - 1, through: 0, by: -1) {
                target[position + offset] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10)
                value /= 10
            }
        }
        digits(date.year, 4, at: 0)
        target[4] = UInt8(ascii: "-")
        digits(date.month, 2, at: 5)
        target[7] = UInt8(ascii: "-")
        digits(date.day, 2, at: 8)
        target[10] = UInt8(ascii: "T")
        digits(inDay / 3_600_000, 2, at: 11)
        target[13] = UInt8(ascii: ":")
        digits(inDay / 60_000 % 60, 2, at: 14)
        target[16] = UInt8(ascii: ":")
        digits(inDay / 1000 % 60, 2, at: 17)
        target[19] = UInt8(ascii: ".")
        digits(inDay % 1000, 3, at: 20)
        target[23] = UInt8(ascii: "Z")
    }
}

extension Timestamp {
    /// Parses RFC 3339, and what occurs in its place: a space for `T`, no zone (read as UTC), date alone, `+0000`,
    /// any number of fraction digits. Nil for anything else, out-of-range fields included.
    package init?(_ text: some StringProtocol) {
        var scanner = DigitScanner(Array(text.utf8))
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        var total = date.daysSinceEpoch * 86_400_000
        if !scanner.atEnd {
            guard scanner.skip("T") || scanner.skip("t") || scanner.skip(" "), let hour = scanner.digits(2), hour < 24,
                scanner.skip(":"), let minute = scanner.digits(2), minute < 60
            else { return nil }
            var second: Int64 = 0
            if scanner.skip(":") {
                guard let value = scanner.digits(2), value <= 60 else { return nil }
                second = min(value, 59)
            }
            total += hour * 3_600_000 + minute * 60_000 + second * 1000
            if scanner.skip(".") || scanner.skip(",") {
                guard let fraction = scanner.milliseconds() else { return nil }
                total += fraction
            }
            guard let offset = scanner.zoneMinutes(), scanner.atEnd else { return nil }
            total -= offset * 60_000
        }
        self.init(milliseconds: total)
    }
}

/// A day of the proleptic Gregorian calendar, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
package struct CivilDate: Hashable, Sendable {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    /// Nil when there is no such day.
    package init?(year: Int64, month: Int64, day: Int64) {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), day >= 1, day <= lengths[Int(month) - 1] else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    package init(daysSinceEpoch days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Reads fixed-width fields of a date.
private struct DigitScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var atEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Character) -> Bool {
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func digits(_ count: Int) -> Int64? {
        guard position + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + count] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        position += count
        return value
    }

    /// At least one digit; what is finer than a millisecond is cut off.
    mutating func milliseconds() -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let digit = digits(1) {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { value *= 10 }
        return value
    }

    /// `Z`, `+hh:mm`, `+hhmm`, `+hh`, ` UTC` or nothing.
    mutating func zoneMinutes() -> Int64? {
        if atEnd || skip("Z") || skip("z") { return 0 }
        if bytes[position...].elementsEqual(" UTC".utf8) {
            position = bytes.count
            return 0
        }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = digits(2), hours <= 23 else { return nil }
        if atEnd { return sign * hours * 60 }
        _ = skip(":")
        guard let minutes = digits(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
