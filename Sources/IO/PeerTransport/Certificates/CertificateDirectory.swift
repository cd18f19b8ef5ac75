import Glibc
import HTTPTransport

/// A directory with a cluster's CA and the certificates of its nodes: `ca.pem`, `ca.key`, `NAME.pem`, `NAME.key`. For one process
/// at a time; blocks.
package struct CertificateDirectory {
    /// A node to make a certificate for.
    package struct Node: Sendable, Equatable {
        package let name: PeerName
        package let hosts: [CertificateHost]

        package init(name: PeerName, hosts: [CertificateHost]) {
            self.name = name
            self.hosts = hosts
        }
    }

    /// What was made for a node.
    package struct Made: Sendable {
        package let name: PeerName
        package let certificate: String
        package let privateKey: String
        /// Seconds since 1970.
        package let notAfter: Int64
    }

    /// How long a new CA is valid, in days.
    package static let authorityDays = 3_650

    package let path: String
    package var authorityCertificate: String { "\(path)/ca.pem" }
    package var authorityKey: String { "\(path)/ca.key" }

    package init(path: String) { self.path = path }

    /// Takes the CA that is there, or makes one.
    ///
    /// - Returns: the CA, and whether it is new.
    package func authority(nowSeconds: Int64) throws -> (authority: CertificateAuthority, isNew: Bool) {
        switch (exists(authorityCertificate), exists(authorityKey)) {
        case (true, true):
            let authority = try CertificateAuthority(certificate: authorityCertificate, privateKey: authorityKey)
            guard authority.notAfter > nowSeconds else {
                throw CertificateError(
                    message: "the CA in \(authorityCertificate) has expired: move it away with its key to make a new one")
            }
            return (authority, false)
        case (true, false):
            throw CertificateError(
                message: "\(authorityKey) is missing: the CA in \(authorityCertificate) cannot sign without it")
        case (false, true):
            throw CertificateError(message: "\(authorityCertificate) is missing: \(authorityKey) is of no use without it")
        case (false, false):
            let authority = try CertificateAuthority(
                named: "Virtual Tagger cluster CA",
                validity: CertificateAuthority.Validity(days: Self.authorityDays, from: nowSeconds))
            try makeDirectory()
            let pair = try authority.pair()
            try CertificateFile.replace(authorityKey, with: pair.privateKey, isSecret: true)
            try CertificateFile.replace(authorityCertificate, with: pair.certificate, isSecret: false)
            return (authority, true)
        }
    }

    /// Makes a certificate with a new key for a node, in the place of those that are there.
    package func issue(
        for node: Node, by authority: CertificateAuthority, days: Int, nowSeconds: Int64
    ) throws(CertificateError) -> Made {
        // Its files would be the CA's.
        guard node.name.text != "ca" else { throw CertificateError(message: "a node cannot be called ca") }
        let pair = try authority.issue(
            for: node.name, hosts: node.hosts, validity: CertificateAuthority.Validity(days: days, from: nowSeconds))
        let made = Made(
            name: node.name, certificate: "\(path)/\(node.name).pem", privateKey: "\(path)/\(node.name).key",
            notAfter: pair.notAfter)
        try CertificateFile.replace(made.privateKey, with: pair.privateKey, isSecret: true)
        try CertificateFile.replace(made.certificate, with: pair.certificate, isSecret: false)
        return made
    }

    // MARK: Private helpers

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// With all directories above it.
    private func makeDirectory() throws(CertificateError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += part
            guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else {
                throw CertificateError(
                    message: "the directory \(prefix) cannot be made: \(String(cString: strerror(errno)))")
            }
            prefix += "/"
        }
    }
}
