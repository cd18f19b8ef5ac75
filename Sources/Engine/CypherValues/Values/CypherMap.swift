/// A map from text to values that keeps the order in which keys came. A look-up among few keys is a walk; among many, a hash.
///
/// One reference wide: copying shares, and changing a shared one copies. Two maps are equal when they have the same keys with
/// equivalent values, whatever their order.
package struct CypherMap: Sendable {
    /// Up to this many keys a walk is quicker than a hash, and no index is kept.
    private static let walkedMax = 8

    /// Written only by a mutating function that first made sure nobody else holds it: hence the unchecked conformance.
    private final class Storage: @unchecked Sendable {
        var keys: [String]
        var values: [CypherValue]
        var positions: [String: Int] = [:]

        init(keys: [String] = [], values: [CypherValue] = []) {
            self.keys = keys
            self.values = values
            index()
        }

        func position(of key: String) -> Int? {
            if keys.count > CypherMap.walkedMax { return positions[key] }
            for position in keys.indices where keys[position] == key { return position }
            return nil
        }

        func append(_ key: String, _ value: CypherValue) {
            keys.append(key)
            values.append(value)
            if keys.count > CypherMap.walkedMax + 1 {
                positions[key] = keys.count - 1
            } else if keys.count == CypherMap.walkedMax + 1 {
                index()
            }
        }

        func remove(at position: Int) {
            keys.remove(at: position)
            values.remove(at: position)
            index()
        }

        private func index() {
            positions = [:]
            guard keys.count > CypherMap.walkedMax else { return }
            for (position, key) in keys.enumerated() { positions[key] = position }
        }
    }

    private static let nothing = Storage()
    private var storage: Storage

    package init() { storage = Self.nothing }

    /// Later values win over earlier ones of the same key.
    package init(_ pairs: some Sequence<(String, CypherValue)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    package var count: Int { storage.keys.count }
    package var isEmpty: Bool { storage.keys.isEmpty }
    package var keys: [String] { storage.keys }
    package var values: [CypherValue] { storage.values }

    /// Setting nil removes the key; setting `.null` keeps it, with a null.
    package subscript(key: String) -> CypherValue? {
        get { storage.position(of: key).map { storage.values[$0] } }
        set {
            let known = storage.position(of: key)
            guard known != nil || newValue != nil else { return }
            if !isKnownUniquelyReferenced(&storage) {
                storage = Storage(keys: storage.keys, values: storage.values)
            }
            switch (known, newValue) {
            case (let position?, let value?): storage.values[position] = value
            case (nil, let value?): storage.append(key, value)
            case (let position?, nil): storage.remove(at: position)
            case (nil, nil): break
            }
        }
    }
}

extension CypherMap: Sequence {
    package func makeIterator() -> Zip2Sequence<[String], [CypherValue]>.Iterator {
        zip(storage.keys, storage.values).makeIterator()
    }
}

extension CypherMap: Hashable {
    package static func == (a: Self, b: Self) -> Bool {
        if a.storage === b.storage { return true }
        guard a.count == b.count else { return false }
        return a.allSatisfy { key, value in b[key] == value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        var sum = 0
        for (key, value) in self {
            var one = Hasher()
            one.combine(key)
            one.combine(value)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension CypherMap: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, CypherValue)...) { self.init(elements) }
}
