import CChecksum
import Glibc
import JSON
package import Model

/// Who this node is: written once, when the data directory is new.
///
/// The file `NODE` holds a line of JSON and a line with its CRC-32C.
package struct NodeIdentity: Hashable, Sendable {
    package static let fileName = "NODE"
    /// Newest format that this version reads.
    static let format = 1

    package let nodeID: String
    /// Identity of the log; a log of another node is refused.
    package let uuid: UUID128

    package init(nodeID: String, uuid: UUID128) {
        self.nodeID = nodeID
        self.uuid = uuid
    }

    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.int(Self.format)
        writer.key("node_id")
        writer.string(nodeID)
        writer.key("uuid")
        writer.string(uuid.description)
        writer.endObject()
        let line = writer.bytes
        return line + [0x0A] + Array(Self.checksum(line).utf8) + [0x0A]
    }

    init(decoding bytes: [UInt8], path: String) throws(NodeStartError) {
        func damaged(_ what: String) -> NodeStartError {
            NodeStartError(
                .damaged, "\(path): \(what). Restore the data directory from a back-up, or start with an empty one.")
        }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        guard lines.count == 3, lines[2].isEmpty, lines[1] == Array(Self.checksum(lines[0]).utf8) else {
            throw damaged("the file is damaged (its checksum does not fit)")
        }
        guard let value = try? JSONValue(parsing: lines[0]), let format = value["format"]?.int else {
            throw damaged("the file is not readable")
        }
        guard format <= Self.format else {
            throw NodeStartError(
                .damaged, "\(path): written by a newer version (format \(format)); run that version or a newer one")
        }
        guard let nodeID = value["node_id"]?.string, let uuid = UUID128(value["uuid"]?.string ?? "") else {
            throw damaged("the file lacks a field")
        }
        self.init(nodeID: nodeID, uuid: uuid)
    }

    private static func checksum(_ line: [UInt8]) -> String {
        let crc = line.withUnsafeBytes { vtag_crc32c(0, $0.baseAddress, $0.count) }
        let hex = String(crc, radix: 16)
        return String(repeating: "0", count: 8 - hex.count) + hex
    }
}

extension NodeIdentity {
    /// Reads the identity of `directory`, or writes a new one where the directory holds nothing yet.
    static func establish(in directory: String, _ options: NodeOptions) throws(NodeStartError) -> NodeIdentity {
        let path = "\(directory)/\(fileName)"
        if let bytes = try DataFile.read(path) {
            let identity = try NodeIdentity(decoding: bytes, path: path)
            if let wanted = options.nodeID, wanted != identity.nodeID {
                throw NodeStartError(
                    .configuration,
                    "\(directory) belongs to node \"\(identity.nodeID)\", not \"\(wanted)\"; leave --node-id out or use another --data-dir"
                )
            }
            return identity
        }
        for other in ["log", "checkpoint.sqlite"] where try DataFile.exists("\(directory)/\(other)") {
            throw NodeStartError(
                .damaged,
                "\(path) is missing, but \(directory)/\(other) is there. Restore \(path) from a back-up, or start with an empty data directory."
            )
        }
        var generator = SystemRandomNumberGenerator()
        let uuid = UUID128.stamped(high: generator.next(), low: generator.next(), version: 4)
        let identity = NodeIdentity(
            nodeID: options.nodeID ?? "node-\(uuid.description.prefix(8))", uuid: uuid)
        try DataFile.write(identity.encoded, to: path, in: directory)
        return identity
    }
}

/// Small files of the data directory, written so that they are there whole or not at all.
enum DataFile {
    static func exists(_ path: String) throws(NodeStartError) -> Bool {
        if access(path, F_OK) == 0 { return true }
        guard errno == ENOENT else { throw failed("access", path) }
        return false
    }

    /// Nil where there is no such file. At most 64 KiB.
    static func read(_ path: String) throws(NodeStartError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw failed("open", path) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
            guard count >= 0 else { throw failed("read", path) }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }

    /// Writes beside, syncs, renames, and syncs the directory.
    static func write(_ bytes: [UInt8], to path: String, in directory: String, mode: mode_t = 0o644) throws(NodeStartError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failed("create", temporary) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let synced = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard synced, rename(temporary, path) == 0 else { throw failed("write", path) }
        try sync(directory)
    }

    /// The file is gone for good.
    static func remove(_ path: String, in directory: String) throws(NodeStartError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failed("remove", path) }
        try sync(directory)
    }

    private static func sync(_ directory: String) throws(NodeStartError) {
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failed("open", directory) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failed("sync", directory) }
    }

    static func makeDirectory(_ path: String) throws(NodeStartError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectory(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        }
        throw failed("create", path)
    }

    private static func failed(_ operation: String, _ path: String) -> NodeStartError {
        NodeStartError(.unavailable, "cannot \(operation) \(path): \(String(cString: strerror(errno)))")
    }
}
