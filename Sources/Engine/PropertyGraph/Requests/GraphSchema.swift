/// What there is in a graph, for `db.labels()` and its like and for the planner's estimates.
package struct GraphSchema: Sendable, Hashable {
    package var nodes = 0
    package var relationships = 0
    /// Nodes by label; labels that no node has any more are left out.
    package var labels: [String: Int] = [:]
    /// Relationships by type.
    package var types: [String: Int] = [:]
    /// Keys that a property was ever set by.
    package var propertyKeys: Set<String> = []
    package var indexes: [IndexDescription] = []

    package init() {}
}

/// An index over one property of the nodes of one label.
package struct IndexDefinition: Sendable, Hashable {
    package let name: String
    package let label: String
    package let key: String

    package init(name: String, label: String, key: String) {
        self.name = name
        self.label = label
        self.key = key
    }
}

package struct IndexDescription: Sendable, Hashable {
    package let definition: IndexDefinition
    /// Nodes in it: those of the label that have the property.
    package let entries: Int
    /// How many different values they have.
    package let distinctValues: Int

    package init(_ definition: IndexDefinition, entries: Int, distinctValues: Int) {
        self.definition = definition
        self.entries = entries
        self.distinctValues = distinctValues
    }
}
