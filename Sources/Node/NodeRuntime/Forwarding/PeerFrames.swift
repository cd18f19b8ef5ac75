import Consensus
import Model
import Shard

/// Where nodes ask one another, gossip, founding, frames of consensus and snapshots left out.
enum PeerRequestPath {
    static let command = "/shard/command"
    static let systemCommand = "/system/command"
    static let query = "/shard/query"
    /// How the groups fare that the node leads.
    static let reports = "/groups"
    /// Who is a member of a group; two bytes of its number.
    static let members = "/members"
}

/// What one node asks of another on behalf of a client. Each is the body of one request.
enum PeerRequestFrame: Sendable {
    /// The shard's position that a command or query begins with.
    static func shard(of bytes: [UInt8]) throws(CodecError) -> Int {
        try bytes.readingFront { reader throws(CodecError) in try reader.position() }
    }

    /// A command for the leader of a data shard. `shard` is a position.
    struct Command: Sendable {
        let shard: Int
        let command: ShardCommand
        let context: WriteContext
    }

    struct System: Sendable {
        let command: SystemCommand
        let context: WriteContext
    }

    struct Query: Sendable {
        let shard: Int
        let query: ShardQuery
        let consistency: ReadConsistency
    }
}

extension PeerRequestFrame.Command {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 1024)
        writer.varint(shard)
        writer.blob(context.encoded)
        writer.blob(command.encoded)
        return writer.bytes
    }

    init(decoding bytes: [UInt8], checking json: JSONCheck) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let shard = try reader.position()
            let context = try WriteContext(decoding: try reader.blob())
            return Self(
                shard: shard, command: try ShardCommand(decoding: try reader.blob(), checking: json), context: context)
        }
    }
}

extension PeerRequestFrame.System {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 1024)
        writer.blob(context.encoded)
        writer.blob(command.encoded)
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let context = try WriteContext(decoding: try reader.blob())
            return Self(command: try SystemCommand(decoding: try reader.blob()), context: context)
        }
    }
}

extension PeerRequestFrame.Query {
    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.varint(shard)
        switch consistency {
        case .linearizable: writer.byte(0)
        case .stale: writer.byte(1)
        case .including(let index):
            writer.byte(2)
            writer.varint(index)
        }
        writer.blob(query.encoded)
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try bytes.decoded { reader throws(CodecError) in
            let shard = try reader.position()
            let consistency: ReadConsistency
            switch try reader.byte() {
            case 0: consistency = .linearizable
            case 1: consistency = .stale
            case 2: consistency = .including(try reader.varint())
            case let kind: throw CodecError("unknown consistency \(kind)")
            }
            return Self(shard: shard, query: try ShardQuery(decoding: try reader.blob()), consistency: consistency)
        }
    }
}

/// The answer to any of them: what was asked for, or why not.
enum PeerAnswer {
    static func encode(_ result: Result<[UInt8], NodeError>) -> [UInt8] {
        var writer = ByteWriter(reserving: 64)
        switch result {
        case .success(let bytes):
            writer.byte(0)
            writer.blob(bytes)
        case .failure(let error):
            writer.byte(1)
            writer.error(error)
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(CodecError) -> Result<[UInt8], NodeError> {
        try bytes.decoded { reader throws(CodecError) in
            try reader.byte() == 0 ? .success(try reader.blob()) : .failure(try reader.error())
        }
    }
}

extension ByteWriter {
    fileprivate mutating func error(_ error: NodeError) {
        switch error {
        case .idempotencyKeyReused: byte(0)
        case .overloaded: byte(1)
        case .diskFull: byte(2)
        case .tooLarge: byte(3)
        case .notLeader(let leader):
            byte(4)
            varint(leader?.rawValue ?? 0)
        // Nodes that follow another region have no peers.
        case .unavailable, .inPrimaryRegion: byte(5)
        case .outcomeUnknown: byte(6)
        // Another node may be asked.
        case .stopping:
            byte(4)
            varint(UInt64(0))
        case .checkpointBehind: byte(7)
        case .damaged(let detail):
            byte(8)
            string(detail)
        case .missingShards(let shards):
            byte(9)
            groups(shards)
        case .superseded(let successor):
            byte(10)
            uuid(successor)
        }
    }
}

extension ByteReader {
    fileprivate mutating func error() throws(CodecError) -> NodeError {
        switch try byte() {
        case 0: return .idempotencyKeyReused
        case 1: return .overloaded
        case 2: return .diskFull
        case 3: return .tooLarge
        case 4:
            let leader = try varint()
            return .notLeader(leader == 0 ? nil : ReplicaID(leader))
        case 5: return .unavailable
        case 6: return .outcomeUnknown
        case 7: return .checkpointBehind
        case 8: return .damaged(try string())
        case 9: return .missingShards(try groups())
        case 10: return .superseded(try uuid())
        case let kind: throw CodecError("unknown error \(kind)")
        }
    }

    fileprivate mutating func position() throws(CodecError) -> Int {
        guard let position = Int(exactly: try varint()), position < NodeOptions.shardsMax else {
            throw CodecError("a shard that cannot be")
        }
        return position
    }
}

extension [UInt8] {
    /// What `body` reads, which must be all of it.
    func decoded<Value>(_ body: (inout ByteReader) throws(CodecError) -> Value) throws(CodecError) -> Value {
        try readingFront { reader throws(CodecError) in
            let value = try body(&reader)
            guard reader.atEnd else { throw CodecError("bytes are left over") }
            return value
        }
    }

    /// What `body` reads off the front.
    func readingFront<Value>(_ body: (inout ByteReader) throws(CodecError) -> Value) throws(CodecError) -> Value {
        let result: Result<Value, CodecError> = withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                return .success(try body(&reader))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
