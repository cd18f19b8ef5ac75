import Foundation
import HTTPTransport
import Testing

@testable import PeerTransport

@Suite("Certificates of a cluster")
struct CertificateTests {
    private static func directory(_ name: String) -> CertificateDirectory {
        CertificateDirectory(path: TestNodes.shared.directory + "/certificates/" + name)
    }

    @Test("openssl finds the chain valid for both sides, and the names in it")
    func valid() throws {
        let directory = Self.directory("valid")
        let (authority, isNew) = try directory.authority(nowSeconds: TestNodes.now)
        #expect(isNew)
        let hosts = ["10.0.0.5", "::1", "Node-1.example", "*.nodes.example"].compactMap(CertificateHost.init)
        #expect(hosts.count == 4)
        let made = try directory.issue(
            for: .init(name: TestNodes.name("node-1"), hosts: hosts), by: authority, days: 90, nowSeconds: TestNodes.now)
        for purpose in ["sslserver", "sslclient"] {
            let verified = try Command.run(
                "openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", directory.authorityCertificate,
                made.certificate)
            #expect(verified.contains(": OK"), "\(verified)")
        }
        let text = try Command.run("openssl", "x509", "-noout", "-text", "-in", made.certificate)
        for part in [
            "URI:spiffe://vtag/node/node-1", "IP Address:10.0.0.5", "IP Address:0:0:0:0:0:0:0:1", "DNS:node-1.example",
            "DNS:*.nodes.example", "TLS Web Server Authentication, TLS Web Client Authentication", "CA:FALSE", "prime256v1",
            "ecdsa-with-SHA256", "Subject: CN = node-1",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let root = try Command.run("openssl", "x509", "-noout", "-text", "-in", directory.authorityCertificate)
        #expect(root.contains("CA:TRUE, pathlen:0") && root.contains("Certificate Sign, CRL Sign"))
        #expect(made.notAfter == TestNodes.now + 90 * 86_400)
    }

    @Test("Keys are for their owner alone")
    func permissions() throws {
        let directory = Self.directory("permissions")
        let authority = try directory.authority(nowSeconds: TestNodes.now).authority
        let made = try directory.issue(
            for: .init(name: TestNodes.a, hosts: []), by: authority, days: 1, nowSeconds: TestNodes.now)
        for key in [directory.authorityKey, made.privateKey] {
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("The authority that is there is kept, and its certificates stay valid")
    func kept() throws {
        let directory = Self.directory("kept")
        _ = try directory.authority(nowSeconds: TestNodes.now)
        let before = try Command.run("cat", directory.authorityCertificate)
        let (authority, isNew) = try directory.authority(nowSeconds: TestNodes.now)
        #expect(!isNew)
        #expect(try Command.run("cat", directory.authorityCertificate) == before)
        let made = try directory.issue(
            for: .init(name: TestNodes.a, hosts: []), by: authority, days: 1, nowSeconds: TestNodes.now)
        let verified = try Command.run(
            "openssl", "verify", "-CAfile", directory.authorityCertificate, made.certificate)
        #expect(verified.contains(": OK"), "\(verified)")
    }

    @Test("No certificate outlives the authority that signed it")
    func lifetimes() throws {
        let authority = try CertificateAuthority(
            named: "short", validity: CertificateAuthority.Validity(days: 10, from: TestNodes.now))
        #expect(try authority.issue(for: TestNodes.a, validity: TestNodes.year).notAfter == authority.notAfter)
    }

    @Test("Half an authority, an expired one, and a node called ca are refused")
    func refused() throws {
        let directory = Self.directory("refused")
        let authority = try directory.authority(nowSeconds: TestNodes.now).authority
        #expect(throws: CertificateError.self) {
            try directory.authority(nowSeconds: TestNodes.now + Int64(CertificateDirectory.authorityDays + 1) * 86_400)
        }
        #expect(throws: CertificateError.self) {
            try directory.issue(
                for: .init(name: TestNodes.name("ca"), hosts: []), by: authority, days: 1, nowSeconds: TestNodes.now)
        }
        try FileManager.default.removeItem(atPath: directory.authorityKey)
        #expect(throws: CertificateError.self) { try directory.authority(nowSeconds: TestNodes.now) }
    }

    @Test(
        "Hosts are names or addresses, and nothing that could smuggle in another name",
        arguments: [
            "", "a,URI:spiffe://vtag/node/b", "a b", "1.2.3", "256.1.1.1", "-a", "a-", "a..b", "*", "*.a", "a.*", "ä", "a\n",
            "a:b",
        ])
    func hosts(_ text: String) {
        #expect(CertificateHost(text) == nil)
    }

    @Test("Names of nodes", arguments: ["a", "node-1", "A_b.C", String(repeating: "x", count: 64)])
    func names(_ text: String) {
        #expect(PeerName(text)?.uri == "spiffe://vtag/node/" + text)
    }

    @Test("What is no name of a node", arguments: ["", "a/b", "a b", "ä", "a\0", "a%2e", String(repeating: "x", count: 65)])
    func noNames(_ text: String) {
        #expect(PeerName(text) == nil)
        #expect(PeerName(subjectAltNames: ["spiffe://vtag/node/" + text]) == nil)
    }

    @Test("A certificate that names two nodes names none")
    func twoNames() {
        #expect(PeerName(subjectAltNames: ["spiffe://vtag/node/a", "spiffe://vtag/node/b"]) == nil)
        #expect(PeerName(subjectAltNames: ["a.example", "spiffe://vtag/node/a"]) == TestNodes.a)
    }
}
