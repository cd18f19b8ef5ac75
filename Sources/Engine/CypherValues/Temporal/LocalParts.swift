internal import CypherSyntax

/// A day and a time of day on somebody's wall: what dates and times are taken apart into.
struct LocalParts: Hashable {
    /// Days since 1970-01-01.
    var days: Int64
    /// Nanoseconds since midnight.
    var nanoseconds: Int64

    var seconds: Int64 { days * Calendar.secondsOfDay + nanoseconds / Calendar.nanosecondsOfSecond }
    var nanosecond: Int32 { Int32(nanoseconds % Calendar.nanosecondsOfSecond) }

    init(days: Int64, nanoseconds: Int64) {
        self.days = days
        self.nanoseconds = nanoseconds
    }

    init(seconds: Int64, nanosecond: Int32) {
        days = Calendar.floorDivide(seconds, Calendar.secondsOfDay)
        nanoseconds =
            Calendar.floorModulo(seconds, Calendar.secondsOfDay) * Calendar.nanosecondsOfSecond + Int64(nanosecond)
    }

    var localDateTime: CypherLocalDateTime { CypherLocalDateTime(seconds: seconds, nanosecond: nanosecond) }

    /// The first or last day of all years lies in between.
    func checked() throws(CypherError) -> LocalParts {
        guard Calendar.years.contains(Calendar.civil(days).year) else {
            throw .badArgument("years go from -999999999 to 999999999")
        }
        return self
    }
}

/// The zone that a time is told in.
enum Zone: Hashable {
    case offset(Int32)
    case named(String)

    static let utc = Zone.offset(0)
    /// Seconds that an offset may be away from UTC: 18 hours.
    static let offsetMax: Int32 = 18 * 3600

    /// `Z`, `+01:00`, `+0100`, `+01` or a zone's name.
    init(_ text: String, _ context: EvaluationContext) throws(CypherError) {
        var parser = TemporalParser(text)
        if let offset = parser.offset(), parser.isAtEnd {
            self = .offset(offset)
        } else {
            self = .named(text)
            _ = try rules(context)
        }
    }

    private func rules(_ context: EvaluationContext) throws(CypherError) -> TimeZoneRules? {
        guard case .named(let name) = self else { return nil }
        guard let rules = context.zones.rules(named: name) else {
            throw .badArgument(
                "'\(name)' is no time zone: give an offset such as '+01:00', or a name such as 'Europe/Paris'")
        }
        return rules
    }

    /// Seconds east of UTC where a clock shows these parts.
    func offset(atLocal parts: LocalParts, _ context: EvaluationContext) throws(CypherError) -> Int32 {
        if case .offset(let offset) = self { return offset }
        return try rules(context)?.offset(atLocal: parts.seconds) ?? 0
    }

    func offset(at instant: Int64, _ context: EvaluationContext) throws(CypherError) -> Int32 {
        if case .offset(let offset) = self { return offset }
        return try rules(context)?.offset(at: instant) ?? 0
    }

    /// The instant at which a clock in the zone shows the parts. Of two, the one at the preferred offset, if there is such a one.
    func dateTime(
        _ parts: LocalParts, preferring preferred: Int32? = nil, _ context: EvaluationContext
    ) throws(CypherError) -> CypherDateTime {
        let local = try parts.checked().seconds
        if let preferred, try offset(at: local - Int64(preferred), context) == preferred {
            return try dateTime(instant: local - Int64(preferred), parts.nanosecond, context)
        }
        let instant = local - Int64(try offset(atLocal: parts, context))
        return try dateTime(instant: instant, parts.nanosecond, context)
    }

    func dateTime(
        instant: Int64, _ nanosecond: Int32, _ context: EvaluationContext
    ) throws(CypherError) -> CypherDateTime {
        let offset = try offset(at: instant, context)
        var name: String?
        if case .named(let given) = self { name = given }
        return CypherDateTime(epochSeconds: instant, nanosecond: nanosecond, offset: offset, zone: name)
    }
}

extension CypherDateTime {
    var told: Zone { zone.map(Zone.named) ?? .offset(offset) }
    var local: LocalParts { LocalParts(seconds: epochSeconds + Int64(offset), nanosecond: nanosecond) }
}

extension CypherLocalDateTime {
    var local: LocalParts { LocalParts(seconds: seconds, nanosecond: nanosecond) }
}

extension CypherValue {
    /// A date or time, but no duration.
    var isTemporal: Bool {
        switch self {
        case .date, .time, .localTime, .dateTime, .localDateTime: true
        default: false
        }
    }

    /// The day on the wall, of what has one.
    var dayPart: Int64? {
        switch self {
        case .date(let date): date.days
        case .localDateTime(let value): value.local.days
        case .dateTime(let value): value.local.days
        default: nil
        }
    }

    /// Nanoseconds since midnight on the wall, of what has a time of day.
    var timePart: Int64? {
        switch self {
        case .localTime(let time): time.nanoseconds
        case .time(let time): time.nanoseconds
        case .localDateTime(let value): value.local.nanoseconds
        case .dateTime(let value): value.local.nanoseconds
        default: nil
        }
    }

    var zonePart: Zone? {
        switch self {
        case .time(let time): .offset(time.offset)
        case .dateTime(let value): value.told
        default: nil
        }
    }
}
