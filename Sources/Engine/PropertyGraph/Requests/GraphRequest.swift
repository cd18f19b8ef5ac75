package import CypherValues

/// What a query asks of a graph. Each is a batch, and answered by the `GraphResponse` case of the same name.
///
/// Names (labels, types, keys) are text here; a partition knows them by numbers of its own, and a name that it has
/// never seen matches
/// nothing. Handles in a request must come from an answer of the same graph; one whose node or relationship is gone
/// matches
/// nothing, unless the request says otherwise.
package enum GraphRequest: Sendable {
    /// Nodes, a page at a time.
    case scan(NodeScan)
    /// The relationships of nodes, with the nodes at their far ends.
    case expand(Expansion)
    /// The distinct nodes within so many hops.
    case reach(Reach)
    /// Labels, types and properties of nodes and relationships that are known by handle.
    case load(EntityLoad)
    /// How many relationships nodes have.
    case degrees(DegreeRequest)
    /// How many nodes have all of these labels; none: how many nodes there are.
    case count(labels: [String])
    /// Names, counts and indexes.
    case schema
    /// Changes, carried out in their order, all or none.
    case mutate([GraphMutation])
}

/// The answer to the request of the same name.
package enum GraphResponse: Sendable {
    case scan(NodePage)
    case expand(ExpansionPage)
    case reach(ReachResult)
    case load(LoadedEntities)
    case degrees([Int])
    case count(Int)
    case schema(GraphSchema)
    case mutate(MutationOutcome)
}

/// The way from a node to its relationships.
package enum GraphDirection: Sendable, Hashable {
    case outgoing, incoming
    /// Both; a relationship from a node to itself comes once.
    case either

    package var reversed: GraphDirection {
        switch self {
        case .outgoing: .incoming
        case .incoming: .outgoing
        case .either: .either
        }
    }
}

/// What a node has to be: it has all of the labels, and every test holds.
package struct NodePattern: Sendable, Hashable {
    package var labels: [String]
    package var tests: [PropertyTest]

    package init(labels: [String] = [], tests: [PropertyTest] = []) {
        self.labels = labels
        self.tests = tests
    }

    /// Matches every node.
    package static let any = NodePattern()
}

/// A test of one property. A property that is not there, or that cannot be compared with the value (Cypher's answer is
/// null), fails.
package struct PropertyTest: Sendable, Hashable {
    package enum Test: Sendable, Hashable {
        /// Equal as Cypher's `=` says: `1` and `1.0` are.
        case equal(CypherValue)
        case oneOf([CypherValue])
        /// Numbers with numbers, texts with texts, and so on for every type that `<` compares.
        case range(lower: PropertyBound?, upper: PropertyBound?)
        /// A text that starts with this one.
        case prefix(String)
        case exists
    }

    package let key: String
    package let test: Test

    package init(_ key: String, _ test: Test) {
        self.key = key
        self.test = test
    }
}

/// One end of a range.
package struct PropertyBound: Sendable, Hashable {
    package let value: CypherValue
    package let inclusive: Bool

    package init(_ value: CypherValue, inclusive: Bool) {
        self.value = value
        self.inclusive = inclusive
    }
}

/// What is wanted of each node or relationship that is found.
package enum EntityFetch: Sendable, Hashable {
    /// The handle alone: costs nothing.
    case handle
    /// The handle, and the values of these properties; null where there is none.
    case properties([String])
    /// All: labels or type, element id, every property.
    case entity
}

/// A request for nodes. Pages come in an order of the graph's own; following `next` gives every node that is there the
/// whole time
/// exactly once.
package struct NodeScan: Sendable {
    /// The most nodes that one page may hold.
    package static let limitMax = 65_536

    package var pattern: NodePattern
    package var fetch: EntityFetch
    /// Where the page before this one ended; nil: the first page.
    package var after: ScanPosition?
    /// 1 to `limitMax`.
    package var limit: Int

    package init(_ pattern: NodePattern, fetch: EntityFetch = .handle, after: ScanPosition? = nil, limit: Int = 1_024) {
        self.pattern = pattern
        self.fetch = fetch
        self.after = after
        self.limit = limit
    }
}

/// Where a scan goes on, in the order in which it began.
package struct ScanPosition: Sendable, Hashable {
    /// The order that a scan goes by.
    enum Place: Sendable, Hashable {
        /// By number; the next one to look at.
        case nodes(next: UInt32)
        /// The nodes of one label, by number.
        case label(String, next: UInt32)
        /// By value, then number, in the named index; after this entry.
        case index(String, after: CypherValue, UInt32)
    }

    let partition: Int
    /// Nil: at the partition's beginning.
    let place: Place?

    init(partition: Int, place: Place?) {
        self.partition = partition
        self.place = place
    }
}

/// Entities in columns. `values` or `nodes`, as was asked for with `EntityFetch`, has one member for each handle.
package struct NodeColumns: Sendable {
    package var handles: [NodeHandle] = []
    /// With `.properties`: one column for each key, in the order of the request.
    package var properties: [[CypherValue]] = []
    /// With `.entity`.
    package var nodes: [NodeValue] = []

    package init() {}
}

/// Relationships in columns, as `NodeColumns`.
package struct RelationshipColumns: Sendable {
    package var handles: [RelationshipHandle] = []
    package var properties: [[CypherValue]] = []
    package var relationships: [RelationshipValue] = []

    package init() {}
}

package struct NodePage: Sendable {
    package var nodes = NodeColumns()
    /// Nil: that was the last page. A page may be empty and yet not the last one.
    package var next: ScanPosition?

    package init() {}
}

