import Foundation

/// What can be said of `checkpoint.sqlite` before SQLite opens it, which already writes.
struct CheckpointFile {
    private static let headerBytes = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    /// There is nothing in the file, or no file.
    let isNew: Bool
    /// Size in bytes.
    let size: UInt64

    /// Whether SQLite's write-ahead file holds more than its header of 32 bytes.
    private static func hasFrames(_ path: String) -> Bool {
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64 else { return false }
        return size > 32
    }

    /// Refuses what is no checkpoint of ours, cut short, or of a newer version (SQLite file format, section 1.3).
    init(path: String) throws(CheckpointError) {
        guard FileManager.default.fileExists(atPath: path) else {
            (isNew, size) = (true, 0)
            return
        }
        let header: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            size = try handle.seekToEnd()
            try handle.seek(toOffset: 0)
            header = try Array(handle.read(upToCount: Self.headerBytes) ?? Data())
        } catch {
            throw CheckpointError(.unavailable, "\(path) cannot be read: \(error.localizedDescription)")
        }
        isNew = size == 0
        if isNew { return }
        guard header.count == Self.headerBytes, header.starts(with: Self.magic) else {
            throw .damaged(path, "it is no SQLite database")
        }
        func integer(_ offset: Int, bytes: Int) -> UInt64 {
            header[offset..<offset + bytes].reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard integer(68, bytes: 4) == UInt64(CheckpointSchema.applicationID) else {
            throw .damaged(path, "it is no checkpoint of this program")
        }
        let version = integer(60, bytes: 4)
        guard version <= UInt64(CheckpointSchema.version) else {
            throw CheckpointError(
                .newerVersion,
                "\(path) was written by a newer version (schema \(version)). Start that version, or a later one.")
        }
        guard version == UInt64(CheckpointSchema.version) else {
            throw CheckpointError(
                .olderVersion,
                "\(path) was written by an older version (schema \(version)), which this one does not read. Start that version."
            )
        }
        let page = integer(16, bytes: 2) == 1 ? 65_536 : integer(16, bytes: 2)
        let pages = integer(28, bytes: 4)
        // While SQLite folds its write-ahead file into this one, a crash leaves the pages that are missing here over there.
        guard size >= pages * page || Self.hasFrames(path + "-wal") else {
            throw .damaged(path, "it has \(size) bytes instead of \(pages * page)")
        }
    }
}
