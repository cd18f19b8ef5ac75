import CypherValues

/// Writing relationships: the side of the start node, which owns the record, and the side of the end node, which
/// mirrors it.
extension GraphPartition {
    /// The record and the outgoing side.
    mutating func createRelationship(
        type: String, from start: UInt32, to end: NodeHandle, properties: CypherMap
    ) throws(GraphError) -> UInt32 {
        let type = try typeNames.intern(type)
        if Int(type) == typeCounts.count { typeCounts.append(0) }
        var row: PropertyRow = []
        for (key, value) in properties where !value.isNull {
            row.append(Property(key: try keyNames.intern(key), value: value))
        }
        var record = RelationshipRecord(
            start: start, end: end.local, endPartition: UInt16(end.partition), type: type, row: 0)
        if !row.isEmpty { record.row = place(row) }
        let relationship: UInt32
        if let free = freeRelationship {
            relationship = free
            let next = relationships[Int(free)].end
            freeRelationship = next == .max ? nil : next
            relationships[Int(relationship)] = record
        } else {
            guard relationships.count < Self.numbersMax else {
                throw .full(what: "relationships of a partition", limit: Self.numbersMax)
            }
            relationship = UInt32(relationships.count)
            relationships.append(record)
        }
        changes?.relationship(relationship)
        changes?.bytes += row.footprintBytes
        outgoing.insert(outgoingKey(relationship, record))
        nodes[Int(start)].outgoing += 1
        typeCounts[Int(type)] += 1
        relationshipCount += 1
        return relationship
    }

    /// The incoming side of a relationship that another partition, or this one, owns.
    mutating func mirror(_ relationship: RelationshipHandle, type: String, from start: NodeHandle, to end: UInt32)
        throws(GraphError)
    {
        let type = try typeNames.intern(type)
        if Int(type) == typeCounts.count { typeCounts.append(0) }
        incoming.insert(incomingKey(relationship, type: type, from: start, to: end))
        nodes[Int(end)].incoming += 1
    }

    /// Takes away the record and the outgoing side.
    mutating func deleteRelationship(_ relationship: UInt32) {
        let record = relationships[Int(relationship)]
        outgoing.remove(outgoingKey(relationship, record))
        nodes[Int(record.start)].outgoing -= 1
        typeCounts[Int(record.type)] -= 1
        relationshipCount -= 1
        changes?.relationship(relationship)
        if record.row > 0 {
            let bytes = changes == nil ? 0 : properties(of: record).footprintBytes
            changes?.bytes -= bytes
            release(row: record.row)
        }
        relationships[Int(relationship)].type = RelationshipRecord.gone
        relationships[Int(relationship)].row = 0
        freedRelationships.append(relationship)
    }

    /// Takes away the incoming side.
    mutating func unmirror(_ relationship: RelationshipHandle, type: String, from start: NodeHandle, to end: UInt32) {
        guard let type = typeNames.number(of: type) else { preconditionFailure("no relationship was ever of type \(type)") }
        incoming.remove(incomingKey(relationship, type: type, from: start, to: end))
        nodes[Int(end)].incoming -= 1
    }

    /// Returns whether anything was there to set or remove.
    mutating func setRelationshipProperty(
        _ relationship: UInt32, key: String, _ value: CypherValue
    ) throws(GraphError) -> Bool {
        if value.isNull, keyNames.number(of: key) == nil { return false }
        let key = try keyNames.intern(key)
        let row = relationships[Int(relationship)].row
        if row == 0 {
            guard !value.isNull else { return false }
            changes?.relationship(relationship)
            changes?.replaced(.null, by: value)
            relationships[Int(relationship)].row = place([Property(key: key, value: value)])
            return true
        }
        let old = relationshipProperties[Int(row - 1)].set(key, value)
        changes?.relationship(relationship)
        changes?.replaced(old, by: value)
        if relationshipProperties[Int(row - 1)].isEmpty {
            release(row: row)
            relationships[Int(relationship)].row = 0
        }
        return !(old.isNull && value.isNull)
    }

    func properties(of record: RelationshipRecord) -> PropertyRow {
        record.row == 0 ? [] : relationshipProperties[Int(record.row - 1)]
    }

    /// Numbers that the transaction freed may be given again. Nodes among them have no relationships any more.
    mutating func releaseFreed() {
        for node in freedNodes {
            changes?.node(node)
            nodes[Int(node)].outgoing = freeNode ?? .max
            freeNode = node
        }
        freedNodes = []
        for relationship in freedRelationships {
            changes?.relationship(relationship)
            relationships[Int(relationship)].end = freeRelationship ?? .max
            freeRelationship = relationship
        }
        freedRelationships = []
    }

    /// A relationship of a stored graph, both of whose ends are here.
    mutating func restore(_ record: RelationshipRecord, _ row: PropertyRow) {
        var record = record
        if !row.isEmpty { record.row = place(row) }
        let relationship = UInt32(relationships.count)
        relationships.append(record)
        outgoing.insert(outgoingKey(relationship, record))
        incoming.insert(
            incomingKey(
                relationshipHandle(relationship), type: record.type, from: handle(record.start), to: record.end))
        nodes[Int(record.start)].outgoing += 1
        nodes[Int(record.end)].incoming += 1
        typeCounts[Int(record.type)] += 1
        relationshipCount += 1
    }

    private func outgoingKey(_ relationship: UInt32, _ record: RelationshipRecord) -> AdjacencyKey {
        AdjacencyKey(
            node: record.start, type: record.type, farPartition: record.endPartition, farNode: record.end,
            relationship: relationship)
    }

    private func incomingKey(
        _ relationship: RelationshipHandle, type: UInt16, from start: NodeHandle, to end: UInt32
    ) -> AdjacencyKey {
        AdjacencyKey(
            node: end, type: type, farPartition: UInt16(start.partition), farNode: start.local,
            relationship: relationship.local)
    }

    /// Returns one more than the row's number.
    private mutating func place(_ row: PropertyRow) -> UInt32 {
        if let free = freeRows {
            freeRows = nextFreeRow(free)
            relationshipProperties[Int(free)] = row
            return free + 1
        }
        relationshipProperties.append(row)
        return UInt32(relationshipProperties.count)
    }

    private mutating func release(row: UInt32) {
        // A free row holds the number of the next one.
        let next = freeRows.map { CypherValue.integer(Int64($0)) }
        relationshipProperties[Int(row - 1)] = next.map { [Property(key: Property.elementIdKey, value: $0)] } ?? []
        freeRows = row - 1
    }

    private func nextFreeRow(_ row: UInt32) -> UInt32? {
        guard case .integer(let next) = relationshipProperties[Int(row)].value(of: Property.elementIdKey) else { return nil }
        return UInt32(next)
    }
}
