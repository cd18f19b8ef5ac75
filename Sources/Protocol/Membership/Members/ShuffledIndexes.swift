/// All numbers below `count` in a random order, each once, without a list of them: a keyed permutation of the next power
/// of two, of which the numbers that are too high are skipped.
struct ShuffledIndexes: Sendable, IteratorProtocol {
    private let count: UInt32
    private let key: UInt64
    private let bits: UInt32
    private var position: UInt32 = 0

    /// How many numbers are still to come.
    private(set) var remaining: Int

    /// `count` is at most 2^31.
    init(count: UInt32, key: UInt64) {
        self.count = count
        self.key = key
        remaining = Int(count)
        bits = count <= 2 ? 1 : UInt32(UInt32.bitWidth - (count - 1).leadingZeroBitCount)
    }

    mutating func next() -> UInt32? {
        while position < 1 << bits {
            let candidate = permuted(position)
            position += 1
            if candidate < count {
                remaining -= 1
                return candidate
            }
        }
        return nil
    }

    /// Each step (add, multiply by an odd number, fold the high half down) is a bijection on `bits` bits.
    private func permuted(_ position: UInt32) -> UInt32 {
        let mask = UInt64(1) << UInt64(bits) - 1
        var value = UInt64(position)
        var round = key
        for _ in 0..<4 {
            value = (value &+ round) & mask
            value = value &* (round >> 32 | 1) & mask
            value ^= value >> UInt64((bits + 1) / 2)
            round = round.mixed(with: key)
        }
        return UInt32(value)
    }
}
