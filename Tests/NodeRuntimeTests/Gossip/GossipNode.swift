import Logging
import Membership
import NIOCore
import Synchronization

@testable import NodeRuntime

/// A node that does nothing but gossip, in a memory network.
final class GossipNode: Sendable {
    static let cluster = ClusterID(high: 1, low: 2)

    let host: GossipHost
    let name: String
    let address: PeerAddress
    let network: MemoryNetwork
    /// Every view that was told.
    let views: AsyncStream<MembershipView>

    private final class Failures: Sendable {
        let list = Mutex<[String]>([])
    }

    private let failed: Failures

    /// Why the node is to stop.
    var failureWords: [String] { failed.list.withLock { $0 } }

    init(
        _ number: Int, id: MemberID? = nil, generation: UInt64 = 1, address: PeerAddress? = nil, seeds: [Int] = [0, 1, 2],
        parameters: MembershipParameters, network: MemoryNetwork, on eventLoop: any EventLoop,
        raiseGeneration: (@Sendable (UInt64) -> EventLoopFuture<UInt64>)? = nil
    ) {
        let name = "n\(number)"
        let address = address ?? Self.address(number)
        let failed = Failures()
        let (views, continuation) = AsyncStream.makeStream(of: MembershipView.self)
        var logger = Logger(label: "gossip")
        logger.logLevel = .critical
        host = GossipHost(
            GossipSettings(
                id: id ?? Self.id(number), generation: generation, cluster: Self.cluster,
                description: MemberDescription(
                    name: name, peer: address, client: address, region: "r", zone: "z", role: .node,
                    startedAtMilliseconds: 0),
                seeds: seeds.map(Self.address), parameters: parameters, seed: UInt64(number)),
            on: eventLoop, transport: network.transport(of: name, on: eventLoop),
            observer: GossipObserver(
                viewChanged: { continuation.yield($0) }, failed: { words in failed.list.withLock { $0.append(words) } }),
            logger: logger,
            raiseGeneration: raiseGeneration ?? { eventLoop.makeSucceededFuture($0) })
        self.name = name
        self.address = address
        self.network = network
        self.views = views
        self.failed = failed
    }

    static func id(_ number: Int) -> MemberID { MemberID(high: UInt64(number) + 10, low: 7) }
    static func address(_ number: Int) -> PeerAddress { PeerAddress(host: "memory", port: UInt16(7_000 + number)) }

    func start() {
        let host = host
        network.listen(
            at: address,
            MemoryNetwork.Listener(name: name) { request, from in host.received(request.body, from: from).map { $0 } })
        host.start()
    }

    /// As by `kill -9`.
    func kill() {
        network.close(address)
        host.stop()
    }

    /// Waits until a view is as wanted.
    func view(where isWanted: (MembershipView) -> Bool) async -> MembershipView? {
        for await view in views where isWanted(view) { return view }
        return nil
    }
}

extension MembershipView {
    func status(_ number: Int) -> MemberStatus? { members.first { $0.id == GossipNode.id(number) }?.status }
}
