/// What a query under test gave.
package struct KitResult: Sendable {
    var columns: [String]
    var rows: [[KitValue]]

    package init(columns: [String], rows: [[KitValue]]) {
        self.columns = columns
        self.rows = rows
    }
}

/// Why a query under test failed, in the standard's terms.
package struct KitError: Error, Sendable, CustomStringConvertible {
    var `class`: String
    /// `compile time` or `runtime`.
    var phase: String
    var detail: String
    var message: String

    package init(class: String, phase: String, detail: String, message: String) {
        self.class = `class`
        self.phase = phase
        self.detail = detail
        self.message = message
    }

    package var description: String { "\(self.class) at \(phase): \(detail) (\(message))" }
}

/// A procedure that a scenario brings: its rows are those of the table whose inputs equal the arguments.
package struct KitProcedure: Sendable {
    struct Field: Sendable {
        var name: String
        /// Such as `INTEGER?`.
        var type: String
    }

    var name: String
    var inputs: [Field]
    var outputs: [Field]
    /// Inputs first, then outputs.
    var rows: [[KitValue]]
}

/// A way to a graph that is empty at first and belongs to one scenario. The kit runs through any that there is: in process, or over
/// HTTP.
package protocol GraphDoor: AnyObject {
    /// Runs one query as its own transaction. Throws `KitError` when the query fails.
    func run(_ query: String, parameters: [String: KitValue]) async throws -> KitResult
    /// Makes a procedure known to all later queries.
    func provide(_ procedure: KitProcedure) async throws
    /// The scenario is over.
    func close() async throws
}

/// All that is in a graph, as far as side effects are counted by it.
struct GraphContents: Sendable {
    struct Property: Hashable, Sendable {
        var owner: KitValue
        var isOfNode: Bool
        var key: String
        var value: KitValue
    }

    var nodes: Set<KitValue> = []
    var relationships: Set<KitValue> = []
    var labels: Set<String> = []
    var properties: Set<Property> = []

    static let empty = GraphContents()

    init() {}

    init(through door: any GraphDoor) async throws {
        for row in try await door.run("MATCH (n) RETURN id(n), labels(n), properties(n)", parameters: [:]).rows {
            nodes.insert(row[0])
            if case .list(let names) = row[1] {
                for case .string(let name) in names { labels.insert(name) }
            }
            add(row[2], of: row[0], isOfNode: true)
        }
        for row in try await door.run("MATCH ()-[r]->() RETURN id(r), properties(r)", parameters: [:]).rows {
            relationships.insert(row[0])
            add(row[1], of: row[0], isOfNode: false)
        }
    }

    private mutating func add(_ map: KitValue, of owner: KitValue, isOfNode: Bool) {
        guard case .map(let map) = map else { return }
        for (key, value) in map {
            properties.insert(Property(owner: owner, isOfNode: isOfNode, key: key, value: value))
        }
    }

    /// What came and went, as the kit's tables name it; what is zero is left out.
    func sideEffects(until after: GraphContents) -> [String: Int] {
        var counts: [String: Int] = [:]
        func count<Member: Hashable>(_ name: String, _ before: Set<Member>, _ after: Set<Member>) {
            counts["+" + name] = after.subtracting(before).count
            counts["-" + name] = before.subtracting(after).count
        }
        count("nodes", nodes, after.nodes)
        count("relationships", relationships, after.relationships)
        count("labels", labels, after.labels)
        count("properties", properties, after.properties)
        return counts.filter { $0.value != 0 }
    }
}
