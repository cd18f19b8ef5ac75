import NIOCore
import NIOHTTP1

/// Checks a decoded head against what the decoder leaves unchecked, and copies it into the transport's own form.
///
/// Whatever could be read in two ways is refused: on such requests the smuggling of one request inside another is built
/// (RFC 9112 section 11.2).
struct HTTP1HeadTranslation {
    /// What the framing of the request says.
    struct Framing: Equatable {
        var declaredBytes: Int?
        var isChunked = false
        /// The client asks for another protocol. The decoder stops after such a request.
        var asksForUpgrade = false
    }

    /// A refused head, with the status that says why.
    struct Refusal: Error, Equatable {
        var status: Int
        init(_ status: Int) { self.status = status }
    }

    private let limits: HTTPLimits
    private var framing = Framing()
    private var hosts = 0
    private var bytes = 0

    private init(limits: HTTPLimits) { self.limits = limits }

    /// Copies `decoded` into `head`, whose storage is used again.
    static func translate(
        _ decoded: NIOHTTP1.HTTPRequestHead, into head: inout HTTPRequestHead, limits: HTTPLimits
    ) throws(Refusal) -> Framing {
        var translation = HTTP1HeadTranslation(limits: limits)
        let isHTTP10 = decoded.version == .http1_0
        guard isHTTP10 || decoded.version == .http1_1 else { throw Refusal(505) }
        head.reset(version: isHTTP10 ? .http10 : .http11)
        head.method = method(decoded.method)
        if head.method == .connect { throw Refusal(501) }
        for (name, value) in decoded.headers { try translation.take(name, value, into: &head) }
        if !isHTTP10, translation.hosts != 1 { throw Refusal(400) }
        if isHTTP10, translation.framing.isChunked { throw Refusal(400) }
        if translation.framing.isChunked, translation.framing.declaredBytes != nil { throw Refusal(400) }
        try translation.takeTarget(decoded.uri, into: &head)
        return translation.framing
    }

    private mutating func take(_ name: String, _ value: String, into head: inout HTTPRequestHead) throws(Refusal) {
        var (name, value) = (name, value)
        bytes += name.utf8.count + value.utf8.count
        guard bytes <= limits.headerBytesMax else { throw Refusal(431) }
        let isAcceptable = name.withUTF8 { name in
            value.withUTF8 { value in
                let value = UnsafeRawBufferPointer(value)
                guard !value.contains(where: HTTPCharacters.isForbiddenInValue) else { return false }
                head.headers.appendReceived(name: UnsafeRawBufferPointer(name), value: value)
                return true
            }
        }
        guard isAcceptable else { throw Refusal(400) }
        switch name.utf8.count {
        case 4 where Self.equal(name, "host"): hosts += 1
        case 7 where Self.equal(name, "upgrade"): framing.asksForUpgrade = true
        case 14 where Self.equal(name, "content-length"):
            let length = value.withUTF8 { HTTPCharacters.contentLength(UnsafeRawBufferPointer($0)) }
            guard framing.declaredBytes == nil, let length else { throw Refusal(400) }
            framing.declaredBytes = length
        case 17 where Self.equal(name, "transfer-encoding"):
            guard !framing.isChunked else { throw Refusal(400) }
            guard Self.equal(value, "chunked") else { throw Refusal(501) }
            framing.isChunked = true
        default: break
        }
    }

    /// Origin form, absolute form, or `*` for OPTIONS (RFC 9112 section 3.2).
    private func takeTarget(_ target: String, into head: inout HTTPRequestHead) throws(Refusal) {
        var target = target
        guard target.utf8.count <= limits.targetBytesMax else { throw Refusal(414) }
        let isAcceptable = target.withUTF8 { target in
            let target = UnsafeRawBufferPointer(target)
            guard !target.contains(where: { $0 <= HTTPCharacters.space || $0 == 0x7f || $0 == UInt8(ascii: "#") }) else {
                return false
            }
            if target.first == UInt8(ascii: "/") || (target.elementsEqual("*".utf8) && head.method == .options) {
                head.setTarget(target)
                head.useHostAsAuthority()
                return true
            }
            return takeAbsolute(target, into: &head)
        }
        guard isAcceptable else { throw Refusal(400) }
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

    private static func equal(_ text: String, _ lowercase: StaticString) -> Bool {
        guard text.utf8.count == lowercase.utf8CodeUnitCount else { return false }
        return zip(text.utf8, UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount))
            .allSatisfy { HTTPCharacters.lowercased($0) == $1 }
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
