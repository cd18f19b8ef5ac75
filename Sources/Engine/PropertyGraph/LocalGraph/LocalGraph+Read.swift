import CypherValues

/// Requests that change nothing.
extension LocalGraph {
    func scan(_ scan: NodeScan) throws(GraphError) -> NodePage {
        precondition((1...NodeScan.limitMax).contains(scan.limit), "a page of \(scan.limit) nodes")
        var page = NodePage()
        var partition = scan.after?.partition ?? 0
        var place = scan.after?.place
        while partition < partitions.count {
            if let next = try partitions[partition].scan(scan, from: place, into: &page.nodes) {
                page.next = ScanPosition(partition: partition, place: next)
                return page
            }
            partition += 1
            place = nil
            if page.nodes.handles.count >= scan.limit, partition < partitions.count {
                page.next = ScanPosition(partition: partition, place: nil)
                return page
            }
        }
        return page
    }

    /// Of the relationship that was fetched last: its end is named by the partition that has it.
    func nameFarEnd(_ columns: inout RelationshipColumns) {
        guard let last = columns.relationships.last, last.end.partition != last.start.partition, !last.isDeleted,
            let name = lend(Int(last.end.partition), { $0.pointee.elementId(of: last.end.local) })
        else { return }
        columns.relationships[columns.relationships.count - 1] = last.withEnd(named: name)
    }

    func load(_ load: EntityLoad) -> LoadedEntities {
        var loaded = LoadedEntities()
        let nodeFetches = partitions.map { $0.resolve(load.fetchNodes) }
        for (position, node) in load.nodes.enumerated() {
            let (partition, local) = place(node.partition, node.local)
            if !exists(node) { loaded.missingNodes.append(position) }
            partitions[partition].append(local, nodeFetches[partition], to: &loaded.nodes)
        }
        let fetches = partitions.map { $0.resolve(load.fetchRelationships) }
        for (position, relationship) in load.relationships.enumerated() {
            let (partition, local) = place(relationship.partition, relationship.local)
            if !exists(relationship) { loaded.missingRelationships.append(position) }
            partitions[partition].append(local, fetches[partition], to: &loaded.relationships)
            nameFarEnd(&loaded.relationships)
        }
        return loaded
    }

    /// Where to look: a handle of another graph, of whose partition there is none here, names nothing anywhere.
    private func place(_ partition: UInt32, _ local: UInt32) -> (partition: Int, local: UInt32) {
        Int(partition) < partitions.count ? (Int(partition), local) : (0, .max)
    }

    func degrees(_ request: DegreeRequest) -> [Int] {
        let types = partitions.map { $0.resolve(types: request.types) }
        return request.nodes.map { node in
            guard exists(node) else { return 0 }
            let wanted = request.types.isEmpty ? nil : types[Int(node.partition)]
            return lend(Int(node.partition)) { $0.pointee.degree(of: node.local, request.direction, wanted) }
        }
    }

    var schema: GraphSchema {
        var schema = GraphSchema()
        var indexes: [IndexDefinition: (entries: Int, distinct: Int)] = [:]
        for partition in partitions {
            schema.nodes += partition.nodeCount
            schema.relationships += partition.relationshipCount
            for (number, name) in partition.labelNames.names.enumerated() where partition.members[number].count > 0 {
                schema.labels[name, default: 0] += partition.members[number].count
            }
            for (number, name) in partition.typeNames.names.enumerated() where partition.typeCounts[number] > 0 {
                schema.types[name, default: 0] += partition.typeCounts[number]
            }
            schema.propertyKeys.formUnion(partition.keyNames.names)
            for index in partition.indexes {
                indexes[index.definition, default: (0, 0)].entries += index.count
                indexes[index.definition, default: (0, 0)].distinct += index.distinctValues
            }
        }
        schema.indexes = indexes.sorted { $0.key.name < $1.key.name }.map {
            IndexDescription($0.key, entries: $0.value.entries, distinctValues: $0.value.distinct)
        }
        return schema
    }
}

extension GraphPartition {
    /// How many relationships the node has; of these types, when they are given.
    func degree(of node: UInt32, _ direction: GraphDirection, _ types: [UInt16]?) -> Int {
        var degree = 0
        if direction != .incoming {
            degree += types?.reduce(0) { $0 + outgoing.count(of: node, type: $1) } ?? Int(nodes[Int(node)].outgoing)
        }
        if direction != .outgoing {
            degree += types?.reduce(0) { $0 + incoming.count(of: node, type: $1) } ?? Int(nodes[Int(node)].incoming)
        }
        if direction == .either { degree -= loops(of: node, types) }
        return degree
    }

    /// Relationships from the node to itself, which are in both directions. O(log n) for each type.
    private func loops(of node: UInt32, _ types: [UInt16]?) -> Int {
        (types ?? typeNames.names.indices.map { UInt16($0) }).reduce(0) {
            $0 + outgoing.count(of: node, type: $1, to: handle(node))
        }
    }
}
