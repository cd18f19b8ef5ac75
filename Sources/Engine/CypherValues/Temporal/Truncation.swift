internal import CypherSyntax

/// `date.truncate` and its kin: a date or time with everything below a unit taken off.
enum Truncation: String, CaseIterable {
    case millennium, century, decade, year, weekYear, quarter, month, week, day, hour, minute, second, millisecond,
        microsecond

    init(named name: String) throws(CypherError) {
        guard let unit = Self.allCases.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badArgument("'\(name)' is no unit to truncate to; there are \(known)")
        }
        self = unit
    }

    func day(_ days: Int64) -> Int64 {
        let date = Calendar.civil(days)
        switch self {
        case .millennium: return Calendar.days(Calendar.floorDivide(date.year, 1000) * 1000, 1, 1)
        case .century: return Calendar.days(Calendar.floorDivide(date.year, 100) * 100, 1, 1)
        case .decade: return Calendar.days(Calendar.floorDivide(date.year, 10) * 10, 1, 1)
        case .year: return Calendar.days(date.year, 1, 1)
        case .weekYear: return Calendar.firstMonday(ofWeekYear: Calendar.weekDate(days).year)
        case .quarter: return Calendar.firstDay(ofQuarter: Calendar.quarter(ofMonth: date.month), of: date.year)
        case .month: return Calendar.days(date.year, date.month, 1)
        case .week: return days - Calendar.weekday(days) + 1
        case .day, .hour, .minute, .second, .millisecond, .microsecond: return days
        }
    }

    /// The unit's length in nanoseconds, of those below a day; nil: nothing of the time of day stays.
    private var nanoseconds: Int64? {
        switch self {
        case .hour: 3600 * Calendar.nanosecondsOfSecond
        case .minute: 60 * Calendar.nanosecondsOfSecond
        case .second: Calendar.nanosecondsOfSecond
        case .millisecond: 1_000_000
        case .microsecond: 1000
        default: nil
        }
    }

    func time(_ time: Int64) -> Int64 { nanoseconds.map { time / $0 * $0 } ?? 0 }

    /// Where a fraction of a second is kept and the map tells smaller parts of it, these are added and do not take its place.
    func keeping(_ time: Int64, _ map: CypherMap) -> CypherMap {
        guard self == .millisecond || self == .microsecond else { return map }
        var map = map
        let fraction = time % Calendar.nanosecondsOfSecond
        if self == .microsecond, map["microsecond"] == nil, map["nanosecond"] != nil {
            map["microsecond"] = .integer(fraction / 1000 % 1000)
        }
        if map["millisecond"] == nil, map["microsecond"] != nil || map["nanosecond"] != nil {
            map["millisecond"] = .integer(fraction / 1_000_000)
        }
        return map
    }
}
