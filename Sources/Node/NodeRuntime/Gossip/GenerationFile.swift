import JSON
import Membership

/// The file `GENERATION` of the data directory: how often this node has begun a new life in its cluster.
package enum GenerationFile {
    package static let name = "GENERATION"

    /// Raises the generation, on disk, before anyone hears of it. Blocks.
    ///
    /// - Parameter least: what it is at least afterwards, besides being higher than before.
    /// - Throws: where the file is damaged or cannot be written, or there is no higher generation.
    package static func raise(in directory: String, toAtLeast least: UInt64 = 1) throws(NodeStartError) -> UInt64 {
        let path = "\(directory)/\(name)"
        var last: UInt64 = 0
        if let bytes = try DataFile.read(path) {
            let value = try ChecksummedLine.decode(
                bytes, path: path, remedy: "Delete the file: the members tell the node its last generation.")
            guard let number = value["generation"]?.int, number > 0, number <= MembershipLimits.numberMax else {
                throw NodeStartError(.damaged, "\(path): the file lacks a generation")
            }
            last = UInt64(number)
        }
        let next = max(last + 1, least)
        guard next <= MembershipLimits.numberMax else {
            throw NodeStartError(
                .damaged, "\(path): this node has no generation left; start it with an empty data directory")
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("format")
        writer.int(ChecksummedLine.format)
        writer.key("generation")
        writer.int(next)
        writer.endObject()
        try DataFile.write(ChecksummedLine.encode(writer.bytes), to: path, in: directory)
        return next
    }
}
