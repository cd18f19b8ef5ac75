package import Logging
package import Membership
package import NIOCore
import NIOPosix
import Synchronization

/// What a node's gossip begins with.
package struct GossipSettings: Sendable {
    package var id: MemberID
    /// Raised on disk for this start (`GenerationFile`).
    package var generation: UInt64
    package var cluster: ClusterID
    /// What this node says of itself.
    package var description: MemberDescription
    /// Where members may be: `--join`, the founders, members known from before.
    package var seeds: [PeerAddress]
    package var parameters = MembershipParameters()
    /// Where all random choices come from.
    package var seed: UInt64

    package init(
        id: MemberID, generation: UInt64, cluster: ClusterID, description: MemberDescription, seeds: [PeerAddress],
        parameters: MembershipParameters = MembershipParameters(), seed: UInt64
    ) {
        self.id = id
        self.generation = generation
        self.cluster = cluster
        self.description = description
        self.seeds = seeds
        self.parameters = parameters
        self.seed = seed
    }
}

/// Whom a node's gossip tells. Called on its event loop.
package struct GossipObserver: Sendable {
    /// The members, whenever they changed; at most every `GossipHost.viewMilliseconds`.
    package var viewChanged: @Sendable (MembershipView) -> Void
    /// This node cannot be a member any more, in words for its operator: it is to stop.
    package var failed: @Sendable (String) -> Void

    package init(
        viewChanged: @escaping @Sendable (MembershipView) -> Void, failed: @escaping @Sendable (String) -> Void
    ) {
        self.viewChanged = viewChanged
        self.failed = failed
    }
}

