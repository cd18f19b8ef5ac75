/// How well this node itself is (Lifeguard's local health multiplier, and what its probes lately met).
///
/// 0 is healthy. Signs that others do not reach this node, or it them, raise the score; an answered probe lowers it.
struct LocalHealth: Sendable {
    private(set) var score = 0
    /// The last probes, newest in the lowest bit; 1: answered.
    private var outcomes: UInt16 = 0
    private var outcomeCount = 0

    /// What probe interval and time-out are multiplied with.
    var multiplier: UInt64 { UInt64(score) + 1 }

    /// Whether enough of the last 16 probes were answered (a quarter) that a missing answer tells of the other side. Of a
    /// majority that is well at least half of the probes are answered.
    var hearsOthers: Bool { outcomes != 0 && outcomes.nonzeroBitCount * 4 >= outcomeCount }

    mutating func probeAnswered() {
        score = max(0, score - 1)
        note(answered: true)
    }

    /// `missing`: how many helpers owe a nack; 1 where there was no helper.
    mutating func probeFailed(missing: Int, max: Int) {
        worsened(by: missing, max: max)
        note(answered: false)
    }

    mutating func worsened(by points: Int, max: Int) { score = min(max, score + points) }

    private mutating func note(answered: Bool) {
        outcomes = outcomes << 1 | (answered ? 1 : 0)
        outcomeCount = min(16, outcomeCount + 1)
    }
}
