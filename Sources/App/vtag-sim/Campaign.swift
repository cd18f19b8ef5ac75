import Simulation

/// Many lives, some at a time.
struct Campaign {
    let seeds: Range<UInt64>
    let options: Life.Options
    let jobs: Int
    /// Each life whose seed is a multiple of this is lived twice; 0: none, 1: all.
    let repeatEvery: UInt64
    let stopsAtViolation: Bool
    /// Only violations count that a life of the same seed under these options does not have.
    var baseline: Life.Options?

    struct Result: Sendable {
        var lives = 0
        var tally = LifeTally()
        var violations: [LifeReport] = []
        var virtualSeconds = 0.0

        static func += (left: inout Result, right: Result) {
            left.lives += right.lives
            left.tally += right.tally
            left.violations += right.violations
            left.virtualSeconds += right.virtualSeconds
        }
    }

    /// Seeds that one job takes at a time.
    private static let portion: UInt64 = 25

    /// Lives them all; `progress` hears of every portion that is done.
    func run(progress: (Result) -> Void) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            var next = seeds.lowerBound
            func addPortion() {
                guard next < seeds.upperBound else { return }
                let portion = next..<min(next + Self.portion, seeds.upperBound)
                next = portion.upperBound
                group.addTask { live(portion) }
            }
            for _ in 0..<jobs { addPortion() }
            var total = Result()
            while let result = await group.next() {
                total += result
                progress(total)
                // Portions under way are finished: one of them may hold a smaller seed with a violation.
                if !stopsAtViolation || total.violations.isEmpty { addPortion() }
            }
            total.violations.sort { $0.plan.seed < $1.plan.seed }
            return total
        }
    }

    private func live(_ seeds: Range<UInt64>) -> Result {
        var result = Result()
        for seed in seeds {
            let report = Life.live(seed: seed, options: options, twice: repeatEvery > 0 && seed % repeatEvery == 0)
            result.lives += 1
            result.tally += report.tally
            result.virtualSeconds += Double(report.virtualTime) / 1_000_000
            if report.violation != nil, !isInBaseline(seed) {
                result.violations.append(report)
                if stopsAtViolation { break }
            }
        }
        return result
    }

    private func isInBaseline(_ seed: UInt64) -> Bool {
        guard let baseline else { return false }
        return Life.live(seed: seed, options: baseline).violation != nil
    }
}
