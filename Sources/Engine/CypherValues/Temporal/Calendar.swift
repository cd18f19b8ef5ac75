/// The proleptic Gregorian calendar and ISO weeks, by counting.
enum Calendar {
    /// Years that dates may have.
    static let years: ClosedRange<Int64> = -999_999_999...999_999_999
    static let secondsOfDay: Int64 = 86_400
    static let nanosecondsOfSecond: Int64 = 1_000_000_000
    static let nanosecondsOfDay = secondsOfDay * nanosecondsOfSecond

    struct YearMonthDay: Hashable {
        var year: Int64
        var month: Int64
        var day: Int64
    }

    /// An ISO week: it begins on Monday, and belongs to the year that has its Thursday.
    struct WeekDate: Hashable {
        var year: Int64
        var week: Int64
        /// 1 for Monday.
        var day: Int64
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func daysInYear(_ year: Int64) -> Int64 { isLeap(year) ? 366 : 365 }

    /// Days since 1970-01-01, after H. Hinnant's `days_from_civil`: years that begin in March, in eras of 400.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(_ days: Int64) -> YearMonthDay {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return YearMonthDay(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// 1 for Monday.
    static func weekday(_ days: Int64) -> Int64 { floorModulo(days + 3, 7) + 1 }

    static func ordinalDay(_ days: Int64) -> Int64 { days - self.days(civil(days).year, 1, 1) + 1 }

    /// The Monday of an ISO year's first week: the week that has January 4.
    static func firstMonday(ofWeekYear year: Int64) -> Int64 {
        let fourth = days(year, 1, 4)
        return fourth - weekday(fourth) + 1
    }

    static func weekDate(_ days: Int64) -> WeekDate {
        let year = civil(days - weekday(days) + 4).year
        return WeekDate(
            year: year, week: (days - firstMonday(ofWeekYear: year)) / 7 + 1, day: weekday(days))
    }

    static func weeks(inWeekYear year: Int64) -> Int64 {
        (firstMonday(ofWeekYear: year + 1) - firstMonday(ofWeekYear: year)) / 7
    }

    static func firstDay(ofQuarter quarter: Int64, of year: Int64) -> Int64 { days(year, quarter * 3 - 2, 1) }

    static func quarter(ofMonth month: Int64) -> Int64 { (month + 2) / 3 }

    static func daysInQuarter(_ quarter: Int64, of year: Int64) -> Int64 {
        (0..<3).reduce(0) { $0 + daysInMonth(quarter * 3 - 2 + $1, of: year) }
    }

    /// The same day of a month so many months on, or that month's last day where it is shorter. Nil outside of all years.
    static func adding(months: Int64, to days: Int64) -> Int64? {
        let date = civil(days)
        let (sum, overflow) = (date.year * 12 + date.month - 1).addingReportingOverflow(months)
        let year = floorDivide(sum, 12)
        guard !overflow, years.contains(year) else { return nil }
        let month = floorModulo(sum, 12) + 1
        return self.days(year, month, min(date.day, daysInMonth(month, of: year)))
    }

    static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        let quotient = a / b
        return a % b < 0 ? quotient - 1 : quotient
    }

    static func floorModulo(_ a: Int64, _ b: Int64) -> Int64 {
        let remainder = a % b
        return remainder < 0 ? remainder + b : remainder
    }
}
