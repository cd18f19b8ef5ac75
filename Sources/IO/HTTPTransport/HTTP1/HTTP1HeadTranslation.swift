import NIOCore
import NIOHTTP1

/// How a request ends, and whether its connection does with it.
struct HTTP1Framing: Equatable {
    var isHTTP10 = false
    /// The body's length, if it was declared.
    var declaredBytes: Int?
    var isChunked = false
    var keepsAlive = true
}

/// Checks a decoded head against what the decoder leaves unchecked, and copies it into the transport's own form.
///
/// Whatever could be read in two ways is refused: on such requests the smuggling of one request inside another is built
/// (RFC 9112 section 11.2).
struct HTTP1HeadTranslation {
    private let limits: HTTPLimits
    private var framing = HTTP1Framing()
    private var hosts = 0
    private var bytes = 0
    private var asksForUpgrade = false

    private init(limits: HTTPLimits) { self.limits = limits }

    /// Copies `decoded` into `head`, whose storage is used again.
    static func translate(
        _ decoded: NIOHTTP1.HTTPRequestHead, into head: inout HTTPRequestHead, limits: HTTPLimits
    ) throws(HTTPRefusal) -> HTTP1Framing {
        var translation = HTTP1HeadTranslation(limits: limits)
        let isHTTP10 = decoded.version == .http1_0
        translation.framing.isHTTP10 = isHTTP10
        head.reset(version: isHTTP10 ? .http10 : .http11)
        head.method = method(decoded.method)
        for (name, value) in decoded.headers { try translation.take(name, value, into: &head) }
        try translation.checkWhole()
        try translation.takeTarget(decoded.uri, into: &head)
        // A client that asks for another protocol may speak it next, whatever it is told.
        translation.framing.keepsAlive = decoded.isKeepAlive && !translation.asksForUpgrade
        return translation.framing
    }

    private mutating func take(_ name: String, _ value: String, into head: inout HTTPRequestHead) throws(HTTPRefusal) {
        var (name, value) = (name, value)
        let outcome: Result<Void, HTTPRefusal> = name.withUTF8 { name in
            value.withUTF8 { value in
                Result { () throws(HTTPRefusal) in
                    try take(UnsafeRawBufferPointer(name), Self.trimmed(UnsafeRawBufferPointer(value)), into: &head)
                }
            }
        }
        try outcome.get()
    }

    private mutating func take(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) {
        bytes += name.count + value.count
        guard bytes <= limits.headerBytesMax else { throw .headersTooLong(limits) }
        guard !value.contains(where: HTTPCharacters.isForbiddenInValue) else {
            throw .malformed("A header field's value holds CR or NUL.")
        }
        head.headers.appendReceived(name: name, value: value)
        switch name.count {
        case 4 where Self.equal(name, "host"): hosts += 1
        case 7 where Self.equal(name, "upgrade"): asksForUpgrade = true
        case 14 where Self.equal(name, "content-length"):
            guard framing.declaredBytes == nil, let length = HTTPCharacters.contentLength(value) else {
                throw .malformed("Content-Length is stated more than once, or is no number.")
            }
            framing.declaredBytes = length
        case 17 where Self.equal(name, "transfer-encoding"):
            guard !framing.isChunked else { throw .malformed("Transfer-Encoding is stated more than once.") }
            guard Self.equal(value, "chunked") else {
                throw HTTPRefusal(501, "Of transfer codings this server knows chunked alone.")
            }
            framing.isChunked = true
        default: break
        }
    }

    /// Decides what only all fields together tell.
    private func checkWhole() throws(HTTPRefusal) {
        guard hosts == 1 || framing.isHTTP10 && hosts == 0 else {
            throw .malformed("A request has one Host field; this one has \(hosts).")
        }
        guard framing.isChunked else { return }
        if framing.isHTTP10 { throw .malformed("HTTP/1.0 has no Transfer-Encoding.") }
        if framing.declaredBytes != nil {
            throw .malformed("The request states both Content-Length and Transfer-Encoding.")
        }
    }

    /// Origin form, absolute form, or `*` for OPTIONS (RFC 9112 section 3.2).
    private func takeTarget(_ target: String, into head: inout HTTPRequestHead) throws(HTTPRefusal) {
        var target = target
        let outcome: Result<Void, HTTPRefusal> = target.withUTF8 { target in
            Result { () throws(HTTPRefusal) in try takeTarget(UnsafeRawBufferPointer(target), into: &head) }
        }
        try outcome.get()
    }

    private func takeTarget(
        _ target: UnsafeRawBufferPointer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) {
        guard !target.contains(where: { $0 <= HTTPCharacters.space || $0 == 0x7f || $0 == UInt8(ascii: "#") }) else {
            throw .malformed("The request target holds a space, a control character or a fragment.")
        }
        if target.first == UInt8(ascii: "/") || (target.elementsEqual("*".utf8) && head.method == .options) {
            head.setTarget(target)
            head.useHostAsAuthority()
            return
        }
        guard takeAbsolute(target, into: &head) else {
            throw .malformed(
                "The request target is neither a path nor an absolute http or https URI without user information.")
        }
    }

    /// The authority of an absolute target counts, not the Host field (RFC 9112 section 3.2.2).
    private func takeAbsolute(_ target: UnsafeRawBufferPointer, into head: inout HTTPRequestHead) -> Bool {
        for scheme in [StaticString("http"), "https"] {
            let prefixCount = scheme.utf8CodeUnitCount + 3
            guard target.count > prefixCount else { continue }
            let name = UnsafeRawBufferPointer(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount)
            guard target.prefix(name.count).map(HTTPCharacters.lowercased).elementsEqual(name),
                target[name.count..<prefixCount].elementsEqual("://".utf8)
            else { continue }
            let rest = UnsafeRawBufferPointer(rebasing: target[prefixCount...])
            let authorityEnd = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
            let authority = UnsafeRawBufferPointer(rebasing: rest[..<authorityEnd])
            // User information in a target is a trap for readers (RFC 9110 section 4.2.4).
            guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return false }
            head.setScheme(name)
            head.setAuthority(authority)
            if authorityEnd < rest.count, rest[authorityEnd] == UInt8(ascii: "/") {
                head.setTarget(UnsafeRawBufferPointer(rebasing: rest[authorityEnd...]))
            } else {
                // An empty path is "/".
                var path = [UInt8(ascii: "/")]
                path.append(contentsOf: rest[authorityEnd...])
                path.withUnsafeBytes { head.setTarget($0) }
            }
            return true
        }
        return false
    }

    /// The decoder leaves the blanks behind a value to its reader.
    private static func trimmed(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var end = value.count
        while end > 0, value[end - 1] == HTTPCharacters.space || value[end - 1] == UInt8(ascii: "\t") { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: value[..<end])
    }

    /// Whether `text`, in any case, is `lowercase`.
    @inline(__always)
    private static func equal(_ text: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard text.count == lowercase.utf8CodeUnitCount else { return false }
        for position in 0..<text.count where HTTPCharacters.lowercased(text[position]) != lowercase.utf8Start[position] {
            return false
        }
        return true
    }

    private static func method(_ method: NIOHTTP1.HTTPMethod) -> HTTPMethod {
        switch method {
        case .GET: .get
        case .HEAD: .head
        case .POST: .post
        case .PUT: .put
        case .PATCH: .patch
        case .DELETE: .delete
        case .OPTIONS: .options
        case .CONNECT: .connect
        case .TRACE: .trace
        default: .other(method.rawValue)
        }
    }
}
