package import CypherValues

/// Changes. Each keeps both sides of a relationship in step.
extension LocalGraph {
    mutating func mutate(_ mutations: [GraphMutation]) throws(GraphError) -> MutationOutcome {
        var outcome = MutationOutcome()
        for mutation in mutations { try mutate(mutation, &outcome) }
        return outcome
    }

    private mutating func mutate(_ mutation: GraphMutation, _ outcome: inout MutationOutcome) throws(GraphError) {
        switch mutation {
        case .createNode(let labels, let properties, let elementId, let placement):
            let node = try createNode(labels, properties, elementId, placement)
            outcome.nodes.append(node)
            outcome.counts.nodesCreated += 1
            outcome.counts.labelsAdded += Set(labels).count
            outcome.counts.propertiesSet += properties.count { !$0.1.isNull }
        case .createRelationship(let type, let from, let to, let properties):
            let relationship = try createRelationship(
                type, try resolve(from, outcome), try resolve(to, outcome), properties)
            outcome.relationships.append(relationship)
            outcome.counts.relationshipsCreated += 1
            outcome.counts.propertiesSet += properties.count { !$0.1.isNull }
        case .setProperty(let entity, let key, let value):
            if try set(entity, key, value) { outcome.counts.propertiesSet += 1 }
        case .replaceProperties(let entity, let properties):
            for key in try keys(of: entity) where properties[key] == nil {
                if try set(entity, key, .null) { outcome.counts.propertiesSet += 1 }
            }
            for (key, value) in properties where try set(entity, key, value) { outcome.counts.propertiesSet += 1 }
        case .mergeProperties(let entity, let properties):
            try require(entity)
            for (key, value) in properties where try set(entity, key, value) { outcome.counts.propertiesSet += 1 }
        case .addLabels(let node, let labels):
            try require(.node(node))
            outcome.counts.labelsAdded += try partitions[Int(node.partition)].addLabels(labels, to: node.local)
        case .removeLabels(let node, let labels):
            try require(.node(node))
            outcome.counts.labelsRemoved += partitions[Int(node.partition)].removeLabels(labels, from: node.local)
        case .deleteRelationship(let relationship):
            try require(.relationship(relationship))
            delete(relationship)
            outcome.counts.relationshipsDeleted += 1
        case .deleteNode(let node, let detach):
            try require(.node(node))
            if detach { outcome.counts.relationshipsDeleted += deleteRelationships(of: node, limit: .max) }
            partitions[Int(node.partition)].deleteNode(node.local)
            outcome.counts.nodesDeleted += 1
            verifyAtCommit(node)
        case .deleteRelationships(let node, let limit):
            try require(.node(node))
            outcome.counts.relationshipsDeleted += deleteRelationships(of: node, limit: limit)
        case .createIndex(let definition):
            try createIndex(definition)
            outcome.counts.indexesAdded += 1
        case .dropIndex(let name):
            guard partitions[0].indexes.contains(where: { $0.definition.name == name }) else {
                throw .indexNotFound(name: name)
            }
            for partition in partitions.indices {
                partitions[partition].indexes.removeAll { $0.definition.name == name }
                partitions[partition].changes?.head = true
            }
            outcome.counts.indexesRemoved += 1
        }
    }

    private mutating func createNode(
        _ labels: [String], _ properties: CypherMap, _ elementId: String?, _ placement: UInt16?
    ) throws(GraphError) -> NodeHandle {
        try requireStorable(properties)
        if let elementId, node(elementId: elementId, placement: placement) != nil { throw .elementIdTaken(elementId) }
        let partition = choosePartition(placement)
        let node = try partitions[partition].createNode(labels: labels, properties: properties, elementId: elementId)
        return partitions[partition].handle(node)
    }

    // MARK: In bulk, within a transaction

    /// The node of that name with exactly these labels and properties, made where it is not there.
    package mutating func putNode(
        _ elementId: String, placement: UInt16, labels: [String], properties: CypherMap
    ) throws(GraphError) -> (node: NodeHandle, isNew: Bool) {
        precondition(isInTransaction, "a node is put outside a transaction")
        try requireStorable(properties)
        let partition = choosePartition(placement)
        if let node = lend(partition, { $0.pointee.node(elementId: elementId) }) {
            try partitions[partition].replace(node.local, labels: labels, properties: properties)
            return (node, false)
        }
        let local = try partitions[partition].createNode(labels: labels, properties: properties, elementId: elementId)
        return (partitions[partition].handle(local), true)
    }

