import CypherValues
package import Model

/// What one transaction changes, as the log of a graph holds it: the requests that changed something, in their order.
///
/// Whoever carries them out from the same state gets the same handles, so that later changes mean the same everywhere.
package struct MutationLog: Sendable {
    package private(set) var batches: [[GraphMutation]] = []
    /// Bytes of the stored form, about.
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { batches.isEmpty }

    package mutating func append(_ mutations: [GraphMutation]) {
        guard !mutations.isEmpty else { return }
        batches.append(mutations)
        for mutation in mutations { byteCount += mutation.footprintBytes }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: byteCount)
        writer.varint(batches.count)
        for batch in batches {
            writer.varint(batch.count)
            for mutation in batch { writer.mutation(mutation) }
        }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) {
        let result: Result<[[GraphMutation]], CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                var batches: [[GraphMutation]] = []
                for _ in 0..<(try reader.count()) {
                    var batch: [GraphMutation] = []
                    var created = 0
                    for _ in 0..<(try reader.count()) { batch.append(try reader.mutation(&created)) }
                    batches.append(batch)
                }
                guard reader.atEnd else { throw CodecError("bytes are left over after changes of a graph") }
                return .success(batches)
            } catch {
                return .failure(error)
            }
        }
        batches = try result.get()
        byteCount = bytes.count
    }
}

extension LocalGraph {
    /// Carries out a transaction that was tried elsewhere from the same state. Throws where it cannot be: then the states differ,
    /// and nothing is changed.
    package mutating func apply(_ log: MutationLog) throws(GraphError) {
        begin()
        do throws(GraphError) {
            for batch in log.batches { _ = try answer(.mutate(batch)) }
            try commit()
        } catch {
            if isInTransaction { rollback() }
            throw error
        }
    }
}

extension GraphMutation {
    /// About how long its stored form is, in bytes.
    fileprivate var footprintBytes: Int {
        let own = 16
        func bytes(_ names: [String]) -> Int { names.reduce(0) { $0 + $1.utf8.count + 2 } }
        return switch self {
        case .createNode(let labels, let properties, let elementId, _):
            own + bytes(labels) + properties.footprintBytes + (elementId?.utf8.count ?? 0)
        case .createRelationship(let type, _, _, let properties): own + type.utf8.count + properties.footprintBytes
        case .setProperty(_, let key, let value): own + key.utf8.count + value.footprintBytes
        case .replaceProperties(_, let properties), .mergeProperties(_, let properties): own + properties.footprintBytes
        case .addLabels(_, let labels), .removeLabels(_, let labels): own + bytes(labels)
        case .deleteRelationship, .deleteNode, .deleteRelationships: own
        case .createIndex(let index): own + bytes([index.name, index.label, index.key])
        case .dropIndex(let name): own + name.utf8.count
        }
    }
}

extension ByteWriter {
    fileprivate mutating func mutation(_ mutation: GraphMutation) {
        switch mutation {
        case .createNode(let labels, let properties, let elementId, let placement):
            byte(1)
            texts(labels)
            map(properties)
            optionalString(elementId)
            varint(placement.map { Int($0) + 1 } ?? 0)
        case .createRelationship(let type, let from, let to, let properties):
            byte(2)
            string(type)
            reference(from)
            reference(to)
            map(properties)
        case .setProperty(let entity, let key, let value):
            byte(3)
            self.entity(entity)
            string(key)
            self.value(value)
        case .replaceProperties(let entity, let properties):
            byte(4)
            self.entity(entity)
            map(properties)
        case .mergeProperties(let entity, let properties):
            byte(5)
            self.entity(entity)
            map(properties)
        case .addLabels(let node, let labels):
            byte(6)
            varint(node.rawValue)
            texts(labels)
        case .removeLabels(let node, let labels):
            byte(7)
            varint(node.rawValue)
            texts(labels)
        case .deleteRelationship(let relationship):
            byte(8)
            varint(relationship.rawValue)
        case .deleteNode(let node, let detach):
            byte(detach ? 10 : 9)
            varint(node.rawValue)
        case .deleteRelationships(let node, let limit):
            byte(11)
            varint(node.rawValue)
            varint(limit)
        case .createIndex(let index):
            byte(12)
            texts([index.name, index.label, index.key])
        case .dropIndex(let name):
            byte(13)
            string(name)
        }
    }

    private mutating func texts(_ texts: [String]) {
        varint(texts.count)
        for text in texts { string(text) }
    }

    private mutating func reference(_ reference: NodeReference) {
        switch reference {
        case .existing(let node):
            byte(0)
            varint(node.rawValue)
        case .created(let position):
            byte(1)
            varint(position)
        }
    }

    private mutating func entity(_ entity: EntityReference) {
        switch entity {
        case .node(let node):
            byte(0)
            varint(node.rawValue)
        case .relationship(let relationship):
            byte(1)
            varint(relationship.rawValue)
        }
    }
}

extension ByteReader {
    /// - Parameter created: how many nodes the batch creates so far.
    fileprivate mutating func mutation(_ created: inout Int) throws(CodecError) -> GraphMutation {
        switch try byte() {
        case 1:
            let labels = try texts()
            let properties = try map()
            let elementId = try optionalString()
            let placement = try varint()
            guard placement <= UInt64(UInt16.max) + 1 else { throw CodecError("a placement is out of its range") }
            created += 1
            return .createNode(
                labels: labels, properties: properties, elementId: elementId,
                placement: placement == 0 ? nil : UInt16(placement - 1))
        case 2:
            let type = try string()
            let (from, to) = (try reference(created), try reference(created))
            return .createRelationship(type: type, from: from, to: to, properties: try map())
        case 3:
            let entity = try entity()
            let key = try string()
            return .setProperty(entity, key: key, try value())
        case 4:
            let entity = try entity()
            return .replaceProperties(entity, try map())
        case 5:
            let entity = try entity()
            return .mergeProperties(entity, try map())
        case 6:
            let node = try node()
            return .addLabels(node, try texts())
        case 7:
            let node = try node()
            return .removeLabels(node, try texts())
        case 8: return .deleteRelationship(RelationshipHandle(rawValue: try varint()))
        case 9: return .deleteNode(try node(), detach: false)
        case 10: return .deleteNode(try node(), detach: true)
        case 11:
            let node = try node()
            return .deleteRelationships(of: node, limit: Int(clamping: try varint()))
        case 12:
            let names = try texts()
            guard names.count == 3 else { throw CodecError("an index with \(names.count) names") }
            return .createIndex(IndexDefinition(name: names[0], label: names[1], key: names[2]))
        case 13: return .dropIndex(try string())
        case let kind: throw CodecError("a change of a graph of unknown kind \(kind)")
        }
    }

    private mutating func node() throws(CodecError) -> NodeHandle { NodeHandle(rawValue: try varint()) }

    private mutating func texts() throws(CodecError) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try count()) { texts.append(try string()) }
        return texts
    }

    private mutating func reference(_ created: Int) throws(CodecError) -> NodeReference {
        guard try byte() == 1 else { return .existing(try node()) }
        guard let position = Int(exactly: try varint()), position < created else {
            throw CodecError("a node that the changes did not create before")
        }
        return .created(position)
    }

    private mutating func entity() throws(CodecError) -> EntityReference {
        try byte() == 0 ? .node(try node()) : .relationship(RelationshipHandle(rawValue: try varint()))
    }
}
