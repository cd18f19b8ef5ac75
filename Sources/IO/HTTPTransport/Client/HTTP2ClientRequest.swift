import CNGHTTP2
import NIOCore

/// One request on an HTTP/2 connection as the connection sees it: an ``HTTPClientExchange`` of the client, or an ``HTTP2Call`` of
/// a link. Everything happens on the event loop.
protocol HTTP2ClientRequest: AnyObject {
    /// The stream that carries the request; 0 while none does. The connection's to set.
    var streamID: Int32 { get set }

    // MARK: The request

    /// Calls `submit` with the header section. The memory of fields that are marked as not to be copied stays valid while the
    /// connection holds the request.
    func withFields(_ submit: (UnsafeBufferPointer<nghttp2_nv>) -> Int32) -> Int32
    var hasBody: Bool { get }
    /// The connection sends the request now.
    func started(on connection: HTTP2ClientConnection)
    /// Takes bytes of the body, as many as fit or are there; 0 when none are there now.
    func copyUpload(into space: UnsafeMutableRawBufferPointer) -> Int
    /// Whether the whole body was taken.
    var isUploadTaken: Bool { get }
    /// Whether nothing more is wanted: the request failed on this side.
    var hasEnded: Bool { get }

    // MARK: The answer

    /// Whether a header field of that name is of interest.
    func wantsField(_ name: UnsafeRawBufferPointer) -> Bool
    func received(status: Int, headers: HTTPFields, version: HTTPVersion)
    /// Bytes of the body; whoever takes them gives the connection credit for them.
    func received(_ bytes: UnsafeRawBufferPointer)
    func completed()
    func fail(_ error: any Error)
}

extension HTTPClientExchange: HTTP2ClientRequest {
    func withFields(_ submit: (UnsafeBufferPointer<nghttp2_nv>) -> Int32) -> Int32 {
        HTTP2RequestFields(request).withNameValues(submit)
    }

    var hasBody: Bool { request.hasBody }

    func started(on connection: HTTP2ClientConnection) { started(on: connection as any HTTPClientConnection) }

    func copyUpload(into space: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        while written < space.count {
            let piece = takeUpload(upTo: space.count - written)
            if piece.readableBytes == 0 { break }
            piece.withUnsafeReadableBytes { UnsafeMutableRawBufferPointer(rebasing: space[written...]).copyMemory(from: $0) }
            written += piece.readableBytes
        }
        return written
    }

    func wantsField(_ name: UnsafeRawBufferPointer) -> Bool { true }

    func received(_ bytes: UnsafeRawBufferPointer) { received(ByteBuffer(bytes: bytes)) }
}
