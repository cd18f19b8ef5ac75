/// How long to wait before the next try: twice as long after each failure, and a random part of that, so that many who lost the
/// same server do not come back in step ("full jitter", with a floor).
package struct ReconnectDelay: Hashable, Sendable {
    package static let millisecondsMin: Int64 = 50
    package static let millisecondsMax: Int64 = 5_000

    package private(set) var failures = 0

    package init() {}

    /// A try failed. How long to wait, in milliseconds; `random` is from 0 up to 1.
    package mutating func failed(random: Double) -> Int64 {
        failures += 1
        let bound = min(Self.millisecondsMax, Self.millisecondsMin << Int64(min(failures, 20)))
        return Self.millisecondsMin + Int64(Double(bound - Self.millisecondsMin) * random)
    }

    package mutating func succeeded() { failures = 0 }
}
