import Glibc

/// What the disk does by itself, as the baseline of what a node does on it.
enum Disk {
    /// What a small write costs the disk at least, in bytes.
    static let blockBytes = 4096

    struct Failure: Error, CustomStringConvertible {
        let call: String
        let code = errno
        var description: String { "\(call): \(String(cString: strerror(code)))" }
    }

    /// Times per second that `bytes` can be written and synced, one after the other, into a preallocated file.
    static func syncsPerSecond(in directory: String, bytes: Int, for duration: Double) throws -> Double {
        let fileBytes = 4 << 20
        return try withScratchFile(in: directory, allocating: fileBytes) { file in
            let block = [UInt8](repeating: 0x5A, count: bytes)
            var offset = 0
            var count = 0
            let start = monotonicSeconds()
            var elapsed = 0.0
            while elapsed < duration {
                guard pwrite(file, block, bytes, off_t(offset)) == bytes else { throw Failure(call: "pwrite") }
                guard fdatasync(file) == 0 else { throw Failure(call: "fdatasync") }
                offset = offset + 2 * bytes <= fileBytes ? offset + bytes : 0
                count += 1
                elapsed = monotonicSeconds() - start
            }
            return Double(count) / elapsed
        }
    }

    /// Seconds to write that many bytes one after the other, synced in steps of the log's longest batch.
    static func secondsToWrite(_ bytes: Int, in directory: String, batchBytes: Int = 4 << 20) throws -> Double {
        try withScratchFile(in: directory, allocating: 0) { file in
            let block = (0..<batchBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            return try seconds {
                var written = 0
                while written < bytes {
                    let part = min(batchBytes, bytes - written)
                    guard write(file, block, part) == part else { throw Failure(call: "write") }
                    guard fdatasync(file) == 0 else { throw Failure(call: "fdatasync") }
                    written += part
                }
            }
        }
    }

    /// Seconds to read the file from its beginning to its end, from the disk.
    static func secondsToRead(_ path: String) throws -> Double {
        try forget(path)
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw Failure(call: "open \(path)") }
        defer { close(file) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        return try seconds {
            while true {
                let count = read(file, &block, block.count)
                guard count >= 0 else { throw Failure(call: "read") }
                if count == 0 { return }
            }
        }
    }

    /// Asks the system to drop what it holds of the file in memory.
    static func forget(_ path: String) throws {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw Failure(call: "open \(path)") }
        defer { close(file) }
        guard fdatasync(file) == 0 else { throw Failure(call: "fdatasync") }
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    }

    private static func withScratchFile<Result>(
        in directory: String, allocating bytes: Int, _ body: (Int32) throws -> Result
    ) throws -> Result {
        let path = "\(directory)/vtag-bench.\(getpid())"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw Failure(call: "open \(path)") }
        defer {
            close(file)
            unlink(path)
        }
        if bytes > 0 {
            // Written once, so that a sync has no block of the file to mark as used.
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            for _ in 0..<(bytes >> 20) {
                guard write(file, zeros, zeros.count) == zeros.count else { throw Failure(call: "write") }
            }
            guard fsync(file) == 0 else { throw Failure(call: "fsync") }
        }
        return try body(file)
    }
}
