/// A zone's rule for all years to come, as POSIX spells it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct RecurringRule: Sendable {
    private struct Change: Sendable {
        enum Day: Sendable {
            /// `Mm.w.d`: the w-th weekday of a month, 0 for Sunday; week 5 is the last one.
            case weekday(month: Int64, week: Int64, day: Int64)
            /// `Jn`: 1 to 365, where February 29 never counts.
            case julian(Int64)
            /// `n`: 0 to 365.
            case ordinal(Int64)
        }

        let day: Day
        /// Seconds since local midnight; may lie outside of the day.
        let time: Int64

        /// Seconds since 1970, on the wall.
        func local(in year: Int64) -> Int64 {
            let days =
                switch day {
                case .weekday(let month, let week, let day):
                    Self.weekday(day, week: week, month: month, year: year)
                case .julian(let number):
                    Calendar.days(year, 1, 1) + number - 1 + (Calendar.isLeap(year) && number > 59 ? 1 : 0)
                case .ordinal(let number): Calendar.days(year, 1, 1) + number
                }
            return days * Calendar.secondsOfDay + time
        }

        private static func weekday(_ day: Int64, week: Int64, month: Int64, year: Int64) -> Int64 {
            let first = Calendar.days(year, month, 1)
            let firstWanted = first + Calendar.floorModulo(day - Calendar.weekday(first) % 7, 7)
            let wanted = firstWanted + (week - 1) * 7
            return wanted - first >= Calendar.daysInMonth(month, of: year) ? wanted - 7 : wanted
        }
    }

    private let standard: Int32
    private let summer: (offset: Int32, begins: Change, ends: Change)?

    /// Nil when the text is no such rule.
    init?(_ text: String) {
        var reader = RuleReader(text)
        guard reader.name(), let west = reader.time() else { return nil }
        standard = Int32(truncatingIfNeeded: -west)
        guard !reader.isAtEnd else {
            summer = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standard + 3600
        if !reader.isAt(","), let west = reader.time() { offset = Int32(truncatingIfNeeded: -west) }
        guard reader.take(","), let begins = Self.change(&reader), reader.take(","), let ends = Self.change(&reader),
            reader.isAtEnd
        else { return nil }
        summer = (offset, begins, ends)
    }

    private static func change(_ reader: inout RuleReader) -> Change? {
        let day: Change.Day
        if reader.take("M") {
            guard let month = reader.number(), (1...12).contains(month), reader.take("."), let week = reader.number(),
                (1...5).contains(week), reader.take("."), let weekday = reader.number(), (0...6).contains(weekday)
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if reader.take("J") {
            guard let number = reader.number(), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = reader.number(), (0...365).contains(number) else { return nil }
            day = .ordinal(number)
        }
        guard reader.take("/") else { return Change(day: day, time: 7200) }
        return reader.time().map { Change(day: day, time: $0) }
    }

    func offset(at instant: Int64) -> Int32 {
        guard let summer else { return standard }
        let year = Calendar.civil(Calendar.floorDivide(instant + Int64(standard), Calendar.secondsOfDay)).year
        let begins = summer.begins.local(in: year) - Int64(standard)
        let ends = summer.ends.local(in: year) - Int64(summer.offset)
        let isSummer =
            begins < ends ? (begins..<ends).contains(instant) : !(ends..<begins).contains(instant)
        return isSummer ? summer.offset : standard
    }
}

private struct RuleReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    func isAt(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard isAt(character) else { return false }
        rest.removeFirst()
        return true
    }

    /// A zone's abbreviation: letters, or anything between angle brackets.
    mutating func name() -> Bool {
        if take("<") {
            while let byte = rest.popFirst(), byte != UInt8(ascii: ">") {}
            return true
        }
        let letters = rest.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0 & 0xDF) }
        rest = rest.dropFirst(letters.count)
        return !letters.isEmpty
    }

    mutating func number() -> Int64? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    mutating func time() -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number() else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number() else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let more = number() else { return nil }
                seconds += more
            }
        }
        return isNegative ? -seconds : seconds
    }
}
