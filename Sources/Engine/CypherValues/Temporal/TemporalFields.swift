internal import CypherSyntax

/// The parts by which a map names a date or a time: `{year: 1984, week: 10, hour: 12, timezone: '+01:00'}`.
struct TemporalFields {
    private enum Field {
        static let day: Set = [
            "year", "month", "day", "week", "dayOfWeek", "ordinalDay", "quarter", "dayOfQuarter", "weekYear",
        ]
        static let time: Set = ["hour", "minute", "second", "millisecond", "microsecond", "nanosecond"]
        static let sources: Set = ["date", "time", "datetime", "timezone"]
        static let epoch: Set = ["epochSeconds", "epochMillis"]
    }

    private let map: CypherMap
    private let context: EvaluationContext

    /// Throws when the map has a key that names no part.
    init(_ map: CypherMap, _ context: EvaluationContext) throws(CypherError) {
        let known = Field.day.union(Field.time).union(Field.sources).union(Field.epoch)
        for (key, value) in map {
            guard known.contains(key) else { throw .badArgument("dates and times have no part '\(key)'") }
            guard !value.isNull else { throw .badArgument("the part '\(key)' must not be null") }
        }
        self.map = map
        self.context = context
    }

    private func integer(_ key: String) throws(CypherError) -> Int64? {
        switch map[key] {
        case nil: return nil
        case .integer(let value)?: return value
        case let other?: throw .wants("an integer", "the part '\(key)'", got: other)
        }
    }

    private func integer(_ key: String, in range: ClosedRange<Int64>) throws(CypherError) -> Int64? {
        guard let value = try integer(key) else { return nil }
        guard range.contains(value) else {
            throw .badArgument("'\(key)' goes from \(range.lowerBound) to \(range.upperBound): \(value)")
        }
        return value
    }

    private func has(_ keys: String...) -> Bool { keys.contains { map[$0] != nil } }

    /// True when only a zone is named, if that: the current time is meant.
    var meansNow: Bool { map.keys.allSatisfy { $0 == "timezone" } }

    /// The instant that the map tells in seconds or milliseconds since 1970, if it does.
    func epoch() throws(CypherError) -> LocalParts? {
        let nanosecond = try integer("nanosecond", in: 0...999_999_999)
        if let seconds = try integer("epochSeconds", in: -0x1p55.whole...0x1p55.whole) {
            return LocalParts(seconds: seconds, nanosecond: Int32(nanosecond ?? 0))
        }
        if let millis = try integer("epochMillis", in: -0x1p62.whole...0x1p62.whole) {
            let rest = Calendar.floorModulo(millis, 1000) * 1_000_000
            return LocalParts(
                seconds: Calendar.floorDivide(millis, 1000), nanosecond: Int32(rest + (nanosecond ?? 0) % 1_000_000))
        }
        return nil
    }

    /// The zone that the map names.
    func zone() throws(CypherError) -> Zone? {
        switch map["timezone"] {
        case nil: return nil
        case .string(let text)?: return try Zone(text, context)
        case let other?: throw .wants("a string", "the part 'timezone'", got: other)
        }
    }

    /// The value whose time of day, and with it the zone, is taken over.
    var timeSource: CypherValue? { map["time"] ?? map["datetime"] }

    // MARK: Days

    /// The day; what the map does not tell comes from the base, or is the first there is.
    func day(base given: Int64? = nil) throws(CypherError) -> Int64 {
        var base = given
        if let source = map["date"] ?? map["datetime"] {
            guard let day = source.dayPart else { throw .wants("a date", "the part 'date'", got: source) }
            base = day
        }
        let days: Int64
        if has("week", "dayOfWeek") {
            days = try weekDay(base)
        } else if has("ordinalDay") {
            let year = try year(base)
            let day = try integer("ordinalDay", in: 1...Calendar.daysInYear(year)) ?? 1
            days = Calendar.days(year, 1, 1) + day - 1
        } else if has("quarter", "dayOfQuarter") {
            days = try quarterDay(base)
        } else {
            days = try monthDay(base)
        }
        return try LocalParts(days: days, nanoseconds: 0).checked().days
    }

    private func year(_ base: Int64?) throws(CypherError) -> Int64 {
        if let year = try integer("year", in: Calendar.years) { return year }
        guard let base else { throw .badArgument("a date needs at least its 'year'") }
        return Calendar.civil(base).year
    }

