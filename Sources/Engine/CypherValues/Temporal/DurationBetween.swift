internal import CypherSyntax

/// `duration.between` and its kin: what has to be added to one date or time to reach another.
struct DurationBetween {
    private let from: LocalParts
    private let to: LocalParts
    /// Both with their zones, where at least one has one: seconds are then counted by instants.
    private let instants: (from: CypherDateTime, to: CypherDateTime)?
    private let hasDays: Bool

    /// What only one of both has is taken over: the zone, or the day. Where none has a time of day it is midnight.
    init(from: CypherValue, to: CypherValue, _ context: EvaluationContext) throws(CypherError) {
        hasDays = from.dayPart != nil && to.dayPart != nil
        let day = from.dayPart ?? to.dayPart ?? 0
        var start = LocalParts(days: hasDays ? from.dayPart ?? day : day, nanoseconds: from.timePart ?? 0)
        var end = LocalParts(days: hasDays ? to.dayPart ?? day : day, nanoseconds: to.timePart ?? 0)
        if let zone = from.zonePart ?? to.zonePart {
            let first = try (from.zonePart ?? zone).dateTime(start, preferring: from.offsetPart, context)
            let last = try (to.zonePart ?? zone).dateTime(end, preferring: to.offsetPart, context)
            instants = (first, last)
            start = first.local
            end = try first.told.dateTime(instant: last.epochSeconds, last.nanosecond, context).local
        } else {
            instants = nil
        }
        self.from = start
        self.to = end
    }

    /// Whole months; without days on both sides there are none.
    var inMonths: CypherDuration { CypherDuration(months: hasDays ? months : 0) }

    var inDays: CypherDuration { CypherDuration(days: hasDays ? days(from: from) : 0) }

    func inSeconds() throws(CypherError) -> CypherDuration {
        if let instants { return try Self.seconds(from: instants.from, to: instants.to) }
        return try Self.seconds(from: from, to: to)
    }

    /// Months, then days, then what is left.
    func inParts(_ context: EvaluationContext) throws(CypherError) -> CypherDuration {
        guard hasDays else { return try inSeconds() }
        let months = months
        guard let day = Calendar.adding(months: months, to: from.days) else {
            preconditionFailure("\(months) months from \(from) to \(to) leave all years")
        }
        var start = LocalParts(days: day, nanoseconds: from.nanoseconds)
        let days = days(from: start)
        start.days += days
        let rest: CypherDuration
        if let instants {
            let near = try instants.from.told.dateTime(start, preferring: instants.from.offset, context)
            rest = try Self.seconds(from: near, to: instants.to)
        } else {
            rest = try Self.seconds(from: start, to: to)
        }
        return CypherDuration(months: months, days: days, seconds: rest.seconds, nanoseconds: rest.nanoseconds)
    }

    /// How many months can be added without going beyond the end.
    private var months: Int64 {
        let (start, end) = (Calendar.civil(from.days), Calendar.civil(to.days))
        let months = (end.year - start.year) * 12 + end.month - start.month
        let (startRest, endRest) = ((start.day, from.nanoseconds), (end.day, to.nanoseconds))
        if months > 0, endRest < startRest { return months - 1 }
        if months < 0, endRest > startRest { return months + 1 }
        return months
    }

    private func days(from start: LocalParts) -> Int64 {
        let days = to.days - start.days
        if days > 0, to.nanoseconds < start.nanoseconds { return days - 1 }
        if days < 0, to.nanoseconds > start.nanoseconds { return days + 1 }
        return days
    }

    private static func seconds(from: LocalParts, to: LocalParts) throws(CypherError) -> CypherDuration {
        try .make(
            seconds: Int128(to.seconds) - Int128(from.seconds),
            nanoseconds: Int128(to.nanosecond) - Int128(from.nanosecond))
    }

    private static func seconds(from: CypherDateTime, to: CypherDateTime) throws(CypherError) -> CypherDuration {
        try .make(
            seconds: Int128(to.epochSeconds) - Int128(from.epochSeconds),
            nanoseconds: Int128(to.nanosecond) - Int128(from.nanosecond))
    }
}

extension CypherValue {
    /// The offset that a zoned value has, to tell the two times apart that a clock set back shows.
    fileprivate var offsetPart: Int32? {
        switch self {
        case .dateTime(let value): value.offset
        case .time(let time): time.offset
        default: nil
        }
    }
}
