import CypherValues
import PropertyGraph

/// A graph in dictionaries, by numbers of the test's own: what the real one is held against.
struct NaiveGraph {
    struct Node {
        var labels: Set<String>
        var properties: [String: CypherValue]
    }

    struct Relationship {
        let type: String
        let start: Int
        let end: Int
        var properties: [String: CypherValue]
    }

    var nodes: [Int: Node] = [:]
    var relationships: [Int: Relationship] = [:]

    func matches(_ number: Int, _ pattern: NodePattern) -> Bool {
        guard let node = nodes[number] else { return false }
        return node.labels.isSuperset(of: pattern.labels)
            && pattern.tests.allSatisfy { Self.holds($0, node.properties[$0.key]) }
    }

    private static func holds(_ test: PropertyTest, _ value: CypherValue?) -> Bool {
        guard let value else { return false }
        switch test.test {
        case .equal(let wanted): return value.equals(wanted) == true
        case .oneOf(let wanted): return wanted.contains { value.equals($0) == true }
        case .exists: return true
        case .prefix(let prefix):
            guard case .string(let text) = value else { return false }
            return text.hasPrefix(prefix)
        case .range(let lower, let upper):
            let above = lower.map { bound in
                let comparison = value.compare(bound.value)
                return comparison == .after || (bound.inclusive && comparison == .same)
            }
            let below = upper.map { bound in
                let comparison = value.compare(bound.value)
                return comparison == .before || (bound.inclusive && comparison == .same)
            }
            return above ?? true && below ?? true
        }
    }

    /// Pairs of a relationship and its far node.
    func expand(_ number: Int, _ direction: GraphDirection, types: [String]) -> Set<[Int]> {
        var found: Set<[Int]> = []
        for (relationship, ends) in relationships where types.isEmpty || types.contains(ends.type) {
            if direction != .incoming, ends.start == number { found.insert([relationship, ends.end]) }
            if direction != .outgoing, ends.end == number { found.insert([relationship, ends.start]) }
        }
        return found
    }

    func reach(_ starts: [Int], _ direction: GraphDirection, types: [String], minimum: Int, maximum: Int) -> Set<Int> {
        var met = minimum == 0 ? Set(starts) : []
        var frontier = Set(starts)
        for _ in 0..<maximum {
            let far = frontier.flatMap { expand($0, direction, types: types).map { $0[1] } }
            frontier = Set(far).subtracting(met)
            met.formUnion(frontier)
        }
        return met
    }
}

/// SplitMix64: the same numbers everywhere for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
