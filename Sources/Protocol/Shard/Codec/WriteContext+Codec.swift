package import Model

extension WriteContext {
    /// The form in which it accompanies a command that is forwarded.
    package var encoded: [UInt8] { PeerForm.encode(self, reserving: 128) }

    /// Throws `CodecError` for bytes that `encoded` did not make.
    package init(decoding bytes: [UInt8]) throws(CodecError) { self = try PeerForm.decode(bytes) }
}

extension WriteContext: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.string(actor)
        writer.string(requestID)
        idempotency.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        self.init(actor: try reader.take(), requestID: try reader.take(), idempotency: try reader.take())
    }
}

extension WriteContext.Idempotency: PeerCodable {
    func write(to writer: inout ByteWriter) {
        writer.uuid(UUID128(high: key.high, low: key.low))
        writer.varint(bodyDigest)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let key = try reader.uuid()
        self.init(key: IdempotencyKey(high: key.high, low: key.low), bodyDigest: try reader.varint())
    }
}
