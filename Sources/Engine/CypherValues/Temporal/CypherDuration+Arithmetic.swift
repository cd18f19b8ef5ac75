internal import CypherSyntax

extension CypherDuration {
    static let zero = CypherDuration()

    /// From parts that may be too large, or nanoseconds beyond a second.
    static func make(
        months: Int128 = 0, days: Int128 = 0, seconds: Int128 = 0, nanoseconds: Int128 = 0
    ) throws(CypherError) -> CypherDuration {
        let second = Int128(Calendar.nanosecondsOfSecond)
        var (carry, rest) = nanoseconds.quotientAndRemainder(dividingBy: second)
        if rest < 0 {
            carry -= 1
            rest += second
        }
        guard let months = Int64(exactly: months), let days = Int64(exactly: days),
            let seconds = Int64(exactly: seconds + carry)
        else { throw .overflow("a part of the duration") }
        return CypherDuration(months: months, days: days, seconds: seconds, nanoseconds: Int32(rest))
    }

    func adding(_ other: CypherDuration) throws(CypherError) -> CypherDuration {
        try .make(
            months: Int128(months) + Int128(other.months), days: Int128(days) + Int128(other.days),
            seconds: Int128(seconds) + Int128(other.seconds),
            nanoseconds: Int128(nanoseconds) + Int128(other.nanoseconds))
    }

    func negated() throws(CypherError) -> CypherDuration {
        try .make(
            months: -Int128(months), days: -Int128(days), seconds: -Int128(seconds),
            nanoseconds: -Int128(nanoseconds))
    }

    /// Each part by itself; what is left of a part becomes smaller parts: an average month, a day of 24 hours.
    func multiplied(by factor: Double) throws(CypherError) -> CypherDuration {
        if let whole = Int64(exactly: factor) {
            let factor = Int128(whole)
            let products = [months, days, seconds, Int64(nanoseconds)].map {
                Int128($0).multipliedReportingOverflow(by: factor)
            }
            // Two factors of 64 bits never need more than 128.
            return try .make(
                months: products[0].partialValue, days: products[1].partialValue,
                seconds: products[2].partialValue, nanoseconds: products[3].partialValue)
        }
        var builder = DurationBuilder()
        try builder.add(months: Double(months) * factor)
        try builder.add(days: Double(days) * factor)
        try builder.add(seconds: Double(seconds) * factor)
        try builder.add(nanoseconds: Double(nanoseconds) * factor)
        return try builder.build()
    }
}

/// Sums up a duration from parts, which may be fractions.
struct DurationBuilder {
    private var months: Int128 = 0
    private var days: Int128 = 0
    private var nanoseconds: Int128 = 0
    private var monthFraction = 0.0
    private var dayFraction = 0.0

    private static let daysOfMonth = Double(CypherDuration.secondsOfMonth) / Double(Calendar.secondsOfDay)

    mutating func add(months value: Int64, times factor: Int64 = 1) { months += Int128(value) * Int128(factor) }
    mutating func add(days value: Int64, times factor: Int64 = 1) { days += Int128(value) * Int128(factor) }
    mutating func add(nanoseconds value: Int64, times factor: Int64 = 1) {
        nanoseconds += Int128(value) * Int128(factor)
    }

    mutating func add(months value: Double) throws(CypherError) {
        let (whole, fraction) = try Self.split(value)
        months += whole
        monthFraction += fraction
    }

    mutating func add(days value: Double) throws(CypherError) {
        let (whole, fraction) = try Self.split(value)
        days += whole
        dayFraction += fraction
    }

    mutating func add(seconds value: Double) throws(CypherError) {
        let (whole, fraction) = try Self.split(value)
        nanoseconds += whole * Int128(Calendar.nanosecondsOfSecond)
        nanoseconds += Int128((fraction * Double(Calendar.nanosecondsOfSecond)).rounded())
    }

    mutating func add(nanoseconds value: Double) throws(CypherError) {
        nanoseconds += try Self.split(value.rounded(.towardZero)).whole
    }

    private static func split(_ value: Double) throws(CypherError) -> (whole: Int128, fraction: Double) {
        let whole = value.rounded(.towardZero)
        guard whole.magnitude < 0x1p63 else { throw .overflow("a part of the duration") }
        return (Int128(whole), value - whole)
    }

