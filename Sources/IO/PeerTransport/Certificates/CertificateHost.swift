import NIOCore

/// A DNS name or an address that a certificate holds for.
package struct CertificateHost: Sendable, Equatable {
    /// As OpenSSL writes it: `DNS:a.example`, `IP:10.0.0.1`.
    let name: String

    /// nil when the text is neither a name (RFC 1123, with `*.` in front or not) nor an address.
    package init?(_ text: String) {
        if let address = try? SocketAddress(ipAddress: text, port: 0), let canonical = address.ipAddress {
            name = "IP:\(canonical)"
            return
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let checked = labels.first == "*" && labels.count > 2 ? labels.dropFirst() : labels[...]
        guard (1...253).contains(text.utf8.count), checked.allSatisfy(Self.isLabel),
            // A wrong address rather than a name.
            checked.last?.contains(where: { !$0.isNumber }) == true
        else { return nil }
        name = "DNS:\(text.lowercased())"
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
