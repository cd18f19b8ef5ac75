/// A variable of a query. The parser knows its name; semantic analysis gives it a slot.
///
/// Two variables of one name, as `n` before and after `WITH n.name AS n`, have two slots. Slots are dense: they count up from
/// zero in one query, its subqueries and comprehensions included.
package struct Variable: Sendable, Hashable {
    package var name: String
    package var slot: Int32

    package init(_ name: String, slot: Int32 = Variable.unresolved) {
        self.name = name
        self.slot = slot
    }

    package static let unresolved: Int32 = -1
}