    func build() throws(CypherError) -> CypherDuration {
        let wholeMonths = monthFraction.rounded(.towardZero)
        let moreDays = dayFraction + (monthFraction - wholeMonths) * Self.daysOfMonth
        let wholeDays = moreDays.rounded(.towardZero)
        let rest = (moreDays - wholeDays) * Double(Calendar.nanosecondsOfDay)
        let (seconds, nanosecondsLeft) =
            (nanoseconds + Int128(rest.rounded())).quotientAndRemainder(dividingBy: Int128(Calendar.nanosecondsOfSecond))
        return try .make(
            months: months + Int128(wholeMonths), days: days + Int128(wholeDays), seconds: seconds,
            nanoseconds: nanosecondsLeft)
    }
}

extension CypherValue {
    /// A date or time moved on (`sign` 1) or back (-1) by months, then days, then seconds. What a type has no part for is left out; a
    /// date moves by the whole days of the seconds.
    func adding(
        _ duration: CypherDuration, sign: Int64, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        let duration = sign < 0 ? try duration.negated() : duration
        switch self {
        case .date(let date):
            // Cut off towards zero, so that there and back again comes out the same.
            let wholeDays =
                duration.isTimeNegative
                ? -((-duration.timeNanoseconds) / Int128(Calendar.nanosecondsOfDay))
                : duration.timeNanoseconds / Int128(Calendar.nanosecondsOfDay)
            let days = try Self.moved(date.days, months: duration.months, days: Int128(duration.days) + wholeDays)
            return .date(CypherDate(days: days))
        case .localTime(let time):
            return .localTime(CypherLocalTime(nanoseconds: Self.turned(time.nanoseconds, duration)))
        case .time(let time):
            return .time(CypherTime(nanoseconds: Self.turned(time.nanoseconds, duration), offset: time.offset))
        case .localDateTime(let value):
            let local = value.local
            let days = try Self.moved(local.days, months: duration.months, days: Int128(duration.days))
            let moved = LocalParts(days: days, nanoseconds: local.nanoseconds)
            let (seconds, nanosecond) = try Self.advanced(moved.seconds, moved.nanosecond, duration)
            return .localDateTime(try LocalParts(seconds: seconds, nanosecond: nanosecond).checked().localDateTime)
        case .dateTime(let value):
            let local = value.local
            let days = try Self.moved(local.days, months: duration.months, days: Int128(duration.days))
            let moved = try value.told.dateTime(
                LocalParts(days: days, nanoseconds: local.nanoseconds), preferring: value.offset, context)
            let (seconds, nanosecond) = try Self.advanced(moved.epochSeconds, moved.nanosecond, duration)
            _ = try LocalParts(seconds: seconds, nanosecond: nanosecond).checked()
            return .dateTime(try value.told.dateTime(instant: seconds, nanosecond, context))
        default: throw .wants("a date or a time", "+ or - with a duration", got: self)
        }
    }

    private static func moved(_ days: Int64, months: Int64, days more: Int128) throws(CypherError) -> Int64 {
        guard let moved = Calendar.adding(months: months, to: days), let sum = Int64(exactly: Int128(moved) + more),
            // Anything that many days away is outside of all years.
            sum.magnitude < 366_000_000_000
        else { throw .badArgument("years go from -999999999 to 999999999") }
        return try LocalParts(days: sum, nanoseconds: 0).checked().days
    }

    private static func turned(_ nanoseconds: Int64, _ duration: CypherDuration) -> Int64 {
        let day = Int128(Calendar.nanosecondsOfDay)
        let turned = (Int128(nanoseconds) + duration.timeNanoseconds) % day
        return Int64(turned < 0 ? turned + day : turned)
    }

    private static func advanced(
        _ seconds: Int64, _ nanosecond: Int32, _ duration: CypherDuration
    ) throws(CypherError) -> (Int64, Int32) {
        let nanoseconds = Int64(nanosecond) + Int64(duration.nanoseconds)
        let carry = nanoseconds / Calendar.nanosecondsOfSecond
        let sum = Int128(seconds) + Int128(duration.seconds) + Int128(carry)
        guard let sum = Int64(exactly: sum), sum.magnitude < 1 << 55 else {
            throw .badArgument("years go from -999999999 to 999999999")
        }
        return (sum, Int32(nanoseconds % Calendar.nanosecondsOfSecond))
    }
}

extension CypherDuration {
    /// The parts below a day, in nanoseconds.
    var timeNanoseconds: Int128 { Int128(seconds) * Int128(Calendar.nanosecondsOfSecond) + Int128(nanoseconds) }
    fileprivate var isTimeNegative: Bool { seconds < 0 }
}
