import Conditions
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
        // A version that knows no scopes refuses a flag that it does not know, rather than overlook the scope.
        writer.byte((idempotency == nil ? 0 : 1) | (scope == nil ? 0 : 2))
        idempotency?.write(to: &writer)
        if let scope { writer.condition(scope.condition) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let (actor, requestID): (String, String) = (try reader.take(), try reader.take())
        let flags = try reader.byte()
        guard flags < 4 else { throw CodecError("a write has a form that this version does not know") }
        self.init(
            actor: actor, requestID: requestID, idempotency: flags & 1 == 0 ? nil : try reader.take(Idempotency.self),
            scope: flags & 2 == 0 ? nil : ResourceScope(try reader.condition()))
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
