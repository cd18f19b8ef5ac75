internal import Conditions
import Model

/// Finds words that are a slip or two apart, without comparing each with each.
///
/// Words are filed under what remains of their beginnings when letters are left out ("symmetric delete", W. Garbe, 2012): two
/// words within so many slips have one of these in common. What is found is compared in full. Time and memory grow with the
/// number of words: each has at most `remaindersMax` remainders, each drawer holds `drawerMax` words, and each word is compared
/// with `comparisonsMax` others.
struct SpellingIndex {
    /// Letters of a word's beginning that remainders are made of.
    private static let beginningMax = 10
    /// Words of one remainder; those that were filed first stay.
    static let drawerMax = 32
    static let comparisonsMax = 256

    private var words: [(letters: [Unicode.Scalar], position: Int)] = []
    private var drawers: [UInt64: [Int32]] = [:]

    /// The words that this one may be a slip of, with the number of slips; the fewest first, then in the order of filing.
    func near(_ word: String) -> [(position: Int, slips: Int)] {
        let letters = Array(word.unicodeScalars)
        var seen: Set<Int32> = []
        var found: [(number: Int32, position: Int, slips: Int)] = []
        searching: for remainder in Self.remainders(of: letters) {
            for number in drawers[remainder] ?? [] where seen.insert(number).inserted {
                guard seen.count <= Self.comparisonsMax else { break searching }
                let other = words[Int(number)]
                let limit = EditDistance.slipsMax(letters: min(letters.count, other.letters.count))
                if limit > 0, let slips = EditDistance.distance(letters, other.letters, limit: limit) {
                    found.append((number, other.position, slips))
                }
            }
        }
        return found.sorted { ($0.slips, $0.number) < ($1.slips, $1.number) }.map { ($0.position, $0.slips) }
    }

    /// Files a word; `position` is what `near` tells of it.
    mutating func file(_ word: String, as position: Int) {
        let letters = Array(word.unicodeScalars)
        for remainder in Self.remainders(of: letters) where (drawers[remainder]?.count ?? 0) < Self.drawerMax {
            drawers[remainder, default: []].append(Int32(words.count))
        }
        words.append((letters, position))
    }

    /// Hashes of the beginning, and of it without one letter or two.
    private static func remainders(of word: [Unicode.Scalar]) -> [UInt64] {
        let slips = EditDistance.slipsMax(letters: word.count)
        guard slips > 0 else { return [] }
        let beginning = Array(word.prefix(beginningMax))
        var all: Set<UInt64> = [hash(beginning)]
        for first in beginning.indices {
            var once = beginning
            once.remove(at: first)
            all.insert(hash(once))
            guard slips > 1 else { continue }
            for second in first..<once.count {
                var twice = once
                twice.remove(at: second)
                all.insert(hash(twice))
            }
        }
        return all.sorted()
    }

    private static func hash(_ letters: [Unicode.Scalar]) -> UInt64 {
        letters.reduce(0xcbf2_9ce4_8422_2325) { StableHash.mix($0 ^ UInt64($1.value)) }
    }
}