    private func weekDay(_ base: Int64?) throws(CypherError) -> Int64 {
        let from = base.map(Calendar.weekDate)
        let weekYear = try integer("weekYear", in: Calendar.years)
        guard let year = try integer("year", in: Calendar.years) ?? weekYear ?? from?.year else {
            throw .badArgument("a date needs at least its 'year'")
        }
        let week = try integer("week", in: 1...Calendar.weeks(inWeekYear: year)) ?? from?.week
        guard let week else { throw .badArgument("'dayOfWeek' needs a 'week'") }
        let day = try integer("dayOfWeek", in: 1...7) ?? from?.day ?? 1
        return Calendar.firstMonday(ofWeekYear: year) + (week - 1) * 7 + day - 1
    }

    private func quarterDay(_ base: Int64?) throws(CypherError) -> Int64 {
        let year = try year(base)
        let from = base.map { days in
            let date = Calendar.civil(days)
            let quarter = Calendar.quarter(ofMonth: date.month)
            return (quarter: quarter, day: days - Calendar.firstDay(ofQuarter: quarter, of: date.year) + 1)
        }
        guard let quarter = try integer("quarter", in: 1...4) ?? from?.quarter else {
            throw .badArgument("'dayOfQuarter' needs a 'quarter'")
        }
        let longest = Calendar.daysInQuarter(quarter, of: year)
        let day = try integer("dayOfQuarter", in: 1...longest) ?? from?.day ?? 1
        return Calendar.firstDay(ofQuarter: quarter, of: year) + min(day, longest) - 1
    }

    private func monthDay(_ base: Int64?) throws(CypherError) -> Int64 {
        let year = try year(base)
        let from = base.map(Calendar.civil)
        let month = try integer("month", in: 1...12)
        if from == nil, month == nil, has("day") { throw .badArgument("'day' needs a 'month'") }
        let ofYear = month ?? from?.month ?? 1
        let longest = Calendar.daysInMonth(ofYear, of: year)
        let day = try integer("day", in: 1...longest) ?? from?.day ?? 1
        return Calendar.days(year, ofYear, min(day, longest))
    }

    // MARK: Times

    /// Nanoseconds since midnight; what the map does not tell comes from the base. Without one, a part needs those above it.
    func time(base given: Int64? = nil) throws(CypherError) -> Int64 {
        var base = given
        if let source = timeSource {
            guard let time = source.timePart else { throw .wants("a time", "the part 'time'", got: source) }
            base = time
        }
        let parts = (
            hour: try integer("hour", in: 0...23), minute: try integer("minute", in: 0...59),
            second: try integer("second", in: 0...59)
        )
        let hasFraction = has("millisecond", "microsecond", "nanosecond")
        if base == nil {
            let told = [parts.hour != nil, parts.minute != nil, parts.second != nil, hasFraction]
            // A part that is told below one that is not means nothing.
            guard zip(told, told.dropFirst()).allSatisfy({ $0 || !$1 }) else {
                throw .badArgument("a time needs its 'hour' before its 'minute', 'second' and fractions of it")
            }
        }
        let from = base ?? 0
        let seconds = from / Calendar.nanosecondsOfSecond
        let fraction = try hasFraction ? self.fraction() : from % Calendar.nanosecondsOfSecond
        let whole =
            (parts.hour ?? seconds / 3600) * 3600 + (parts.minute ?? seconds / 60 % 60) * 60
            + (parts.second ?? seconds % 60)
        return whole * Calendar.nanosecondsOfSecond + fraction
    }

    /// Of a second, in nanoseconds; the smaller of two parts tells what the larger one leaves.
    private func fraction() throws(CypherError) -> Int64 {
        let milliseconds = try integer("millisecond", in: 0...999)
        let microseconds = try integer("microsecond", in: 0...(milliseconds == nil ? 999_999 : 999))
        let longest: Int64 = microseconds != nil ? 999 : milliseconds != nil ? 999_999 : 999_999_999
        let nanoseconds = try integer("nanosecond", in: 0...longest)
        return (milliseconds ?? 0) * 1_000_000 + (microseconds ?? 0) * 1000 + (nanoseconds ?? 0)
    }
}

extension Double {
    /// A power of two as an integer.
    fileprivate var whole: Int64 { Int64(self) }
}
