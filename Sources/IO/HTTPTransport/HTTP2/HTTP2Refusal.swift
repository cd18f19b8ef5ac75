import CNGHTTP2
import NIOCore

/// Frames written by hand, where there is no session, or none that can still speak.
enum HTTP2Refusal {
    /// What a client is told that is one too many: empty SETTINGS, which every server begins with, and GOAWAY.
    static let tooManyConnections: ByteBuffer = {
        var bytes = ByteBuffer()
        writeHeader(length: 0, type: NGHTTP2_SETTINGS, to: &bytes)
        bytes.writeImmutableBuffer(goAway(lastStream: 0, code: NGHTTP2_ENHANCE_YOUR_CALM))
        return bytes
    }()

    static func goAway(lastStream: Int32, code: nghttp2_error_code) -> ByteBuffer {
        var bytes = ByteBuffer()
        writeHeader(length: 8, type: NGHTTP2_GOAWAY, to: &bytes)
        bytes.writeInteger(UInt32(truncatingIfNeeded: max(0, lastStream)))
        bytes.writeInteger(UInt32(code.rawValue))
        return bytes
    }

    /// A frame header without flags, on the connection itself; big-endian (RFC 9113 section 4.1).
    private static func writeHeader(length: UInt8, type: nghttp2_frame_type, to bytes: inout ByteBuffer) {
        bytes.writeBytes([0, 0, length, UInt8(type.rawValue), 0])
        bytes.writeInteger(UInt32(0))
    }
}
