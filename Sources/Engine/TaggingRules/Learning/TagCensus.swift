package import Model

/// Which keys and values the tags of an inventory have, and how often: what the alias learner reads.
///
/// Bounded: keys beyond `keysMax` are left out; a key with more than `valuesPerKeyMax` different values is no vocabulary but an
/// identifier, and keeps none of them, as does one that comes when `valuesMax` are kept.
package struct TagCensus: Sendable {
    package static let keysMax = 20_000
    package static let valuesPerKeyMax = 500
    /// Over all keys.
    package static let valuesMax = 200_000
    /// Resources that are kept as samples of a key or a value.
    package static let samplesMax = 3

    package struct Value: Hashable, Sendable {
        package fileprivate(set) var resources = 0
        package fileprivate(set) var samples: [ResourceID] = []
    }

    package struct Key: Hashable, Sendable {
        package fileprivate(set) var resources = 0
        package fileprivate(set) var samples: [ResourceID] = []
        package fileprivate(set) var values: [String: Value] = [:]
        /// Its values are too many to be kept.
        package fileprivate(set) var isWide = false
    }

    package private(set) var resources = 0
    package private(set) var keys: [String: Key] = [:]
    /// Tags whose key is beyond `keysMax`.
    package private(set) var tagsLeftOut = 0
    private var values = 0

    package init() {}

    package mutating func add(_ resource: ResourceID, _ tags: [Tag]) {
        resources += 1
        for tag in tags { add(tag.key, tag.value, Value(resources: 1, samples: [resource])) }
    }

    /// Keys and values of `right` come in the order of their names, so that what is left out does not hang on chance.
    package static func += (left: inout Self, right: Self) {
        left.resources += right.resources
        left.tagsLeftOut += right.tagsLeftOut
        for (name, key) in right.keys.sorted(by: { $0.key < $1.key }) {
            guard left.count(name, key.resources, key.samples) else { continue }
            if key.isWide { left.widen(name) }
            for (value, found) in key.values.sorted(by: { $0.key < $1.key }) { left.addValue(value, found, of: name) }
        }
    }

    private mutating func add(_ key: String, _ value: String, _ found: Value) {
        guard count(key, 1, found.samples) else { return }
        addValue(value, found, of: key)
    }

    /// False where the key is left out.
    private mutating func count(_ key: String, _ resources: Int, _ samples: [ResourceID]) -> Bool {
        guard keys[key] != nil || keys.count < Self.keysMax else {
            tagsLeftOut += resources
            return false
        }
        keys[key, default: Key()].resources += resources
        if let room = keys[key].map({ Self.samplesMax - $0.samples.count }), room > 0 {
            keys[key]?.samples += samples.prefix(room)
        }
        return true
    }

    private mutating func addValue(_ value: String, _ found: Value, of key: String) {
        guard let known = keys[key], !known.isWide else { return }
        if known.values[value] == nil {
            guard known.values.count < Self.valuesPerKeyMax, values < Self.valuesMax else { return widen(key) }
            values += 1
        }
        keys[key]?.values[value, default: Value()].resources += found.resources
        if let room = keys[key]?.values[value].map({ Self.samplesMax - $0.samples.count }), room > 0 {
            keys[key]?.values[value]?.samples += found.samples.prefix(room)
        }
    }

    private mutating func widen(_ key: String) {
        values -= keys[key]?.values.count ?? 0
        keys[key]?.values = [:]
        keys[key]?.isWide = true
    }
}

/// How often two keys stand on one resource: counted for pairs that may mean the same, in a second walk over the inventory.
package struct PairCensus: Sendable {
    package struct Pair: Hashable, Sendable {
        package let alias: String
        package let key: String

        package init(alias: String, key: String) {
            self.alias = alias
            self.key = key
        }
    }

    package struct Count: Hashable, Sendable {
        /// Resources that carry both.
        package fileprivate(set) var together = 0
        /// Those of them on which the values differ.
        package fileprivate(set) var different = 0
    }

    package private(set) var counts: [Pair: Count] = [:]
    private let keysOfAlias: [String: [String]]

    package init(_ pairs: [Pair]) {
        keysOfAlias = Dictionary(grouping: pairs, by: \.alias).mapValues { $0.map(\.key) }
    }

    package mutating func add(_ tags: [Tag]) {
        for tag in tags {
            guard let keys = keysOfAlias[tag.key] else { continue }
            for other in tags where keys.contains(other.key) {
                let pair = Pair(alias: tag.key, key: other.key)
                counts[pair, default: Count()].together += 1
                let same = SpellingForm.value(tag.value) == SpellingForm.value(other.value)
                if !same { counts[pair]?.different += 1 }
            }
        }
    }

    package static func += (left: inout Self, right: Self) {
        for (pair, count) in right.counts {
            left.counts[pair, default: Count()].together += count.together
            left.counts[pair, default: Count()].different += count.different
        }
    }
}
