/// The frames between nodes.
///
///     frame = length(4) version(1) kind(1) content        length counts what follows it
///
/// All integers are little-endian; ids, terms, indexes and offsets have 8 bytes, groups 2. A frame carries no
/// checksum: the connection's TLS refuses what was changed on the way. The version comes before everything that a later
/// version may change. Decoding answers nil while bytes are missing, and throws for bytes that no replica of
/// this version sends; then the connection is to be closed.
package enum FrameCodec {
    package static let version: UInt8 = 1
    /// Length of a frame before its content, in bytes.
    static let headerBytes = 6
    /// Longest accepted frame in bytes, the 4 bytes of its length excluded.
    package static let frameBytesMax = 32 << 20
    /// Longest entry that a frame may carry, in bytes of data.
    package static let entryBytesMax = 16 << 20

    /// A frame of `kind` whose content `body` writes.
    static func frame(_ kind: FrameKind, reserving bytes: Int = 64, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        writer.reserve(headerBytes + bytes)
        append(kind, to: &writer, body)
        return writer.bytes
    }

    /// Writes the same behind what is there.
    static func append(_ kind: FrameKind, to writer: inout ByteWriter, _ body: (inout ByteWriter) -> Void) {
        let start = writer.bytes.count
        writer.write(UInt32(0))
        writer.write(version)
        writer.write(kind.rawValue)
        body(&writer)
        let length = writer.bytes.count - start - 4
        precondition(length <= frameBytesMax, "a frame of \(length) bytes, longer than any receiver takes")
        writer.overwrite(UInt32(length), at: start)
    }

    /// The first frame of `bytes`: its kind, its content, and how many bytes it takes up. Nil: more bytes are needed.
    ///
    /// Looks at the length before anything else, and never waits for bytes that it would refuse.
    static func split(
        _ bytes: ArraySlice<UInt8>, bytesMax: Int
    ) throws(CodecFault) -> (kind: FrameKind, content: ArraySlice<UInt8>, consumed: Int)? {
        guard bytes.count >= 4 else { return nil }
        var reader = ByteReader(bytes)
        let length = try reader.read(UInt32.self)
        guard length <= bytesMax else { throw .tooLong(bytes: UInt64(length), bytesMax: bytesMax) }
        guard length >= headerBytes - 4 else { throw .malformed("a frame without version and kind") }
        guard reader.remaining >= 1 else { return nil }
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(version) }
        guard reader.remaining >= 1 else { return nil }
        let number = try reader.read(UInt8.self)
        guard let kind = FrameKind(rawValue: number) else { throw .unknownKind(number) }
        let total = 4 + Int(length)
        guard bytes.count >= total else { return nil }
        let start = bytes.startIndex
        return (kind, bytes[start + headerBytes..<start + total], total)
    }
}

/// The kinds of frames. Numbers are never used again.
enum FrameKind: UInt8 {
    case preVoteRequest = 1
    case preVoteAnswer = 2
    case voteRequest = 3
    case voteAnswer = 4
    case append = 5
    case appendAccepted = 6
    case appendRejected = 7
    case heartbeat = 8
    case heartbeatAnswer = 9
    case timeoutNow = 10
    case readIndexRequest = 11
    case readIndexAnswer = 12
    case heartbeatBatch = 32
    case snapshotOffer = 64
    case snapshotResume = 65
    case snapshotChunk = 66
    case snapshotAcknowledged = 67
    case snapshotDone = 68
    case snapshotRefused = 69

    /// Whether such frames have a connection of their own.
    var isOfSnapshots: Bool { rawValue >= FrameKind.snapshotOffer.rawValue }
}

/// What travels on the connection between two nodes, for all groups.
package enum ConsensusFrame: Hashable, Sendable {
    case message(Message)
    case heartbeats(HeartbeatBatch)

    package var encoded: [UInt8] { Self.encode([self]) }

    /// All of them, one after the other.
    package static func encode(_ frames: [ConsensusFrame]) -> [UInt8] {
        var writer = ByteWriter()
        writer.reserve(frames.reduce(0) { $0 + $1.roomBytes })
        for frame in frames {
            switch frame {
            case .message(let message): message.write(to: &writer)
            case .heartbeats(let batch): batch.write(to: &writer)
            }
        }
        return writer.bytes
    }

    /// Room for its encoded form, in bytes; enough, and not much more.
    package var roomBytes: Int {
        switch self {
        case .message(let message): FrameCodec.headerBytes + message.roomBytes
        case .heartbeats(let batch): FrameCodec.headerBytes + batch.roomBytes
        }
    }

    /// The first frame of `bytes` and how many bytes it takes up; nil: more bytes are needed.
    ///
    /// `bytesMax` is the longest frame to accept, in bytes.
    package static func decode(
        _ bytes: ArraySlice<UInt8>, bytesMax: Int = FrameCodec.frameBytesMax
    ) throws(CodecFault) -> (frame: ConsensusFrame, consumed: Int)? {
        guard let (kind, content, consumed) = try FrameCodec.split(bytes, bytesMax: bytesMax) else { return nil }
        guard !kind.isOfSnapshots else { throw .unknownKind(kind.rawValue) }
        var reader = ByteReader(content)
        let frame: ConsensusFrame
        if kind == .heartbeatBatch {
            frame = .heartbeats(try HeartbeatBatch(from: &reader))
        } else {
            frame = .message(try Message(kind: kind, from: &reader))
        }
        try reader.finish()
        return (frame, consumed)
    }
}
