import DequeModule
package import Founding
package import Logging
package import Membership
package import NIOCore
import NIOPosix
import Synchronization

/// Where a node writes what it must not forget while it founds; off the event loop.
package protocol FoundingStore: Sendable {
    /// Succeeds once it is on disk.
    func persist(_ pledge: FoundingPledge, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
    func commit(_ record: ClusterFounding, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
}

/// The files of a data directory.
package struct DirectoryFoundingStore: FoundingStore {
    private let directory: String

    package init(directory: String) { self.directory = directory }

    package func persist(_ pledge: FoundingPledge, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try FoundingFiles.write(pledge, in: directory) }
    }

    package func commit(_ record: ClusterFounding, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try FoundingFiles.write(record, in: directory) }
    }
}

/// How a node came to its cluster.
package enum FoundingOutcome: Equatable, Sendable {
    /// This node is one of the founders: it votes.
    case founded(ClusterFounding)
    /// There is a cluster; members of it are at `peers`.
    case joined(ClusterFounding, peers: [PeerAddress])
    /// The data directory was of this cluster already.
    case resumed(ClusterFounding)
}

/// For metrics.
package struct FoundingStatistics: Equatable, Sendable {
    /// Messages that were not believed, by `FoundingRefusal.label`.
    package var refused: [String: Int] = [:]
    /// What people were told, by `FoundingNotice.label`.
    package var notices: [String: Int] = [:]
}

