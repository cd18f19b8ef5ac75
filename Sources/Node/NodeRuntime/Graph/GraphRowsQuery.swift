import Model

/// What the graph of one node asks another node for: rows of a shard of which it has no replica itself.
///
/// It first asks for all rows, page by page, and from then on for those that changed. Which those are the other node notes for it, under
/// a number that it draws; it begins anew where that is not known there any more.
struct GraphRowsQuery: Hashable, Sendable {
    /// Rows of one answer, and their bytes, at most; one row comes in any case.
    static let rowsMax = 512
    static let bytesMax = 4 << 20

    enum Part: Hashable, Sendable {
        /// All rows, from the first; what changes from now on is noted.
        case first
        /// All rows, on after this one.
        case after(ResourceID)
        /// Those that changed since they were last asked for.
        case changed
    }

    /// The shard's position.
    let shard: Int
    /// The asker's number.
    let feed: UInt64
    let part: Part
    /// Only once the replica is sure that it has all that was acknowledged.
    let isConfirmed: Bool

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 32)
        writer.varint(shard)
        writer.varint(feed)
        writer.byte(isConfirmed ? 1 : 0)
        switch part {
        case .first: writer.byte(0)
        case .after(let id):
            writer.byte(1)
            writer.uuid(id.uuid)
        case .changed: writer.byte(2)
        }
        return writer.bytes
    }

    init(shard: Int, feed: UInt64, _ part: Part, isConfirmed: Bool) {
        self.shard = shard
        self.feed = feed
        self.part = part
        self.isConfirmed = isConfirmed
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            guard let shard = Int(exactly: try reader.varint()), shard < NodeOptions.shardsMax else {
                throw CodecError("a shard that cannot be")
            }
            let feed = try reader.varint()
            let isConfirmed = try reader.byte() == 1
            let part: Part
            switch try reader.byte() {
            case 0: part = .first
            case 1: part = .after(ResourceID(try reader.uuid()))
            case 2: part = .changed
            case let kind: throw CodecError("unknown part \(kind) of a shard's rows")
            }
            return Self(shard: shard, feed: feed, part, isConfirmed: isConfirmed)
        }
    }
}

/// What is answered to it.
enum GraphRowsAnswer: Hashable, Sendable {
    struct Row: Hashable, Sendable {
        let id: ResourceID
        /// In the stored form; nil: the row is gone.
        let bytes: [UInt8]?
    }

    /// - isLast: there are no more.
    case rows([Row], isLast: Bool)
    /// What changed for the asker is not known, or not any more.
    case unknownFeed

    var encoded: [UInt8] {
        guard case .rows(let rows, let isLast) = self else { return [0] }
        var writer = ByteWriter(reserving: 64 + rows.reduce(0) { $0 + 24 + ($1.bytes?.count ?? 0) })
        writer.byte(isLast ? 2 : 1)
        writer.varint(rows.count)
        for row in rows {
            writer.uuid(row.id.uuid)
            writer.byte(row.bytes == nil ? 0 : 1)
            if let bytes = row.bytes { writer.blob(bytes) }
        }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let kind = try reader.byte()
            guard kind > 0 else { return .unknownFeed }
            guard kind <= 2 else { throw CodecError("unknown answer \(kind) with rows") }
            let count = try reader.count()
            guard count <= GraphRowsQuery.rowsMax else { throw CodecError("\(count) rows in one answer") }
            var rows: [Row] = []
            rows.reserveCapacity(count)
            for _ in 0..<count {
                let id = ResourceID(try reader.uuid())
                rows.append(Row(id: id, bytes: try reader.byte() == 1 ? try reader.blob() : nil))
            }
            return .rows(rows, isLast: kind == 2)
        }
    }
}

/// What one node is asked at once, of several of its shards.
struct GraphRowsRound: Hashable, Sendable {
    static let path = "/graph/rows"

    let queries: [GraphRowsQuery]

    init(_ queries: [GraphRowsQuery]) { self.queries = queries }

    /// What of an answer's bytes each query may take.
    var bytesMax: Int { GraphRowsQuery.bytesMax / max(1, queries.count) }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 32 * queries.count)
        writer.varint(queries.count)
        for query in queries { writer.blob(query.encoded) }
        return writer.bytes
    }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    init(decoding bytes: [UInt8]) throws(CodecError) {
        queries = try bytes.decoded { reader throws(CodecError) in
            let count = try reader.count()
            guard (1...NodeOptions.shardsMax).contains(count) else { throw CodecError("\(count) questions at once") }
            var queries: [GraphRowsQuery] = []
            for _ in 0..<count { queries.append(try GraphRowsQuery(decoding: try reader.blob())) }
            return queries
        }
    }

    static func encoded(_ answers: [Result<GraphRowsAnswer, NodeError>]) -> [UInt8] {
        var writer = ByteWriter(reserving: 64 * answers.count)
        for answer in answers { writer.blob(PeerAnswer.encode(answer.map(\.encoded))) }
        return writer.bytes
    }

    /// As many as there are queries. Throws `CodecError` for other bytes.
    func answers(decoding bytes: [UInt8]) throws(CodecError) -> [Result<GraphRowsAnswer, NodeError>] {
        try bytes.decoded { reader throws(CodecError) in
            var answers: [Result<GraphRowsAnswer, NodeError>] = []
            for _ in queries {
                switch try PeerAnswer.decode(try reader.blob()) {
                case .success(let answer): answers.append(.success(try GraphRowsAnswer(decoding: answer)))
                case .failure(let error): answers.append(.failure(error))
                }
            }
            return answers
        }
    }
}
