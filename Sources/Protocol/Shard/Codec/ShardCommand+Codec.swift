package import Model

extension ShardCommand {
    /// Most items (observations, costs, tag applications) of a command that is forwarded. The smallest item takes far more
    /// in memory than in a peer's bytes, so their number is bounded as well as their length.
    package static let forwardedItemsMax = 10_000

    /// The form in which the command is forwarded to its shard's leader. A sweep never is, nor what was found
    /// along relationships: leaders begin them.
    package var encoded: [UInt8] { PeerForm.encode(self, reserving: 4 << 10) }

    /// Throws `CodecError` for bytes that `encoded` did not make, and for metadata that is no JSON object.
    package init(decoding bytes: [UInt8], checking json: JSONCheck) throws(CodecError) {
        self = try PeerForm.decode(bytes)
        switch self {
        case .observe(let observations): for observation in observations { try observation.check(json) }
        case .addCosts(let costs): for cost in costs { try cost.resource.check(json) }
        case .putResource(let observation, _): try observation.check(json)
        case .deleteResource, .applyTags, .setTag, .deleteTag, .reserveKey, .sweep, .relate, .audit, .graph: break
        }
    }

    /// True when everything that the command names lies in these slots. Ask it of a command that another node sent before a
    /// shard proposes it: there, a slot of another shard is a bug of our own.
    package func belongs(to slots: Range<Int>) -> Bool {
        func owns(_ slot: Slot) -> Bool { slots.contains(Int(slot.number)) }
        return switch self {
        case .observe(let observations): observations.allSatisfy { owns($0.id.slot) }
        case .addCosts(let costs): costs.allSatisfy { owns($0.resource.id.slot) }
        case .putResource(let observation, _): owns(observation.id.slot)
        case .deleteResource(let id, _): owns(id.slot)
        case .applyTags(let items): items.allSatisfy { owns($0.resource.slot) }
        case .setTag(let id, _, _), .deleteTag(let id, _): owns(id.slot)
        case .graph(let command): owns(NamedGraph.slot(of: command.name))
        case .relate(let rows): rows.allSatisfy { owns($0.resource.slot) }
        case .reserveKey, .sweep, .audit: true
        }
    }
}

extension ShardCommand: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .observe(let observations): writer.putItems(1, observations)
        case .addCosts(let costs): writer.putItems(2, costs)
        case .putResource(let observation, let precondition): writer.put(3, observation, precondition)
        case .deleteResource(let id, let precondition): writer.put(4, id, precondition)
        case .applyTags(let items): writer.putItems(5, items)
        case .setTag(let id, let value, let precondition): writer.put(6, id, value, precondition)
        case .deleteTag(let id, let precondition): writer.put(7, id, precondition)
        case .reserveKey: writer.put(8)
        case .audit(let command): writer.put(20, command)
        case .graph(let command): writer.put(21, command)
        case .sweep, .relate: preconditionFailure("a shard's leader begins that; it is never forwarded to it")
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .observe(try reader.takeItems())
        case 2: self = .addCosts(try reader.takeItems())
        case 3: self = .putResource(try reader.take(), try reader.take())
        case 4: self = .deleteResource(try reader.take(), try reader.take())
        case 5: self = .applyTags(try reader.takeItems())
        case 6: self = .setTag(try reader.take(), value: try reader.take(), try reader.take())
        case 7: self = .deleteTag(try reader.take(), try reader.take())
        case 8: self = .reserveKey
        case 20: self = .audit(try reader.take())
        case 21: self = .graph(try reader.take())
        case let kind: throw CodecError("unknown kind of command \(kind)")
        }
    }
}

extension TagApplication: PeerCodable {
    func write(to writer: inout ByteWriter) {
        resource.write(to: &writer)
        tags.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(resource: try reader.take(), tags: try reader.take())
    }
}

extension Precondition: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .none: writer.put(0)
        case .unchangedSince(let index): writer.put(1, index)
        case .exists: writer.put(2)
        case .absent: writer.put(3)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 0: self = .none
        case 1: self = .unchangedSince(try reader.take())
        case 2: self = .exists
        case 3: self = .absent
        case let kind: throw CodecError("unknown kind of precondition \(kind)")
        }
    }
}

extension Observation {
    fileprivate func check(_ json: JSONCheck) throws(CodecError) {
        if let metadata { try json.check(metadata) }
    }
}

extension ByteWriter {
    fileprivate mutating func putItems(_ kind: UInt8, _ items: [some PeerCodable]) {
        precondition(items.count <= ShardCommand.forwardedItemsMax, "\(items.count) items in a command that is forwarded")
        put(kind, items)
    }
}

extension ByteReader {
    fileprivate mutating func takeItems<Item: PeerCodable>() throws(CodecError) -> [Item] {
        var items: [Item] = []
        let count = try count()
        guard count <= ShardCommand.forwardedItemsMax else { throw CodecError("\(count) items in one command") }
        for _ in 0..<count { items.append(try take()) }
        return items
    }
}
