/// Decides when the operations of an open loop start, and keeps book of those that start late.
///
/// There is no coordinated omission: each operation carries the moment it was to start, latency counts from there, and an
/// operation that could not start in time is still made, as soon as it can be.
package struct OpenLoopPacer: Sendable {
    package enum Decision: Equatable, Sendable {
        /// Start an operation that was to start at `intended`.
        case start(intended: Microseconds)
        /// Nothing is to start before this moment.
        case wait(until: Microseconds)
        /// As many operations are under way as may be: ask again when one has ended.
        case full
        case finished
    }

    /// An operation that starts this much after its moment is late: more than a timer's usual slack.
    package static let lateAfter: Microseconds = 5_000

    private var schedule: ArrivalSchedule
    private let inFlightMax: Int
    private var upcoming: Microseconds?
    package private(set) var started = 0
    package private(set) var late = 0
    /// The longest that an operation started after its moment.
    package private(set) var latenessMax: Microseconds = 0

    package init(_ schedule: ArrivalSchedule, inFlightMax: Int) {
        self.schedule = schedule
        self.inFlightMax = inFlightMax
        upcoming = self.schedule.next()
    }

    /// What to do now. Called again at once after `.start`.
    package mutating func poll(at now: Microseconds, inFlight: Int) -> Decision {
        guard let intended = upcoming else { return .finished }
        guard intended <= now else { return .wait(until: intended) }
        guard inFlight < inFlightMax else { return .full }
        started += 1
        let lateness = now - intended
        latenessMax = max(latenessMax, lateness)
        if lateness >= Self.lateAfter { late += 1 }
        upcoming = schedule.next()
        return .start(intended: intended)
    }
}
