import Foundation
import Testing

@testable import HTTPTransport

@Suite("TLS files and keys")
struct TLSFileTests {
    private let certificates = TestCertificates.shared

    private func failure(certificate: String? = nil, privateKey: String? = nil, clientCA: String? = nil) -> TLSError? {
        do {
            _ = try TLSServerContext(
                certificate: certificate ?? certificates.server.certificate,
                privateKey: privateKey ?? certificates.server.privateKey, clientCA: clientCA)
            return nil
        } catch { return error }
    }

    @Test("Each unusable file is named together with what is wrong")
    func unusableFiles() throws {
        let pem = try String(contentsOfFile: certificates.server.certificate, encoding: .utf8)
        let cases: [(TLSError?, path: String, says: String)] = [
            (failure(certificate: "/nonexistent/cert.pem"), "/nonexistent/cert.pem", "No such file or directory"),
            (failure(certificate: "/tmp"), "/tmp", "not a regular file"),
            (failure(certificate: certificates.file("empty.pem", "")), "empty.pem", "no certificate"),
            (failure(certificate: certificates.server.privateKey), "server.key", "no certificate"),
            (
                failure(certificate: certificates.file("cut.pem", String(pem.prefix(200)))), "cut.pem",
                "certificate number 1 in it is malformed"
            ),
            (
                failure(
                    certificate: certificates.file("second-bad.pem", pem + pem.replacingOccurrences(of: "MII", with: "AAA"))),
                "second-bad.pem", "certificate number 2 in it is malformed"
            ),
            (failure(privateKey: "/nonexistent/key.pem"), "/nonexistent/key.pem", "No such file or directory"),
            (failure(privateKey: certificates.server.certificate), "server.pem", "no private key"),
            (
                failure(privateKey: certificates.file("encrypted.key", Self.encryptedKey)), "encrypted.key",
                "encrypted; decrypt it with"
            ),
            (failure(clientCA: "/nonexistent/ca.pem"), "/nonexistent/ca.pem", "No such file or directory"),
            (failure(clientCA: certificates.file("text.pem", "hello")), "text.pem", "no certificate"),
            (
                failure(certificate: certificates.file("long.pem", String(repeating: "x", count: 1024 * 1024 + 1))),
                "long.pem", "longer than 1048576 bytes"
            ),
        ]
        for (error, path, says) in cases {
            #expect(error?.code == .fileUnusable, "\(path)")
            #expect(error?.message.contains(path) == true, "\(String(describing: error))")
            #expect(error?.message.contains(says) == true, "\(String(describing: error)) should say \(says)")
        }
    }

    @Test("A private key of another certificate is refused, naming both files")
    func keyMismatch() {
        let error = failure(privateKey: certificates.secondServer.privateKey)
        #expect(error?.code == .keyMismatch)
        #expect(error?.message.contains("server-2.key") == true)
        #expect(error?.message.contains("server.pem") == true)
    }

    @Test("The expiry date of the certificate in use can be asked for")
    func expiry() throws {
        let expiry = try #require(try TLSServerContext.test().certificateNotAfter)
        let days = Double(expiry) / 86_400 - Date().timeIntervalSince1970 / 86_400
        #expect((364...366).contains(days))
    }

    @Test("A ticket key encrypts for half a session's life and decrypts for all of it")
    func ticketKeyRotation() throws {
        let keys = TLSTicketKeys(sessionSecondsMax: 100)
        func open(_ key: TLSTicketKeys.Key, at now: Int64) -> Bool? {
            key.name.withUnsafeBufferPointer { keys.decryptionKey(named: $0, nowSeconds: now)?.renew }
        }
        let first = try #require(keys.encryptionKey(nowSeconds: 0))
        #expect(keys.encryptionKey(nowSeconds: 49)?.name == first.name)
        #expect(open(first, at: 49) == false)
        #expect(open(first, at: 50) == true)
        let second = try #require(keys.encryptionKey(nowSeconds: 50))
        #expect(second.name != first.name)
        #expect(open(first, at: 99) == true)
        #expect(open(first, at: 100) == nil)
        #expect(open(second, at: 99) == false)
        #expect(keys.encryptionKey(nowSeconds: 1_000)?.name != second.name)
        #expect(open(second, at: 1_000) == nil)
    }

    @Test("A client keeps few sessions for a host, uses a TLS 1.3 ticket once, and forgets the longest silent host")
    func sessionCache() throws {
        let cache = TLSSessionCache(hostsMax: 2)
        #expect(cache.session(host: "a:1") == nil)
        let client = try TLSClientContext.test()
        let server = try TLSServerContext.test()
        let pair = try TLSPair(client: client, server: server)
        try pair.pump()
        pair.finish()
        // The two tickets of one handshake serve two connections; the third has those of the second and so on.
        for _ in 0..<2 {
            let resumed = try TLSPair(client: client, server: server)
            try resumed.pump()
            #expect(resumed.clientTLS.isResumed)
            resumed.finish()
        }
    }

    /// A P-256 key under the passphrase "secret".
    private static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi/7ENm4AVEbgICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEoxQ5UA/dLNGtfpn84mH7UEgZBv
        IRQ/zwgDIylTzBzdRaAhcjBn9YdTBPojFQLGNC5QtjsTElgAWrEjcv3IiWf0GQL4
        DiB0WcRP19IxESa1vjgUwK2YV0N/Qx85OXl2gCLppc4gpRFaC3b8sSux7wWu8TWq
        tUCa1Xv/Cr/Q6prpLM+2nRKUZKvU4ZiJQ8DSUlD3d7ZLKaxll5ovTNcFyOq+Rok=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}
