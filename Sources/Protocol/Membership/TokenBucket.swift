/// At most so many events a second, with bursts of two seconds' worth.
struct TokenBucket: Sendable {
    private let perSecond: UInt64
    private var thousandths: UInt64
    private var refilledAt: UInt64 = 0

    init(perSecond: UInt64) {
        self.perSecond = perSecond
        thousandths = perSecond * 2_000
    }

    mutating func take(at now: UInt64) -> Bool {
        let elapsed = min(now - min(now, refilledAt), 2_000)
        thousandths = min(perSecond * 2_000, thousandths + elapsed * perSecond)
        refilledAt = now
        if thousandths < 1_000 { return false }
        thousandths -= 1_000
        return true
    }
}
