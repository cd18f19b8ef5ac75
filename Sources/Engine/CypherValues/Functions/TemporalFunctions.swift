internal import CypherSyntax

extension FunctionCall {
    /// Which of the types a function makes.
    private enum Kind { case date, time, localTime, dateTime, localDateTime }

    func temporal() throws(CypherError) -> CypherValue {
        switch function {
        case .date: return try make(.date)
        case .time: return try make(.time)
        case .localTime: return try make(.localTime)
        case .dateTime: return try make(.dateTime)
        case .localDateTime: return try make(.localDateTime)
        case .dateTransaction, .dateStatement, .dateRealtime: return try now(.date, in: zoneArgument())
        case .timeTransaction, .timeStatement, .timeRealtime: return try now(.time, in: zoneArgument())
        case .localTimeTransaction, .localTimeStatement, .localTimeRealtime:
            return try now(.localTime, in: zoneArgument())
        case .dateTimeTransaction, .dateTimeStatement, .dateTimeRealtime:
            return try now(.dateTime, in: zoneArgument())
        case .localDateTimeTransaction, .localDateTimeStatement, .localDateTimeRealtime:
            return try now(.localDateTime, in: zoneArgument())
        case .dateTruncate: return try truncated(.date)
        case .timeTruncate: return try truncated(.time)
        case .localTimeTruncate: return try truncated(.localTime)
        case .dateTimeTruncate: return try truncated(.dateTime)
        case .localDateTimeTruncate: return try truncated(.localDateTime)
        case .dateTimeFromEpoch:
            return try dateTime(["epochSeconds": first, "nanosecond": arguments[1]])
        case .dateTimeFromEpochMillis: return try dateTime(["epochMillis": first])
        case .duration: return try duration()
        case .durationBetween: return .duration(try between().inParts(context))
        case .durationInMonths: return .duration(try between().inMonths)
        case .durationInDays: return .duration(try between().inDays)
        case .durationInSeconds: return .duration(try between().inSeconds())
        default: preconditionFailure("\(name) has no meaning")
        }
    }

    private func dateTime(_ map: CypherMap) throws(CypherError) -> CypherValue {
        try FunctionCall(function: .dateTime, arguments: [.map(map)], context: context).make(.dateTime)
    }

    // MARK: The current time

    private func zoneArgument() throws(CypherError) -> Zone? {
        guard !arguments.isEmpty else { return nil }
        if case .map(let map) = first { return try TemporalFields(map, context).zone() }
        return try Zone(try string(0), context)
    }

    private func now(_ kind: Kind, in zone: Zone?) throws(CypherError) -> CypherValue {
        let now = context.statementTime
        let value = try (zone ?? .utc).dateTime(instant: now.epochSeconds, now.nanosecond, context)
        return try converted(.dateTime(value), to: kind)
    }

    // MARK: From maps, texts and other values

    private func make(_ kind: Kind) throws(CypherError) -> CypherValue {
        guard let argument = arguments.first else { return try now(kind, in: nil) }
        switch argument {
        case .string(let text):
            guard let value = try parsed(text, kind) else {
                throw .badArgument("\(name) cannot read '\(text.prefix(60))': it is not as ISO 8601 has it")
            }
            return value
        case .map(let map):
            let fields = try TemporalFields(map, context)
            if fields.meansNow { return try now(kind, in: try fields.zone()) }
            return try built(kind, fields)
        default:
            guard argument.isTemporal else { throw wants("a map, a string, a date or a time") }
            return try converted(argument, to: kind)
        }
    }

    private func converted(_ value: CypherValue, to kind: Kind) throws(CypherError) -> CypherValue {
        switch kind {
        case .date:
            guard let day = value.dayPart else { throw wants("what has a date") }
            return .date(CypherDate(days: day))
        case .localTime: return .localTime(CypherLocalTime(nanoseconds: try timePart(of: value)))
        case .time:
            let offset: Int32 =
                switch value {
                case .time(let time): time.offset
                case .dateTime(let value): value.offset
                default: 0
                }
            return .time(CypherTime(nanoseconds: try timePart(of: value), offset: offset))
        case .localDateTime:
            guard let day = value.dayPart else { throw wants("what has a date") }
            return .localDateTime(LocalParts(days: day, nanoseconds: value.timePart ?? 0).localDateTime)
        case .dateTime:
            if case .dateTime = value { return value }
            guard let day = value.dayPart else { throw wants("what has a date") }
            return .dateTime(
                try Zone.utc.dateTime(LocalParts(days: day, nanoseconds: value.timePart ?? 0), context))
        }
    }

    private func timePart(of value: CypherValue) throws(CypherError) -> Int64 {
        guard let time = value.timePart else { throw wants("what has a time of day") }
        return time
    }

    private func built(_ kind: Kind, _ fields: TemporalFields) throws(CypherError) -> CypherValue {
        switch kind {
        case .date: return .date(CypherDate(days: try fields.day()))
        case .localTime: return .localTime(CypherLocalTime(nanoseconds: try fields.time()))
        case .localDateTime:
            if let epoch = try fields.epoch() { return .localDateTime(try epoch.checked().localDateTime) }
            return .localDateTime(LocalParts(days: try fields.day(), nanoseconds: try fields.time()).localDateTime)
        case .time: return try time(fields)
        case .dateTime:
            if let epoch = try fields.epoch() {
                let instant = try epoch.checked()
                let zone = try fields.zone()
                return .dateTime(
                    try (zone ?? .utc).dateTime(instant: instant.seconds, instant.nanosecond, context))
            }
            let parts = LocalParts(days: try fields.day(), nanoseconds: try fields.time())
            let source = fields.timeSource?.zonePart
            let zone = try fields.zone()
            let value = try (source ?? zone ?? .utc).dateTime(parts, context)
            // A time that comes with a zone is an instant, which another zone tells otherwise.
            guard source != nil, let zone else { return .dateTime(value) }
            return .dateTime(try zone.dateTime(instant: value.epochSeconds, value.nanosecond, context))
        }
    }

