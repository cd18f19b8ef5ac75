import Glibc

/// The file `RESTORING` in a data directory: a cluster is being made in it from PostgreSQL, and there is not all of it yet. It is
/// written before anything else of the cluster, and removed once everything is on disk. All functions block.
enum RestoreMark {
    static let name = "RESTORING"

    static func isSet(in directory: String) throws(NodeStartError) -> Bool { try DataFile.exists("\(directory)/\(name)") }

    static func set(in directory: String) throws(NodeStartError) {
        let line = #"{"format":1}"#
        try DataFile.write(ChecksummedLine.encode(Array(line.utf8)), to: "\(directory)/\(name)", in: directory)
    }

    /// For good: not even a failure of power brings it back.
    static func remove(in directory: String) throws(NodeStartError) {
        try DataFile.remove("\(directory)/\(name)", in: directory)
    }
}
