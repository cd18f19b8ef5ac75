import COpenSSL

/// SHA-256 of bytes that come piece by piece (FIPS 180-4). One thread at a time.
final class SHA256Digest {
    /// Length of the result.
    static let byteCount = 32
    private let context: OpaquePointer

    /// Throws where OpenSSL has no memory, or its configuration forbids the algorithm.
    init() throws(CheckpointError) {
        guard let made = EVP_MD_CTX_new() else { throw Self.failed }
        context = made
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw Self.failed }
    }

    deinit { EVP_MD_CTX_free(context) }

    func add(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw Self.failed }
    }

    /// The digest of these bytes alone; for whoever needs many of them. Not between `add` and `finish`.
    func hash(_ bytes: [UInt8]) throws(CheckpointError) -> [UInt8] {
        // Without a name the algorithm stays, and need not be looked up.
        guard EVP_DigestInit_ex(context, nil, nil) == 1, EVP_DigestUpdate(context, bytes, bytes.count) == 1 else {
            throw Self.failed
        }
        return try finish()
    }

    /// The digest of all that was added. The last call, but for `hash`.
    func finish() throws(CheckpointError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Self.byteCount)
        var count: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &result, &count) == 1, count == Self.byteCount else { throw Self.failed }
        return result
    }

    private static var failed: CheckpointError { CheckpointError(.unavailable, "SHA-256 cannot be computed by OpenSSL") }
}
