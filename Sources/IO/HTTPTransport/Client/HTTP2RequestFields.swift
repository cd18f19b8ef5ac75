import CNGHTTP2

/// A request's head in the form that nghttp2 takes. It copies what it is given, so pointers live during the call only.
struct HTTP2RequestFields {
    private var bytes: [UInt8] = []
    private var ranges: [(name: Range<Int>, value: Range<Int>)] = []

    init(_ request: HTTPClientRequest) {
        append(":method", request.method.name)
        append(":scheme", request.origin.scheme.rawValue)
        append(":authority", request.origin.authority)
        append(":path", request.target)
        request.headers.forEachRaw { name, value in
            guard !Self.isTransportField(name) else { return }
            append(name, value)
        }
        if request.announcesLength, let length = request.contentLength { append("content-length", String(length)) }
    }

    func withNameValues<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            func pointer(_ range: Range<Int>) -> UnsafeMutablePointer<UInt8>? {
                UnsafeMutablePointer(mutating: bytes[range].baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
            let fields = ranges.map {
                nghttp2_nv(
                    name: pointer($0.name), value: pointer($0.value), namelen: $0.name.count, valuelen: $0.value.count,
                    flags: 0)
            }
            return fields.withUnsafeBufferPointer(body)
        }
    }

    /// Fields of a connection, which HTTP/2 forbids (RFC 9113, section 8.2.2), or that the transport sets itself.
    static func isTransportField(_ name: UnsafeRawBufferPointer) -> Bool {
        transportFields.contains {
            $0.utf8CodeUnitCount == name.count
                && name.elementsEqual(UnsafeBufferPointer(start: $0.utf8Start, count: name.count))
        }
    }

    private static let transportFields: [StaticString] = [
        "connection", "host", "content-length", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade", "te",
    ]

    private mutating func append(_ name: String, _ value: String) {
        var (name, value) = (name, value)
        name.withUTF8 { name in value.withUTF8 { append(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer($0)) } }
    }

    private mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
        ranges.append((start..<start + name.count, start + name.count..<bytes.count))
    }
}

extension UnsafeRawBufferPointer.SubSequence {
    /// The first byte of the part.
    fileprivate var baseAddress: UnsafeRawPointer? { UnsafeRawBufferPointer(rebasing: self).baseAddress }
}
