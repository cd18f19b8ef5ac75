/// A request method (RFC 9110 section 9); methods are case-sensitive.
package enum HTTPMethod: Sendable, Hashable {
    case get, head, post, put, patch, delete, options, connect, trace
    /// Any other token; never one of the names above.
    case other(String)

    /// The method whose name is `name`.
    package init(_ name: String) {
        var name = name
        self = name.withUTF8 { HTTPMethod(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The method whose name is spelt by `bytes`.
    init(bytes: UnsafeRawBufferPointer) {
        for (name, method) in Self.registered where name.utf8CodeUnitCount == bytes.count {
            if bytes.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: bytes.count)) {
                self = method
                return
            }
        }
        self = .other(String(decoding: bytes, as: UTF8.self))
    }

    /// The name as it stands in a request line.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other(let name): name
        }
    }

    /// Whether repeating the request has the effect of sending it once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }

    /// Most frequent first: the search is linear.
    private static let registered: [(StaticString, HTTPMethod)] = [
        ("GET", .get), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("PATCH", .patch), ("HEAD", .head),
        ("OPTIONS", .options), ("CONNECT", .connect), ("TRACE", .trace),
    ]
}

extension HTTPMethod: CustomStringConvertible {
    package var description: String { name }
}
