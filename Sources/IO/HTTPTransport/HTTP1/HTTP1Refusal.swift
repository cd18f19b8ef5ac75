import NIOCore

/// An answer on a connection that no request is read from.
enum HTTP1Refusal {
    /// A whole response that ends the connection.
    static func message(_ refusal: HTTPRefusal, answer: HTTPResponse) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeString("HTTP/1.1 \(refusal.status) \(HTTPStatus.reason(refusal.status))\r\n")
        for (name, value) in answer.headers { bytes.writeString("\(name): \(value)\r\n") }
        let body = answer.wholeBody
        bytes.writeString("connection: close\r\ncontent-length: \(body.readableBytes)\r\n\r\n")
        bytes.writeImmutableBuffer(body)
        return bytes
    }
}
