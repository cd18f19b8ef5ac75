import COpenSSL
import Consensus
import Glibc

/// A snapshot's bytes on disk. Its functions block.
final class SnapshotFile: Sendable {
    enum Mode { case read, stage }

    let path: String
    private let descriptor: Int32

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(path: String, mode: Mode) throws(Failure) {
        self.path = path
        descriptor = mode == .read ? open(path, O_RDONLY | O_CLOEXEC) : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
    }

    deinit { close(descriptor) }

    var bytes: UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : 0
    }

    /// Throws where fewer bytes are there.
    func read(at offset: UInt64, count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { raw in
                pread(descriptor, raw.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
            }
            guard got > 0 else { throw Self.failure("read", path) }
            filled += got
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let put = bytes.withUnsafeBytes { raw in
                pwrite(descriptor, raw.baseAddress! + written, raw.count - written, off_t(offset) + off_t(written))
            }
            guard put > 0 else { throw Self.failure("write", path) }
            written += put
        }
    }

    /// Cuts what stands behind `bytes`.
    func cut(to bytes: UInt64) throws(Failure) {
        guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw Self.failure("cut", path) }
    }

    /// Syncs the file; the SHA-256 of all its bytes.
    func digest() throws(Failure) -> SnapshotDigest {
        guard fsync(descriptor) == 0 else { throw Self.failure("sync", path) }
        guard let context = EVP_MD_CTX_new() else { throw Failure(description: "no memory for a digest") }
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        let total = bytes
        var offset: UInt64 = 0
        while offset < total {
            let chunk = try read(at: offset, count: Int(min(1 << 20, total - offset)))
            EVP_DigestUpdate(context, chunk, chunk.count)
            offset += UInt64(chunk.count)
        }
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &digest, nil)
        guard let digest = SnapshotDigest(bytes: digest) else { throw Failure(description: "no digest of \(path)") }
        return digest
    }

    func remove() { unlink(path) }

    private static func failure(_ operation: String, _ path: String) -> Failure {
        Failure(description: "cannot \(operation) \(path): \(String(cString: strerror(errno)))")
    }
}
