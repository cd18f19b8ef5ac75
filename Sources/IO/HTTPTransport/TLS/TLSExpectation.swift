/// Whom a server's certificate must name among its subject alternative names.
package enum TLSExpectation: Sendable, Hashable, CustomStringConvertible {
    /// The host, or the address, that was connected to.
    case host
    case uri(String)
    /// Any URI that begins so.
    case uriPrefix(String)

    func isMet(_ uri: String) -> Bool {
        switch self {
        case .host: false
        case .uri(let wanted): uri == wanted
        case .uriPrefix(let prefix): uri.hasPrefix(prefix)
        }
    }

    package var description: String {
        switch self {
        case .host: "the host"
        case .uri(let uri): uri
        case .uriPrefix(let prefix): prefix + "…"
        }
    }
}
