/// Where a request goes: the unit that connections are pooled by.
package struct HTTPOrigin: Sendable, Hashable {
    package enum Scheme: String, Sendable, Hashable {
        case http, https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// A DNS name in lower case, or an address; an IPv6 address without its brackets.
    package let host: String
    package let port: Int

    package init(scheme: Scheme, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// `127.0.0.1:8080` or `[::1]:8080`, for messages.
    var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What `:authority` and `Host` say: the port only where it is not the scheme's own.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }
}

extension HTTPOrigin {
    /// Takes an absolute URL of scheme `http` or `https` apart (RFC 3986, no user information; a fragment is dropped).
    /// Throws `invalidURL`.
    static func parse(url: String) throws(HTTPClientError) -> (origin: HTTPOrigin, target: String) {
        func invalid(_ why: String) -> HTTPClientError {
            HTTPClientError(.invalidURL, "the URL \(url) cannot be used: \(why)")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("it holds a space, a control character or a letter beyond ASCII that is not percent-encoded")
        }
        guard let separator = url.firstRange(of: "://"),
            let scheme = Scheme(rawValue: url[..<separator.lowerBound].lowercased())
        else { throw invalid("it does not start with http:// or https://") }
        let rest = url[separator.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw invalid("a user name or password does not belong there") }
        let path = rest[authority.endIndex...]
        let target = path.isEmpty ? "/" : path.hasPrefix("?") ? "/" + path : String(path)
        let (host, portText) = split(authority)
        guard !host.isEmpty else { throw invalid("it names no host") }
        guard let portText else {
            return (HTTPOrigin(scheme: scheme, host: host.lowercased(), port: scheme.defaultPort), target)
        }
        guard let port = Int(portText), (1...65535).contains(port), portText.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw invalid("\(portText) is not a port") }
        return (HTTPOrigin(scheme: scheme, host: host.lowercased(), port: port), target)
    }

    private static func split(_ authority: Substring) -> (host: String, port: String?) {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            if rest.isEmpty { return (String(host), nil) }
            return rest.hasPrefix(":") ? (String(host), String(rest.dropFirst())) : ("", nil)
        }
        guard let colon = authority.firstIndex(of: ":") else { return (String(authority), nil) }
        return (String(authority[..<colon]), String(authority[authority.index(after: colon)...]))
    }
}
