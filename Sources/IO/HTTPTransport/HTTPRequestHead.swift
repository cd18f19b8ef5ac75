/// The version in which a message travelled.
package enum HTTPVersion: Sendable, Hashable {
    case http10, http11, http2
}

/// A request's control data and header fields. Text is made from the bytes only when asked for.
package struct HTTPRequestHead: Sendable {
    package var version: HTTPVersion
    package var method: HTTPMethod
    package var headers: HTTPFields

    // Where the control data lie in the fields' storage.
    private var schemeRange = 0..<0
    private var authorityRange = 0..<0
    private var targetRange = 0..<0
    private var pathEnd = 0

    /// An empty head, to be filled by a parser.
    init() {
        version = .http11
        method = .get
        headers = HTTPFields()
    }

    /// A head as tests and clients write it. `target` is path and query, undecoded.
    package init(
        method: HTTPMethod, scheme: String = "http", authority: String = "", target: String, headers: HTTPFields = [:],
        version: HTTPVersion = .http11
    ) {
        self.version = version
        self.method = method
        self.headers = headers
        var (scheme, authority, target) = (scheme, authority, target)
        scheme.withUTF8 { setScheme(UnsafeRawBufferPointer($0)) }
        authority.withUTF8 { setAuthority(UnsafeRawBufferPointer($0)) }
        target.withUTF8 { setTarget(UnsafeRawBufferPointer($0)) }
    }

    /// `http` or `https`; empty when the request did not say.
    package var scheme: String { string(schemeRange) }

    /// Host and port as the client spelt them, from `:authority`, the absolute target or the Host field.
    package var authority: String { string(authorityRange) }

    /// The path as sent, undecoded, without the query.
    package var path: String { string(targetRange.lowerBound..<pathEnd) }

    /// What follows the first `?`, undecoded; nil without a `?`.
    package var query: String? {
        pathEnd < targetRange.upperBound ? string(pathEnd + 1..<targetRange.upperBound) : nil
    }

    /// The declared length of the body in bytes; nil when the request did not declare one.
    package var contentLength: Int? {
        headers.withValue(of: "content-length") { HTTPCharacters.contentLength($0) } ?? nil
    }

    /// Calls `body` with the undecoded path.
    @inlinable
    package func withPathBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try headers.bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[targetRange.lowerBound..<pathEnd]))
        }
    }

    /// Calls `body` with the undecoded query, empty when there is none.
    @inlinable
    package func withQueryBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let start = min(pathEnd + 1, targetRange.upperBound)
        return try headers.bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[start..<targetRange.upperBound]))
        }
    }

    // MARK: For the parsers

    /// Forgets everything and keeps the storage, if no copy of this head is alive.
    mutating func reset(version: HTTPVersion) {
        self.version = version
        method = .get
        headers.removeAllKeepingCapacity()
        schemeRange = 0..<0
        authorityRange = 0..<0
        targetRange = 0..<0
        pathEnd = 0
    }

    mutating func setScheme(_ bytes: UnsafeRawBufferPointer) { schemeRange = headers.store(bytes) }
    mutating func setAuthority(_ bytes: UnsafeRawBufferPointer) { authorityRange = headers.store(bytes) }

    /// Takes the Host field for the authority.
    mutating func useHostAsAuthority() { authorityRange = headers.storedRange(of: "host") ?? 0..<0 }

    /// Takes path and query, and finds where they part.
    mutating func setTarget(_ bytes: UnsafeRawBufferPointer) {
        targetRange = headers.store(bytes)
        pathEnd = targetRange.lowerBound + (bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count)
    }

    func withAuthorityBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try headers.bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[authorityRange])) }
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool {
        headers["expect"]?.lowercased() == "100-continue"
    }

    private func string(_ range: Range<Int>) -> String {
        String(decoding: headers.bytes[range], as: UTF8.self)
    }
}
