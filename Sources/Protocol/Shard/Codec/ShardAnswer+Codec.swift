import Model

extension ShardAnswer: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .row(let bytes):
            writer.byte(bytes == nil ? 1 : 2)
            if let bytes { writer.blob(bytes) }
        case .tag(let row): writer.put(3, row)
        case .rows(let rows, let isLast): writer.put(isLast ? 5 : 4, rows)
        case .totals(let totals): writer.put(6, totals)
        case .cleaning(let progress):
            writer.byte(20)
            writer.progress(progress)
        case .graphs(let graphs): writer.put(21, graphs)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .row(nil)
        case 2: self = .row(try reader.blob())
        case 3: self = .tag(try reader.take())
        case 4: self = .rows(try reader.take(), isLast: false)
        case 5: self = .rows(try reader.take(), isLast: true)
        case 6: self = .totals(try reader.take())
        case 20: self = .cleaning(try reader.progress())
        case 21: self = .graphs(try reader.take())
        case let kind: throw CodecError("unknown kind of answer \(kind)")
        }
    }
}

extension ShardAnswer.Row: PeerCodable {
    func write(to writer: inout ByteWriter) {
        id.write(to: &writer)
        writer.blob(bytes)
    }

    init(from reader: inout ByteReader) throws(CodecError) { self.init(id: try reader.take(), bytes: try reader.blob()) }
}

extension ShardAnswer.Totals: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.varint(rows)
        writer.varint(pending)
        writer.varint(appliedIndex)
        counts.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let rows = try reader.total()
        let pending = try reader.total()
        let appliedIndex = try reader.varint()
        self.init(counts: try reader.take(), rows: rows, pending: pending, appliedIndex: appliedIndex)
    }
}

/// Dictionaries are written in the order of their keys' codes or ids, each key once.
extension InventoryTotals: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.varint(resources)
        writer.varint(relationships)
        writer.varint(compliantResources)
        writer.varint(waivedResources)
        writer.varint(byProvider.count)
        for (provider, count) in byProvider.sorted(by: { $0.key.code < $1.key.code }) {
            writer.byte(provider.code)
            writer.varint(count)
        }
        writer.varint(tagsBySource.count)
        for (source, count) in tagsBySource.sorted(by: { $0.key.code < $1.key.code }) {
            writer.byte(source.code)
            writer.varint(count)
        }
        writer.varint(byPolicy.count)
        for (policy, totals) in byPolicy.sorted(by: { $0.key < $1.key }) {
            writer.uuid(policy)
            writer.varint(totals.evaluated)
            writer.varint(totals.compliant)
            writer.varint(totals.waived)
            writer.varint(totals.violations)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init()
        resources = try reader.total()
        relationships = try reader.total()
        compliantResources = try reader.total()
        waivedResources = try reader.total()
        for _ in 0..<(try reader.count()) {
            let provider: Provider = try reader.take()
            byProvider[provider] = try reader.total()
        }
        for _ in 0..<(try reader.count()) {
            let code = try reader.byte()
            guard let source = TagSource(code: code) else { throw CodecError("unknown tag source \(code)") }
            tagsBySource[source] = try reader.total()
        }
        for _ in 0..<(try reader.count()) {
            let policy = try reader.uuid()
            var totals = PolicyTotals()
            totals.evaluated = try reader.total()
            totals.compliant = try reader.total()
            totals.waived = try reader.total()
            totals.violations = try reader.total()
            byPolicy[policy] = totals
        }
    }
}

extension ByteReader {
    /// Largest number that a shard may claim to have counted. The sum over as many shards as there are slots fits an `Int`,
    /// so no peer can make an addition overflow.
    private static var totalMax: UInt64 { 1 << 46 }

    fileprivate mutating func total() throws(CodecError) -> Int {
        let value = try varint()
        guard value <= Self.totalMax else { throw CodecError("a shard claims to have counted \(value)") }
        return Int(value)
    }
}