/// Drives `Founding` on one event loop. Goes on for as long as the node does: others may still have to hear of the cluster.
package final class FoundingHost: @unchecked Sendable {
    package let eventLoop: any EventLoop
    private let transport: any GossipTransport
    private let store: any FoundingStore
    private let logger: Logger
    private let outcome: EventLoopPromise<FoundingOutcome>
    private let counters = Mutex(FoundingStatistics())

    // On the event loop.
    private var core: Founding
    private var timer: Scheduled<Void>?
    private var events: Deque<Event> = []
    private var isWriting = false
    private var isStopped = false
    private var refusalsLogged: [String: NIODeadline] = [:]

    /// Most events that wait for the disk; over it messages are dropped, and asked again.
    private static let eventsMax = 1_024
    /// Between two log lines with the same reason.
    private static let refusalLogTime = TimeAmount.seconds(10)
    /// Longest time for an answer, in milliseconds.
    private static let answerMillisecondsMax: Int64 = 2_000

    private enum Event {
        case started
        case timePassed
        case received([UInt8], certificate: String?, answer: EventLoopPromise<[UInt8]?>)
        case answered([UInt8], from: PeerAddress, certificate: String?)
        case clusterChanged(isUp: Bool, peers: [PeerAddress])
    }

    /// - Parameter core: made with what the data directory holds (`FoundingFiles`).
    package init(
        _ core: Founding, on eventLoop: any EventLoop, transport: any GossipTransport, store: any FoundingStore,
        logger: Logger
    ) {
        self.core = core
        self.eventLoop = eventLoop
        self.transport = transport
        self.store = store
        self.logger = logger
        outcome = eventLoop.makePromise()
    }

    // MARK: From any thread

    /// The node listens. Succeeds once the node is of a cluster, which may take for ever; fails if a file cannot be
    /// written, or when it is stopped before.
    package func start() -> EventLoopFuture<FoundingOutcome> {
        onLoop { host in
            if let record = host.core.record { host.outcome.succeed(.resumed(record)) }
            host.take(.started)
        }
        return outcome.futureResult
    }

    /// A request on `/founding`: the answer's body, or nil where it is to be refused.
    ///
    /// - Parameter peer: the name in the certificate of the node that asks; nil in clear text.
    package func received(_ body: [UInt8], from peer: String?) -> EventLoopFuture<[UInt8]?> {
        let answer = eventLoop.makePromise(of: [UInt8]?.self)
        onLoop { $0.take(.received(body, certificate: peer, answer: answer)) }
        return answer.futureResult
    }

    /// How the node's cluster fares, once it is of one: nodes join only through members that know it to be up.
    ///
    /// - Parameters:
    ///   - isUp: most of its members are there.
    ///   - peers: where some of them are.
    package func clusterChanged(isUp: Bool, peers: [PeerAddress]) {
        onLoop { $0.take(.clusterChanged(isUp: isUp, peers: peers)) }
    }

    /// No answer and no request any more.
    package func stop() { onLoop { $0.end(NodeStartError(.unavailable, "stopped before there was a cluster")) } }

    package var statistics: FoundingStatistics { counters.withLock { $0 } }

    private func onLoop(_ body: @escaping @Sendable (FoundingHost) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }

    // MARK: Events, one after the other

    private func take(_ event: Event) {
        eventLoop.preconditionInEventLoop()
        if isStopped || events.count >= Self.eventsMax {
            if case .received(_, _, let answer) = event { answer.succeed(nil) }
            return
        }
        events.append(event)
        goOn()
    }

    private func goOn() {
        while !isWriting, !isStopped, !events.isEmpty { handle(events.removeFirst()) }
        setTimer()
    }

    private func handle(_ event: Event) {
        let now = eventLoop.now.uptimeNanoseconds / 1_000_000
        switch event {
        case .started: run(core.started(at: now)[...])
        case .timePassed: run(core.timePassed(at: now)[...])
        case .received(let bytes, let certificate, let answer):
            run(core.received(bytes, certificate: certificate, at: now)[...], answer: answer)
        case .answered(let bytes, let address, let certificate):
            run(core.answered(bytes, from: address, certificate: certificate, at: now)[...])
        case .clusterChanged(let isUp, let peers):
            if core.record != nil { core.clusterChanged(isUp: isUp, peers: peers) }
        }
    }

    /// Carries out effects in order; what comes behind a write waits for it, and so do other events.
    private func run(_ effects: ArraySlice<FoundingEffect>, answer: EventLoopPromise<[UInt8]?>? = nil) {
        var rest = effects
        while let effect = rest.popFirst() {
            switch effect {
            case .send(let bytes, let address): send(bytes, to: address)
            case .answer(let bytes): answer?.succeed(bytes)
            case .persist(let pledge):
                return write(store.persist(pledge, on: eventLoop), FoundingFiles.pledgeName, then: rest, answer)
            case .commit(let record):
                return write(store.commit(record, on: eventLoop), FoundingFiles.recordName, then: rest, answer)
            case .founded(let founding):
                logger.notice("founded the cluster", metadata: Self.metadata(founding))
                outcome.succeed(.founded(founding))
            case .joined(let founding, let peers):
                logger.notice("found a cluster to join", metadata: Self.metadata(founding))
                outcome.succeed(.joined(founding, peers: peers))
            case .notice(let notice): tell(notice)
            case .refused(let refusal):
                noted(refusal)
            }
        }
        // Nothing for a message that was refused; whoever was answered hears nothing more.
        answer?.succeed(nil)
    }

    private func write(
        _ written: EventLoopFuture<Void>, _ file: String, then rest: ArraySlice<FoundingEffect>,
        _ answer: EventLoopPromise<[UInt8]?>?
    ) {
        isWriting = true
        written.whenComplete { [self] result in
            isWriting = false
            switch result {
            case .success:
                if isStopped {
                    answer?.succeed(nil)
                } else {
                    run(rest, answer: answer)
                    goOn()
                }
            case .failure(let error):
                answer?.succeed(nil)
                logger.critical("cannot write what was promised", metadata: ["file": "\(file)", "error": "\(error)"])
                end(NodeStartError(.unavailable, "cannot write \(file): \(error)"))
            }
        }
    }

    private func send(_ bytes: [UInt8], to address: PeerAddress) {
        let request = GossipRequest(
            path: .founding, address: address, expecting: nil, connection: .pooled, body: bytes,
            timeoutMilliseconds: Self.answerMillisecondsMax)
        transport.post(request) { [weak self] answer in
            guard let answer else { return }
            self?.take(.answered(answer.body, from: address, certificate: answer.peer))
        }
    }

    /// Counts it; logs each kind once in a while: whoever sends nonsense sends much of it.
    private func noted(_ refusal: FoundingRefusal) {
        counters.withLock { $0.refused[refusal.label, default: 0] += 1 }
        let now = NIODeadline.now()
        guard refusalsLogged[refusal.label].map({ now - $0 >= Self.refusalLogTime }) ?? true else { return }
        refusalsLogged[refusal.label] = now
        logger.warning("refused a founding message", metadata: ["founding.reason": "\(refusal)"])
    }

    private func tell(_ notice: FoundingNotice) {
        counters.withLock { $0.notices[notice.label, default: 0] += 1 }
        switch notice {
        case .waitingForNodes, .waitingForCluster, .waitingForPromises, .sleepingCluster:
            logger.notice("waiting for a cluster", metadata: ["founding.reason": "\(notice)"])
        case .otherTerms, .sharedName, .sharedIdentity, .twoClusters, .foreignCluster:
            logger.error("nodes do not belong together", metadata: ["founding.reason": "\(notice)"])
        }
    }

    private static func metadata(_ founding: ClusterFounding) -> Logger.Metadata {
        [
            "cluster.id": "\(founding.cluster.text)",
            "cluster.founders": "\(founding.founders.map(\.name).joined(separator: ","))",
        ]
    }

    // MARK: Time

    private func setTimer() {
        timer?.cancel()
        timer = nil
        guard !isStopped, !isWriting, let deadline = core.nextDeadline else { return }
        timer = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(deadline * 1_000_000)) { [weak self] in
            self?.take(.timePassed)
        }
    }

    private func end(_ error: NodeStartError) {
        isStopped = true
        timer?.cancel()
        timer = nil
        for case .received(_, _, let answer) in events { answer.succeed(nil) }
        events = []
        outcome.fail(error)
    }
}
