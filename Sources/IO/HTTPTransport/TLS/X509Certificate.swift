import COpenSSL
import Glibc

/// One certificate. Owns a reference to the `X509`, which is immutable here, so any thread may read it.
package final class X509Certificate: @unchecked Sendable {
    package let handle: OpaquePointer

    /// Takes over the caller's reference.
    package init(owned handle: OpaquePointer) { self.handle = handle }

    deinit { X509_free(handle) }

    /// Seconds since 1970 in UTC after which the certificate is invalid; nil when the field is malformed.
    package var notAfter: Int64? { Self.seconds(X509_get0_notAfter(handle)) }

    /// The subject as one line, for messages.
    package var subject: String {
        guard let line = X509_NAME_oneline(X509_get_subject_name(handle), nil, 0) else { return "?" }
        defer { CRYPTO_free(line, #file, #line) }
        return String(cString: line)
    }

    /// What the certificate says about who its holder is.
    package var identity: TLSPeerIdentity {
        var identity = TLSPeerIdentity(commonName: commonName)
        guard let names = X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else { return identity }
        let stack = OpaquePointer(names)
        defer { GENERAL_NAMES_free(stack) }
        for index in 0..<OPENSSL_sk_num(stack) {
            guard let element = OPENSSL_sk_value(stack, index) else { continue }
            let name = element.assumingMemoryBound(to: GENERAL_NAME.self).pointee
            switch name.type {
            case GEN_DNS: Self.text(name.d.dNSName).map { identity.dnsNames.append($0) }
            case GEN_URI: Self.text(name.d.uniformResourceIdentifier).map { identity.uris.append($0) }
            case GEN_IPADD: Self.address(name.d.iPAddress).map { identity.ipAddresses.append($0) }
            default: break
            }
        }
        return identity
    }

    private var commonName: String? {
        guard let subject = X509_get_subject_name(handle) else { return nil }
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0, let entry = X509_NAME_get_entry(subject, index), let value = X509_NAME_ENTRY_get_data(entry) else {
            return nil
        }
        return Self.text(value)
    }

    /// nil for a name with a NUL inside: such names exist only to deceive those who compare C strings.
    private static func text(_ value: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let value, let data = ASN1_STRING_get0_data(value) else { return nil }
        let bytes = UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(value)))
        return bytes.contains(0) ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ value: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let value, let data = ASN1_STRING_get0_data(value) else { return nil }
        let family: Int32
        switch ASN1_STRING_length(value) {
        case 4: family = AF_INET
        case 16: family = AF_INET6
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, data, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var broken = tm()
        guard let time, ASN1_TIME_to_tm(time, &broken) == 1 else { return nil }
        return Int64(timegm(&broken))
    }
}

/// Who the peer is by its verified certificate: the names a node id is later bound to.
package struct TLSPeerIdentity: Sendable, Equatable {
    /// Subject common name, for messages only: identity is in the subject alternative names.
    package var commonName: String?
    package var dnsNames: [String] = []
    package var uris: [String] = []
    /// In the usual text form, as `inet_ntop` prints it.
    package var ipAddresses: [String] = []

    package init(commonName: String? = nil) { self.commonName = commonName }
}
