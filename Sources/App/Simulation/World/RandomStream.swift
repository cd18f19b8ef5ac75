/// A seeded generator (SplitMix64): the same seed gives the same numbers on every machine and in every Swift version.
///
/// The standard library's `random(in:using:)` may change how it consumes a generator, so all drawing is done here.
package struct RandomStream: Sendable {
    private var state: UInt64

    /// One stream for each use of chance, so that a new fault or a new client does not shift what the others draw.
    package enum Purpose: UInt64, CaseIterable, Sendable {
        /// The life's shape: how many nodes, groups and clients, and how hostile the world is.
        case plan = 1
        case network, disk, faults, clients, cores, clocks
        /// State machines, catalogues, and how snapshots travel.
        case machines
        /// PostgreSQL, the way there, and what goes wrong with both.
        case database
    }

    package init(seed: UInt64, purpose: Purpose) {
        state = seed
        // Seeds that are neighbours, and purposes of one seed, must not give overlapping sequences.
        state = next() ^ (purpose.rawValue &* 0xD6E8_FEB8_6659_FD93)
        state = next()
    }

    package init(seed: UInt64) {
        state = seed
        state = next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to and without `bound`, which is positive.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing lies below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    package mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    package mutating func duration(in range: ClosedRange<Microseconds>) -> Microseconds {
        range.lowerBound + Microseconds(below(Int(range.upperBound - range.lowerBound) + 1))
    }

    /// True in `count` of a million cases.
    package mutating func chance(perMillion count: Int) -> Bool {
        count > 0 && below(1_000_000) < count
    }

    /// True in `percent` of a hundred cases.
    package mutating func chance(percent: Int) -> Bool { chance(perMillion: percent * 10_000) }

    /// A duration with a long tail: mostly around `mean`, sometimes several times it, at most 16 times.
    package mutating func longTailed(mean: Microseconds) -> Microseconds {
        // The number of leading zero bits is geometric: an exponential's shape without floating point.
        let draw = next()
        let octaves = min(15, draw.leadingZeroBitCount)
        let within = Microseconds((draw & 0xFFFF) * UInt64(mean) >> 16)
        return Microseconds(octaves) * mean / 2 + within / 2 + mean / 4
    }

    package mutating func element<C: RandomAccessCollection>(of elements: C) -> C.Element where C.Index == Int {
        elements[elements.startIndex + below(elements.count)]
    }

    /// `elements` in an order of chance.
    package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        var end = elements.count
        while end > 1 {
            elements.swapAt(below(end), end - 1)
            end -= 1
        }
        return elements
    }
}
