import COpenSSL
import Foundation

@testable import HTTPTransport

/// Certificates for tests, made by libcrypto when first needed and written as PEM files to a directory of this process.
struct TestCertificates: Sendable {
    static let shared = TestCertificates()

    let directory: String
    /// The CA of `server` and `client`.
    let ca: String
    let server: Files
    /// Issued by the same CA for the same names, with another key.
    let secondServer: Files
    let client: Files
    /// A client certificate from a CA that no one trusts.
    let strangerCA: String
    let stranger: Files
    /// A client certificate from a CA that expired yesterday.
    let expiredCA: String
    let clientOfExpiredCA: Files
    /// A server certificate for another host.
    let elsewhere: Files

    struct Files: Sendable {
        let certificate: String
        let privateKey: String
    }

    static let serverNames = "DNS:localhost,IP:127.0.0.1"
    static let clientNames = "DNS:node-a.vtag.internal,URI:vtag://node/a"

    private init() {
        directory = NSTemporaryDirectory() + "vtag-tls-\(ProcessInfo.processInfo.processIdentifier)"
        let maker = CertificateMaker(directory: directory)
        let root = maker.authority("Test CA", days: -1...3650)
        let strangerRoot = maker.authority("Stranger CA", days: -1...3650)
        let expiredRoot = maker.authority("Expired CA", days: -30 ... -1)
        ca = root.file
        strangerCA = strangerRoot.file
        expiredCA = expiredRoot.file
        server = maker.leaf("server", names: Self.serverNames, issuer: root)
        secondServer = maker.leaf("server-2", names: Self.serverNames, issuer: root)
        client = maker.leaf("client", names: Self.clientNames, issuer: root)
        stranger = maker.leaf("stranger", names: Self.clientNames, issuer: strangerRoot)
        clientOfExpiredCA = maker.leaf("client-of-expired", names: Self.clientNames, issuer: expiredRoot)
        elsewhere = maker.leaf("elsewhere", names: "DNS:elsewhere.example", issuer: root)
    }

    /// A file of this test's own, with the given text.
    func file(_ name: String, _ text: String) -> String {
        let path = directory + "/" + name
        precondition(FileManager.default.createFile(atPath: path, contents: Data(text.utf8)), "cannot write \(path)")
        return path
    }
}

/// Makes P-256 keys and X.509 version 3 certificates.
private struct CertificateMaker {
    struct Authority {
        let file: String
        let certificate: OpaquePointer
        let key: OpaquePointer
    }

    let directory: String

    init(directory: String) {
        self.directory = directory
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func authority(_ name: String, days: ClosedRange<Int>) -> Authority {
        let key = makeKey()
        let certificate = makeCertificate(
            name, key: key, days: days, issuer: nil,
            extensions: [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign")])
        return Authority(
            file: write(name + ".pem") { PEM_write_bio_X509($0, certificate) }, certificate: certificate, key: key)
    }

    func leaf(_ name: String, names: String, issuer: Authority) -> TestCertificates.Files {
        let key = makeKey()
        let certificate = makeCertificate(
            name, key: key, days: -1...365, issuer: issuer,
            extensions: [(NID_subject_alt_name, names), (NID_ext_key_usage, "serverAuth,clientAuth")])
        return TestCertificates.Files(
            certificate: write(name + ".pem") { PEM_write_bio_X509($0, certificate) },
            privateKey: write(name + ".key") { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
    }

    private func makeKey() -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        precondition(EVP_PKEY_keygen_init(context) == 1)
        precondition(EVP_PKEY_CTX_set_group_name(context, "P-256") == 1)
        precondition(EVP_PKEY_keygen(context, &key) == 1)
        guard let key else { preconditionFailure("no key") }
        return key
    }

    private func makeCertificate(
        _ name: String, key: OpaquePointer, days: ClosedRange<Int>, issuer: Authority?, extensions: [(Int32, String)]
    ) -> OpaquePointer {
        guard let certificate = X509_new() else { preconditionFailure("no certificate") }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...Int.max))
        X509_gmtime_adj(X509_getm_notBefore(certificate), days.lowerBound * 86_400)
        X509_gmtime_adj(X509_getm_notAfter(certificate), days.upperBound * 86_400)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        for (nid, value) in extensions {
            guard let made = X509V3_EXT_conf_nid(nil, nil, nid, value) else { preconditionFailure("bad extension \(value)") }
            X509_add_ext(certificate, made, -1)
            X509_EXTENSION_free(made)
        }
        precondition(X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0)
        return certificate
    }

    private func write(_ name: String, _ body: (OpaquePointer?) -> Int32) -> String {
        let path = directory + "/" + name.replacingOccurrences(of: " ", with: "-")
        let file = BIO_new_file(path, "w")
        precondition(body(file) == 1, "cannot write \(path)")
        BIO_free(file)
        return path
    }
}
