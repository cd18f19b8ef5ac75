// Whose `stat` is seen depends on what else the program imports.
import CoreFoundation
import Foundation

/// A file, or standard input as `-`, that is read in pieces.
struct InputFile: Hashable, Sendable {
    /// `-` for standard input.
    let path: String

    /// Bytes of one piece.
    static let chunkBytes = 256 << 10

    var isStandardInput: Bool { path == "-" }
    var name: String { isStandardInput ? "standard input" : path }

    /// A pipe cannot be read a second time.
    var isRegular: Bool { status.map { $0.st_mode & S_IFMT == S_IFREG } ?? false }

    /// Length in bytes; nil when it is not known before the end.
    var bytes: Int? { isRegular ? status.map { Int($0.st_size) } : nil }

    private var status: stat? {
        var status = stat()
        guard !isStandardInput, stat(path, &status) == 0 else { return nil }
        return status
    }

    /// Throws what `open` would, so that a missing file is noticed before the first one is sent. A pipe is left alone:
    /// whoever writes it would take the closing for the end.
    func checkReadable() throws { if isRegular || status == nil && !isStandardInput { _ = try open() } }

    func open() throws -> Reader {
        guard !isStandardInput else { return Reader(descriptor: dup(STDIN_FILENO)) }
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.usage("cannot read \(path): \(String(cString: strerror(errno)))") }
        guard (status?.st_mode ?? 0) & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw Failure.usage("\(path) is a directory")
        }
        return Reader(descriptor: descriptor)
    }

    /// All of it; for documents that are small by nature.
    func contents(bytesMax: Int = 64 << 20) throws -> [UInt8] {
        let reader = try open()
        var bytes: [UInt8] = []
        while let chunk = try reader.next() {
            bytes += chunk
            guard bytes.count <= bytesMax else { throw Failure.usage("\(name) is longer than \(bytesMax >> 20) MiB") }
        }
        return bytes
    }

    /// Owns the descriptor; one task at a time may read.
    final class Reader: @unchecked Sendable {
        private let descriptor: Int32

        init(descriptor: Int32) { self.descriptor = descriptor }

        deinit { Foundation.close(descriptor) }

        /// The next piece, nil at the end.
        func next() throws -> [UInt8]? {
            var count = 0
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: InputFile.chunkBytes) { buffer, used in
                repeat {
                    count = read(descriptor, buffer.baseAddress, buffer.count)
                    failure = errno
                } while count < 0 && failure == EINTR
                used = max(0, count)
            }
            guard count >= 0 else { throw Failure.usage("reading failed: \(String(cString: strerror(failure)))") }
            return count == 0 ? nil : chunk
        }
    }
}
