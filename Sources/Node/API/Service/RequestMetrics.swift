/// Counts and times of the requests that one event loop answered; summed over the loops when they are asked for.
struct RequestMetrics: Sendable {
    /// Upper bounds of the histogram's buckets in seconds; the last bucket has none.
    static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Per route: answers by the hundreds of their status, 1xx to 5xx.
    private(set) var answers: [[Int]]
    /// Answers to requests that no route took.
    private(set) var unrouted = [0, 0, 0, 0, 0]
    private(set) var buckets = Array(repeating: 0, count: Self.bounds.count + 1)
    private(set) var secondsSum = 0.0
    private(set) var pointReads = 0

    init(routes: Int) { answers = Array(repeating: [0, 0, 0, 0, 0], count: routes) }

    @inline(__always)
    mutating func pointRead() { pointReads &+= 1 }

    mutating func answered(route: Int?, status: Int, nanoseconds: Int64) {
        let hundreds = max(0, min(4, status / 100 - 1))
        if let route { answers[route][hundreds] += 1 } else { unrouted[hundreds] += 1 }
        let seconds = Double(nanoseconds) / 1e9
        buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        secondsSum += seconds
    }

    static func += (left: inout Self, right: Self) {
        for route in left.answers.indices {
            for hundreds in 0..<5 { left.answers[route][hundreds] += right.answers[route][hundreds] }
        }
        for hundreds in 0..<5 { left.unrouted[hundreds] += right.unrouted[hundreds] }
        for bucket in left.buckets.indices { left.buckets[bucket] += right.buckets[bucket] }
        left.secondsSum += right.secondsSum
        left.pointReads += right.pointReads
    }
}
