import CypherValues

/// Writing nodes. Callers have checked that what they name exists, and that values are storable.
extension GraphPartition {
    mutating func createNode(
        labels: [String], properties: CypherMap, elementId: String?
    ) throws(GraphError) -> UInt32 {
        var set: [UInt16] = []
        for label in labels {
            let label = try internLabel(label)
            if !set.contains(label) { set.append(label) }
        }
        set.sort()
        var row: PropertyRow = []
        for (key, value) in properties where !value.isNull {
            row.append(Property(key: try keyNames.intern(key), value: value))
        }
        if let elementId { row.append(Property(key: Property.elementIdKey, value: .string(elementId))) }
        let record = NodeRecord(labels: labelSets.intern(set, names: labelNames))
        let node: UInt32
        if let free = freeNode {
            node = free
            let next = nodes[Int(free)].outgoing
            freeNode = next == .max ? nil : next
            nodes[Int(node)] = record
            nodeProperties[Int(node)] = row
        } else {
            guard nodes.count < Self.numbersMax else { throw .full(what: "nodes of a partition", limit: Self.numbersMax) }
            node = UInt32(nodes.count)
            nodes.append(record)
            nodeProperties.append(row)
        }
        nodeCount += 1
        changes?.node(node)
        changes?.bytes += row.footprintBytes
        if let elementId { elementIds.insert(ElementId(text: elementId, node: node)) }
        for label in set { join(label, node, row) }
        return node
    }

    /// Gives the node exactly these labels and properties. Nothing of it is changed where the partition is full.
    mutating func replace(_ node: UInt32, labels: [String], properties: CypherMap) throws(GraphError) {
        var set: [UInt16] = []
        for label in labels {
            let label = try internLabel(label)
            if !set.contains(label) { set.append(label) }
        }
        set.sort()
        var row: PropertyRow = []
        row.reserveCapacity(properties.count + 1)
        for (key, value) in properties where !value.isNull {
            row.append(Property(key: try keyNames.intern(key), value: value))
        }
        let old = nodeProperties[Int(node)]
        if let name = old.first(where: { $0.key == Property.elementIdKey }) { row.append(name) }
        let oldSet = labelSets[nodes[Int(node)].labels]
        for label in oldSet where !set.contains(label) { leave(label, node, old) }
        for label in set where !oldSet.contains(label) { join(label, node, row) }
        for index in indexes.indices where set.contains(indexes[index].label) && oldSet.contains(indexes[index].label) {
            let (before, after) = (old.value(of: indexes[index].key), row.value(of: indexes[index].key))
            guard before != after else { continue }
            indexes[index].remove(before, node: node)
            indexes[index].insert(after, node: node)
        }
        nodes[Int(node)].labels = labelSets.intern(set, names: labelNames)
        nodeProperties[Int(node)] = row
        changes?.node(node)
        changes?.bytes += row.footprintBytes - old.footprintBytes
    }

    /// The node and what it is found by are gone; its relationships stay, to be deleted by the same transaction.
    mutating func deleteNode(_ node: UInt32) {
        let row = nodeProperties[Int(node)]
        for label in labelSets[nodes[Int(node)].labels] { leave(label, node, row) }
        if case .string(let text) = row.value(of: Property.elementIdKey) {
            elementIds.remove(ElementId(text: text, node: node))
        }
        changes?.node(node)
        changes?.bytes -= row.footprintBytes
        nodes[Int(node)].labels = NodeRecord.gone
        nodeProperties[Int(node)] = []
        nodeCount -= 1
        freedNodes.append(node)
    }

    /// Returns how many labels were new to it.
    mutating func addLabels(_ labels: [String], to node: UInt32) throws(GraphError) -> Int {
        var set = labelSets[nodes[Int(node)].labels]
        var added = 0
        for label in labels {
            let label = try internLabel(label)
            guard !set.contains(label) else { continue }
            set.append(label)
            join(label, node, nodeProperties[Int(node)])
            added += 1
        }
        guard added > 0 else { return 0 }
        nodes[Int(node)].labels = labelSets.intern(set.sorted(), names: labelNames)
        changes?.node(node)
        return added
    }

    /// Returns how many of the labels it had.
    mutating func removeLabels(_ labels: [String], from node: UInt32) -> Int {
        var set = labelSets[nodes[Int(node)].labels]
        let before = set.count
        for label in labels {
            guard let label = labelNames.number(of: label), let position = set.firstIndex(of: label) else { continue }
            set.remove(at: position)
            leave(label, node, nodeProperties[Int(node)])
        }
        guard set.count < before else { return 0 }
        nodes[Int(node)].labels = labelSets.intern(set, names: labelNames)
        changes?.node(node)
        return before - set.count
    }

    /// Returns whether anything was there to set or remove.
    mutating func setNodeProperty(_ node: UInt32, key: String, _ value: CypherValue) throws(GraphError) -> Bool {
        if value.isNull, keyNames.number(of: key) == nil { return false }
        let key = try keyNames.intern(key)
        let old = nodeProperties[Int(node)].set(key, value)
        changes?.node(node)
        changes?.replaced(old, by: value)
        if !indexes.isEmpty {
            for label in labelSets[nodes[Int(node)].labels] {
                for index in indexes.indices where indexes[index].label == label && indexes[index].key == key {
                    indexes[index].remove(old, node: node)
                    indexes[index].insert(value, node: node)
                }
            }
        }
        return !(old.isNull && value.isNull)
    }

    mutating func createIndex(_ definition: IndexDefinition) throws(GraphError) {
        let label = try internLabel(definition.label)
        var index = PropertyIndex(definition, label: label, key: try keyNames.intern(definition.key))
        _ = members[Int(label)].walk(from: nil) { node in
            index.insert(nodeProperties[Int(node)].value(of: index.key), node: node)
            return true
        }
        indexes.append(index)
        changes?.head = true
    }

    mutating func internLabel(_ name: String) throws(GraphError) -> UInt16 {
        let label = try labelNames.intern(name)
        if Int(label) == members.count { members.append(SortedChunks()) }
        return label
    }

    private mutating func join(_ label: UInt16, _ node: UInt32, _ row: PropertyRow) {
        members[Int(label)].insert(node)
        for index in indexes.indices where indexes[index].label == label {
            indexes[index].insert(row.value(of: indexes[index].key), node: node)
        }
    }

    private mutating func leave(_ label: UInt16, _ node: UInt32, _ row: PropertyRow) {
        members[Int(label)].remove(node)
        for index in indexes.indices where indexes[index].label == label {
            indexes[index].remove(row.value(of: indexes[index].key), node: node)
        }
    }
}
