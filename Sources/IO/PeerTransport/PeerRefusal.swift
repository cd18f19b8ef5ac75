/// Why a connection or a request of another node is refused, before anything of it is done. The raw value is the reason in the
/// metric, in the log and on the wire.
package enum PeerRefusal: String, Sendable, CaseIterable {
    // MARK: A connection

    /// The certificate is missing, expired, or from a CA that is not trusted here.
    case certificate
    /// The certificate names no node, or not the one that is expected there.
    case name
    /// The handshake failed otherwise: an old version of TLS, or no TLS at all.
    case handshake
    /// Clear text where TLS is spoken, or off loopback.
    case clearText = "clear_text"
    /// The other side does not speak HTTP/2.
    case notHTTP2 = "not_http2"
    /// Frames that are none, or a flood of them.
    case garbage
    case tooManyConnections = "too_many_connections"

    // MARK: A request

    case cluster
    case `protocol`
    /// Not a POST.
    case method
    /// A body whose length is not declared.
    case lengthMissing = "length_missing"
    case tooLarge = "too_large"
    /// The body broke off, or came too slowly.
    case incomplete
    case overloaded
    /// The service cannot make sense of the body, or the sender may not say what it says.
    case malformed

    /// The status that a refused request is answered with.
    var status: Int {
        switch self {
        case .cluster, .name: 421
        case .protocol: 505
        case .method: 405
        case .lengthMissing: 411
        case .tooLarge: 413
        case .incomplete: 408
        case .overloaded, .tooManyConnections: 503
        case .certificate, .handshake, .clearText, .notHTTP2, .garbage, .malformed: 400
        }
    }
}
