import Foundation

/// Where a server listens: `http://HOST[:PORT][/PREFIX]` or `https://…`.
struct ServerAddress: Hashable, Sendable {
    /// Where `make run` serves.
    static let standard = "http://127.0.0.1:8080"

    let isSecure: Bool
    let host: String
    let port: Int
    /// Empty, or a path without a slash at its end.
    let prefix: String

    init(_ text: String) throws {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw Failure.usage(
                "\"\(Terminal.clean(text))\" is not the address of a server; write http://HOST:PORT or https://HOST")
        }
        isSecure = scheme == "https"
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? (isSecure ? 443 : 80)
        prefix =
            parts.percentEncodedPath.hasSuffix("/") ? String(parts.percentEncodedPath.dropLast()) : parts.percentEncodedPath
    }

    /// `HOST:PORT`, with an IPv6 address in brackets.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    var text: String { "\(isSecure ? "https" : "http")://\(authority)\(prefix)" }

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
