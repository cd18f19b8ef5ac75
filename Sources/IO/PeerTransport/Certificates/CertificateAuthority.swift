import COpenSSL
import HTTPTransport

/// The CA of a cluster: makes itself and the certificates of nodes (X.509 version 3, P-256, SHA-256; RFC 5280).
package final class CertificateAuthority {
    /// When a certificate is valid, in seconds since 1970, both ends included.
    package struct Validity: Sendable, Equatable {
        package var notBefore: Int64
        package var notAfter: Int64

        package init(notBefore: Int64, notAfter: Int64) {
            self.notBefore = notBefore
            self.notAfter = notAfter
        }

        /// For so many days, from a little while ago: clocks differ.
        package init(days: Int, from nowSeconds: Int64) {
            self.init(notBefore: nowSeconds - 300, notAfter: nowSeconds + Int64(days) * 86_400)
        }
    }

    /// A certificate and its key, in PEM.
    package struct Pair: Sendable {
        package let certificate: [UInt8]
        package let privateKey: [UInt8]
        /// Seconds since 1970.
        package let notAfter: Int64
    }

    private let certificate: X509Certificate
    private let key: PrivateKey
    /// Seconds since 1970 after which nothing that it signed is trusted.
    package let notAfter: Int64

    /// Makes a new one, which may sign certificates of nodes and nothing else (path length 0).
    package init(named name: String, validity: Validity) throws(CertificateError) {
        key = try PrivateKey()
        certificate = try Self.make(
            subject: name, of: key, issuer: nil, signedBy: key, validity: validity,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
        notAfter = validity.notAfter
    }

    /// Reads one from its files.
    package init(certificate path: String, privateKey keyPath: String) throws {
        certificate = try PEMFile(path: path, role: "CA", bytesMax: CertificateFile.bytesMax).certificates()[0]
        key = try PrivateKey(path: keyPath)
        guard X509_check_private_key(certificate.handle, key.handle) == 1 else {
            throw CertificateError(message: "the key in \(keyPath) does not belong to the CA in \(path)")
        }
        guard X509_check_ca(certificate.handle) == 1 else {
            throw CertificateError(message: "\(path) is no CA: it may not sign certificates")
        }
        guard let notAfter = certificate.notAfter else {
            throw CertificateError(message: "\(path) does not say until when it is valid")
        }
        self.notAfter = notAfter
    }

    /// The CA itself in PEM, with its key.
    package func pair() throws(CertificateError) -> Pair {
        Pair(certificate: try Self.pem(certificate), privateKey: try key.pem(), notAfter: notAfter)
    }

    /// A certificate for a node, with a new key: for both sides of connections, bound to the name by its URI.
    ///
    /// - Parameters:
    ///   - hosts: DNS names and addresses that it holds for as well, so that other clients than nodes can check it.
    ///   - validity: it ends with the CA's at the latest.
    package func issue(
        for node: PeerName, hosts: [CertificateHost] = [], validity: Validity
    ) throws(CertificateError) -> Pair {
        try issue(subject: node.text, names: ["URI:\(node.uri)"] + hosts.map(\.name), validity: validity)
    }

    /// A certificate with any names, in OpenSSL's notation.
    func issue(subject: String, names: [String], validity: Validity) throws(CertificateError) -> Pair {
        var validity = validity
        validity.notAfter = min(validity.notAfter, notAfter)
        let nodeKey = try PrivateKey()
        let made = try Self.make(
            subject: subject, of: nodeKey, issuer: certificate, signedBy: key, validity: validity,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "serverAuth,clientAuth"), (NID_subject_key_identifier, "hash"),
                (NID_authority_key_identifier, "keyid:always"), (NID_subject_alt_name, names.joined(separator: ",")),
            ])
        return Pair(certificate: try Self.pem(made), privateKey: try nodeKey.pem(), notAfter: validity.notAfter)
    }

    // MARK: Private helpers

    private static func pem(_ certificate: X509Certificate) throws(CertificateError) -> [UInt8] {
        try pemText { PEM_write_bio_X509($0, certificate.handle) }
    }

    /// - Parameter issuer: nil for a certificate that signs itself.
    private static func make(
        subject: String, of key: PrivateKey, issuer: X509Certificate?, signedBy signer: PrivateKey, validity: Validity,
        extensions: [(id: Int32, value: String)]
    ) throws(CertificateError) -> X509Certificate {
        OpenSSLErrorQueue.clear()
        guard let handle = X509_new() else { throw .refused("a certificate") }
        let made = X509Certificate(owned: handle)
        let name = X509_get_subject_name(handle)
        guard X509_set_version(handle, 2) == 1, setSerialNumber(of: handle),
            ASN1_TIME_set(X509_getm_notBefore(handle), Int(validity.notBefore)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(handle), Int(validity.notAfter)) != nil,
            X509_set_pubkey(handle, key.handle) == 1,
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0) == 1,
            X509_set_issuer_name(handle, issuer.map { X509_get_subject_name($0.handle) } ?? name) == 1
        else { throw .refused("a certificate for \(subject)") }
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.handle ?? handle, handle, nil, nil, 0)
        for (id, value) in extensions {
            guard let element = X509V3_EXT_conf_nid(nil, &context, id, value) else {
                throw .refused("the extension \"\(value)\" of \(subject)")
            }
            defer { X509_EXTENSION_free(element) }
            guard X509_add_ext(handle, element, -1) == 1 else { throw .refused("an extension of \(subject)") }
        }
        guard X509_sign(handle, signer.handle, EVP_sha256()) > 0 else { throw .refused("to sign for \(subject)") }
        return made
    }

    /// 127 random bits: never 0, never negative, never twice (RFC 5280, section 4.1.2.2).
    private static func setSerialNumber(of certificate: OpaquePointer) -> Bool {
        guard let number = BN_new() else { return false }
        defer { BN_free(number) }
        return BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }
}
