import Foundation
import HTTPTransport

@testable import PeerTransport

/// Certificates for tests, made once for the process: one CA for a, b and c, another CA that nobody here trusts.
struct TestNodes: Sendable {
    static let shared: TestNodes = {
        do { return try TestNodes() } catch { preconditionFailure("no certificates for tests: \(error)") }
    }()

    static let a = name("a")
    static let b = name("b")
    static let now = Int64(Date().timeIntervalSince1970)
    static let year = CertificateAuthority.Validity(days: 365, from: now)
    static let longAgo = CertificateAuthority.Validity(notBefore: now - 20_000, notAfter: now - 10_000)

    let directory: String
    let a: PeerTLS
    let b: PeerTLS
    /// Says that it is a, and comes from a CA that nobody trusts; trusts ours.
    let stranger: PeerTLS
    /// a with a certificate that has expired.
    let expired: PeerTLS

    private init() throws {
        directory = NSTemporaryDirectory() + "vtag-peers-\(ProcessInfo.processInfo.processIdentifier)"
        let ours = CertificateDirectory(path: directory + "/ours")
        let theirs = CertificateDirectory(path: directory + "/theirs")
        let authority = try ours.authority(nowSeconds: Self.now).authority
        let strangeAuthority = try theirs.authority(nowSeconds: Self.now).authority
        for name in [Self.a, Self.b] {
            _ = try ours.issue(for: .init(name: name, hosts: []), by: authority, days: 365, nowSeconds: Self.now)
        }
        _ = try theirs.issue(for: .init(name: Self.a, hosts: []), by: strangeAuthority, days: 365, nowSeconds: Self.now)
        a = try PeerTLS(files: Self.files("a", in: ours), name: Self.a)
        b = try PeerTLS(files: Self.files("b", in: ours), name: Self.b)
        var strange = Self.files("a", in: theirs)
        strange.ca = ours.authorityCertificate
        stranger = try PeerTLS(files: strange, name: Self.a)
        let old = try authority.issue(for: Self.a, validity: Self.longAgo)
        expired = try PeerTLS(
            files: Self.write(old, as: "expired", ca: ours.authorityCertificate, in: directory), name: Self.a)
    }

    static func name(_ text: String) -> PeerName {
        guard let name = PeerName(text) else { preconditionFailure("\(text) is no name of a node") }
        return name
    }

    static func files(_ name: String, in directory: CertificateDirectory) -> PeerTLS.Files {
        PeerTLS.Files(
            ca: directory.authorityCertificate, certificate: "\(directory.path)/\(name).pem",
            privateKey: "\(directory.path)/\(name).key")
    }

    static func write(
        _ pair: CertificateAuthority.Pair, as name: String, ca: String, in directory: String
    ) throws -> PeerTLS.Files {
        let files = PeerTLS.Files(ca: ca, certificate: "\(directory)/\(name).pem", privateKey: "\(directory)/\(name).key")
        try CertificateFile.replace(files.certificate, with: pair.certificate, isSecret: false)
        try CertificateFile.replace(files.privateKey, with: pair.privateKey, isSecret: true)
        return files
    }
}
