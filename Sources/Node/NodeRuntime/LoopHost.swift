import Consensus
import LogStorage
import Logging
import Model
package import NIOCore
import NIOPosix
import PostgresClient
package import Shard
import WriteAheadLog

/// What one event loop owns of a node: some of the replicas, their timer, their way into the log and to other nodes, and
/// its copy of the catalogue. Everything here is touched on that loop alone.
package final class LoopHost: @unchecked Sendable {
    package let eventLoop: any EventLoop
    let now: @Sendable () -> Timestamp
    let logger: Logger
    let pressure: CheckpointPressure
    /// Who is told of what changed, where results go to PostgreSQL.
    let sink: Sink?
    private(set) var shards: [Int: ShardHost] = [:]
    private(set) var system: SystemHost?
    /// Judges under the newest catalogue that this loop has heard of.
    private(set) var judge: CatalogJudge
    /// The cluster that took this one's place; nil while this one is in charge.
    private(set) var successor: UUID128?
    /// Checks what other nodes call JSON.
    let jsonCheck = JSONCheck()
    private(set) var transport: any ReplicaTransport = NoTransport()
    private var gatheringOutbox: PeerOutbox?
    private var here: ReplicaID?
    private var log: LoopLog?
    private let onFatal: @Sendable (NodeFailure) -> Void

    private var drivers: [GroupID: ReplicaDriver] = [:]
    /// What has proposals or reads of this tick.
    private var staged: [ReplicaDriver] = []
    /// Who waits for the log to have forgotten a group.
    private var forgetting: [GroupID: () -> Void] = [:]
    private var tickIsScheduled = false
    private var alarm: (at: Instant, task: Scheduled<Void>)?

    /// What the loops need to know of the sink.
    struct Sink: Sendable {
        let settings: PostgresSettings
        let board: SinkBoard
        let limits: SinkFeedLimits
    }

    private struct LoopLog {
        let storage: LogStorage
        let producer: LogProducer
    }

    init(
        eventLoop: any EventLoop, catalog: Catalog, pressure: CheckpointPressure, sink: Sink? = nil, logger: Logger,
        now: @escaping @Sendable () -> Timestamp, onFatal: @escaping @Sendable (NodeFailure) -> Void
    ) {
        self.eventLoop = eventLoop
        self.now = now
        self.logger = logger
        self.pressure = pressure
        self.sink = sink
        self.onFatal = onFatal
        judge = CatalogJudge(catalog)
    }

    /// The catalogue in force on this loop.
    package var catalog: Catalog { judge.catalog }

    /// The monotonic time of consensus.
    var instant: Instant { Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    /// Which of `count` loops owns a group: shards are dealt out in turn, the system shard is on the first.
    static func position(of group: GroupID, among count: Int) -> Int {
        group == GroupID(SystemShard.group) ? 0 : (Int(group) - 1) % count
    }

    // MARK: Start and stop

    func connect(to storage: LogStorage, as here: ReplicaID, over transport: any ReplicaTransport) {
        let producer = storage.producer(on: eventLoop) { [self] notices in
            for notice in notices { durable(notice) }
        }
        log = LoopLog(storage: storage, producer: producer)
        self.transport = transport
        self.here = here
        gatheringOutbox = PeerOutbox(
            from: here, over: transport, scheduleFlush: { [unowned self] in scheduleTickEnd(at: $0) },
            deliver: { [unowned self] peer, frames in received(frames, inAnswerFrom: peer) })
    }

    /// From now on no command is taken.
    func superseded(by successor: UUID128) { self.successor = successor }

    func adopt(_ shard: ShardHost) {
        shards[shard.number] = shard
        drivers[shard.group] = shard.driver
        shard.driver.start()
    }

    func adopt(_ system: SystemHost) {
        self.system = system
        drivers[system.group] = system.driver
        system.driver.start()
    }

    /// A copy has no replica that takes part in anything.
    func adopt(copy: ShardHost) { shards[copy.number] = copy }
    func adopt(copy: SystemHost) { system = copy }

    /// That replica's log holds a committed entry which its machine cannot apply. Nothing else can be made of it: skipping the
    /// entry would part it from the others. The other replicas of the node go on.
    func standStill(_ driver: ReplicaDriver, at index: UInt64, _ reason: String) {
        drivers[driver.group] = nil
        driver.standStill()
        logger.critical(
            "a replica stands still: it cannot apply a committed entry; a newer version may be needed",
            metadata: ["raft.group": "\(driver.group)", "raft.index": "\(index)", "reason": "\(reason)"])
    }

    /// Group 0 cannot apply a committed entry: without it a node is none.
    func systemFailed(at index: UInt64, _ reason: String) {
        onFatal(NodeFailure(.damaged, "entry \(index) of the system shard is committed and cannot be applied: \(reason)"))
    }

    /// The replica of that shard is no more on this node.
    func abandon(_ shard: Int) {
        guard let host = shards.removeValue(forKey: shard) else { return }
        drivers[host.group] = nil
        // Others have the shard: whoever asks here is to ask there.
        host.stop(.notLeader(nil))
        host.logClosed()
    }

    /// Lets the log forget a group that was abandoned, all but what it has promised; then calls back.
    func forget(_ group: GroupID, _ completion: @escaping () -> Void) {
        guard let log else { return }
        forgetting[group] = completion
        log.producer.remove(group: group, ticket: .max)
        scheduleTickEnd()
    }

    private func durable(_ notice: DurableNotice) {
        if notice.ticket == .max {
            forgetting.removeValue(forKey: notice.group)?()
        } else {
            drivers[notice.group]?.persisted(upTo: notice.ticket)
        }
    }

    /// The log is closed, and all its notices have come. Lets go of what knows this loop, so that nothing outlives its node.
    func logClosed() {
        eventLoop.preconditionInEventLoop()
        alarm?.task.cancel()
        alarm = nil
        for shard in shards.values { shard.logClosed() }
        system?.logClosed()
        for driver in drivers.values { driver.stop() }
        drivers = [:]
        staged = []
        shards = [:]
        system = nil
        log = nil
        gatheringOutbox = nil
        transport = NoTransport()
    }

    // MARK: Catalogue

    /// A new catalogue, from the system shard.
    func use(_ catalog: Catalog) {
        eventLoop.preconditionInEventLoop()
        // A copy's may be that of another cluster, whose versions are others.
        guard catalog.version > judge.version || hasCopies else { return }
        judge = CatalogJudge(catalog)
        for shard in shards.values { shard.catalogChanged() }
    }

    private var hasCopies: Bool { shards.values.contains(where: \.isCopy) }

    // MARK: For the replicas

    var isConnected: Bool { gatheringOutbox != nil }

    var outbox: PeerOutbox {
        guard let gatheringOutbox else { preconditionFailure("a replica speaks before its loop is connected") }
        return gatheringOutbox
    }

    func driver(of group: GroupID) -> ReplicaDriver? { drivers[group] }

    /// Entries were dropped from the front of the log.
    func trimmed(_ bases: [GroupID: LogPoint]) {
        eventLoop.runNowOrSoon { [self] in
            for (group, base) in bases { drivers[group]?.compacted(upTo: base.index) }
        }
    }

    /// Nil where the message was taken, or is for a group that has no replica here.
    func received(_ message: Message) -> MessageFault? {
        eventLoop.preconditionInEventLoop()
        return drivers[message.group]?.received(message)
    }

    /// Frames that rode back in the answer to a request. The answer came from that very node; what is not in its name, or not
    /// for a group of this loop, is dropped.
    private func received(_ frames: [UInt8], inAnswerFrom peer: ReplicaID) {
        do throws(CodecFault) {
            for message in try ConsensusFrame.messages(in: frames) where message.from == peer && message.to == here {
                _ = received(message)
            }
        } catch {
            logger.warning(
                "an answer of another node cannot be read", metadata: ["peer": "\(peer.text)", "reason": "\(error)"])
        }
    }

    /// Takes room in the log for an entry that `propose` proposes.
    func reserving(bytes: Int, _ propose: () throws(ProposalRefusal) -> LogPoint) throws -> LogPoint {
        guard let log else { throw LogAppendError.stopped }
        try log.producer.reserve(bytes: bytes)
        do throws(ProposalRefusal) {
            return try propose()
        } catch {
            log.producer.giveBack(bytes: bytes)
            throw error
        }
    }

    func write(_ write: LogWrite, of group: GroupID) {
        log?.producer.write(group: group, GroupWrite(write))
        scheduleTickEnd()
    }

    func readLog(_ group: GroupID, _ fetch: EntryFetch, _ completion: @escaping (FetchResult) -> Void) {
        guard let storage = log?.storage else { return completion(.compacted) }
        let read = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            try LogReader.read(storage, group, fetch)
        }
        let completion = NIOLoopBound(completion, eventLoop: eventLoop)
        read.whenComplete { [self] result in
            switch result {
            case .success(let entries): completion.value(entries)
            case .failure(let error): onFatal(NodeFailure(.startAgain, "the log cannot be read back: \(error)"))
            }
        }
    }

    func stage(_ driver: ReplicaDriver) {
        staged.append(driver)
        scheduleTickEnd()
    }

    /// A replica wants to be called at `deadline`.
    func deadlineMoved(to deadline: Instant?) {
        guard let deadline, deadline < alarm?.at ?? Instant(nanoseconds: .max) else { return }
        setAlarm(deadline)
    }

    func configurationChanged(_ configuration: IndexedConfiguration, of group: GroupID) {
        logger.debug(
            "members of a group", metadata: ["raft.group": "\(group)", "raft.members": "\(configuration.configuration)"])
    }

    func halted(_ group: GroupID, _ violation: SafetyViolation) {
        onFatal(
            NodeFailure(
                .damaged, "group \(group) is not safe any more: \(violation); this data directory must not be used again"))
    }

    /// Asks for another leader of each group that is led here and has other voters; how many there are.
    func handOver() -> Int {
        var led = 0
        for driver in drivers.values where driver.isLeader && !driver.isAlone {
            led += 1
            try? driver.transfer(to: nil)
        }
        return led
    }

    /// Makes a group's log start again behind `point`; before the group has a replica.
    func restartLog(_ group: GroupID, at point: LogPoint, _ hardState: LogHardState) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.runNowOrSoon { [self] in
            forgetting[group] = { promise.succeed(()) }
            log?.producer.write(group: group, GroupWrite(hardState: hardState, restart: point, ticket: .max))
            scheduleTickEnd()
        }
        return promise.futureResult
    }

    // MARK: Ticks and time

    /// - Parameter time: nil: when this tick is over.
    private func scheduleTickEnd(at time: NIODeadline? = nil) {
        if let time {
            _ = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in self?.scheduleTickEnd() }
            return
        }
        guard !tickIsScheduled else { return }
        tickIsScheduled = true
        eventLoop.execute { self.tickEnds() }
    }

    /// Everything that was proposed, written and said in this tick goes out at once.
    private func tickEnds() {
        tickIsScheduled = false
        let drivers = staged
        staged.removeAll(keepingCapacity: true)
        for driver in drivers { driver.tickEnds() }
        log?.producer.flush()
        gatheringOutbox?.flush()
    }

    private func setAlarm(_ deadline: Instant) {
        alarm?.task.cancel()
        let task = eventLoop.scheduleTask(deadline: NIODeadline.uptimeNanoseconds(deadline.nanoseconds)) {
            self.alarmRings()
        }
        alarm = (deadline, task)
    }

    /// Most replicas have been postponed since; those that are due get the same instant, so that their heartbeats share a
    /// message.
    private func alarmRings() {
        alarm = nil
        let now = instant
        for driver in drivers.values where driver.nextDeadline.map({ $0 <= now }) == true {
            driver.deadlinePassed(at: now)
        }
        if let next = drivers.values.lazy.compactMap(\.nextDeadline).min() { setAlarm(next) }
    }
}

/// Entries that left a replica's memory, read back from the log.
private enum LogReader {
    static func read(_ storage: LogStorage, _ group: GroupID, _ fetch: EntryFetch) throws -> FetchResult {
        switch try storage.entries(of: group, from: fetch.from, through: fetch.through, bytesMax: fetch.bytesMax) {
        case .compacted: .compacted
        case .entries(let entries): .entries(try entries.map { try Entry($0) })
        }
    }
}
