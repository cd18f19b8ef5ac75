extension CypherValue {
    /// A component of a date, a time or a duration (`d.year`); nil when the type has none of the name.
    func component(_ key: String) -> CypherValue? {
        if case .duration(let duration) = self { return duration.component(key).map(CypherValue.integer) }
        if let days = dayPart, let value = Self.component(key, ofDay: days) { return .integer(value) }
        if let time = timePart, let value = Self.component(key, ofTime: time) { return .integer(value) }
        switch self {
        case .time(let time): return Self.component(key, offset: time.offset, zone: nil)
        case .dateTime(let value):
            switch key {
            case "epochSeconds": return .integer(value.epochSeconds)
            case "epochMillis": return .integer(value.epochMilliseconds)
            default: return Self.component(key, offset: value.offset, zone: value.zone)
            }
        default: return nil
        }
    }

    private static func component(_ key: String, ofDay days: Int64) -> Int64? {
        let date = Calendar.civil(days)
        let quarter = Calendar.quarter(ofMonth: date.month)
        return switch key {
        case "year": date.year
        case "quarter": quarter
        case "month": date.month
        case "week": Calendar.weekDate(days).week
        case "weekYear": Calendar.weekDate(days).year
        case "day": date.day
        case "ordinalDay": Calendar.ordinalDay(days)
        case "weekDay", "dayOfWeek": Calendar.weekday(days)
        case "dayOfQuarter": days - Calendar.firstDay(ofQuarter: quarter, of: date.year) + 1
        default: nil
        }
    }

    private static func component(_ key: String, ofTime nanoseconds: Int64) -> Int64? {
        let seconds = nanoseconds / Calendar.nanosecondsOfSecond
        let fraction = nanoseconds % Calendar.nanosecondsOfSecond
        return switch key {
        case "hour": seconds / 3600
        case "minute": seconds / 60 % 60
        case "second": seconds % 60
        case "millisecond": fraction / 1_000_000
        case "microsecond": fraction / 1000
        case "nanosecond": fraction
        default: nil
        }
    }

    private static func component(_ key: String, offset: Int32, zone: String?) -> CypherValue? {
        switch key {
        case "timezone": .string(zone ?? TemporalText.offset(offset))
        case "offset": .string(TemporalText.offset(offset))
        case "offsetMinutes": .integer(Int64(offset / 60))
        case "offsetSeconds": .integer(Int64(offset))
        default: nil
        }
    }
}

extension CypherDuration {
    fileprivate func component(_ key: String) -> Int64? {
        switch key {
        case "years": months / 12
        case "quarters": months / 3
        case "months": months
        case "weeks": days / 7
        case "days": days
        case "hours": seconds / 3600
        case "minutes": seconds / 60
        case "seconds": seconds
        case "milliseconds": Int64(clamping: timeNanoseconds / 1_000_000)
        case "microseconds": Int64(clamping: timeNanoseconds / 1000)
        case "nanoseconds": Int64(clamping: timeNanoseconds)
        case "quartersOfYear": months / 3 % 4
        case "monthsOfYear": months % 12
        case "monthsOfQuarter": months % 3
        case "daysOfWeek": days % 7
        case "minutesOfHour": seconds / 60 % 60
        case "secondsOfMinute": seconds % 60
        case "millisecondsOfSecond": Int64(nanoseconds) / 1_000_000
        case "microsecondsOfSecond": Int64(nanoseconds) / 1000
        case "nanosecondsOfSecond": Int64(nanoseconds)
        default: nil
        }
    }
}

extension CypherDateTime {
    /// Of the last years, and the first, more milliseconds than an integer holds have passed: the greatest there is, or the least.
    fileprivate var epochMilliseconds: Int64 {
        Int64(clamping: Int128(epochSeconds) * 1000 + Int128(nanosecond) / 1_000_000)
    }
}
