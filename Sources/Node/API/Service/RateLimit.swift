import Model
import Synchronization

/// How many requests one subject of tokens may send to this node.
package struct RateLimit: Equatable, Sendable {
    /// Requests per second in the long run.
    package let perSecond: Int
    /// Requests that may come at once after a rest.
    package let burst: Int

    package static let perSecondMax = 1_000_000

    package init(perSecond: Int, burst: Int) {
        precondition((1...Self.perSecondMax).contains(perSecond) && burst >= 1, "A rate limit without requests")
        self.perSecond = perSecond
        self.burst = burst
    }

    fileprivate var intervalNanoseconds: Int64 { 1_000_000_000 / Int64(perSecond) }
}

/// The allowance of one subject, by the generic cell rate algorithm (ITU-T I.371): one number, the time at which all that was
/// taken is earned. Any thread; without a lock.
final class RateBucket: Sendable {
    private let interval: Int64
    private let tolerance: Int64
    /// In nanoseconds since 1970.
    private let earnedAt = Atomic<Int64>(0)

    init(_ limit: RateLimit) {
        interval = limit.intervalNanoseconds
        tolerance = interval.multipliedClamped(by: Int64(limit.burst))
    }

    /// Takes one request. False: there is none left.
    ///
    /// - Parameter now: milliseconds since 1970.
    @inline(__always)
    func take(at now: Int64) -> Bool {
        let now = now &* 1_000_000
        var known = earnedAt.load(ordering: .relaxed)
        while true {
            let next = max(known, now) &+ interval
            guard next &- now <= tolerance else { return false }
            let (exchanged, original) = earnedAt.weakCompareExchange(expected: known, desired: next, ordering: .relaxed)
            if exchanged { return true }
            known = original
        }
    }

    /// The request that was taken is not this one's: somebody else takes it again.
    func giveBack() { earnedAt.subtract(interval, ordering: .relaxed) }

    /// Seconds until there is a request to take, from 1.
    func retryAfter(at now: Int64) -> Int {
        let missing = max(earnedAt.load(ordering: .relaxed), now &* 1_000_000) &+ interval &- tolerance &- now &* 1_000_000
        return max(1, Int((missing + 999_999_999) / 1_000_000_000))
    }

    /// Nothing is owed.
    func isFull(at now: Int64) -> Bool { earnedAt.load(ordering: .relaxed) <= now &* 1_000_000 }
}

/// The buckets of the subjects that this node knows of. Asked when a token is verified, not at each request.
final class RateTable: Sendable {
    /// Most buckets. Beyond, subjects at rest are forgotten; where all are busy, the newcomers share one bucket.
    static let bucketsMax = 10_000

    private struct State {
        var buckets: [String: RateBucket] = [:]
        /// When the last search for subjects at rest was, in milliseconds since 1970.
        var sweptAt = Int64.min

        /// Forgets those that nobody's remembered token holds and whose bucket is full: a new one would say the same.
        mutating func forgetIdle(at now: Int64) {
            var idle: [String] = []
            var position = buckets.startIndex
            while position != buckets.endIndex {
                if isKnownUniquelyReferenced(&buckets.values[position]), buckets.values[position].isFull(at: now) {
                    idle.append(buckets.keys[position])
                }
                buckets.formIndex(after: &position)
            }
            for subject in idle { buckets[subject] = nil }
        }
    }

    let limit: RateLimit
    private let overflow: RateBucket
    private let state = Mutex(State())

    init(_ limit: RateLimit) {
        self.limit = limit
        overflow = RateBucket(limit)
    }

    func bucket(of subject: String, at now: Int64) -> RateBucket {
        state.withLock { state in
            if let known = state.buckets[subject] { return known }
            if state.buckets.count >= Self.bucketsMax {
                // Once a second at most: a search looks at all.
                if now >= state.sweptAt.addingClamped(1_000) {
                    state.sweptAt = now
                    state.forgetIdle(at: now)
                }
                guard state.buckets.count < Self.bucketsMax else { return overflow }
            }
            let bucket = RateBucket(limit)
            state.buckets[subject] = bucket
            return bucket
        }
    }

    var count: Int { state.withLock { $0.buckets.count } }
}

extension Int64 {
    fileprivate func multipliedClamped(by other: Int64) -> Int64 {
        let (product, overflowed) = multipliedReportingOverflow(by: other)
        return overflowed ? .max : product
    }
}
