/// A value for each of some groups: an array indexed by the group, because a look-up stands in the way of every record.
package struct GroupTable<Value: Sendable>: Sendable {
    private var values: [Value?] = []
    /// How many groups have a value.
    package private(set) var count = 0

    package init() {}

    package subscript(group: GroupID) -> Value? {
        Int(group) < values.count ? values[Int(group)] : nil
    }

    /// The group's value to be changed in place. A group without one gets `initial` first.
    package subscript(group: GroupID, initially initial: @autoclosure () -> Value) -> Value {
        get { self[group] ?? initial() }
        _modify {
            let place = Int(group)
            if place >= values.count { values.append(contentsOf: repeatElement(nil, count: place + 1 - values.count)) }
            if values[place] == nil {
                values[place] = initial()
                count += 1
            }
            yield &values[place]!
        }
    }

    /// The groups that have a value, ascending.
    package var groups: [GroupID] {
        values.indices.compactMap { values[$0] == nil ? nil : GroupID($0) }
    }
}

extension GroupTable {
    package init(_ values: [GroupID: Value]) {
        for (group, value) in values { self[group, initially: value] = value }
    }

    /// Every group with `transform` of its value.
    package func mapped<Other: Sendable>(_ transform: (Value) -> Other) -> GroupTable<Other> {
        var mapped = GroupTable<Other>()
        for group in groups {
            guard let value = self[group] else { continue }
            let other = transform(value)
            mapped[group, initially: other] = other
        }
        return mapped
    }

    package var dictionary: [GroupID: Value] {
        var dictionary: [GroupID: Value] = [:]
        for group in groups { dictionary[group] = self[group] }
        return dictionary
    }
}
