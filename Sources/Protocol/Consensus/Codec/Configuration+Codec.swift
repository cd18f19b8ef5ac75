// Stored form: four lists (voters, outgoing, learners, learners next), each a 2-byte count and 8-byte ids.
extension Configuration {
    /// Length of `encoded` in bytes.
    var encodedBytes: Int { 8 + 8 * (voters.count + outgoing.count + learners.count + learnersNext.count) }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.reserve(encodedBytes)
        for list in [voters, outgoing, learners, learnersNext] {
            writer.write(UInt16(list.count))
            for id in list { writer.write(id) }
        }
        return writer.bytes
    }

    package init(encoded bytes: [UInt8]) throws(CodecFault) {
        var reader = ByteReader(bytes[...])
        self = try Configuration(from: &reader)
        try reader.finish()
    }

    init(from reader: inout ByteReader) throws(CodecFault) {
        let voters = try Self.readList(&reader)
        let outgoing = try Self.readList(&reader)
        let learners = try Self.readList(&reader)
        let learnersNext = try Self.readList(&reader)
        guard
            let configuration = Configuration(
                voters: voters, outgoing: outgoing, learners: learners, learnersNext: learnersNext)
        else { throw .malformed("a configuration contradicts itself") }
        self = configuration
    }

    private static func readList(_ reader: inout ByteReader) throws(CodecFault) -> [ReplicaID] {
        let count = Int(try reader.read(UInt16.self))
        guard count <= membersMax else { throw .malformed("a configuration has too many members") }
        var list: [ReplicaID] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try reader.readID()) }
        return list
    }
}
