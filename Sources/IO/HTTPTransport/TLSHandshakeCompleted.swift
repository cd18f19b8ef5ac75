/// The user inbound event with which the TLS handler says, once, that the handshake is over.
///
/// It is fired before the first byte of clear text. The HTTP handlers behind it choose the protocol by `alpn`.
package struct TLSHandshakeCompleted: Sendable, Equatable {
    /// The protocol that both sides agreed on (`h2`, `http/1.1`), or nil when the peer offered none.
    package var alpn: String?

    /// The subject alternative names of the verified peer certificate (DNS names and URIs), empty without one.
    package var peerSubjectAltNames: [String]

    package init(alpn: String?, peerSubjectAltNames: [String] = []) {
        self.alpn = alpn
        self.peerSubjectAltNames = peerSubjectAltNames
    }
}
