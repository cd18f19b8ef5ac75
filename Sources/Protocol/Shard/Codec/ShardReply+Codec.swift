package import Model

// What a leader answers to a command that was forwarded to it.

extension ShardReply {
    package var encoded: [UInt8] { PeerForm.encode(self) }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) {
        self = try PeerForm.decode(bytes)
        try tags?.check()
    }
}

extension ShardReply: PeerCodable {}

extension TagSnapshot {
    /// Throws unless the row is one that a snapshot writes: it has no metadata, so there is no JSON to be checked.
    fileprivate func check() throws(CodecError) {
        let record = try record
        guard record.resource.metadata == .emptyObject, RecordCodec.encode(record) == row else {
            throw CodecError("the tags of an answer are not in the form of a snapshot")
        }
    }
}

extension ShardError {
    package var encoded: [UInt8] { PeerForm.encode(self, reserving: 64) }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) { self = try PeerForm.decode(bytes) }
}

extension ShardError: PeerCodable {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .idempotencyKeyReused: writer.put(1)
        case .damagedRow(let detail): writer.put(2, detail)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.byte() {
        case 1: self = .idempotencyKeyReused
        case 2: self = .damagedRow(try reader.take())
        case let kind: throw CodecError("unknown kind of refusal \(kind)")
        }
    }
}
