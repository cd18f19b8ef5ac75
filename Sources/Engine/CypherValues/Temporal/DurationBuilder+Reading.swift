internal import CypherSyntax

extension DurationBuilder {
    /// `{years: 1, hours: 0.5}`
    static func duration(of map: CypherMap) throws(CypherError) -> CypherDuration {
        var builder = DurationBuilder()
        for (key, value) in map {
            switch value {
            case .integer(let number): try builder.add(key, number)
            case .float(let number): try builder.add(key, number)
            default: throw .wants("a number", "the part '\(key)' of a duration", got: value)
            }
        }
        return try builder.build()
    }

    private mutating func add(_ key: String, _ value: Int64) throws(CypherError) {
        let second = Calendar.nanosecondsOfSecond
        switch key {
        case "years": add(months: value, times: 12)
        case "quarters": add(months: value, times: 3)
        case "months": add(months: value)
        case "weeks": add(days: value, times: 7)
        case "days": add(days: value)
        case "hours": add(nanoseconds: value, times: 3600 * second)
        case "minutes": add(nanoseconds: value, times: 60 * second)
        case "seconds": add(nanoseconds: value, times: second)
        case "milliseconds": add(nanoseconds: value, times: 1_000_000)
        case "microseconds": add(nanoseconds: value, times: 1000)
        case "nanoseconds": add(nanoseconds: value)
        default: throw .badArgument("durations have no part '\(key)'")
        }
    }

    private mutating func add(_ key: String, _ value: Double) throws(CypherError) {
        switch key {
        case "years": try add(months: value * 12)
        case "quarters": try add(months: value * 3)
        case "months": try add(months: value)
        case "weeks": try add(days: value * 7)
        case "days": try add(days: value)
        case "hours": try add(seconds: value * 3600)
        case "minutes": try add(seconds: value * 60)
        case "seconds": try add(seconds: value)
        case "milliseconds": try add(nanoseconds: value * 1_000_000)
        case "microseconds": try add(nanoseconds: value * 1000)
        case "nanoseconds": try add(nanoseconds: value)
        default: throw .badArgument("durations have no part '\(key)'")
        }
    }

    /// `P1Y2M3DT4H5M6.7S`, also with signs and weeks, or `P2012-02-02T14:37:21.545`. Nil when it is neither.
    static func duration(reading text: String) throws(CypherError) -> CypherDuration? {
        var parser = TemporalParser(text)
        let isNegative = parser.take("-")
        guard parser.take("P"), !parser.isAtEnd else { return nil }
        let start = parser
        var duration = try units(&parser)
        if duration == nil {
            parser = start
            duration = try points(&parser)
        }
        return isNegative ? try duration?.negated() : duration
    }

    private static func units(_ parser: inout TemporalParser) throws(CypherError) -> CypherDuration? {
        var builder = DurationBuilder()
        var isTime = false
        while !parser.isAtEnd {
            if parser.take("T") {
                guard !isTime, !parser.isAtEnd else { return nil }
                isTime = true
            }
            guard let (whole, nanoths) = parser.decimal(), let unit = parser.unit() else { return nil }
            let key: String
            switch (unit, isTime) {
            case ("Y", false): key = "years"
            case ("M", false): key = "months"
            case ("W", false): key = "weeks"
            case ("D", false): key = "days"
            case ("H", true): key = "hours"
            case ("M", true): key = "minutes"
            case ("S", true):
                builder.add(nanoseconds: nanoths)
                try builder.add("seconds", whole)
                continue
            default: return nil
            }
            try builder.add(key, whole)
            if nanoths != 0 { try builder.add(key, Double(nanoths) / 1e9) }
        }
        return try builder.build()
    }

    /// The parts as a date and a time would have them.
    private static func points(_ parser: inout TemporalParser) throws(CypherError) -> CypherDuration? {
        var builder = DurationBuilder()
        for (key, separator) in [("years", "-"), ("months", "-"), ("days", "T")] as [(String, Unicode.Scalar)] {
            guard let (whole, nanoths) = parser.unsigned(), nanoths == 0,
                parser.take(separator) || (key == "days" && parser.isAtEnd)
            else { return nil }
            try builder.add(key, whole)
        }
        if !parser.isAtEnd {
            guard let time = parser.time(), parser.isAtEnd else { return nil }
            builder.add(nanoseconds: time)
        }
        return try builder.build()
    }
}
