import NIOCore

/// Serialises a response's head in one piece: the room is reserved once, for the longest that the head can be.
struct HTTP1HeadWriter {
    /// Room for the status line and all fields of the transport's own, with the longest numbers.
    private static let fixedBytesMax = 320
    /// Colon, space and line end.
    private static let fieldBytes = 4

    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    private init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// How the body ends, as the head says it.
    enum Framing {
        case none
        case length(Int)
        case chunked
    }

    static func write(
        _ parts: borrowing HTTPResponseParts, framing: Framing, connection: StaticString?, date: HTTPDate,
        to out: inout ByteBuffer
    ) {
        let bytesMax =
            fixedBytesMax + (parts.contentType?.utf8CodeUnitCount ?? 0) + (parts.entityTag?.utf8.count ?? 0)
            + parts.headers.bytes.count + parts.headers.count * fieldBytes
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: bytesMax) { buffer in
            var writer = HTTP1HeadWriter(buffer)
            writer.putStatusLine(parts.status)
            writer.put("date: ")
            writer.put(UnsafeRawBufferPointer(date.bytes))
            writer.put("\r\n")
            if let type = parts.contentType { writer.putField("content-type: ", type) }
            if var tag = parts.entityTag {
                writer.put("etag: ")
                tag.withUTF8 { writer.put(UnsafeRawBufferPointer($0)) }
                writer.put("\r\n")
            }
            parts.headers.forEachRaw { name, value in
                guard !HTTPResponseParts.isTransportField(name) else { return }
                writer.put(name)
                writer.put(": ")
                writer.put(value)
                writer.put("\r\n")
            }
            writer.put(framing)
            if let connection { writer.putField("connection: ", connection) }
            writer.put("\r\n")
            return writer.count
        }
    }

    private mutating func putStatusLine(_ status: Int) {
        if status == 200 { return put("HTTP/1.1 200 OK\r\n") }
        put("HTTP/1.1 ")
        put(UnsafeRawBufferPointer(start: HTTPStatus.digits(status), count: HTTPStatus.digitCount))
        put(" ")
        put(HTTPStatus.reason(status))
        put("\r\n")
    }

    private mutating func put(_ framing: Framing) {
        switch framing {
        case .none: break
        case .chunked: put("transfer-encoding: chunked\r\n")
        case .length(let length):
            put("content-length: ")
            withDecimal(length) { put(UnsafeRawBufferPointer($0)) }
            put("\r\n")
        }
    }

    private mutating func putField(_ name: StaticString, _ value: StaticString) {
        put(name)
        put(value)
        put("\r\n")
    }

    @inline(__always)
    private mutating func put(_ text: StaticString) {
        put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = buffer.baseAddress, let source = bytes.baseAddress else { return }
        precondition(count + bytes.count <= buffer.count, "A response's head is longer than the room reserved for it")
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
