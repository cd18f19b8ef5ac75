import Glibc
import JSON
import Model

/// The file `PROMOTED` in a data directory: the node was told to follow a region, and is the cluster of its own since. All functions
/// block.
struct PromotionMark: Hashable, Sendable {
    static let name = "PROMOTED"

    /// The cluster that it followed, and takes over from.
    let former: UUID128

    /// Nil where the node was not promoted.
    static func read(in directory: String) throws(NodeStartError) -> PromotionMark? {
        let path = "\(directory)/\(name)"
        guard let bytes = try DataFile.read(path) else { return nil }
        let value = try ChecksummedLine.decode(
            bytes, path: path, remedy: "Start with an empty data directory, and promote the node again.")
        guard let former = value["former"]?.string.flatMap(UUID128.init) else {
            throw NodeStartError(.damaged, "\(path): the file lacks the cluster that was followed")
        }
        return PromotionMark(former: former)
    }

    func write(in directory: String) throws(NodeStartError) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.int(ChecksummedLine.format)
        writer.key("former")
        writer.string("\(former)")
        writer.endObject()
        try DataFile.write(ChecksummedLine.encode(writer.bytes), to: "\(directory)/\(Self.name)", in: directory)
    }

    static func remove(in directory: String) throws(NodeStartError) {
        try DataFile.remove("\(directory)/\(name)", in: directory)
    }
}
