import Membership
import NIOCore
import NIOPosix
import Testing

@testable import NodeRuntime

@Suite("Gossip on real event loops")
struct GossipLoopTests {
    /// Twenty times as fast as in life.
    static let parameters: MembershipParameters = {
        var parameters = MembershipParameters()
        parameters.probeIntervalMilliseconds = 50
        parameters.probeTimeoutMilliseconds = 25
        parameters.gossipIntervalMilliseconds = 10
        parameters.joinRetryMillisecondsMin = 25
        parameters.joinRetryMillisecondsMax = 200
        return parameters
    }()

    @Test("Three nodes find each other, notice a death, and see the dead come back")
    func deathAndReturn() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let network = MemoryNetwork()
        var nodes = (0..<3).map { number in
            GossipNode(number, parameters: Self.parameters, network: network, on: group.next())
        }
        for node in nodes { node.start() }
        for node in nodes {
            let view = await node.view { $0.counts[.alive] == 3 && $0.isJoined }
            #expect(view?.members.map(\.name) == ["n0", "n1", "n2"])
        }

        nodes[2].kill()
        for node in nodes[..<2] {
            let view = await node.view { $0.status(2) == .dead && $0.counts[.alive] == 2 }
            #expect(view != nil)
        }

        nodes[2] = GossipNode(2, generation: 100, parameters: Self.parameters, network: network, on: group.next())
        nodes[2].start()
        for node in nodes {
            let view = await node.view { $0.counts[.alive] == 3 }
            #expect(view?.members.first { $0.name == "n2" }?.generation ?? 0 >= 100)
        }

        try await nodes[1].host.leave().get()
        nodes[1].kill()
        // A machine that stood still at the wrong time makes it a death.
        _ = await nodes[0].view { $0.status(1)?.isFinal == true }
        for node in nodes { node.kill() }
        try await group.shutdownGracefully()
    }
}
