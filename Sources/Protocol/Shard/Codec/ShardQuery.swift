package import Model

/// What a node asks of a shard that it has no replica of. All that is named belongs to the shard.
package enum ShardQuery: Hashable, Sendable {
    case row(ResourceID)
    /// The resource that carries the virtual tag of that id.
    case tag(UUID128)
    /// The rows after `after` (from the first when nil) in id order: `limit` (from 1), `ShardAnswer.pageRowsMax` at most.
    case rows(after: ResourceID?, limit: Int)
    case totals
    /// How far the clean-up of its audit history has come.
    case cleaning
    /// The graphs of users' own that it keeps.
    case graphs

    package var encoded: [UInt8] { PeerForm.encode(self, reserving: 32) }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) { self = try PeerForm.decode(bytes) }

    /// True when everything that the query names lies in these slots.
    package func belongs(to slots: Range<Int>) -> Bool {
        let slot: Slot? =
            switch self {
            case .row(let id): id.slot
            case .tag(let id): id.slot
            case .rows(let after, _): after?.slot
            case .totals, .cleaning, .graphs: nil
            }
        return slot.map { slots.contains(Int($0.number)) } ?? true
    }
}

extension ShardQuery: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .row(let id): writer.put(1, id)
        case .tag(let id): writer.put(2, id)
        case .rows(let after, let limit): writer.put(3, after, UInt64(limit))
        case .totals: writer.put(4)
        case .cleaning: writer.put(20)
        case .graphs: writer.put(21)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .row(try reader.take())
        case 2: self = .tag(try reader.take())
        case 3:
            let after: ResourceID? = try reader.take()
            guard let limit = Int(exactly: try reader.varint()), limit > 0 else {
                throw CodecError("a page has an impossible number of rows")
            }
            self = .rows(after: after, limit: limit)
        case 4: self = .totals
        case 20: self = .cleaning
        case 21: self = .graphs
        case let kind: throw CodecError("unknown kind of query \(kind)")
        }
    }
}
