import Glibc

/// Holds a data directory for this process: `flock` on its file `LOCK`, which also tells the process id.
///
/// The lock goes with the process, however it ends. Dropping the last reference gives the directory free.
package final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of `directory`, which must exist. Throws `inUse` where another process, or another lock of this
    /// one, holds it.
    package init(directory: String) throws(LogError) {
        let path = directory + "/LOCK"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .io(LogIOError(operation: "open", path: path, code: errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw .io(LogIOError(operation: "flock", path: path, code: code)) }
            throw .inUse(path: directory, process: Self.process(descriptor))
        }
        self.descriptor = descriptor
        // The id only helps people; a disk that is too full for it does no harm.
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    deinit { close(descriptor) }

    /// Gives the directory free before the last reference goes.
    package func release() { flock(descriptor, LOCK_UN) }

    private static func process(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
