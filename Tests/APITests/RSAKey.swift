import COpenSSL
import Testing

extension TestSigner {
    /// A new RSA key pair of 2,048 bits in PEM form.
    static func makeRSAKey() throws -> String {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        try #require(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1)
        try #require(EVP_PKEY_keygen(context, &key) == 1)
        defer { EVP_PKEY_free(key) }
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        try #require(PEM_write_bio_PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1)
        var text = [UInt8](repeating: 0, count: 8192)
        let count = BIO_read(memory, &text, Int32(text.count))
        return String(decoding: text[..<Int(count)], as: UTF8.self)
    }
}
