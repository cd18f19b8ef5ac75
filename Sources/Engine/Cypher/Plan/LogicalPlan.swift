import CypherSyntax
import PropertyGraph

/// What a query does, as a tree of operators. Rows come from the leaves; each operator makes rows from those of its inputs.
indirect enum LogicalPlan {
    /// The leaf: one row without columns, or within an apply the rows that it hands in.
    case argument(slot: Int?)
    case nodeScan(LogicalPlan, NodeScanStep)
    case expand(LogicalPlan, ExpandStep)
    case expandPath(LogicalPlan, ExpandPathStep)
    /// As `expandPath`, where only the distinct ends matter.
    case reach(LogicalPlan, ExpandPathStep)
    /// How many distinct ends there are, over all rows.
    case reachCount(LogicalPlan, ExpandPathStep, slot: Int)
    case shortestPath(LogicalPlan, ShortestPathStep)
    case boundRelationship(LogicalPlan, BoundRelationshipStep)
    case path(LogicalPlan, PathStep)
    case filter(LogicalPlan, Expression)
    /// Evaluates expressions into columns; the other columns stay.
    case extend(LogicalPlan, [SlotExpression])
    /// Drops all other columns.
    case keep(LogicalPlan, slots: Set<Int>)
    /// Loads the ends of relationships that the expressions ask for.
    case loadEnds(LogicalPlan, [Expression])
    case unwind(LogicalPlan, Expression, slot: Int)
    case aggregate(LogicalPlan, AggregateStep)
    case distinct(LogicalPlan, slots: [Int], argument: Int?)
    case sort(LogicalPlan, [SortItem], limit: [Expression], argument: Int?)
    case skip(LogicalPlan, Expression, argument: Int?)
    case limit(LogicalPlan, Expression, argument: Int?, drains: Bool)
    case union([LogicalPlan], columns: [[Int]], into: [Int])
    case apply(LogicalPlan, inner: LogicalPlan, ApplyStep)
    case eager(LogicalPlan)
    case write(LogicalPlan, WriteStep)
    case merge(LogicalPlan, inner: LogicalPlan, MergeStep)
    case procedure(LogicalPlan, ProcedureStep)
    case schema(SchemaCommand)
}

struct SlotExpression {
    var slot: Int
    var expression: Expression
}

/// A property test whose value no row decides: worked out once, and carried out where the data is.
struct ConstantTest {
    enum Test {
        case equal(Expression)
        case oneOf(Expression)
        case range(lower: Expression?, lowerInclusive: Bool, upper: Expression?, upperInclusive: Bool)
        case prefix(Expression)
        case exists
    }

    var key: String
    var test: Test
}

/// What a node has to be, as far as the graph checks it.
struct NodeTest {
    var labels: [String] = []
    var tests: [ConstantTest] = []
}

struct NodeScanStep {
    var slot: Int
    var test: NodeTest
    var fetch: EntityFetch
    /// The index that makes the scan cheap, for EXPLAIN.
    var index: String?
    /// The node's property that equals an expression over the row: one scan serves all rows of a batch.
    var join: (key: String, value: Expression)?
}

struct ExpandStep {
    var from: Int
    var direction: GraphDirection
    var types: [String]
    var relationship: Int
    var relationshipTests: [ConstantTest]
    var relationshipFetch: EntityFetch
    var to: Int
    /// The far node is bound already: only relationships to it count.
    var isInto: Bool
    var test: NodeTest
    var nodeFetch: EntityFetch
    /// Relationships that this one has to differ from: single ones, and lists of them.
    var distinctFrom: [Int]
}

struct ExpandPathStep {
    var expand: ExpandStep
    var minimum: Int
    var maximum: Int?
    /// Where the nodes between the ends go, when a path is made of them.
    var innerNodes: Int?
    /// The relationships are listed from the far end, as the pattern was walked against the text.
    var isReversed: Bool
    /// The pattern asks for one relationship, which is no list.
    var isSingle: Bool
}

struct ShortestPathStep {
    var expand: ExpandPathStep
    var all: Bool
}

struct BoundRelationshipStep {
    var relationship: Int
    var isList: Bool
    var direction: GraphDirection
    var types: [String]
    var from: Int
    var fromIsBound: Bool
    var to: Int
    var toIsBound: Bool
    var minimum: Int
    var maximum: Int?
    var distinctFrom: [Int]
    var innerNodes: Int?
}

struct PathStep {
    enum Element {
        case node(Int)
        case relationship(Int)
        case relationships(Int, nodes: Int)
    }

    var slot: Int
    var elements: [Element]
}

struct AggregateStep {
    struct Item {
        var slot: Int
        var aggregation: Aggregation
    }

    var keys: [SlotExpression]
    var items: [Item]
    var argument: Int?
}

/// How the rows of the inner plan come together with the rows that it was applied to.
struct ApplyStep {
    enum Kind {
        /// Each pair of an outer row and one of its inner rows.
        case join
        /// The same, and outer rows without inner ones with nulls.
        case optional
        /// Each outer row, with whether it has inner rows.
        case exists(Int)
        /// Each outer row, with how many inner rows it has.
        case count(Int)
        /// Each outer row, with the list of what its inner rows have in a column.
        case collect(Int, from: Int)
        /// Each outer row as it is.
        case sideEffects
    }

    var kind: Kind
    /// The column in which the inner plan tells the outer row.
    var argument: Int
    /// What the inner plan binds.
    var introduced: [Int]
    /// One outer row at a time, as the inner plan sees what it wrote for the row before.
    var rowByRow: Bool
}

enum WriteStep {
    case create([CreatedPattern])
    case set([SetItem])
    case remove([RemoveItem])
    case delete([Expression], detach: Bool)
}

/// A path to make: nodes that are bound, and nodes and relationships that are new.
struct CreatedPattern {
    struct Node {
        var slot: Int
        var isNew: Bool
        var labels: [String]
        var properties: Expression?
    }

    struct Relationship {
        var slot: Int
        var type: String
        var properties: Expression?
        /// Positions among the nodes.
        var from: Int
        var to: Int
    }

    var nodes: [Node]
    var relationships: [Relationship]
    var path: PathStep?
}

struct MergeStep {
    var pattern: CreatedPattern
    var onCreate: [SetItem]
    var onMatch: [SetItem]
    var argument: Int
    var introduced: [Int]
    /// Rows that make the same thing are found by its key; otherwise rows go one by one.
    var isBatched: Bool
    var isUndirected: Bool
}

struct ProcedureStep {
    var name: String
    var arguments: [Expression]
    var yields: [(column: String, slot: Int)]
    /// The rows are its only purpose, so none come when it gives none; otherwise rows pass.
    var givesColumns: Bool
}
