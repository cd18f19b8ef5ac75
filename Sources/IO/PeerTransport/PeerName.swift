/// The name of a node, as its certificate and `--node-id` say it: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
package struct PeerName: Hashable, Sendable, CustomStringConvertible {
    package static let bytesMax = 64
    /// What stands before a node's name in the URI among its certificate's subject alternative names (SPIFFE ID).
    package static let uriPrefix = "spiffe://vtag/node/"

    package let text: String

    /// nil when the text is no name of a node.
    package init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    /// The node that a verified certificate names; nil when it names none, or more than one.
    package init?(subjectAltNames: [String]) {
        let uris = subjectAltNames.filter { $0.hasPrefix(Self.uriPrefix) }
        guard uris.count == 1 else { return nil }
        self.init(String(uris[0].dropFirst(Self.uriPrefix.count)))
    }

    package var uri: String { Self.uriPrefix + text }
    package var description: String { text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
