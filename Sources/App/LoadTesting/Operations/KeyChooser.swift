#if canImport(Glibc)
    import Glibc
#endif

/// Which of n things an operation is about.
package struct KeyChooser: Sendable {
    package enum Distribution: Equatable, Sendable {
        case uniform
        /// The k-th most wanted thing is wanted in proportion to 1 / k^exponent.
        case zipf(exponent: Double)
    }

    private let count: Int
    /// Cumulative shares under Zipf's law; empty for a uniform choice.
    private let cumulative: [Double]

    /// - Parameter count: at least 1. O(count) for a zipf choice.
    package init(_ distribution: Distribution, count: Int) {
        precondition(count > 0, "there is nothing to choose from")
        self.count = count
        switch distribution {
        case .uniform: cumulative = []
        case .zipf(let exponent):
            var sum = 0.0
            cumulative = (1...count).map { rank in
                sum += 1 / pow(Double(rank), exponent)
                return sum
            }
        }
    }

    /// A position from 0 on; under Zipf's law the most wanted one is 0. O(log count).
    package func choose(_ random: inout SplitMix64) -> Int {
        guard let total = cumulative.last else { return random.below(count) }
        let wanted = random.unit() * total
        var low = 0
        var high = count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > wanted { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
