/// A day of the proleptic Gregorian calendar.
package struct CypherDate: Hashable, Sendable {
    /// Days since 1970-01-01.
    package let days: Int64
    package init(days: Int64) { self.days = days }
}

/// A time of day without a place.
package struct CypherLocalTime: Hashable, Sendable {
    /// Nanoseconds since midnight, below 86,400,000,000,000.
    package let nanoseconds: Int64
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
}

/// A time of day at an offset from UTC.
package struct CypherTime: Hashable, Sendable {
    /// Nanoseconds since local midnight.
    package let nanoseconds: Int64
    /// Seconds east of UTC.
    package let offset: Int32

    package init(nanoseconds: Int64, offset: Int32) {
        self.nanoseconds = nanoseconds
        self.offset = offset
    }
}

/// A day and a time of day without a place.
package struct CypherLocalDateTime: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00, as if every day had 86,400.
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanosecond: Int32

    package init(seconds: Int64, nanosecond: Int32) {
        self.seconds = seconds
        self.nanosecond = nanosecond
    }
}

/// An instant, and the offset or named zone that it is told in.
package final class CypherDateTime: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00Z.
    package let epochSeconds: Int64
    /// 0 to 999,999,999.
    package let nanosecond: Int32
    /// Seconds east of UTC that hold at this instant.
    package let offset: Int32
    /// The zone's name (`Europe/Stockholm`), where it was given by name.
    package let zone: String?

    package init(epochSeconds: Int64, nanosecond: Int32, offset: Int32, zone: String? = nil) {
        self.epochSeconds = epochSeconds
        self.nanosecond = nanosecond
        self.offset = offset
        self.zone = zone
    }

    package static func == (a: CypherDateTime, b: CypherDateTime) -> Bool {
        a.epochSeconds == b.epochSeconds && a.nanosecond == b.nanosecond && a.offset == b.offset && a.zone == b.zone
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(epochSeconds)
        hasher.combine(nanosecond)
    }
}

/// A span of time in four parts that do not convert into each other: a month has no fixed days, nor a day fixed seconds.
package final class CypherDuration: Hashable, Sendable {
    package let months: Int64
    package let days: Int64
    package let seconds: Int64
    /// 0 to 999,999,999, also where seconds are negative: -0.5 s are -1 s and 500,000,000 ns.
    package let nanoseconds: Int32

    package init(months: Int64 = 0, days: Int64 = 0, seconds: Int64 = 0, nanoseconds: Int32 = 0) {
        self.months = months
        self.days = days
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func == (a: CypherDuration, b: CypherDuration) -> Bool {
        a.months == b.months && a.days == b.days && a.seconds == b.seconds && a.nanoseconds == b.nanoseconds
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(months)
        hasher.combine(days)
        hasher.combine(seconds)
        hasher.combine(nanoseconds)
    }
}
