import CNGHTTP2
import NIOCore

/// A frame as a test writes and reads it, right or wrong (RFC 9113 section 4.1).
struct HTTP2Frame: Equatable, CustomStringConvertible {
    enum Kind: UInt8 {
        case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledgement: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    var kind: Kind? { Kind(rawValue: type) }
    var endsStream: Bool { flags & Flag.endStream != 0 }

    /// The number in the four bytes from `offset` on, big-endian.
    func number(at offset: Int) -> UInt32 {
        payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    var bytes: [UInt8] {
        Self.header(length: payload.count, type: type, flags: flags, stream: stream) + payload
    }

    static func header(length: Int, type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0) -> [UInt8] {
        [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags] + bigEndian(stream)
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    var description: String {
        "\(kind.map { "\($0)" } ?? "type \(type)") flags \(flags) stream \(stream) \(payload.count) bytes"
    }
}

extension HTTP2Frame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func settings(_ values: [(UInt16, UInt32)] = []) -> HTTP2Frame {
        HTTP2Frame(.settings, payload: values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)] + bigEndian($0.1) })
    }

    static func headers(_ stream: UInt32, _ fields: [(String, String)], end: Bool = true) -> HTTP2Frame {
        HTTP2Frame(
            .headers, flags: Flag.endHeaders | (end ? Flag.endStream : 0), stream: stream, payload: HPACK.encode(fields))
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) -> HTTP2Frame {
        HTTP2Frame(.data, flags: end ? Flag.endStream : 0, stream: stream, payload: bytes)
    }

    static func reset(_ stream: UInt32, _ code: UInt32 = 8) -> HTTP2Frame {
        HTTP2Frame(.resetStream, stream: stream, payload: bigEndian(code))
    }

    static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> HTTP2Frame {
        HTTP2Frame(.windowUpdate, stream: stream, payload: bigEndian(increment))
    }

    static func ping(_ payload: [UInt8] = Array(1...8)) -> HTTP2Frame { HTTP2Frame(.ping, payload: payload) }

    /// The pseudo-fields of a plain request.
    static func request(_ method: String = "GET", _ path: String = "/") -> [(String, String)] {
        [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path)]
    }
}

/// Just enough header compression for tests: literals without indexing one way, nghttp2's inflater the other.
enum HPACK {
    static func encode(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0x00] + string($0.0) + string($0.1) }
    }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return length(bytes.count) + bytes
    }

    /// A number with a prefix of seven bits (RFC 7541 section 5.1).
    private static func length(_ count: Int) -> [UInt8] {
        guard count >= 127 else { return [UInt8(count)] }
        var rest = count - 127
        var bytes: [UInt8] = [127]
        while rest >= 128 {
            bytes.append(UInt8(rest % 128 + 128))
            rest /= 128
        }
        return bytes + [UInt8(rest)]
    }

    /// Decodes header blocks in the order of their arrival.
    final class Decoder {
        private var inflater: OpaquePointer?

        init() { nghttp2_hd_inflate_new(&inflater) }
        deinit { nghttp2_hd_inflate_del(inflater) }

        func decode(_ block: [UInt8]) -> [(String, String)] {
            var fields: [(String, String)] = []
            block.withUnsafeBufferPointer { block in
                var position = 0
                while true {
                    var field = nghttp2_nv()
                    var flags: Int32 = 0
                    let count = nghttp2_hd_inflate_hd2(
                        inflater, &field, &flags, block.baseAddress.map { $0 + position }, block.count - position, 1)
                    guard count >= 0 else { return }
                    position += count
                    if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                        fields.append((text(field.name, field.namelen), text(field.value, field.valuelen)))
                    }
                    if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
                }
                nghttp2_hd_inflate_end_headers(inflater)
            }
            return fields
        }

        private func text(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) -> String {
            String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        }
    }
}

/// What a peer said, taken apart.
struct HTTP2Reader {
    private var unread: [UInt8] = []
    private let decoder = HPACK.Decoder()

    mutating func frames(_ bytes: some Sequence<UInt8>) -> [HTTP2Frame] {
        unread += bytes
        var frames: [HTTP2Frame] = []
        while unread.count >= 9 {
            let length = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
            guard unread.count >= 9 + length else { break }
            let stream = unread[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
            frames.append(
                HTTP2Frame(type: unread[3], flags: unread[4], stream: stream, payload: Array(unread[9..<9 + length])))
            unread.removeFirst(9 + length)
        }
        return frames
    }

    func fields(_ frame: HTTP2Frame) -> [(String, String)] { decoder.decode(frame.payload) }
}
