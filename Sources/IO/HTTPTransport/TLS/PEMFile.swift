import COpenSSL
import Glibc

/// Reads certificates and keys from PEM files; every error names the file and what is wrong with it.
package struct PEMFile {
    let path: String
    /// What the file is for, as the message calls it: "certificate", "private key", "client CA".
    let role: String
    private let bytes: [UInt8]

    package init(path: String, role: String, bytesMax: Int) throws(TLSError) {
        self.path = path
        self.role = role
        bytes = try Self.read(path: path, role: role, bytesMax: bytesMax)
    }

    /// All certificates of the file in its order, at least one.
    package func certificates() throws(TLSError) -> [X509Certificate] {
        let source = try bio()
        defer { BIO_free(source) }
        var found: [X509Certificate] = []
        while true {
            OpenSSLErrorQueue.clear()
            if let certificate = PEM_read_bio_X509_AUX(source, nil, { _, _, _, _ in -1 }, nil) {
                found.append(X509Certificate(owned: certificate))
                continue
            }
            let errors = OpenSSLErrorQueue.take()
            guard errors.last?.reason == PEM_R_NO_START_LINE, errors.last?.library == ERR_LIB_PEM else {
                throw unusable(
                    "certificate number \(found.count + 1) in it is malformed", OpenSSLErrorQueue.text(of: errors))
            }
            guard !found.isEmpty else {
                throw unusable("it holds no certificate (a line `-----BEGIN CERTIFICATE-----` is expected)")
            }
            return found
        }
    }

    /// The file's private key; the caller owns it.
    package func privateKey() throws(TLSError) -> OpaquePointer {
        // OpenSSL 3 calls any other PEM file merely "unsupported".
        guard String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----") else {
            throw unusable("it holds no private key (a line `-----BEGIN PRIVATE KEY-----` is expected)")
        }
        let source = try bio()
        defer { BIO_free(source) }
        OpenSSLErrorQueue.clear()
        // Without a callback OpenSSL would ask for a passphrase on the terminal.
        var askedForPassphrase = false
        let key = withUnsafeMutablePointer(to: &askedForPassphrase) { asked in
            PEM_read_bio_PrivateKey(
                source, nil,
                { _, _, _, asked in
                    asked?.assumingMemoryBound(to: Bool.self).pointee = true
                    return -1
                }, asked)
        }
        if let key { return key }
        let errors = OpenSSLErrorQueue.take()
        if askedForPassphrase {
            throw unusable("it is encrypted; decrypt it with `openssl pkey -in \(path) -out …`")
        }
        throw unusable("it is malformed", OpenSSLErrorQueue.text(of: errors))
    }

    private func unusable(_ what: String, _ cause: String = "") -> TLSError {
        TLSError(.fileUnusable, "\(role) file \(path) is unusable: \(what)", cause: cause)
    }

    private func bio() throws(TLSError) -> OpaquePointer {
        // BIO_new_mem_buf would keep a pointer into the array: a memory BIO with a copy needs no pinning.
        guard let source = BIO_new(BIO_s_mem()) else {
            throw TLSError(.setUp, "out of memory", cause: OpenSSLErrorQueue.takeText())
        }
        let written = bytes.withUnsafeBytes { BIO_write(source, $0.baseAddress, Int32($0.count)) }
        guard written == Int32(bytes.count) || bytes.isEmpty else {
            BIO_free(source)
            throw TLSError(.setUp, "out of memory", cause: OpenSSLErrorQueue.takeText())
        }
        return source
    }

    private static func read(path: String, role: String, bytesMax: Int) throws(TLSError) -> [UInt8] {
        func failed(_ what: String) -> TLSError { TLSError(.fileUnusable, "\(role) file \(path) is unusable: \(what)") }
        func reason() -> String { String(cString: strerror(errno)) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failed(reason()) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failed(reason()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failed("it is not a regular file") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failed(reason())
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= bytesMax else { throw failed("it is longer than \(bytesMax) bytes") }
        }
    }
}
