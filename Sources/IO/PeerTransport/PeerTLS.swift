import Glibc
package import HTTPTransport
import Logging
import Synchronization

/// A node's certificates for both sides of its connections to others: mutual TLS 1.3. Any thread may use it.
package final class PeerTLS: Sendable {
    package struct Files: Sendable, Equatable {
        /// PEM: the CAs that certificates of nodes come from.
        package var ca: String
        /// PEM: this node's certificate, followed by intermediate CAs.
        package var certificate: String
        /// PEM: its private key, unencrypted.
        package var privateKey: String

        package init(ca: String, certificate: String, privateKey: String) {
            self.ca = ca
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// What tells a file from the one that was there before.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    package let files: Files
    package let name: PeerName
    let client: TLSClientContext
    private let server: TLSServerContext
    private let stamps: Mutex<[Stamp?]>

    /// Reads the files. Blocks.
    ///
    /// - Parameter name: this node's, which the certificate must name by its URI, and no other node.
    /// - Throws: `TLSError`, naming the file and what is wrong with it.
    package init(files: Files, name: PeerName) throws(TLSError) {
        self.files = files
        self.name = name
        // Taken before the files are read: a change in between is then read again, not missed.
        stamps = Mutex(Self.stamps(of: files))
        server = try TLSServerContext(
            certificate: files.certificate, privateKey: files.privateKey, clientCA: files.ca, applicationProtocols: ["h2"],
            policy: .betweenNodes)
        client = try TLSClientContext(
            trust: .file(files.ca),
            identity: TLSClientContext.Identity(certificate: files.certificate, privateKey: files.privateKey),
            applicationProtocols: ["h2"], policy: .betweenNodes)
        try Self.check(server.certificateIdentity, names: name, in: files.certificate)
    }

    /// When the certificate in use expires, in seconds since 1970.
    package var certificateNotAfter: Int64? { server.certificateNotAfter }

    // MARK: Rotation

    /// Reads the files again, for connections from now on; those that are open stay as they are. Blocks.
    ///
    /// - Throws: as `init`; what was in use before stays in use.
    package func reload() throws(TLSError) {
        let read = Self.stamps(of: files)
        let fresh = try TLSServerContext(
            certificate: files.certificate, privateKey: files.privateKey, clientCA: files.ca, applicationProtocols: ["h2"],
            policy: .betweenNodes)
        try Self.check(fresh.certificateIdentity, names: name, in: files.certificate)
        try client.reload()
        try server.reload()
        stamps.withLock { $0 = read }
    }

    /// Reads the files again if one of them is another than the one in use. Blocks.
    ///
    /// - Returns: whether they were read.
    /// - Throws: as ``reload()``. A certificate that was replaced before its key gives an error now and is in use after the next
    ///   call.
    package func reloadIfChanged() throws(TLSError) -> Bool {
        guard Self.stamps(of: files) != stamps.withLock({ $0 }) else { return false }
        try reload()
        return true
    }

    // MARK: Private helpers

    func installer(logger: Logger) -> HTTPServer.TLSInstaller {
        // Refused handshakes are told by the listener, no more often than is of use.
        var quiet = logger
        quiet.logLevel = max(.notice, logger.logLevel)
        return server.installer(logger: logger.logLevel <= .debug ? logger : quiet)
    }

    private static func check(
        _ identity: TLSPeerIdentity, names name: PeerName, in path: String
    ) throws(TLSError) {
        let named = PeerName(subjectAltNames: identity.uris)
        guard named != name else { return }
        let who = named.map { "node \($0)" } ?? "no node, or several"
        throw TLSError(
            .fileUnusable,
            "certificate file \(path) names \(who), and this node is \(name): it must hold the URI \(name.uri)")
    }

    private static func stamps(of files: Files) -> [Stamp?] {
        [files.ca, files.certificate, files.privateKey].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return Stamp(
                inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
                nanoseconds: status.st_mtim.tv_nsec)
        }
    }
}
