/// The files of one log directory, as the log needs them. Tests put a disk of their own behind it.
///
/// All calls block. Names are file names inside the directory.
package protocol LogFileSystem: Sendable {
    /// For messages only.
    var directory: String { get }
    func fileNames() throws(LogIOError) -> [String]
    /// Makes a file of `bytes` zeros whose space is allocated, and syncs it. The name is durable after `syncDirectory`.
    func create(_ name: String, bytes: Int) throws(LogIOError)
    func open(_ name: String) throws(LogIOError) -> any LogFile
    func rename(_ name: String, to newName: String) throws(LogIOError)
    func remove(_ name: String) throws(LogIOError)
    func syncDirectory() throws(LogIOError)
}

/// An open file; closed when the last reference goes. One thread at a time.
package protocol LogFile: AnyObject, Sendable {
    /// Size in bytes.
    func size() throws(LogIOError) -> UInt64
    /// Fills `bytes` from `offset`; a file that ends before is an error (`EIO`).
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(LogIOError)
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(LogIOError)
    /// Returns once all written data is on disk (`fdatasync`). Never to be tried again after it failed.
    func sync() throws(LogIOError)
}

extension LogFile {
    func write(_ bytes: [UInt8], at offset: Int) throws(LogIOError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(LogIOError) in try write(bytes, at: offset) }
        }.get()
    }

    func read(count: Int, at offset: Int) throws(LogIOError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { bytes in
            Result { () throws(LogIOError) in try read(into: bytes, at: offset) }
        }.get()
        return bytes
    }
}
