import Glibc
import NIOCore

/// The request line and the fields.
extension HTTP1RequestParser {
    // MARK: Request line

    /// `method SP target SP version` (RFC 9112 section 3).
    mutating func takeRequestLine(
        _ line: UnsafeRawBufferPointer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) {
        let methodEnd = line.firstIndex(of: HTTPCharacters.space) ?? line.count
        let method = UnsafeRawBufferPointer(rebasing: line[..<methodEnd])
        guard (1...Self.methodBytesMax).contains(method.count), method.allSatisfy(HTTPCharacters.isToken) else {
            throw Self.notHTTP
        }
        guard let targetEnd = line.lastIndex(of: HTTPCharacters.space), targetEnd > methodEnd else {
            throw .malformed("The request line is not made of method, target and version.")
        }
        let version = try Self.version(UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...]))
        head.reset(version: version)
        section.framing.isHTTP10 = version == .http10
        head.method = HTTPMethod(bytes: method)
        if head.method == .connect { throw .tunnel }
        let target = UnsafeRawBufferPointer(rebasing: line[methodEnd + 1..<targetEnd])
        guard target.count <= limits.targetBytesMax else { throw .targetTooLong(limits) }
        try takeTarget(target, into: &head)
    }

    private static func version(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) -> HTTPVersion {
        if bytes.elementsEqual("HTTP/1.1".utf8) { return .http11 }
        if bytes.elementsEqual("HTTP/1.0".utf8) { return .http10 }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), digits.contains(bytes[5]),
            bytes[6] == UInt8(ascii: "."), digits.contains(bytes[7])
        else { throw .malformed("The request line does not end with a version of HTTP.") }
        throw HTTPRefusal(505, "This server speaks HTTP/1.0, HTTP/1.1 and HTTP/2.")
    }

    /// Origin form, absolute form, or `*` for OPTIONS (RFC 9112 section 3.2).
    private mutating func takeTarget(
        _ target: UnsafeRawBufferPointer, into head: inout HTTPRequestHead
    ) throws(HTTPRefusal) {
        guard !target.contains(where: { $0 <= HTTPCharacters.space || $0 == 0x7f || $0 == UInt8(ascii: "#") }) else {
            throw .malformed("The request target holds a space, a control character or a fragment.")
        }
        if target.first == UInt8(ascii: "/") || (target.elementsEqual("*".utf8) && head.method == .options) {
            return head.setTarget(target)
        }
        guard takeAbsolute(target, into: &head) else {
            throw .malformed(
                "The request target is neither a path nor an absolute http or https URI without user information.")
        }
        section.hasAuthority = true
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

    // MARK: Fields

    /// Name and value of a field's line, checked and measured (RFC 9112 section 5).
    mutating func field(
        _ line: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let start = line.baseAddress, let colon = memchr(start, Int32(UInt8(ascii: ":")), line.count) else {
            throw .malformed("A header field has no colon.")
        }
        let nameCount = UnsafeRawPointer(colon) - start
        let name = UnsafeRawBufferPointer(rebasing: line[..<nameCount])
        guard nameCount > 0, name.allSatisfy(HTTPCharacters.isToken) else {
            throw .malformed("A header field's name is no token: it is empty, folded, or holds a space or a separator.")
        }
        var (first, end) = (nameCount + 1, line.count)
        while first < end, Self.isBlank(line[first]) { first += 1 }
        while end > first, Self.isBlank(line[end - 1]) { end -= 1 }
        let value = UnsafeRawBufferPointer(rebasing: line[first..<end])
        guard memchr(start + first, Int32(HTTPCharacters.carriageReturn), value.count) == nil,
            memchr(start + first, 0, value.count) == nil
        else { throw .malformed("A header field's value holds CR or NUL.") }
        section.bytes += nameCount + value.count
        section.count += 1
        guard section.bytes <= limits.headerBytesMax else { throw .headersTooLong(limits) }
        guard section.count <= limits.headerCountMax else { throw .tooManyHeaders(limits) }
        return (name, value)
    }

    mutating func takeField(_ line: UnsafeRawBufferPointer, into head: inout HTTPRequestHead) throws(HTTPRefusal) {
        let (name, value) = try field(line)
        head.headers.appendReceived(name: name, value: value)
        switch name.count {
        case 4 where Self.equal(name, "host"): section.hosts += 1
        case 7 where Self.equal(name, "upgrade"): section.asksForUpgrade = true
        case 10 where Self.equal(name, "connection"): takeConnectionOptions(value)
        case 14 where Self.equal(name, "content-length"):
            guard section.framing.declaredBytes == nil, let length = HTTPCharacters.contentLength(value) else {
                throw .malformed("Content-Length is stated more than once, or is no number.")
            }
            section.framing.declaredBytes = length
        case 17 where Self.equal(name, "transfer-encoding"):
            guard !section.framing.isChunked else { throw .malformed("Transfer-Encoding is stated more than once.") }
            try takeTransferCoding(value)
        default: break
        }
    }

    private mutating func takeConnectionOptions(_ value: UnsafeRawBufferPointer) {
        for option in value.split(separator: UInt8(ascii: ",")) {
            let option = UnsafeRawBufferPointer(rebasing: option)
            guard let first = option.firstIndex(where: { !Self.isBlank($0) }),
                let last = option.lastIndex(where: { !Self.isBlank($0) })
            else { continue }
            let name = UnsafeRawBufferPointer(rebasing: option[first...last])
            if Self.equal(name, "close") { section.asksForClose = true }
            if Self.equal(name, "keep-alive") { section.asksForKeepAlive = true }
        }
    }

    private mutating func takeTransferCoding(_ value: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        if Self.equal(value, "chunked") {
            section.framing.isChunked = true
        } else if value.count >= 8, Self.equal(UnsafeRawBufferPointer(rebasing: value.prefix(8)), "chunked,") {
            // Without chunked at the end the body has none (RFC 9112 section 6.3).
            throw .malformed("Transfer-Encoding names chunked, but not last and alone.")
        } else {
            throw HTTPRefusal(501, "Of transfer codings this server knows chunked alone.")
        }
    }

    // MARK: The whole head

    /// Decides what only all fields together tell.
    mutating func finishHead(_ head: inout HTTPRequestHead) throws(HTTPRefusal) {
        let isHTTP10 = section.framing.isHTTP10
        guard section.hosts == 1 || isHTTP10 && section.hosts == 0 else {
            throw .malformed("A request has one Host field; this one has \(section.hosts).")
        }
        if section.framing.isChunked {
            if isHTTP10 { throw .malformed("HTTP/1.0 has no Transfer-Encoding.") }
            if section.framing.declaredBytes != nil {
                throw .malformed("The request states both Content-Length and Transfer-Encoding.")
            }
        }
        if !section.hasAuthority { head.useHostAsAuthority() }
        // A client that asks for another protocol may speak it next, whatever it is told.
        section.framing.keepsAlive =
            !section.asksForClose && !section.asksForUpgrade && (!isHTTP10 || section.asksForKeepAlive)
        state = section.framing.isChunked ? .chunkSize : .body(left: section.framing.declaredBytes ?? 0)
    }

    // MARK: Bytes

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == HTTPCharacters.space || byte == UInt8(ascii: "\t") }

    /// Whether `text`, in any case, is `lowercase`.
    @inline(__always)
    private static func equal(_ text: UnsafeRawBufferPointer, _ lowercase: StaticString) -> Bool {
        guard text.count == lowercase.utf8CodeUnitCount else { return false }
        for position in 0..<text.count where HTTPCharacters.lowercased(text[position]) != lowercase.utf8Start[position] {
            return false
        }
        return true
    }
}
