import Membership
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import NodeRuntime

@Suite("The host of gossip, in virtual time")
struct GossipHostTests {
    let loop = EmbeddedEventLoop()
    let network = MemoryNetwork()

    func node(
        _ number: Int, id: MemberID? = nil, generation: UInt64 = 1, address: PeerAddress? = nil, seeds: [Int] = [0, 1, 2],
        raiseGeneration: (@Sendable (UInt64) -> EventLoopFuture<UInt64>)? = nil
    ) -> GossipNode {
        GossipNode(
            number, id: id, generation: generation, address: address, seeds: seeds, parameters: MembershipParameters(),
            network: network, on: loop, raiseGeneration: raiseGeneration)
    }

    /// In steps: an embedded loop that is moved far at once would be a stalled process.
    func run(seconds: Int) {
        for _ in 0..<seconds * 100 { loop.advanceTime(by: .milliseconds(10)) }
    }

    func nodes(_ count: Int) -> [GossipNode] {
        let nodes = (0..<count).map { node($0) }
        for node in nodes { node.start() }
        run(seconds: 5)
        return nodes
    }

    @Test("Members meet, and a death is known within seven seconds")
    func death() {
        let nodes = nodes(3)
        for node in nodes { #expect(node.host.view.counts == [.alive: 3] && node.host.view.isJoined) }
        nodes[2].kill()
        run(seconds: 7)
        for node in nodes[..<2] { #expect(node.host.view.counts == [.alive: 2, .dead: 1]) }
        let statistics = nodes[0].host.statistics
        #expect(statistics.members[.dead] == 1 && statistics.changes[.dead] == 1 && statistics.unanswered > 0)
        #expect(nodes.map(\.host.statistics.freshDials).reduce(0, +) > 0)
    }

    @Test("A view says who, where, and since when")
    func viewOfMembers() throws {
        let nodes = nodes(2)
        let before = loop.now.uptimeNanoseconds / 1_000_000
        let me = nodes[0].host.view
        let other = try #require(me.members.last)
        #expect(me.me == GossipNode.id(0) && other.id == GossipNode.id(1))
        #expect(other.replica == 11 ^ 7 && other.name == "n1" && other.peer == GossipNode.address(1) && !other.isEdge)
        #expect(other.sinceMilliseconds >= 0 && other.sinceMilliseconds < before)
        #expect(me.member(replica: 11 ^ 7) == other)
        #expect(me.majorityIsAlive(of: [other.replica]) && !me.majorityIsAlive(of: [other.replica, 99]))
    }

    @Test("A quiet cluster sends one request for each member and second: answers ride in answers")
    func quietTraffic() {
        let nodes = nodes(3)
        run(seconds: 10)
        let before = network.sent.count
        run(seconds: 20)
        let requests = network.sent.count - before
        // One probe each and second, and the rare comparison of lists.
        #expect((54...80).contains(requests), "\(requests) requests in 60 member-seconds")
        #expect(nodes[0].host.statistics.refused.isEmpty)
    }

    @Test("A frame whose sender is not the node in the certificate is refused and changes nothing")
    func wrongName() throws {
        let nodes = nodes(2)
        let other = node(2, seeds: [0])
        other.host.start()
        run(seconds: 1)
        let join = try #require(network.sent.last { $0.from == "n2" })
        // n2 is known now: what it says is held against the certificate by what is known of it, too.
        let frame = try #require(try FrameCodec.decode(join.request.body)).frame
        let ping = Frame(
            cluster: frame.cluster, sender: frame.sender, destination: GossipNode.id(0), message: .ping(sequence: 9))
        for body in [join.request.body, FrameCodec.encode(ping)] {
            let members = nodes[0].host.view
            let answer = try nodes[0].host.received(body, from: "n1").wait()
            #expect(answer.isEmpty && nodes[0].host.view == members)
        }
        #expect(nodes[0].host.statistics.refused == ["wrong_name": 2])
        #expect(try !nodes[0].host.received(FrameCodec.encode(ping), from: "n2").wait().isEmpty)
        #expect(try !nodes[0].host.received(FrameCodec.encode(ping), from: nil).wait().isEmpty)
    }

    @Test("Bytes that are no frame, and frames of another cluster, are refused and counted")
    func refusals() throws {
        let nodes = nodes(2)
        let foreign = Frame(
            cluster: ClusterID(high: 9, low: 9),
            sender: Frame.Sender(id: GossipNode.id(1), generation: 1, address: GossipNode.address(1)),
            destination: GossipNode.id(0), message: .ping(sequence: 1))
        for body in [[], [1], Array(repeating: UInt8(0xFF), count: 1_000), FrameCodec.encode(foreign)] as [[UInt8]] {
            #expect(try nodes[0].host.received(body, from: "n1").wait().isEmpty)
        }
        #expect(nodes[0].host.statistics.refused == ["malformed": 2, "foreign_cluster": 1])
    }

    @Test("A node that was taken for dead comes back only with a generation that is on disk")
    func generationIsPersistedFirst() {
        let asked = Mutex<[UInt64]>([])
        let refusals = Mutex(1)
        let written = loop.makePromise(of: UInt64.self)
        let future = written.futureResult
        let nodes = (0..<3).map { number in
            node(number) { [loop] next in
                asked.withLock { $0.append(next) }
                let refuses = refusals.withLock { count in
                    defer { count -= 1 }
                    return count > 0
                }
                return refuses ? loop.makeFailedFuture(NodeStartError(.unavailable, "disk")) : future
            }
        }
        for node in nodes { node.start() }
        run(seconds: 5)
        nodes[0].host.memberRemoved(GossipNode.id(2), generation: 1)
        run(seconds: 2)
        #expect(nodes[2].host.statistics.deathsOfThisNode == 1 && asked.withLock { $0 } == [2])
        run(seconds: 5)
        // The disk has refused once, and takes its time now.
        #expect(asked.withLock { $0 } == [2, 2])
        #expect(nodes[0].host.view.status(2) == .dead)
        written.succeed(5)
        run(seconds: 5)
        #expect(nodes[0].host.view.counts == [.alive: 3])
        #expect(nodes[0].host.view.members.last?.generation == 5)
    }

    @Test("A goodbye is no death, and its end is told")
    func leaving() {
        let nodes = nodes(3)
        let hasLeft = Mutex(false)
        nodes[2].host.leave().whenSuccess { hasLeft.withLock { $0 = true } }
        #expect(!hasLeft.withLock { $0 })
        run(seconds: 4)
        #expect(hasLeft.withLock { $0 })
        nodes[2].kill()
        run(seconds: 10)
        for node in nodes[..<2] { #expect(node.host.view.counts == [.alive: 2, .left: 1]) }
        let again = Mutex(false)
        nodes[2].host.leave().whenSuccess { again.withLock { $0 = true } }
        #expect(again.withLock { $0 })
    }

    @Test("A copy of a data directory is told to stop; the first one stays")
    func copiedDirectory() {
        let nodes = nodes(2)
        let copy = node(1, id: GossipNode.id(1), address: GossipNode.address(8), seeds: [0])
        copy.start()
        run(seconds: 10)
        #expect(copy.failureWords.count == 1, "\(copy.failureWords)")
        #expect(nodes[1].failureWords.isEmpty)
        #expect(nodes[0].host.view.counts == [.alive: 2])
    }

    @Test("Nothing is sent after the end")
    func silence() {
        let nodes = nodes(2)
        nodes[0].kill()
        nodes[1].kill()
        let before = network.sent.count
        run(seconds: 60)
        #expect(network.sent.count == before)
    }
}
