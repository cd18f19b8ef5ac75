import Testing

@testable import Consensus

@Suite("Configurations")
struct ConfigurationTests {
    private func ids(_ numbers: UInt64...) -> [ReplicaID] { numbers.map { ReplicaID($0) } }

    @Test("A change of voters goes through a joint configuration and ends at the target")
    func jointChange() throws {
        let old = Configuration(voters: ids(1, 2, 3), learners: ids(4))
        let joint = try #require(old.step(to: ConfigurationTarget(voters: ids(2, 4, 5), learners: ids(1))))
        #expect(joint.voters == ids(2, 4, 5))
        #expect(joint.outgoing == ids(1, 2, 3))
        #expect(joint.learners.isEmpty)
        #expect(joint.learnersNext == ids(1))
        #expect(joint.isVoter(ReplicaID(1)) && joint.members == ids(1, 2, 3, 4, 5))
        #expect(joint.afterJoint == Configuration(voters: ids(2, 4, 5), learners: ids(1)))
    }

    @Test("A change of learners alone needs no joint configuration")
    func learnersOnly() {
        let old = Configuration(voters: ids(1, 2, 3))
        #expect(
            old.step(to: ConfigurationTarget(voters: ids(3, 2, 1), learners: ids(4)))
                == Configuration(voters: ids(1, 2, 3), learners: ids(4)))
        #expect(old.step(to: ConfigurationTarget(voters: ids(1, 2, 3, 3))) == nil)
    }

    @Test("What is encoded is decoded, and sets that contradict each other are refused")
    func codec() throws {
        let joint = try #require(
            Configuration(voters: ids(1, 2), outgoing: ids(2, 3), learners: ids(9), learnersNext: ids(3)))
        #expect(try Configuration(encoded: joint.encoded) == joint)
        #expect(joint.encoded.count == joint.encodedBytes)
        for cut in 0..<joint.encodedBytes {
            #expect(throws: CodecFault.self) { try Configuration(encoded: Array(joint.encoded[..<cut])) }
        }
        #expect(throws: CodecFault.self) { try Configuration(encoded: joint.encoded + [0]) }
        #expect(Configuration(voters: ids(2, 1), outgoing: [], learners: [], learnersNext: []) == nil)
        #expect(Configuration(voters: ids(1, 1), outgoing: [], learners: [], learnersNext: []) == nil)
        #expect(Configuration(voters: ids(1), outgoing: [], learners: ids(1), learnersNext: []) == nil)
        #expect(Configuration(voters: ids(1), outgoing: ids(2), learners: [], learnersNext: ids(3)) == nil)
        #expect(Configuration(voters: [], outgoing: ids(2), learners: [], learnersNext: []) == nil)
        #expect(Configuration(voters: ids(0), outgoing: [], learners: [], learnersNext: []) == nil)
    }
}