    /// A relationship without properties, between nodes that are there.
    package mutating func relate(_ type: String, from start: NodeHandle, to end: NodeHandle) throws(GraphError) {
        precondition(isInTransaction, "a relationship is made outside a transaction")
        _ = try createRelationship(type, start, end, CypherMap())
    }

    private mutating func createRelationship(
        _ type: String, _ start: NodeHandle, _ end: NodeHandle, _ properties: CypherMap
    ) throws(GraphError) -> RelationshipHandle {
        try require(.node(start))
        try require(.node(end))
        try requireStorable(properties)
        let owner = Int(start.partition)
        let local = try partitions[owner].createRelationship(
            type: type, from: start.local, to: end, properties: properties)
        let relationship = partitions[owner].relationshipHandle(local)
        try partitions[Int(end.partition)].mirror(relationship, type: type, from: start, to: end.local)
        return relationship
    }

    private mutating func delete(_ relationship: RelationshipHandle) {
        let owner = Int(relationship.partition)
        let record = partitions[owner].relationships[Int(relationship.local)]
        let type = partitions[owner].typeNames[record.type]
        let start = partitions[owner].handle(record.start)
        partitions[owner].deleteRelationship(relationship.local)
        partitions[Int(record.endPartition)].unmirror(relationship, type: type, from: start, to: record.end)
    }

    /// Returns how many it deleted. Gathers some thousand at a time: the memory does not grow with their number.
    private mutating func deleteRelationships(of node: NodeHandle, limit: Int) -> Int {
        let gatheredMax = 4_096
        var deleted = 0
        var found: [RelationshipHandle] = []
        repeat {
            found.removeAll(keepingCapacity: true)
            let partition = partitions[Int(node.partition)]
            let wanted = min(gatheredMax, limit - deleted)
            guard wanted > 0 else { break }
            _ = partition.outgoing.walk(node: node.local) { key in
                found.append(partition.relationshipHandle(key.relationship))
                return found.count < wanted
            }
            if found.isEmpty {
                _ = partition.incoming.walk(node: node.local) { key in
                    found.append(RelationshipHandle(partition: UInt32(key.farPartition), local: key.relationship))
                    return found.count < wanted
                }
            }
            for relationship in found { delete(relationship) }
            deleted += found.count
        } while !found.isEmpty
        return deleted
    }

    private mutating func createIndex(_ definition: IndexDefinition) throws(GraphError) {
        let taken = partitions[0].indexes.contains {
            $0.definition.name == definition.name
                || ($0.definition.label == definition.label && $0.definition.key == definition.key)
        }
        guard !taken else { throw .indexExists(name: definition.name) }
        for partition in partitions.indices { try partitions[partition].createIndex(definition) }
    }

    private mutating func set(_ entity: EntityReference, _ key: String, _ value: CypherValue) throws(GraphError) -> Bool {
        try require(entity)
        guard value.isNull || value.isStorable else { throw .notStorable(key: key, typeName: value.typeName) }
        switch entity {
        case .node(let node):
            return try partitions[Int(node.partition)].setNodeProperty(node.local, key: key, value)
        case .relationship(let relationship):
            return try partitions[Int(relationship.partition)].setRelationshipProperty(
                relationship.local, key: key, value)
        }
    }

    private func keys(of entity: EntityReference) throws(GraphError) -> [String] {
        try require(entity)
        switch entity {
        case .node(let node):
            let partition = partitions[Int(node.partition)]
            return partition.names(of: partition.nodeProperties[Int(node.local)])
        case .relationship(let relationship):
            let partition = partitions[Int(relationship.partition)]
            return partition.names(of: partition.properties(of: partition.relationships[Int(relationship.local)]))
        }
    }

    private func resolve(_ reference: NodeReference, _ outcome: MutationOutcome) throws(GraphError) -> NodeHandle {
        switch reference {
        case .existing(let node): return node
        case .created(let position):
            precondition(outcome.nodes.indices.contains(position), "no node \(position) was created before")
            return outcome.nodes[position]
        }
    }

    private func require(_ entity: EntityReference) throws(GraphError) {
        switch entity {
        case .node(let node): guard exists(node) else { throw .nodeNotFound(node) }
        case .relationship(let relationship):
            guard exists(relationship) else { throw .relationshipNotFound(relationship) }
        }
    }

    private func requireStorable(_ properties: CypherMap) throws(GraphError) {
        for (key, value) in properties where !value.isNull && !value.isStorable {
            throw .notStorable(key: key, typeName: value.typeName)
        }
    }
}

extension GraphPartition {
    fileprivate func names(of row: PropertyRow) -> [String] {
        row.compactMap { $0.key == Property.elementIdKey ? nil : keyNames[$0.key] }
    }
}
