import Consensus
import Founding
import Membership
import Model
import PeerTransport
import Placement
import Testing

@testable import NodeRuntime

@Suite("Who belongs to the cluster")
struct PeerDirectoryTests {
    private func name(_ text: String) throws -> PeerName { try #require(PeerName(text)) }

    private func member(_ replica: UInt64, _ name: String, _ state: Member.State = .active) -> Member {
        Member(
            replica: replica, name: name, peerAddress: "10.0.0.\(replica):7000", apiAddress: "10.0.0.\(replica):8000",
            region: "eu", zone: "a", isEdge: false, state: state, since: Timestamp(milliseconds: 0))
    }

    @Test("Members may ask, and founders while nobody is a member yet; whoever is gone may not, whatever its certificate")
    func members() throws {
        let directory = PeerDirectory()
        let address = PeerAddress(host: "10.0.0.1", port: 7000)
        let founders = [(1, "a"), (2, "b")].map { replica, name in
            FounderInfo(replica: replica, name: name, peer: address, client: address, region: "eu", zone: "a")
        }
        directory.founded(
            ClusterFounding(cluster: ClusterID(high: 1, low: 2), founders: founders, shards: 4, replicationFactor: 2))
        #expect(directory.isKnown(try name("a")))
        #expect(try !directory.isKnown(name("c")))
        #expect(directory.isKnown(nil), "in clear text")

        directory.committed(
            ClusterState([.member(member(1, "a")), .member(member(3, "c", .draining)), .member(member(4, "d", .dead))]))
        for (text, isKnown) in [("a", true), ("b", false), ("c", true), ("d", false)] {
            #expect(directory.isKnown(try name(text)) == isKnown, "\(text)")
        }
        #expect(directory[ReplicaID(4)] != nil, "its address is of use to whoever hands it a snapshot")
    }
}
