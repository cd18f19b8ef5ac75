import Founding
import Membership
import Testing

@testable import NodeRuntime

@Suite("The files CLUSTER and FOUNDING")
struct FoundingFilesTests {
    static func info(_ number: Int) -> FounderInfo {
        let address = PeerAddress(host: "memory", port: UInt16(7_000 + number))
        return FounderInfo(
            replica: .max - UInt64(number), name: "n\(number)", peer: address, client: address, region: "r",
            zone: "z\"\\\u{e9}")
    }

    static let founding = ClusterFounding(
        cluster: ClusterID(high: .max, low: 3), founders: (0..<3).map(info), shards: 64, replicationFactor: 3)
    static let pledge = FoundingPledge(
        floor: Ballot(round: 9, name: "n2", replica: .max - 2),
        promise: Proposal(ballot: Ballot(round: 3, name: "n1", replica: .max - 1), founding: founding))

    @Test("What is written is read again; a new directory holds nothing")
    func roundTrip() throws {
        try withTemporaryDirectory { directory in
            #expect(try FoundingFiles.record(in: directory) == nil)
            #expect(try FoundingFiles.pledge(in: directory) == FoundingPledge())
            for pledge in [FoundingPledge(), FoundingPledge(floor: Self.pledge.floor), Self.pledge] {
                try FoundingFiles.write(pledge, in: directory)
                #expect(try FoundingFiles.pledge(in: directory) == pledge)
            }
            try FoundingFiles.write(Self.founding, in: directory)
            #expect(try FoundingFiles.record(in: directory) == Self.founding)
            // What was promised does not matter any more.
            #expect(try FoundingFiles.pledge(in: directory) == FoundingPledge())
        }
    }

    @Test("A flipped bit is noticed, and the words name the file")
    func flippedBits() throws {
        try withTemporaryDirectory { directory in
            try FoundingFiles.write(Self.founding, in: directory)
            let path = "\(directory)/\(FoundingFiles.recordName)"
            let bytes = try #require(try DataFile.read(path))
            for byte in bytes.indices {
                var flipped = bytes
                flipped[byte] ^= 1 << UInt8(byte % 8)
                try DataFile.write(flipped, to: path, in: directory)
                let error = #expect(throws: NodeStartError.self, "byte \(byte)") {
                    try FoundingFiles.record(in: directory)
                }
                #expect(error?.message.hasPrefix(path) == true)
            }
        }
    }

    @Test("A file with a right checksum and wrong content is refused")
    func wrongContent() throws {
        try withTemporaryDirectory { directory in
            for line in ["{}", "{\"format\":1}", "{\"format\":2}", "[]", "7", "{\"format\":1,\"cluster\":\"00\"}", ""] {
                let bytes = ChecksummedLine.encode(Array(line.utf8))
                try DataFile.write(bytes, to: "\(directory)/\(FoundingFiles.recordName)", in: directory)
                #expect(throws: NodeStartError.self, "\(line)") { try FoundingFiles.record(in: directory) }
            }
            let bytes = ChecksummedLine.encode(Array("{\"format\":1,\"floor\":{\"round\":0}}".utf8))
            try DataFile.write(bytes, to: "\(directory)/\(FoundingFiles.pledgeName)", in: directory)
            #expect(throws: NodeStartError.self) { try FoundingFiles.pledge(in: directory) }
        }
    }
}
