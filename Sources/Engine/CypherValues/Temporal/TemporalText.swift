extension CypherValue {
    /// Dates, times and durations as ISO 8601 has them; nil for other types.
    package var temporalText: String? {
        switch self {
        case .date(let date): TemporalText.date(date.days)
        case .localTime(let time): TemporalText.time(time.nanoseconds)
        case .time(let time): TemporalText.time(time.nanoseconds) + TemporalText.offset(time.offset)
        case .localDateTime(let value): TemporalText.dateTime(value.local)
        case .dateTime(let value):
            TemporalText.dateTime(value.local) + TemporalText.offset(value.offset)
                + (value.zone.map { "[\($0)]" } ?? "")
        case .duration(let duration): TemporalText.duration(duration)
        default: nil
        }
    }
}

enum TemporalText {
    static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value.magnitude)
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
    }

    static func date(_ days: Int64) -> String {
        let date = Calendar.civil(days)
        let year = (date.year > 9999 ? "+" : "") + padded(date.year, 4)
        return "\(year)-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    /// Seconds only where there are some, and as few digits of them as tell all.
    static func time(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds / Calendar.nanosecondsOfSecond
        let fraction = nanoseconds % Calendar.nanosecondsOfSecond
        let minutes = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2))"
        if seconds % 60 == 0, fraction == 0 { return minutes }
        return minutes + ":" + padded(seconds % 60, 2) + self.fraction(fraction)
    }

    /// `.5` for half a second; empty for none.
    static func fraction(_ nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "" }
        var digits = padded(nanoseconds, 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }

    static func dateTime(_ parts: LocalParts) -> String { date(parts.days) + "T" + time(parts.nanoseconds) }

    static func offset(_ seconds: Int32) -> String {
        guard seconds != 0 else { return "Z" }
        let size = Int64(seconds.magnitude)
        let text = (seconds < 0 ? "-" : "+") + padded(size / 3600, 2) + ":" + padded(size / 60 % 60, 2)
        return size % 60 == 0 ? text : text + ":" + padded(size % 60, 2)
    }

    static func duration(_ duration: CypherDuration) -> String {
        var text = "P"
        func add(_ value: Int64, _ unit: String) { if value != 0 { text += "\(value)\(unit)" } }
        add(duration.months / 12, "Y")
        add(duration.months % 12, "M")
        add(duration.days, "D")
        // The parts of a time below zero are all below zero, the fraction included.
        var (seconds, nanoseconds) = (duration.seconds, Int64(duration.nanoseconds))
        if seconds < 0, nanoseconds > 0 {
            seconds += 1
            nanoseconds -= Calendar.nanosecondsOfSecond
        }
        if seconds != 0 || nanoseconds != 0 { text += "T" }
        add(seconds / 3600, "H")
        add(seconds / 60 % 60, "M")
        if seconds % 60 != 0 || nanoseconds != 0 {
            let isNegative = seconds % 60 < 0 || nanoseconds < 0
            let whole = (seconds % 60).magnitude
            text += "\(isNegative ? "-" : "")\(whole)\(fraction(Int64(nanoseconds.magnitude)))S"
        }
        return text == "P" ? "PT0S" : text
    }
}
