import COpenSSL
import HTTPTransport

/// A P-256 key pair. Owns the `EVP_PKEY`, which is not changed after `init`.
final class PrivateKey {
    let handle: OpaquePointer

    /// Draws a new one.
    init() throws(CertificateError) {
        OpenSSLErrorQueue.clear()
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw .refused("a new key") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_keygen(context, &key) == 1, let key
        else { throw .refused("a new key") }
        handle = key
    }

    /// Reads one from a PEM file.
    init(path: String) throws(TLSError) {
        handle = try PEMFile(path: path, role: "CA key", bytesMax: CertificateFile.bytesMax).privateKey()
    }

    deinit { EVP_PKEY_free(handle) }

    /// PKCS #8 in PEM, not encrypted.
    func pem() throws(CertificateError) -> [UInt8] {
        try pemText { PEM_write_bio_PrivateKey($0, handle, nil, nil, 0, nil, nil) }
    }
}

/// What `write` puts into a memory BIO.
func pemText(_ write: (OpaquePointer) -> Int32) throws(CertificateError) -> [UInt8] {
    OpenSSLErrorQueue.clear()
    guard let sink = BIO_new(BIO_s_mem()) else { throw .refused("memory") }
    defer { BIO_free(sink) }
    guard write(sink) == 1 else { throw .refused("to write PEM") }
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(sink))
    guard BIO_read(sink, &bytes, Int32(bytes.count)) == Int32(bytes.count) else { throw .refused("to write PEM") }
    return bytes
}
