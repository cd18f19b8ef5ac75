/// Decides whether and when a failed request is sent again. Pure.
struct HTTPClientRetryPolicy: Sendable, Equatable {
    let attemptsMax: Int
    let delayMilliseconds: Int64
    let delayMillisecondsMax: Int64

    /// Milliseconds to wait before the next attempt, or nil when the error is the caller's to see.
    ///
    /// - Parameters:
    ///   - attempts: how many attempts were made, at least one.
    ///   - bodyIsUsed: whether a piece of a streamed body was taken, which cannot be taken again.
    ///   - remainingMilliseconds: time left until the request's deadline.
    func delay(
        after error: HTTPClientError, attempts: Int, isIdempotent: Bool, bodyIsUsed: Bool, remainingMilliseconds: Int64,
        random: inout some RandomNumberGenerator
    ) -> Int64? {
        guard attempts < attemptsMax, !bodyIsUsed else { return nil }
        switch error.fate {
        case .final: return nil
        case .unknown where !isIdempotent: return nil
        case .unknown, .unprocessed: break
        }
        // Exponential with "equal jitter": at least half of it, so that retries neither storm nor march in step.
        let doubled = delayMilliseconds << min(Int64(attempts - 1), 20)
        let most = max(1, min(doubled, delayMillisecondsMax))
        let delay = most / 2 + Int64.random(in: 0...(most - most / 2), using: &random)
        return delay < remainingMilliseconds ? delay : nil
    }
}
