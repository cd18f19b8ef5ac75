/// `p = (a)-[r:T]->(b)…`
package struct PathPattern: Sendable, Hashable {
    /// Which of the paths between the ends are wanted.
    package enum Selection: Sendable, Hashable {
        case every
        case shortest
        case allShortest
    }

    package struct Step: Sendable, Hashable {
        package var relationship: RelationshipPattern
        package var node: NodePattern

        package init(relationship: RelationshipPattern, node: NodePattern) {
            self.relationship = relationship
            self.node = node
        }
    }

    package var variable: Variable?
    package var selection: Selection
    package var start: NodePattern
    package var steps: [Step]
    package var span: Span

    package init(variable: Variable?, selection: Selection = .every, start: NodePattern, steps: [Step], span: Span) {
        self.variable = variable
        self.selection = selection
        self.start = start
        self.steps = steps
        self.span = span
    }

    package static func == (left: PathPattern, right: PathPattern) -> Bool {
        left.variable == right.variable && left.selection == right.selection && left.start == right.start
            && left.steps == right.steps
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(variable)
        hasher.combine(start)
        hasher.combine(steps)
    }
}

/// `(n:Label {key: value} WHERE predicate)`
package struct NodePattern: Sendable, Hashable {
    /// The parser leaves it out where the text has none; semantic analysis gives every node one.
    package var variable: Variable?
    package var labels: LabelExpression?
    /// A map's literal or a parameter.
    package var properties: Expression?
    package var predicate: Expression?
    package var span: Span

    package init(
        variable: Variable?, labels: LabelExpression?, properties: Expression?, predicate: Expression?, span: Span
    ) {
        self.variable = variable
        self.labels = labels
        self.properties = properties
        self.predicate = predicate
        self.span = span
    }

    package static func == (left: NodePattern, right: NodePattern) -> Bool {
        left.variable == right.variable && left.labels == right.labels && left.properties == right.properties
            && left.predicate == right.predicate
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(variable)
        hasher.combine(labels)
        hasher.combine(properties)
    }
}

package enum PatternDirection: Sendable, Hashable {
    case outgoing
    case incoming
    case either
}

/// `-[r:A|B*1..3 {key: value}]->`
package struct RelationshipPattern: Sendable, Hashable {
    /// How many relationships in a row; without an upper bound, any number.
    package struct Length: Sendable, Hashable {
        package var minimum: Int
        package var maximum: Int?

        package init(minimum: Int, maximum: Int?) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// As with nodes, semantic analysis gives every relationship one.
    package var variable: Variable?
    package var direction: PatternDirection
    /// Any of these; of any type when empty.
    package var types: [String]
    /// Nil for exactly one relationship that is not a list.
    package var length: Length?
    package var properties: Expression?
    package var predicate: Expression?
    package var span: Span

    package init(
        variable: Variable?, direction: PatternDirection, types: [String], length: Length?, properties: Expression?,
        predicate: Expression?, span: Span
    ) {
        self.variable = variable
        self.direction = direction
        self.types = types
        self.length = length
        self.properties = properties
        self.predicate = predicate
        self.span = span
    }

    package static func == (left: RelationshipPattern, right: RelationshipPattern) -> Bool {
        left.variable == right.variable && left.direction == right.direction && left.types == right.types
            && left.length == right.length && left.properties == right.properties && left.predicate == right.predicate
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(variable)
        hasher.combine(direction)
        hasher.combine(types)
    }
}

/// `:A:B`, and as newer Cypher has it `A&(B|!C)`, `%`.
package indirect enum LabelExpression: Sendable, Hashable {
    case label(String)
    case all([LabelExpression])
    case any([LabelExpression])
    case not(LabelExpression)
    /// `%`: at least one label.
    case wildcard

    /// The labels that every match carries, if the expression asks for nothing else.
    package var conjunction: [String]? {
        switch self {
        case .label(let name): [name]
        case .all(let parts):
            parts.reduce(into: [String]?.some([])) { names, part in
                guard let more = part.conjunction else { return names = nil }
                names?.append(contentsOf: more)
            }
        case .any, .not, .wildcard: nil
        }
    }
}