/// Drives `Membership` on one event loop: one timer, and every effect carried out in order.
///
/// Answers to a frame's sender ride in the answer to its request, as far as they have room; everything else is a request of
/// its own.
package final class GossipHost: @unchecked Sendable {
    /// Least time between two views, in milliseconds.
    package static let viewMilliseconds: UInt64 = 50
    /// Most bytes of frames in one answer.
    package static let answerBytesMax = 256 << 10
    /// Longest time for an answer, in milliseconds: beyond the longest probe it is of no use.
    static let answerMillisecondsMax: Int64 = 5_000
    /// Between two attempts to write a generation, in milliseconds.
    static let retryMilliseconds: Int64 = 2_000
    /// Between two log lines with the same reason, in milliseconds.
    static let refusalLogMilliseconds: UInt64 = 10_000

    package let eventLoop: any EventLoop
    let transport: any GossipTransport
    let observer: GossipObserver
    let logger: Logger
    /// Raises the generation on disk to at least the argument; off the event loop.
    private let raiseGeneration: @Sendable (UInt64) -> EventLoopFuture<UInt64>
    private let counters = Mutex(GossipStatistics())
    private let latestView: Mutex<MembershipView>

    // On the event loop.
    var core: Membership
    private var timer: (at: UInt64, task: Scheduled<Void>)?
    private var viewTimer: Scheduled<Void>?
    private var viewedAt: UInt64 = 0
    private var leaving: EventLoopPromise<Void>?
    private var hasLeft = false
    private var isStopped = false
    var refusalsLogged: [String: UInt64] = [:]

    package init(
        _ settings: GossipSettings, on eventLoop: any EventLoop, transport: any GossipTransport, observer: GossipObserver,
        logger: Logger, raiseGeneration: @escaping @Sendable (UInt64) -> EventLoopFuture<UInt64>
    ) {
        self.eventLoop = eventLoop
        self.transport = transport
        self.observer = observer
        self.logger = logger
        self.raiseGeneration = raiseGeneration
        core = Membership(
            id: settings.id, generation: settings.generation, cluster: settings.cluster, description: settings.description,
            seeds: settings.seeds, parameters: settings.parameters, seed: settings.seed)
        latestView = Mutex(MembershipView(of: core))
    }

    /// With the generation in a data directory.
    package convenience init(
        _ settings: GossipSettings, in directory: String, on eventLoop: any EventLoop, transport: any GossipTransport,
        observer: GossipObserver, logger: Logger
    ) {
        self.init(settings, on: eventLoop, transport: transport, observer: observer, logger: logger) { least in
            NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
                try GenerationFile.raise(in: directory, toAtLeast: least)
            }
        }
    }

    // MARK: From any thread

    /// The node listens at its peer address.
    package func start() {
        onLoop { host in
            host.run(host.core.started(at: host.now))
            host.publish()
        }
    }

    /// A request on `/gossip`: the answer's body, which may be empty.
    ///
    /// - Parameter peer: the name in the certificate of the node that asks; nil in clear text.
    package func received(_ body: [UInt8], from peer: String?) -> EventLoopFuture<[UInt8]> {
        if eventLoop.inEventLoop { return eventLoop.makeSucceededFuture(take(body, from: peer, answers: true)) }
        return eventLoop.submit { self.take(body, from: peer, answers: true) }
    }

    /// Says goodbye. Succeeds when that has spread, or a few seconds later.
    package func leave() -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        onLoop { host in
            if host.hasLeft || host.isStopped { return promise.succeed() }
            if let leaving = host.leaving { return leaving.futureResult.cascade(to: promise) }
            host.leaving = promise
            host.run(host.core.leaveRequested(at: host.now))
        }
        return promise.futureResult
    }

    /// Falls silent at once; others notice a death. After `leave` has succeeded it is without consequence.
    package func stop() { onLoop { $0.end() } }

    /// The system shard has removed a member: its generation is over.
    package func memberRemoved(_ id: MemberID, generation: UInt64) {
        onLoop { $0.run($0.core.memberRemoved(id, generation: generation, at: $0.now)) }
    }

    /// The members as they were told last.
    package var view: MembershipView { latestView.withLock { $0 } }

    package var statistics: GossipStatistics { counters.withLock { $0 } }

    private func onLoop(_ body: @escaping @Sendable (GossipHost) -> Void) {
        if eventLoop.inEventLoop { body(self) } else { eventLoop.execute { body(self) } }
    }

    // MARK: On the event loop

    var now: UInt64 { eventLoop.now.uptimeNanoseconds / 1_000_000 }

    func count(_ change: (inout GossipStatistics) -> Void) { counters.withLock { change(&$0) } }

    /// Carries out effects in order, and sets the timer to what is awaited then.
    ///
    /// - Parameter answer: takes the frames to the member `asker`, whose request is being answered.
    func run(_ effects: [MembershipEffect], asker: MemberID? = nil, answer: inout [UInt8]) {
        eventLoop.preconditionInEventLoop()
        var isNews = false
        for effect in effects {
            switch effect {
            case .send(let frame, let address):
                let bytes = FrameCodec.encode(frame)
                count {
                    $0.framesSent += 1
                    $0.bytesSent += bytes.count
                }
                if frame.destination == asker, answer.count + bytes.count <= Self.answerBytesMax {
                    answer += bytes
                } else {
                    post(bytes, to: address, frame.destination, over: .pooled)
                }
            case .dial(let address, let frame):
                let bytes = FrameCodec.encode(frame)
                count {
                    $0.framesSent += 1
                    $0.bytesSent += bytes.count
                    $0.freshDials += 1
                }
                post(bytes, to: address, frame.destination, over: .fresh)
            case .memberChanged(let change):
                isNews = true
                noted(change)
            case .incarnationRaised(let incarnation):
                logger.info("answered a suspicion", metadata: ["membership.incarnation": "\(incarnation)"])
            case .joined(let members):
                isNews = true
                logger.notice("met the members", metadata: ["membership.alive": "\(members)"])
            case .left: left()
            case .declaredDead(let notice, let next): declaredDead(notice, next: next)
            case .conflict(let conflict): noted(conflict)
            case .refused(let refusal): noted(refusal)
            }
        }
        if isNews { publishSoon() }
        count { $0.noteNow(core) }
        setTimer()
    }

    func run(_ effects: [MembershipEffect]) {
        var answer: [UInt8] = []
        run(effects, answer: &answer)
    }

    private func post(
        _ bytes: [UInt8], to address: PeerAddress, _ destination: MemberID, over connection: GossipRequest.Connection
    ) {
        guard !isStopped else { return }
        let request = GossipRequest(
            path: .gossip, address: address, expecting: core.member(destination)?.description.name, connection: connection,
            body: bytes, timeoutMilliseconds: Self.answerMillisecondsMax)
        transport.post(request) { [weak self] answer in
            guard let self else { return }
            guard let answer else { return count { $0.unanswered += 1 } }
            _ = take(answer.body, from: answer.peer, answers: false)
        }
    }

    private func setTimer() {
        guard !isStopped, let deadline = core.nextDeadline else { return }
        // An earlier timer does no harm: it sets the next.
        if let timer, timer.at <= deadline { return }
        timer?.task.cancel()
        let task = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(deadline * 1_000_000)) { [weak self] in
            guard let self, !isStopped else { return }
            timer = nil
            run(core.timePassed(at: now))
        }
        timer = (deadline, task)
    }

    // MARK: The life of this node

    private func left() {
        hasLeft = true
        leaving?.succeed()
        leaving = nil
        publishSoon()
    }

    private func declaredDead(_ notice: DeathNotice, next: UInt64) {
        count { $0.deathsOfThisNode += 1 }
        logger.warning(
            "this node was taken for dead; it comes back with a higher generation",
            metadata: ["membership.reason": "\(notice)", "membership.next_generation": "\(next)"])
        guard next <= MembershipLimits.numberMax else {
            return fail("no generation is left to this node; start it with an empty data directory")
        }
        raise(to: next)
    }

    /// Writes the next generation; again, while the disk refuses.
    private func raise(to next: UInt64) {
        raiseGeneration(next).hop(to: eventLoop).whenComplete { [weak self] result in
            guard let self, !isStopped, core.isRetired else { return }
            switch result {
            case .success(let generation): run(core.generationRaised(to: generation, at: now))
            case .failure(let error):
                logger.error("cannot write the generation", metadata: ["error": "\(error)"])
                eventLoop.scheduleTask(in: .milliseconds(Self.retryMilliseconds)) { [weak self] in
                    guard let self, !isStopped, core.isRetired else { return }
                    raise(to: next)
                }
            }
        }
    }

    func fail(_ reason: String) {
        logger.critical("this node cannot be a member", metadata: ["membership.reason": "\(reason)"])
        observer.failed(reason)
    }

    private func end() {
        isStopped = true
        timer?.task.cancel()
        timer = nil
        viewTimer?.cancel()
        viewTimer = nil
        leaving?.succeed()
        leaving = nil
    }

    // MARK: The view

    private func publishSoon() {
        guard viewTimer == nil, !isStopped else { return }
        if now >= viewedAt + Self.viewMilliseconds { return publish() }
        viewTimer = eventLoop.scheduleTask(
            deadline: .uptimeNanoseconds((viewedAt + Self.viewMilliseconds) * 1_000_000)
        ) { [weak self] in
            self?.viewTimer = nil
            self?.publish()
        }
    }

    private func publish() {
        guard !isStopped else { return }
        viewedAt = now
        let view = MembershipView(of: core)
        latestView.withLock { $0 = view }
        observer.viewChanged(view)
    }
}

extension MembershipView {
    init(of core: Membership) {
        let members = core.members.map(ClusterMember.init).sorted { ($0.name, $0.id) < ($1.name, $1.id) }
        self.init(me: core.id, members: members, isJoined: core.isMember)
    }
}
