import Founding
import Logging
import Membership
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import NodeRuntime

@Suite("The host of founding, in virtual time")
struct FoundingHostTests {
    let loop = EmbeddedEventLoop()
    let network = MemoryNetwork()

    /// A disk that writes when it is told to.
    final class Disk: FoundingStore {
        struct Content {
            var pledge = FoundingPledge()
            var record: ClusterFounding?
            var isSlow = false
            var isBroken = false
            var waiting: [@Sendable () -> Void] = []
        }
        let content = Mutex(Content())

        func persist(_ pledge: FoundingPledge, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
            write(on: eventLoop) { $0.pledge = pledge }
        }

        func commit(_ record: ClusterFounding, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
            write(on: eventLoop) { $0.record = record }
        }

        private func write(
            on eventLoop: any EventLoop, _ change: @escaping @Sendable (inout Content) -> Void
        ) -> EventLoopFuture<Void> {
            let promise = eventLoop.makePromise(of: Void.self)
            let finish: @Sendable () -> Void = { [self] in
                content.withLock { change(&$0) }
                promise.succeed()
            }
            let (isBroken, isSlow) = content.withLock { content in
                if content.isSlow { content.waiting.append(finish) }
                return (content.isBroken, content.isSlow)
            }
            if isBroken {
                promise.fail(NodeStartError(.unavailable, "disk"))
            } else if !isSlow {
                finish()
            }
            return promise.futureResult
        }

        func finishOne() {
            let finish = content.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
            finish?()
        }

        var record: ClusterFounding? { content.withLock { $0.record } }
        var pledge: FoundingPledge { content.withLock { $0.pledge } }
    }

    struct Node {
        let host: FoundingHost
        let disk: Disk
        let outcome = Outcome()

        final class Outcome: Sendable {
            let result = Mutex<Result<FoundingOutcome, any Error>?>(nil)
            var value: FoundingOutcome? { result.withLock { try? $0?.get() } }
            var isFailure: Bool { result.withLock { if case .failure = $0 { true } else { false } } }
        }
    }

    func start(_ number: Int, founders: Int? = 3, joins: [Int] = [0, 1, 2], disk: Disk = Disk()) -> Node {
        var logger = Logger(label: "founding")
        logger.logLevel = .critical
        let info = FoundingFilesTests.info(number)
        let core = Founding(
            me: info, terms: founders.map { FoundingTerms(founders: $0, shards: 64, replicationFactor: 3) },
            joins: joins.map { FoundingFilesTests.info($0).peer }, pledge: disk.pledge, record: disk.record,
            seed: UInt64(number))
        let host = FoundingHost(
            core, on: loop, transport: network.transport(of: info.name, on: loop), store: disk, logger: logger)
        network.listen(
            at: info.peer,
            MemoryNetwork.Listener(name: info.name) { request, from in host.received(request.body, from: from) })
        let node = Node(host: host, disk: disk)
        host.start().whenComplete { [outcome = node.outcome] result in outcome.result.withLock { $0 = result } }
        return node
    }

    func run(seconds: Int) {
        for _ in 0..<seconds * 100 { loop.advanceTime(by: .milliseconds(10)) }
    }

    @Test("Three nodes found one cluster, and a fourth joins once it is up")
    func founding() throws {
        let nodes = (0..<3).map { start($0) }
        run(seconds: 3)
        let founding = try #require(nodes[0].disk.record)
        for node in nodes { #expect(node.outcome.value == .founded(founding) && node.disk.record == founding) }
        let late = start(3, founders: nil, joins: [1])
        run(seconds: 10)
        #expect(late.outcome.value == nil && late.disk.record == nil)
        #expect(late.host.statistics.notices == ["sleeping_cluster": 1])
        nodes[1].host.clusterChanged(isUp: true, peers: founding.founders.map(\.peer))
        run(seconds: 2)
        guard case .joined(founding, let peers) = late.outcome.value else {
            Issue.record("\(String(describing: late.outcome.value))")
            return
        }
        #expect(Set(peers) == Set(founding.founders.map(\.peer)) && late.disk.record == founding)
    }

    @Test("A restarted node goes on with what its disk holds")
    func restart() throws {
        let disks = (0..<3).map { _ in Disk() }
        let nodes = (0..<3).map { start($0, disk: disks[$0]) }
        run(seconds: 3)
        let founding = try #require(disks[1].record)
        nodes[1].host.stop()
        let again = start(1, disk: disks[1])
        loop.run()
        #expect(again.outcome.value == .resumed(founding))
    }

    @Test("Nobody hears of a promise, or of a cluster, that is not on disk")
    func writesComeFirst() throws {
        let slow = Disk()
        slow.content.withLock { $0.isSlow = true }
        let nodes = [start(0, disk: slow), start(1), start(2)]
        run(seconds: 10)
        // Its proposal waits for the disk, and so does everything that others ask.
        for node in nodes { #expect(node.disk.pledge == FoundingPledge() && node.disk.record == nil) }
        slow.finishOne()
        run(seconds: 3)
        #expect(slow.pledge.promise != nil && slow.record == nil && nodes[0].outcome.value == nil)
        // The others have all promises, so the cluster is theirs already.
        #expect(nodes[1].disk.record == slow.pledge.promise?.founding)
        slow.finishOne()
        run(seconds: 3)
        #expect(slow.record == nodes[1].disk.record && nodes[0].outcome.value == slow.record.map(FoundingOutcome.founded))
    }

    @Test("A disk that refuses ends the founding; nothing was said")
    func brokenDisk() {
        let broken = Disk()
        broken.content.withLock { $0.isBroken = true }
        let nodes = [start(0, disk: broken), start(1), start(2)]
        run(seconds: 10)
        #expect(nodes[0].outcome.isFailure)
        #expect(nodes[1].outcome.value == nil && nodes[1].disk.pledge == FoundingPledge())
        // Its voice is gone, so it does not count; with its disk repaired it founds with the others.
        broken.content.withLock { $0.isBroken = false }
        let again = start(0, disk: broken)
        run(seconds: 5)
        #expect(again.outcome.value != nil && nodes[1].outcome.value == again.outcome.value)
    }

    @Test("A node with data of another cluster is refused with words, and keeps its data")
    func foreignDirectory() {
        let old = Disk()
        old.content.withLock { $0.record = FoundingFilesTests.founding }
        let disks = [Disk(), Disk()]
        let nodes = (0..<2).map { start($0, founders: 2, joins: [0, 1], disk: disks[$0]) }
        run(seconds: 5)
        #expect(nodes.allSatisfy { $0.outcome.value != nil })
        let foreign = start(2, disk: old)
        run(seconds: 5)
        #expect(foreign.outcome.value == .resumed(FoundingFilesTests.founding))
        #expect(foreign.host.statistics.notices["foreign_cluster"] ?? 0 >= 1)
        #expect(nodes[0].host.statistics.notices["foreign_cluster"] ?? 0 >= 1)
        #expect(old.record == FoundingFilesTests.founding)
    }

    @Test("What is no message, or another's, has no answer")
    func refused() throws {
        let node = start(0)
        loop.run()
        #expect(try node.host.received([1, 2, 3], from: "n1").wait() == nil)
        #expect(try node.host.received(Array(repeating: 1, count: 1 << 20), from: "n1").wait() == nil)
        #expect(node.host.statistics.refused == ["malformed": 2])
        node.host.stop()
        #expect(try node.host.received([], from: "n1").wait() == nil)
        #expect(node.outcome.isFailure)
    }
}
