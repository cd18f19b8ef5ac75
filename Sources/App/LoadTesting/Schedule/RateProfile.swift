/// How many operations per second are to start, over time: straight lines between points, level before and after them.
package struct RateProfile: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        package var at: Microseconds
        /// Operations per second.
        package var rate: Double

        package init(at: Microseconds, rate: Double) {
            self.at = at
            self.rate = rate
        }
    }

    /// Rates that a scenario may ask for, per second.
    package static let rates = 0.01...1_000_000.0

    package let points: [Point]

    package init(constant rate: Double) { points = [Point(at: 0, rate: rate)] }

    /// nil without a point of a rate above 0. Points are in the order of time.
    package init?(points: [Point]) {
        guard points.contains(where: { $0.rate > 0 }) else { return nil }
        self.points = points
    }

    /// Operations per second at a moment.
    package func rate(at time: Microseconds) -> Double {
        guard let after = points.firstIndex(where: { $0.at > time }) else { return points.last?.rate ?? 0 }
        guard after > 0 else { return points[0].rate }
        let (from, to) = (points[after - 1], points[after])
        let part = Double(time - from.at) / Double(to.at - from.at)
        return from.rate + (to.rate - from.rate) * part
    }

    /// The next moment after `time` at which the rate's slope changes; nil when it stays level.
    func bend(after time: Microseconds) -> Microseconds? { points.first { $0.at > time }?.at }
}
