import Model

/// Changes counted by day (UTC), actor and action.
package struct AuditCount: Hashable, Sendable {
    package let day: String
    package let actor: String
    package let action: String
    package let count: Int
}

/// A report that grows: what parts of the history have added to it, in any order.
///
/// The newest days come first in a report, so days that cannot be on it any more are let go of, and what comes of them later is
/// not counted: memory is bounded by the report's lines and the lines of one day.
package struct AuditTally: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        /// When the day begins, in milliseconds since 1970.
        package let day: Int64
        package let actor: String
        package let action: String

        package init(day: Int64, actor: String, action: String) {
            self.day = day
            self.actor = actor
            self.action = action
        }
    }

    package private(set) var counts: [Line: Int] = [:]
    /// Days that begin before this are not counted.
    package private(set) var firstDay = Int64.min

    package init() {}

    package static let dayMilliseconds: Int64 = 86_400_000

    mutating func count(at time: Timestamp, by actor: String, _ action: String) {
        let day = Self.dayMilliseconds
        let start = time.milliseconds &- ((time.milliseconds % day) + day) % day
        add(1, to: Line(day: start, actor: actor, action: action))
    }

    package mutating func add(_ count: Int, to line: Line) {
        guard line.day >= firstDay else { return }
        counts[line, default: 0] = counts[line, default: 0].addingReportingOverflow(count).partialValue
    }

    /// Days that begin before are not counted from now on.
    package mutating func begin(on day: Int64) { firstDay = max(firstDay, day) }

    package mutating func add(_ other: AuditTally) {
        begin(on: other.firstDay)
        for (line, count) in other.counts { add(count, to: line) }
    }

    /// Lets go of days that are not on a report of so many lines.
    package mutating func trim(to lines: Int) {
        guard counts.count > lines else { return }
        var linesOfDay: [Int64: Int] = [:]
        for line in counts.keys { linesOfDay[line.day, default: 0] += 1 }
        var newer = 0
        for (day, own) in linesOfDay.sorted(by: { $0.key > $1.key }) {
            newer += own
            guard newer >= lines else { continue }
            firstDay = max(firstDay, day)
            break
        }
        counts = counts.filter { $0.key.day >= firstDay }
    }

    /// The newest days first, then the largest counts; `limit` lines at most.
    package func report(limit: Int) -> [AuditCount] {
        let ordered = counts.sorted { left, right in
            (right.key.day, right.value, left.key.actor, left.key.action)
                < (left.key.day, left.value, right.key.actor, right.key.action)
        }
        return ordered.prefix(limit).map { line, count in
            let time = Timestamp(milliseconds: line.day).description
            return AuditCount(day: String(time.prefix(10)), actor: line.actor, action: line.action, count: count)
        }
    }
}
