import Membership
import Testing

@testable import NodeRuntime

@Suite("The file GENERATION")
struct GenerationFileTests {
    @Test("Each start is a higher generation, and a wish is heeded")
    func raised() throws {
        try withTemporaryDirectory { directory in
            var generations: [UInt64] = []
            for least in [1, 1, 90, 5] as [UInt64] {
                generations.append(try GenerationFile.raise(in: directory, toAtLeast: least))
            }
            #expect(generations == [1, 2, 90, 91])
        }
    }

    @Test("A flipped bit is noticed, and the words say what to do")
    func flippedBits() throws {
        try withTemporaryDirectory { directory in
            _ = try GenerationFile.raise(in: directory)
            let path = "\(directory)/\(GenerationFile.name)"
            let bytes = try #require(try DataFile.read(path))
            for bit in 0..<bytes.count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << (bit % 8)
                try DataFile.write(flipped, to: path, in: directory)
                let error = #expect(throws: NodeStartError.self, "bit \(bit)") { try GenerationFile.raise(in: directory) }
                #expect(error?.message.contains("Delete the file") == true)
            }
        }
    }

    @Test("There is a last generation")
    func last() throws {
        try withTemporaryDirectory { directory in
            let last = try GenerationFile.raise(in: directory, toAtLeast: MembershipLimits.numberMax)
            #expect(last == MembershipLimits.numberMax)
            #expect(throws: NodeStartError.self) { try GenerationFile.raise(in: directory) }
        }
    }
}