/// A request for the relationships of nodes.
package struct Expansion: Sendable {
    /// The most pairs that one page may hold.
    package static let limitMax = 65_536

    package var nodes: [NodeHandle]
    package var direction: GraphDirection
    /// Any of these types; none: every type.
    package var types: [String]
    /// What the relationship has to be.
    package var tests: [PropertyTest]
    /// What the node at the far end has to be.
    package var far: NodePattern
    package var fetchRelationship: EntityFetch
    package var fetchFar: EntityFetch
    /// Where the page before this one ended; nil: the first page.
    package var after: ExpansionPosition?
    /// The most pairs for this page; 1 to `limitMax`. A node of a million relationships takes several pages.
    package var limit: Int

    package init(
        _ nodes: [NodeHandle], _ direction: GraphDirection, types: [String] = [], tests: [PropertyTest] = [],
        far: NodePattern = .any, fetchRelationship: EntityFetch = .handle, fetchFar: EntityFetch = .handle,
        after: ExpansionPosition? = nil, limit: Int = 16_384
    ) {
        self.nodes = nodes
        self.direction = direction
        self.types = types
        self.tests = tests
        self.far = far
        self.fetchRelationship = fetchRelationship
        self.fetchFar = fetchFar
        self.after = after
        self.limit = limit
    }
}

/// Where an expansion goes on: at an input node, after one of its relationships. Valid while the request's nodes,
/// direction and
/// types are the same.
package struct ExpansionPosition: Sendable, Hashable {
    /// The position in the request's `nodes`.
    package let input: Int
    /// True when the outgoing relationships of the node are done, and the incoming ones follow.
    let incoming: Bool
    /// The last relationship that was looked at; nil: none yet.
    let after: AdjacencyKey?

    init(input: Int, incoming: Bool, after: AdjacencyKey?) {
        self.input = input
        self.incoming = incoming
        self.after = after
    }
}

/// Pairs of a relationship and the node at its far end. Those of one input node stand together, in the order of the
/// request.
package struct ExpansionPage: Sendable {
    /// For each pair the position in the request's `nodes`, ascending.
    package var inputs: [Int32] = []
    package var relationships = RelationshipColumns()
    package var far = NodeColumns()
    /// Nil: that was the last page. A page may be empty and yet not the last one.
    package var next: ExpansionPosition?

    package init() {}
}

/// A request for the distinct nodes at the end of a walk of `minimum` to `maximum` relationships.
///
/// It answers what `MATCH (a)-[*min..max]->(b) RETURN DISTINCT b` answers when `minimum` is 0 or 1, where a shortest
/// walk never
/// repeats a relationship. For a greater minimum walks may repeat one, and Cypher's pattern is another question: ask
/// by `expand`.
package struct Reach: Sendable {
    /// The most hops.
    package static let hopsMax = 64

    package var nodes: [NodeHandle]
    package var direction: GraphDirection
    package var types: [String]
    /// 0 (the nodes themselves count) or 1. From 1, a node that starts is in the answer only when a walk leads back to
    /// it.
    package var minimum: Int
    /// `minimum` to `hopsMax`.
    package var maximum: Int
    /// What the nodes at the end have to be; those on the way may be anything.
    package var far: NodePattern
    package var wants: Wanted
    package enum Wanted: Sendable, Hashable {
        case count
        case nodes
    }

    package init(
        _ nodes: [NodeHandle], _ direction: GraphDirection, types: [String] = [], minimum: Int = 1, maximum: Int,
        far: NodePattern = .any, wants: Wanted = .nodes
    ) {
        self.nodes = nodes
        self.direction = direction
        self.types = types
        self.minimum = minimum
        self.maximum = maximum
        self.far = far
        self.wants = wants
    }
}

package struct ReachResult: Sendable {
    /// How many distinct nodes there are.
    package var count = 0
    /// When they were wanted: each once, ascending.
    package var nodes: [NodeHandle] = []
    /// How many relationships were walked.
    package var relationshipsWalked = 0

    package init() {}
}

/// A request for entities by handle.
package struct EntityLoad: Sendable {
    package var nodes: [NodeHandle]
    package var relationships: [RelationshipHandle]
    package var fetchNodes: EntityFetch
    package var fetchRelationships: EntityFetch

    package init(
        nodes: [NodeHandle] = [], relationships: [RelationshipHandle] = [], fetchNodes: EntityFetch = .entity,
        fetchRelationships: EntityFetch = .entity
    ) {
        self.nodes = nodes
        self.relationships = relationships
        self.fetchNodes = fetchNodes
        self.fetchRelationships = fetchRelationships
    }
}

/// One member for each handle of the request, in its order. Entities that are gone come as deleted ones without labels
/// and properties
/// (`isDeleted`), or as nulls in the columns; `missing…` tell them from those that only lack the property.
package struct LoadedEntities: Sendable {
    package var nodes = NodeColumns()
    package var relationships = RelationshipColumns()
    /// Positions in the request's `nodes`, ascending.
    package var missingNodes: [Int] = []
    /// Positions in the request's `relationships`, ascending.
    package var missingRelationships: [Int] = []

    package init() {}
}

package struct DegreeRequest: Sendable {
    package var nodes: [NodeHandle]
    package var direction: GraphDirection
    /// Any of these types; none: every type.
    package var types: [String]

    package init(_ nodes: [NodeHandle], _ direction: GraphDirection, types: [String] = []) {
        self.nodes = nodes
        self.direction = direction
        self.types = types
    }
}
