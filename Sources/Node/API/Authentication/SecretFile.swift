import Glibc

/// Why a file with keys or tokens cannot be used.
package struct SecretFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let action: String
    package let code: Int32

    package var description: String { "cannot \(action) \(path): \(String(cString: strerror(code)))" }
}

/// Small files that only their owner may read. Blocking: for the start of a node, not for event loops.
enum SecretFile {
    /// Longest file that is read, in bytes.
    static let bytesMax = 1 << 20

    /// The file's bytes; nil when there is none.
    static func read(_ path: String) throws(SecretFileError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SecretFileError(path: path, action: "open", code: errno)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SecretFileError(path: path, action: "read", code: errno) }
            if count == 0 { return bytes }
            guard bytes.count + count <= bytesMax else { throw SecretFileError(path: path, action: "read", code: EFBIG) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Puts a file with these bytes in place, mode 0600: after a crash there is the old one or the new one, whole.
    static func write(_ bytes: [UInt8], to path: String) throws(SecretFileError) {
        let temporary = "\(path).new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw SecretFileError(path: temporary, action: "create", code: errno) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SecretFileError(path: temporary, action: "write", code: errno) }
            written += count
        }
        guard fsync(file) == 0 else { throw SecretFileError(path: temporary, action: "sync", code: errno) }
        guard rename(temporary, path) == 0 else { throw SecretFileError(path: path, action: "put in place", code: errno) }
    }

    /// Makes the folder, mode 0700, unless it is there.
    static func makeFolder(_ path: String) throws(SecretFileError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SecretFileError(path: path, action: "create", code: errno)
        }
    }
}
