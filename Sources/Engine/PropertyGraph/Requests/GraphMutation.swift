package import CypherValues

/// A node that is there, or one that the same batch created before.
package enum NodeReference: Sendable, Hashable {
    case existing(NodeHandle)
    /// The position, among the batch's nodes to create, of one that comes before the mutation.
    case created(Int)
}

/// A node or a relationship that is there.
package enum EntityReference: Sendable, Hashable {
    case node(NodeHandle)
    case relationship(RelationshipHandle)
}

/// One change of a graph. Values must be storable (`CypherValue.isStorable`); a null stands for a property that is not
/// there.
package enum GraphMutation: Sendable {
    /// `placement` decides the partition (its value modulo their number); nil: the graph chooses. Where `elementId` is
    /// given, it must
    /// be new in the graph.
    case createNode(labels: [String], properties: CypherMap, elementId: String? = nil, placement: UInt16? = nil)
    case createRelationship(type: String, from: NodeReference, to: NodeReference, properties: CypherMap)
    /// A null removes the property.
    case setProperty(EntityReference, key: String, CypherValue)
    /// `SET n = {…}`: these are its properties, and no others.
    case replaceProperties(EntityReference, CypherMap)
    /// `SET n += {…}`: nulls remove, other properties stay.
    case mergeProperties(EntityReference, CypherMap)
    case addLabels(NodeHandle, [String])
    case removeLabels(NodeHandle, [String])
    case deleteRelationship(RelationshipHandle)
    /// Without `detach` a node that still has relationships when the transaction commits makes the commit fail. Until
    /// then it is gone
    /// for every request but its relationships are not.
    case deleteNode(NodeHandle, detach: Bool)
    /// Deletes up to `limit` of the node's relationships: the way to delete a node of a million relationships in
    /// slices, before
    /// `deleteNode`. When the outcome counts fewer than `limit`, none is left.
    case deleteRelationships(of: NodeHandle, limit: Int)
    case createIndex(IndexDefinition)
    /// By name.
    case dropIndex(String)
}

/// What came of a batch of mutations.
package struct MutationOutcome: Sendable, Hashable {
    /// In the order of the batch's `createNode`s.
    package var nodes: [NodeHandle] = []
    /// In the order of the batch's `createRelationship`s.
    package var relationships: [RelationshipHandle] = []
    package var counts = MutationCounts()

    package init() {}
}

/// What changes did, as Neo4j counts it: setting a property to what it was counts, removing one that is not there does
/// not.
package struct MutationCounts: Sendable, Hashable {
    package var nodesCreated = 0
    package var nodesDeleted = 0
    package var relationshipsCreated = 0
    package var relationshipsDeleted = 0
    package var propertiesSet = 0
    package var labelsAdded = 0
    package var labelsRemoved = 0
    package var indexesAdded = 0
    package var indexesRemoved = 0

    package init() {}

    package static func += (sum: inout Self, other: Self) {
        sum.nodesCreated += other.nodesCreated
        sum.nodesDeleted += other.nodesDeleted
        sum.relationshipsCreated += other.relationshipsCreated
        sum.relationshipsDeleted += other.relationshipsDeleted
        sum.propertiesSet += other.propertiesSet
        sum.labelsAdded += other.labelsAdded
        sum.labelsRemoved += other.labelsRemoved
        sum.indexesAdded += other.indexesAdded
        sum.indexesRemoved += other.indexesRemoved
    }
}

/// Why a graph refused a request. The query fails, and all of its changes are undone.
package enum GraphError: Error, Hashable, Sendable {
    /// A mutation names a node or relationship that is gone: the kit's `EntityNotFound`.
    case nodeNotFound(NodeHandle)
    case relationshipNotFound(RelationshipHandle)
    /// A node was deleted, and still has relationships: `ConstraintVerificationFailed`, `DeleteConnectedNode`.
    case deletedNodeHasRelationships(NodeHandle, count: Int)
    /// A property of a kind that cannot be stored: `TypeError`, `InvalidPropertyType`.
    case notStorable(key: String, typeName: String)
    case elementIdTaken(String)
    case indexExists(name: String)
    case indexNotFound(name: String)
    /// A limit of the storage: which, and its value.
    case full(what: String, limit: Int)
}
