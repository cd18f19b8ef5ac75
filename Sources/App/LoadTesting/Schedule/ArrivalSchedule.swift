/// When operations are to start, one after the other, from a rate profile alone: nothing that happens moves it.
package struct ArrivalSchedule: Sendable {
    package enum Spacing: String, CaseIterable, Sendable {
        /// Evenly spaced.
        case constant
        /// Independent of each other, as the requests of many users are: exponential distances.
        case poisson
    }

    private let profile: RateProfile
    private let spacing: Spacing
    private let end: Microseconds
    private var random: SplitMix64
    /// Where the last arrival was, in fractions of a microsecond.
    private var position: Double = 0
    private var isFirst = true

    /// - Parameter end: no arrival is at this moment or later.
    package init(_ profile: RateProfile, spacing: Spacing, seed: UInt64, end: Microseconds) {
        self.profile = profile
        self.spacing = spacing
        self.end = end
        random = SplitMix64(seed: seed)
    }

    /// The next moment; nil at the end.
    package mutating func next() -> Microseconds? {
        // The first of evenly spaced arrivals is at 0.
        var needed = spacing == .poisson ? random.exponential() : isFirst ? 0 : 1
        isFirst = false
        // The area under the rate from arrival to arrival is `needed`; the rate is a straight line between bends.
        while position < Double(end) {
            let from = Microseconds(position)
            let bend = min(profile.bend(after: from) ?? end, end)
            let seconds = (Double(bend) - position) / 1e6
            let rate = profile.rate(at: from)
            let slope = seconds > 0 ? (profile.rate(at: bend) - rate) / seconds : 0
            let area = rate * seconds + slope * seconds * seconds / 2
            if area >= needed, let distance = Self.distance(area: needed, rate: rate, slope: slope) {
                position += min(distance, seconds) * 1e6
                return position < Double(end) ? Microseconds(position.rounded()) : nil
            }
            needed -= area
            position = Double(bend)
        }
        return nil
    }

    /// Seconds after which the area under `rate + slope × t` is `area`: the smaller root, in the form that loses no digits.
    private static func distance(area: Double, rate: Double, slope: Double) -> Double? {
        if area <= 0 { return 0 }
        let square = rate * rate + 2 * slope * area
        guard square >= 0, rate + square.squareRoot() > 0 else { return nil }
        return 2 * area / (rate + square.squareRoot())
    }
}
