package import CypherValues

/// A graph whose partitions are all at hand: it answers every request at once.
///
/// A value, as its partitions are: a copy is a snapshot. One transaction at a time; what it changes is seen by its own
/// requests, and
/// `rollback` (or an error of `commit`) brings back what was there at `begin`.
package struct LocalGraph: Sendable {
    /// The most partitions: handles on the incoming side have 16 bits for them.
    package static let partitionsMax = 65_536

    package internal(set) var partitions: [GraphPartition]
    /// What was there when the transaction began; nil: there is none, or it cannot be rolled back.
    private var before: [GraphPartition]?
    package private(set) var isInTransaction = false
    /// Nodes that the transaction deleted without their relationships: by its end these must be gone.
    private var unverified: [NodeHandle] = []
    /// The partition of the next node that comes without a placement.
    private var nextPartition = 0

    package init(partitions count: Int = 1) {
        precondition((1...Self.partitionsMax).contains(count), "a graph of \(count) partitions")
        partitions = (0..<count).map { GraphPartition(number: UInt16($0)) }
    }

    package var nodeCount: Int { partitions.reduce(0) { $0 + $1.nodeCount } }
    package var relationshipCount: Int { partitions.reduce(0) { $0 + $1.relationshipCount } }

    package mutating func begin() {
        precondition(!isInTransaction, "a transaction in a transaction")
        before = partitions
        isInTransaction = true
        unverified = []
    }

    /// A transaction that cannot be rolled back: whoever fills a graph that nobody else has yet throws it away where that fails. No page
    /// is copied for its sake.
    package mutating func beginFilling() {
        precondition(!isInTransaction, "a transaction in a transaction")
        isInTransaction = true
        unverified = []
    }

    /// Throws `deletedNodeHasRelationships`, and then has rolled back.
    package mutating func commit() throws(GraphError) {
        precondition(isInTransaction, "no transaction to commit")
        for node in unverified {
            let record = partitions[Int(node.partition)].nodes[Int(node.local)]
            let count = Int(record.outgoing) + Int(record.incoming)
            guard count == 0 else {
                if before != nil { rollback() }
                throw .deletedNodeHasRelationships(node, count: count)
            }
        }
        before = nil
        isInTransaction = false
        unverified = []
        for partition in partitions.indices { partitions[partition].releaseFreed() }
    }

    package mutating func rollback() {
        guard let before else { preconditionFailure("no transaction to roll back") }
        partitions = before
        self.before = nil
        isInTransaction = false
        unverified = []
    }

    /// Changes outside a transaction are one of their own: all or none.
    package mutating func answer(_ request: GraphRequest) throws(GraphError) -> GraphResponse {
        guard case .mutate(let mutations) = request else { return try read(request) }
        let isOwn = !isInTransaction
        if isOwn { begin() }
        do throws(GraphError) {
            let outcome = try mutate(mutations)
            if isOwn { try commit() }
            return .mutate(outcome)
        } catch {
            if isOwn, isInTransaction { rollback() }
            throw error
        }
    }

    /// Answers what changes nothing.
    package func read(_ request: GraphRequest) throws(GraphError) -> GraphResponse {
        switch request {
        case .scan(let scan): .scan(try self.scan(scan))
        case .expand(let expansion): .expand(expand(expansion))
        case .reach(let reach): .reach(self.reach(reach))
        case .load(let load): .load(self.load(load))
        case .degrees(let request): .degrees(degrees(request))
        case .count(let labels): .count(partitions.reduce(0) { $0 + $1.count(labels: labels) })
        case .schema: .schema(schema)
        case .mutate: preconditionFailure("a mutation is not a read")
        }
    }

    /// Background work, as `GraphPartition.seal(budget:)`.
    package mutating func seal(budget: Int) -> Bool {
        for partition in partitions.indices where partitions[partition].seal(budget: budget) { return true }
        return false
    }

    /// The node that a user named so. With the placement of its creation it is looked for in one partition alone.
    package func node(elementId: String, placement: UInt16? = nil) -> NodeHandle? {
        if let placement { return lend(Int(placement) % partitions.count) { $0.pointee.node(elementId: elementId) } }
        for partition in partitions.indices {
            if let found = lend(partition, { $0.pointee.node(elementId: elementId) }) { return found }
        }
        return nil
    }

    package func exists(_ node: NodeHandle) -> Bool {
        Int(node.partition) < partitions.count && lend(Int(node.partition)) { $0.pointee.nodes.holds(node.local) }
    }

    package func exists(_ relationship: RelationshipHandle) -> Bool {
        Int(relationship.partition) < partitions.count
            && lend(Int(relationship.partition)) { $0.pointee.relationshipExists(relationship.local) }
    }

    /// Lends a partition where it lies: taken out of the array, some thirty references would have to be counted.
    @inline(__always)
    func lend<Value>(_ number: Int, _ body: (UnsafePointer<GraphPartition>) -> Value) -> Value {
        partitions.withUnsafeBufferPointer { partitions in
            guard let first = partitions.baseAddress, partitions.indices.contains(number) else {
                preconditionFailure("there is no partition \(number)")
            }
            return body(first + number)
        }
    }

    /// Where a node without a placement goes: by turns.
    mutating func choosePartition(_ placement: UInt16?) -> Int {
        if let placement { return Int(placement) % partitions.count }
        nextPartition = (nextPartition + 1) % partitions.count
        return nextPartition
    }

    mutating func verifyAtCommit(_ node: NodeHandle) { unverified.append(node) }
}
