import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A seeded generator (Steele, Lea and Flood, 2014): the same seed, the same load.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = StableHash.mix(seed) }

    package mutating func next() -> UInt64 {
        defer { state &+= 0x9E37_79B9_7F4A_7C15 }
        return StableHash.mix(state)
    }

    /// From 0 up to and without `bound`, which is positive.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing lies below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// From 0 up to and without 1.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Exponentially distributed with mean 1.
    package mutating func exponential() -> Double { -log(1 - unit()) }
}
