/// Gives every group a slot, a small number counted from 0 in the order of their first appearance, so that what is kept of
/// groups lies in plain arrays: a look-up stands in the way of every record.
package struct GroupSlots: Sendable {
    /// The group of each slot.
    package private(set) var groups: [GroupID] = []
    /// One more than the slot of each group, 0 for none.
    private var slots: [UInt32] = []

    package init() {}

    package var count: Int { groups.count }

    /// The group's slot; nil where it has none.
    package func slot(of group: GroupID) -> Int? {
        guard Int(group) < slots.count, slots[Int(group)] > 0 else { return nil }
        return Int(slots[Int(group)]) - 1
    }

    /// Gives the group the next slot. It must not have one.
    package mutating func add(_ group: GroupID) -> Int {
        precondition(slot(of: group) == nil, "group \(group) has a slot")
        if Int(group) >= slots.count { slots.append(contentsOf: repeatElement(0, count: Int(group) + 1 - slots.count)) }
        groups.append(group)
        slots[Int(group)] = UInt32(groups.count)
        return groups.count - 1
    }
}
