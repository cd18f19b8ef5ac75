/// A map from text to values that keeps the order in which keys came. A look-up among few keys is a walk; among many, a hash.
///
/// One reference wide: copying shares, and changing a shared one copies. Two maps are equal when they have the same keys with
/// equivalent values, whatever their order.
package struct CypherMap: Sendable {
    /// Up to this many keys a walk is quicker than a hash, and no index is kept.
    private static let walkedMax = 8

    private struct Content: Sendable {
        var keys: [String] = []
        var values: [CypherValue] = []
        var positions: [String: Int] = [:]
    }

    /// Written only by a mutating function that first made sure nobody else holds it: hence the unchecked conformance.
    private final class Storage: @unchecked Sendable {
        var content: Content
        init(_ content: Content) { self.content = content }
    }

    private static let nothing = Storage(Content())
    private var storage: Storage

    package init() { storage = Self.nothing }

    /// Later values win over earlier ones of the same key.
    package init(_ pairs: some Sequence<(String, CypherValue)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    package var count: Int { storage.content.keys.count }
    package var isEmpty: Bool { storage.content.keys.isEmpty }
    package var keys: [String] { storage.content.keys }
    package var values: [CypherValue] { storage.content.values }

    /// Setting nil removes the key; setting `.null` keeps it, with a null.
    package subscript(key: String) -> CypherValue? {
        get { position(of: key).map { storage.content.values[$0] } }
        set {
            let known = position(of: key)
            guard known != nil || newValue != nil else { return }
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.content) }
            switch (known, newValue) {
            case (let position?, let value?): storage.content.values[position] = value
            case (nil, let value?): append(key, value)
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    private func position(of key: String) -> Int? {
        let content = storage.content
        if content.keys.count > Self.walkedMax { return content.positions[key] }
        return content.keys.firstIndex(of: key)
    }

    private func append(_ key: String, _ value: CypherValue) {
        storage.content.keys.append(key)
        storage.content.values.append(value)
        if storage.content.keys.count > Self.walkedMax + 1 {
            storage.content.positions[key] = storage.content.keys.count - 1
        } else if storage.content.keys.count == Self.walkedMax + 1 {
            index()
        }
    }

    private func remove(at position: Int) {
        storage.content.keys.remove(at: position)
        storage.content.values.remove(at: position)
        index()
    }

    private func index() {
        storage.content.positions = [:]
        guard storage.content.keys.count > Self.walkedMax else { return }
        for (position, key) in storage.content.keys.enumerated() { storage.content.positions[key] = position }
    }
}

extension CypherMap: Sequence {
    package func makeIterator() -> Zip2Sequence<[String], [CypherValue]>.Iterator {
        zip(storage.content.keys, storage.content.values).makeIterator()
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
