/// Reads dates, times and offsets as ISO 8601 has them, with and without separators.
///
/// Each function returns nil where the text is not what it reads; the position is then of no more use.
struct TemporalParser {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private var digitsAhead: Int { rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count }

    private mutating func number(_ digits: Int) -> Int64? {
        guard digitsAhead >= digits else { return nil }
        let value = rest.prefix(digits).reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        rest = rest.dropFirst(digits)
        return value
    }

    private mutating func number(_ digits: Int, in range: ClosedRange<Int64>) -> Int64? {
        number(digits).flatMap { range.contains($0) ? $0 : nil }
    }

    // MARK: Dates

    /// Days since 1970-01-01.
    mutating func date() -> Int64? {
        guard let year = year() else { return nil }
        let isExtended = take("-")
        if take("W") { return week(year, isExtended) }
        if take("Q") { return quarter(year, isExtended) }
        switch digitsAhead {
        case 0: return isExtended ? nil : Calendar.days(year, 1, 1)
        case 3:
            return number(3, in: 1...Calendar.daysInYear(year)).map { Calendar.days(year, 1, 1) + $0 - 1 }
        case 2, 4: return month(year, isExtended)
        default: return nil
        }
    }

    /// Four digits, or with a sign up to nine.
    private mutating func year() -> Int64? {
        let isNegative = take("-")
        guard isNegative || take("+") else { return number(4) }
        guard (1...9).contains(digitsAhead), let year = number(digitsAhead) else { return nil }
        return isNegative ? -year : year
    }

    private mutating func month(_ year: Int64, _ isExtended: Bool) -> Int64? {
        guard let month = number(2, in: 1...12) else { return nil }
        let hasDay = isExtended ? take("-") : digitsAhead == 2
        guard hasDay else { return Calendar.days(year, month, 1) }
        return number(2, in: 1...Calendar.daysInMonth(month, of: year)).map { Calendar.days(year, month, $0) }
    }

    private mutating func week(_ year: Int64, _ isExtended: Bool) -> Int64? {
        guard let week = number(2, in: 1...Calendar.weeks(inWeekYear: year)) else { return nil }
        let monday = Calendar.firstMonday(ofWeekYear: year) + (week - 1) * 7
        let hasDay = isExtended ? take("-") : digitsAhead == 1
        guard hasDay else { return monday }
        return number(1, in: 1...7).map { monday + $0 - 1 }
    }

    private mutating func quarter(_ year: Int64, _ isExtended: Bool) -> Int64? {
        guard let quarter = number(1, in: 1...4) else { return nil }
        let first = Calendar.firstDay(ofQuarter: quarter, of: year)
        let hasDay = isExtended ? take("-") : digitsAhead == 2
        guard hasDay else { return first }
        return number(2, in: 1...Calendar.daysInQuarter(quarter, of: year)).map { first + $0 - 1 }
    }

    // MARK: Times

    /// Nanoseconds since midnight.
    mutating func time() -> Int64? {
        guard let hour = number(2, in: 0...23) else { return nil }
        var nanoseconds = hour * 3600 * Calendar.nanosecondsOfSecond
        let isExtended = take(":")
        guard isExtended || digitsAhead >= 2 else { return nanoseconds }
        guard let minute = number(2, in: 0...59) else { return nil }
        nanoseconds += minute * 60 * Calendar.nanosecondsOfSecond
        let hasSeconds = isExtended ? take(":") : digitsAhead >= 2
        guard hasSeconds else { return nanoseconds }
        guard let second = number(2, in: 0...59) else { return nil }
        nanoseconds += second * Calendar.nanosecondsOfSecond
        guard take(".") || take(",") else { return nanoseconds }
        guard let fraction = fraction() else { return nil }
        return nanoseconds + fraction
    }

    /// One to nine digits behind a point, as nanoseconds.
    mutating func fraction() -> Int64? {
        let digits = digitsAhead
        guard (1...9).contains(digits), var value = number(digits) else { return nil }
        for _ in digits..<9 { value *= 10 }
        return value
    }

    /// `Z`, `+hh`, `+hhmm`, `+hh:mm` or `+hh:mm:ss`, in seconds east of UTC.
    mutating func offset() -> Int32? {
        if take("Z") || take("z") { return 0 }
        let isNegative = take("-")
        guard isNegative || take("+"), let hours = number(2, in: 0...18) else { return nil }
        var seconds = hours * 3600
        let isExtended = take(":")
        if isExtended || digitsAhead >= 2 {
            guard let minutes = number(2, in: 0...59) else { return nil }
            seconds += minutes * 60
            if isExtended ? take(":") : digitsAhead >= 2 {
                guard let more = number(2, in: 0...59) else { return nil }
                seconds += more
            }
        }
        guard seconds <= Int64(Zone.offsetMax) else { return nil }
        return Int32(isNegative ? -seconds : seconds)
    }

    /// A zone's name in brackets.
    mutating func zoneName() -> String? {
        guard take("["), let end = rest.firstIndex(of: UInt8(ascii: "]")), end != rest.startIndex else { return nil }
        let name = String(Substring(rest[..<end]))
        rest = rest[rest.index(after: end)...]
        return name
    }

    // MARK: Durations

    /// A whole number with its sign, and what stands behind its point as nanoths.
    mutating func decimal() -> (whole: Int64, nanoths: Int64)? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard (1...18).contains(digitsAhead), let whole = number(digitsAhead) else { return nil }
        var nanoths: Int64 = 0
        if take(".") || take(",") {
            guard let fraction = fraction() else { return nil }
            nanoths = fraction
        }
        return isNegative ? (-whole, -nanoths) : (whole, nanoths)
    }

    /// A number without a sign, which a date's separator would be taken for.
    mutating func unsigned() -> (whole: Int64, nanoths: Int64)? {
        (1...18).contains(digitsAhead) ? decimal() : nil
    }

    mutating func unit() -> Unicode.Scalar? { rest.popFirst().map { Unicode.Scalar($0) } }
}
