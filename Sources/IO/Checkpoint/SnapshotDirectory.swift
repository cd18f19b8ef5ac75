import Foundation
import Synchronization

/// Where snapshots lie between their making and their use: the directory `snapshots` of a data directory.
///
/// Nothing in it outlives a process: it is emptied at the start.
package final class SnapshotDirectory: Sendable {
    package static let name = "snapshots"
    package let path: String
    private let made = Atomic<Int>(0)

    /// Empties the directory, or makes it. Throws `unavailable`. Blocks.
    package init(in dataDirectory: String) throws(CheckpointError) {
        path = "\(dataDirectory)/\(Self.name)"
        let files = FileManager.default
        do {
            if (try? files.attributesOfItem(atPath: path)) != nil { try files.removeItem(atPath: path) }
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CheckpointError(.unavailable, "cannot empty \(path): \(error.localizedDescription)")
        }
    }

    /// A path that no other file of this process has had. `purpose` becomes part of its name.
    package func newFile(shard: Int, _ purpose: Purpose) -> String {
        let number = made.add(1, ordering: .relaxed).newValue
        return "\(path)/\(purpose.rawValue)-\(shard)-\(number).snapshot"
    }

    /// Whether a file is made here or comes from elsewhere.
    package enum Purpose: String, Sendable {
        case outgoing
        case incoming
    }

    /// Removes a file; there may be none.
    package func remove(_ file: String) { try? FileManager.default.removeItem(atPath: file) }

    /// SHA-256 of a file, 32 bytes. Throws `unavailable`. Blocks.
    package static func sha256(of file: String) throws(CheckpointError) -> [UInt8] {
        try SnapshotFileReader.digest(of: file)
    }
}
