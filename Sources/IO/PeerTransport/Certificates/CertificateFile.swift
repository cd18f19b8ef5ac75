import Glibc

/// Files of certificates and keys.
enum CertificateFile {
    /// Longest file that is read, in bytes.
    static let bytesMax = 1 << 20

    /// Replaces a file as a whole: whoever reads it sees the old one or the new one. A key is for its owner alone.
    static func replace(_ path: String, with bytes: [UInt8], isSecret: Bool) throws(CertificateError) {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isSecret ? 0o600 : 0o644)
        guard file >= 0 else { throw .file(path, errno) }
        let code = write(bytes, to: file)
        close(file)
        guard code == 0 else {
            unlink(temporary)
            throw .file(path, code)
        }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw .file(path, code)
        }
    }

    /// 0, or why not.
    private static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return fsync(file) == 0 ? 0 : errno
    }
}
