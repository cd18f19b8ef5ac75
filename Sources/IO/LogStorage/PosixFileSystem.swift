import Glibc

/// A directory of the operating system.
package struct PosixFileSystem: LogFileSystem {
    package let directory: String

    /// Uses `directory`; makes it, mode 0700, where it is missing. Its parent must exist.
    package init(directory: String) throws(LogIOError) {
        self.directory = directory
        if mkdir(directory, 0o700) == 0 {
            try Self.syncDirectory(directory + "/..")
        } else if errno != EEXIST {
            throw LogIOError(operation: "mkdir", path: directory, code: errno)
        }
    }

    package func fileNames() throws(LogIOError) -> [String] {
        guard let stream = opendir(directory) else { throw failure("opendir", "") }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw failure("readdir", "") }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    package func create(_ name: String, bytes: Int) throws(LogIOError) {
        let descriptor = Glibc.open(path(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", name) }
        let file = PosixFile(descriptor: descriptor, path: path(name))
        do throws(LogIOError) {
            try file.allocate(bytes: bytes)
        } catch {
            unlink(path(name))
            throw error
        }
    }

    package func open(_ name: String) throws(LogIOError) -> any LogFile {
        let descriptor = Glibc.open(path(name), O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", name) }
        return PosixFile(descriptor: descriptor, path: path(name))
    }

    package func rename(_ name: String, to newName: String) throws(LogIOError) {
        guard Glibc.rename(path(name), path(newName)) == 0 else { throw failure("rename", name) }
    }

    package func remove(_ name: String) throws(LogIOError) {
        guard unlink(path(name)) == 0 else { throw failure("unlink", name) }
    }

    package func syncDirectory() throws(LogIOError) {
        try Self.syncDirectory(directory)
    }

    private static func syncDirectory(_ path: String) throws(LogIOError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogIOError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw LogIOError(operation: "fsync", path: path, code: errno) }
    }

    private func path(_ name: String) -> String { directory + "/" + name }

    private func failure(_ operation: String, _ name: String) -> LogIOError {
        let code = errno
        return LogIOError(operation: operation, path: name.isEmpty ? directory : path(name), code: code)
    }
}

/// Owner of a file descriptor.
final class PosixFile: LogFile {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func size() throws(LogIOError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        return UInt64(status.st_size)
    }

    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(LogIOError) {
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw LogIOError(operation: "pread", path: path, code: EIO)
            } else if errno != EINTR {
                throw failure("pread")
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(LogIOError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw failure("pwrite")
            }
        }
    }

    func sync() throws(LogIOError) {
        guard fdatasync(descriptor) == 0 else { throw failure("fdatasync") }
    }

    /// Gives the file `bytes` zeros with space of their own, and syncs data and size.
    func allocate(bytes: Int) throws(LogIOError) {
        var code: Int32
        repeat { code = posix_fallocate(descriptor, 0, off_t(bytes)) } while code == EINTR
        guard code == 0 else { throw LogIOError(operation: "allocate", path: path, code: code, bytesWanted: bytes) }
        guard fsync(descriptor) == 0 else { throw failure("fsync") }
    }

    private func failure(_ operation: String) -> LogIOError {
        let code = errno
        return LogIOError(operation: operation, path: path, code: code)
    }
}
