import CypherValues

/// One property of a node or relationship.
struct Property: Sendable {
    /// In the place of a key: what a user named the node by. No key has this number (`NameTable.namesMax`), and no
    /// request shows it.
    static let elementIdKey = UInt16.max

    let key: UInt16
    let value: CypherValue
}

/// The properties of one node or relationship, in the order in which they came. There are few: finding one is a walk.
typealias PropertyRow = [Property]

extension PropertyRow {
    func value(of key: UInt16) -> CypherValue {
        for property in self where property.key == key { return property.value }
        return .null
    }

    /// Returns the value before. A null removes the property.
    mutating func set(_ key: UInt16, _ value: CypherValue) -> CypherValue {
        guard let position = firstIndex(where: { $0.key == key }) else {
            if !value.isNull { append(Property(key: key, value: value)) }
            return .null
        }
        let old = self[position].value
        if value.isNull { remove(at: position) } else { self[position] = Property(key: key, value: value) }
        return old
    }
}
