import DequeModule
import Model

/// The answers of the last requests that carried a key, oldest first.
///
/// Bounded by age and number. Both are judged by the entries' own times, so that all replicas forget alike.
package struct IdempotencyTable: Sendable {
    /// How long an answer is kept, in milliseconds: a day.
    package static let ageMillisecondsMax: Int64 = 86_400_000
    /// Most answers that one shard keeps.
    package static let countMax = 50_000

    private var answers: [IdempotencyKey: Remembered] = [:]
    private var order: Deque<IdempotencyKey> = []

    package init() {}

    package subscript(_ key: IdempotencyKey) -> Remembered? { answers[key] }

    /// Returns the keys that it forgot.
    package mutating func remember(_ key: IdempotencyKey, _ answer: Remembered) -> [IdempotencyKey] {
        if answers.updateValue(answer, forKey: key) == nil { order.append(key) }
        var forgotten: [IdempotencyKey] = []
        while let oldest = order.first, let kept = answers[oldest],
            order.count > Self.countMax || kept.at.milliseconds < answer.at.milliseconds - Self.ageMillisecondsMax
        {
            order.removeFirst()
            answers[oldest] = nil
            forgotten.append(oldest)
        }
        return forgotten
    }

    /// For loading: in the order in which they were remembered.
    package mutating func restore(_ remembered: [(IdempotencyKey, Remembered)]) {
        for (key, answer) in remembered.sorted(by: { $0.1.at < $1.1.at }) { _ = remember(key, answer) }
    }

    package var count: Int { answers.count }
}
