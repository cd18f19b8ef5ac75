import WriteAheadLog

extension SnapshotFrame {
    /// Longest accepted frame in bytes, the 4 bytes of its length excluded.
    package static let frameBytesMax = SnapshotSender.chunkBytesMax + 64 + 8 * 4 * Configuration.membersMax

    package var encoded: [UInt8] {
        switch self {
        case .offer(let offer): FrameCodec.frame(.snapshotOffer) { offer.write(to: &$0) }
        case .resume(let offset): FrameCodec.frame(.snapshotResume) { $0.write(offset) }
        case .chunk(let chunk):
            FrameCodec.frame(.snapshotChunk, reserving: 12 + chunk.bytes.count) { writer in
                writer.write(chunk.offset)
                writer.write(chunk.checksum)
                writer.write(chunk.bytes)
            }
        case .acknowledged(let offset): FrameCodec.frame(.snapshotAcknowledged) { $0.write(offset) }
        case .done: FrameCodec.frame(.snapshotDone) { _ in }
        case .refused(let refusal): FrameCodec.frame(.snapshotRefused) { $0.write(refusal.rawValue) }
        }
    }

    /// The first frame of `bytes` and how many bytes it takes up; nil: more bytes are needed.
    package static func decode(
        _ bytes: ArraySlice<UInt8>
    ) throws(CodecFault) -> (frame: SnapshotFrame, consumed: Int)? {
        guard let (kind, content, consumed) = try FrameCodec.split(bytes, bytesMax: frameBytesMax) else { return nil }
        var reader = ByteReader(content)
        let frame = try SnapshotFrame(kind: kind, from: &reader)
        try reader.finish()
        return (frame, consumed)
    }

    private init(kind: FrameKind, from reader: inout ByteReader) throws(CodecFault) {
        switch kind {
        case .snapshotOffer: self = .offer(try SnapshotOffer(from: &reader))
        case .snapshotResume: self = .resume(offset: try reader.readNumber())
        case .snapshotChunk:
            let offset = try reader.readNumber()
            let checksum = try reader.read(UInt32.self)
            guard reader.remaining > 0, reader.remaining <= SnapshotSender.chunkBytesMax else {
                throw .malformed("a chunk is empty or too long")
            }
            self = .chunk(
                SnapshotChunk(offset: offset, checksum: checksum, bytes: try reader.readBytes(reader.remaining)))
        case .snapshotAcknowledged: self = .acknowledged(offset: try reader.readNumber())
        case .snapshotDone: self = .done
        case .snapshotRefused:
            guard let refusal = SnapshotRefusal(rawValue: try reader.read()) else {
                throw .malformed("a refusal for an unknown reason")
            }
            self = .refused(refusal)
        case .preVoteRequest, .preVoteAnswer, .voteRequest, .voteAnswer, .append, .appendAccepted, .appendRejected,
            .heartbeat, .heartbeatAnswer, .timeoutNow, .readIndexRequest, .readIndexAnswer, .heartbeatBatch:
            throw .unknownKind(kind.rawValue)
        }
    }
}

// group(2) from(8) to(8) point(16) totalBytes(8) digest(32), then the configuration.
extension SnapshotOffer {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.write(group)
        writer.write(from)
        writer.write(to)
        writer.write(snapshot.point)
        writer.write(totalBytes)
        digest.write(to: &writer)
        writer.write(snapshot.configuration.encoded)
    }

    fileprivate init(from reader: inout ByteReader) throws(CodecFault) {
        let group = try reader.read(GroupID.self)
        let from = try reader.readID()
        let to = try reader.readID()
        let point = try reader.readPoint()
        let totalBytes = try reader.readNumber()
        let digest = try SnapshotDigest(from: &reader)
        let configuration = try Configuration(from: &reader)
        guard point.isPlausible, point.index > 0, !configuration.voters.isEmpty else {
            throw .malformed("a snapshot of nothing")
        }
        self.init(
            group: group, from: from, to: to, snapshot: SnapshotPoint(point: point, configuration: configuration),
            totalBytes: totalBytes, digest: digest)
    }
}