    private func time(_ fields: TemporalFields) throws(CypherError) -> CypherValue {
        let nanoseconds = try fields.time()
        let now = context.statementTime.epochSeconds
        var source: Int32?
        switch fields.timeSource {
        case .time(let time)?: source = time.offset
        case .dateTime(let value)?: source = value.offset
        default: break
        }
        guard let wanted = try fields.zone()?.offset(at: now, context) else {
            return .time(CypherTime(nanoseconds: nanoseconds, offset: source ?? 0))
        }
        let moved = nanoseconds + Int64(wanted - (source ?? wanted)) * Calendar.nanosecondsOfSecond
        return .time(
            CypherTime(nanoseconds: Calendar.floorModulo(moved, Calendar.nanosecondsOfDay), offset: wanted))
    }

    private func parsed(_ text: String, _ kind: Kind) throws(CypherError) -> CypherValue? {
        var parser = TemporalParser(text)
        var parts = LocalParts(days: 0, nanoseconds: 0)
        var hasTime = false
        switch kind {
        case .date, .dateTime, .localDateTime:
            guard let day = parser.date() else { return nil }
            parts.days = day
            hasTime = parser.take("T")
        case .time, .localTime: hasTime = true
        }
        if hasTime {
            guard let time = parser.time() else { return nil }
            parts.nanoseconds = time
        }
        let isZoned = kind == .time || kind == .dateTime
        if parser.isAtEnd || !isZoned {
            guard parser.isAtEnd else { return nil }
            return try told(parts, .utc, nil, kind)
        }
        let offset = parser.offset()
        guard !parser.isAtEnd else { return try told(parts, .offset(offset ?? 0), nil, kind) }
        guard let name = parser.zoneName(), parser.isAtEnd else { return nil }
        return try told(parts, try Zone(name, context), offset, kind)
    }

    private func told(
        _ parts: LocalParts, _ zone: Zone, _ preferred: Int32?, _ kind: Kind
    ) throws(CypherError) -> CypherValue {
        switch kind {
        case .date: return .date(CypherDate(days: parts.days))
        case .localTime: return .localTime(CypherLocalTime(nanoseconds: parts.nanoseconds))
        case .localDateTime: return .localDateTime(try parts.checked().localDateTime)
        case .time:
            let offset = try zone.offset(at: context.statementTime.epochSeconds, context)
            return .time(CypherTime(nanoseconds: parts.nanoseconds, offset: preferred ?? offset))
        case .dateTime: return .dateTime(try zone.dateTime(parts, preferring: preferred, context))
        }
    }

    // MARK: Truncated

    private func truncated(_ kind: Kind) throws(CypherError) -> CypherValue {
        let unit = try Truncation(named: try string(0))
        let input = arguments.count > 1 ? arguments[1] : try now(.dateTime, in: nil)
        guard input.isTemporal else { throw .wants("a date or a time", name, got: input) }
        let time = unit.time(input.timePart ?? 0)
        var map = CypherMap()
        if arguments.count > 2 {
            guard case .map(let given) = arguments[2] else { throw .wants("a map", name, got: arguments[2]) }
            map = unit.keeping(time, given)
        }
        let fields = try TemporalFields(map, context)
        let zone = try fields.zone()
        switch kind {
        case .localTime: return .localTime(CypherLocalTime(nanoseconds: try fields.time(base: time)))
        case .time:
            let own = (try converted(input.timePart == nil ? .localTime(CypherLocalTime(nanoseconds: 0)) : input, to: .time))
            guard case .time(let told) = own else { preconditionFailure("a time is \(own)") }
            let offset = try zone?.offset(at: context.statementTime.epochSeconds, context) ?? told.offset
            return .time(CypherTime(nanoseconds: try fields.time(base: time), offset: offset))
        case .date, .localDateTime, .dateTime: break
        }
        guard let day = input.dayPart else { throw .wants("what has a date", name, got: input) }
        let days = try fields.day(base: unit.day(day))
        if kind == .date { return .date(CypherDate(days: days)) }
        let parts = LocalParts(days: days, nanoseconds: try fields.time(base: time))
        if kind == .localDateTime { return .localDateTime(try parts.checked().localDateTime) }
        return .dateTime(try (zone ?? input.zonePart ?? .utc).dateTime(parts, context))
    }

    // MARK: Durations

    private func between() throws(CypherError) -> DurationBetween {
        for argument in arguments where !argument.isTemporal {
            throw .wants("two dates or times", name, got: argument)
        }
        return try DurationBetween(from: arguments[0], to: arguments[1], context)
    }

    private func duration() throws(CypherError) -> CypherValue {
        switch first {
        case .duration: return first
        case .map(let map): return .duration(try DurationBuilder.duration(of: map))
        case .string(let text):
            guard let duration = try DurationBuilder.duration(reading: text) else {
                throw .badArgument("duration() cannot read '\(text.prefix(60))': it is not as ISO 8601 has it")
            }
            return .duration(duration)
        default: throw wants("a map or a string")
        }
    }
}
