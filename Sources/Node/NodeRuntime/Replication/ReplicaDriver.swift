import Consensus
import DequeModule
import LogStorage
import Logging
import NIOCore
import NIOPosix
import WriteAheadLog

/// What cannot be true of a message of another replica.
enum MessageFault: String {
    case term = "a term that the group cannot have reached"
    case entry = "an entry that cannot be applied"
}

/// Drives one replica of a group on its event loop: hands its events in and carries its effects out, as
/// `Consensus.Effect` asks for it.
///
/// Proposals and reads of one tick of the loop travel together: the loop calls `tickEnds` once for all of them.
final class ReplicaDriver {
    let group: GroupID
    private var replica: RaftReplica
    private unowned let loop: LoopHost
    /// What the entries are applied to; set once, before `start`.
    weak var machine: (any ReplicatedMachine)?
    /// Who waits for a confirmed read, by the number under which the replica knows them.
    private var reads: [ReadID: [ReadCompletion]] = [:]
    private var lastRead: ReadID = 0
    /// Reads that came in this tick.
    private var newReads: [ReadCompletion] = []
    /// When reads of a follower are given up, in order: one that is far behind may be told at once what it must have applied,
    /// and have it only when a snapshot has come.
    private var expiries: Deque<(at: Instant, read: ReadID)> = []
    private static let readMilliseconds: UInt64 = 1_000
    /// Effects that wait for their turn: carrying one out may bring the next event.
    private var waiting: [Consensus.Effect] = []
    private var isCarryingOut = false
    private var isStaged = false
    /// A snapshot is being made this replica's state. Meanwhile it is deaf, and nothing of it is checkpointed.
    var isInstalling = false
    /// The machine could not apply a committed entry. What is behind it must not be applied, so this replica is as if it were
    /// gone until the node starts again.
    private(set) var isStill = false

    /// When this replica last had everything that its leader had.
    private var levelAt: Instant?
    private var wasLeader = false
    /// Since when no leader is known; nil while one is.
    private var leaderlessSince: Instant?

    typealias ReadCompletion = (Result<Void, NodeError>) -> Void

    init(_ replica: RaftReplica, on loop: LoopHost) {
        group = replica.group
        self.replica = replica
        self.loop = loop
        leaderlessSince = loop.instant
    }

    // MARK: Queries

    var status: ReplicaStatus { replica.status(at: loop.instant) }
    var term: UInt64 { replica.term }
    var isLeader: Bool { replica.isLeader && !isStill }
    var leader: ReplicaID? { replica.leader }
    var lastIndex: UInt64 { replica.lastPoint.index }
    var configuration: Configuration { replica.configuration }
    var nextDeadline: Instant? { replica.nextDeadline }

    /// How old what is applied here may be, in milliseconds: since all was applied that the leader, when it was heard, had
    /// committed. 0 on the leader itself.
    var stalenessMilliseconds: Int64 {
        guard !isLeader else { return 0 }
        return Int64(loop.instant.nanoseconds(since: levelAt ?? Instant(nanoseconds: 0)) / 1_000_000)
    }

    /// A leader that steps down was level a moment before.
    private func noteLevel() {
        if replica.isLevel { levelAt = replica.leaderHeardAt } else if wasLeader, !isLeader { levelAt = loop.instant }
        wasLeader = isLeader
    }

    /// How long no leader was heard or known, in nanoseconds; 0 on the leader itself. Says only whether it is worth while to
    /// wait for one.
    var silentNanoseconds: UInt64 {
        guard !isLeader else { return 0 }
        let now = loop.instant
        return now.nanoseconds(since: leaderlessSince ?? replica.leaderHeardAt ?? now)
    }

    /// No election explains for how long there was no leader. A replica that does not vote yet, or no more, knows too little to
    /// say so.
    var isLeaderless: Bool {
        configuration.isVoter(replica.id) && silentNanoseconds > Self.leaderlessNanoseconds
    }

    /// Twice what an election takes when the first attempt fails, and some time for a disk that is slow.
    static let leaderlessNanoseconds: UInt64 = 3_000_000_000

    /// Nobody else has a say: what this replica has applied is all there is.
    var isAlone: Bool { replica.isSoleVoter && replica.isLeader }

    func snapshotPoint(at index: UInt64) -> SnapshotPoint? { replica.snapshotPoint(at: index) }

    /// Whether the log has that very entry.
    func holds(_ point: LogPoint) -> Bool { replica.term(at: point.index) == point.term }

    /// The members, where no change of them is under way.
    var settledConfiguration: Configuration? {
        let status = status
        guard status.configurationCommitted, !status.configuration.configuration.isJoint else { return nil }
        return status.configuration.configuration
    }

    // MARK: Events

    func start() { carryOut(replica.started(at: loop.instant)) }

    /// Terms count elections: no group holds so many while one of its replicas looks away. A forged term that was followed
    /// would use up the numbers that elections need.
    private static let termLeapMax: UInt64 = 1 << 32

    /// Nil where the message was taken. Otherwise why not: it cannot be true, and changes nothing.
    func received(_ message: Message) -> MessageFault? {
        guard message.term <= term || message.term - term <= Self.termLeapMax else { return .term }
        guard !isInstalling else { return nil }
        // Once in the log, an entry might be committed, and then nobody could go on.
        if case .append(let append) = message.body, !append.entries.allSatisfy({ holds($0.point) || understands($0) }) {
            return .entry
        }
        carryOut(replica.received(message, at: loop.instant))
        return nil
    }

    private func understands(_ entry: Entry) -> Bool {
        entry.data.map { machine?.understands($0, at: entry.point) ?? false } ?? true
    }

    func deadlinePassed(at now: Instant) { carryOut(replica.deadlinePassed(at: now)) }

    func persisted(upTo ticket: WriteTicket) { carryOut(replica.persisted(upTo: ticket, at: loop.instant)) }

    func compacted(upTo index: UInt64) { carryOut(replica.compacted(upTo: index, at: loop.instant)) }

    func snapshotReported(peer: ReplicaID, delivered: LogPoint?) {
        carryOut(replica.snapshotReported(peer: peer, delivered: delivered, at: loop.instant))
    }

    func snapshotReceived(_ snapshot: SnapshotPoint) { carryOut(replica.snapshotReceived(snapshot, at: loop.instant)) }

    /// The entry's index and term. Its effects follow when the tick ends.
    func propose(_ bytes: [UInt8]) throws(ProposalRefusal) -> LogPoint {
        let point = try replica.propose(bytes, at: loop.instant)
        stage()
        return point
    }

    func propose(members target: ConfigurationTarget) throws(ProposalRefusal) {
        _ = try replica.propose(members: target, at: loop.instant)
        stage()
    }

    /// - Parameter target: nil: to the voter with the longest log.
    func transfer(to target: ReplicaID?) throws(ProposalRefusal) {
        carryOut(try replica.transferRequested(to: target, at: loop.instant))
    }

    /// Calls back once the applied state holds everything that was acknowledged before this call.
    func confirmRead(_ completion: @escaping ReadCompletion) {
        guard !isStill else { return completion(.failure(.notLeader(nil))) }
        if isAlone, replica.hasCommittedInTerm { return completion(.success(())) }
        newReads.append(completion)
        stage()
    }

    /// The tick of the loop ends: what was staged in it goes out.
    func tickEnds() {
        isStaged = false
        guard !isStill else { return }
        var effects = replica.flush(at: loop.instant)
        if !newReads.isEmpty {
            lastRead += 1
            reads[lastRead] = newReads
            newReads = []
            if !replica.isLeader {
                expiries.append((loop.instant.advanced(byMilliseconds: Self.readMilliseconds), lastRead))
            }
            effects += replica.readsRequested([lastRead], at: loop.instant)
        }
        carryOut(effects)
    }

    /// The node stops: nobody will be answered any more.
    func stop(_ reason: NodeError = .stopping) {
        let all = newReads + reads.values.flatMap(\.self)
        newReads = []
        reads = [:]
        for completion in all { completion(.failure(reason)) }
    }

    /// Takes no part any more. The loop lets go of it.
    func standStill() {
        isStill = true
        waiting = []
        for completion in newReads + reads.values.flatMap(\.self) { completion(.failure(.notLeader(nil))) }
        newReads = []
        reads = [:]
    }

    // MARK: Effects

    private func stage() {
        guard !isStaged else { return }
        isStaged = true
        loop.stage(self)
    }

    private func carryOut(_ effects: [Consensus.Effect]) {
        guard !isStill else { return }
        waiting += effects
        guard !isCarryingOut else { return }
        isCarryingOut = true
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            for effect in batch where !isStill { carryOut(effect) }
        }
        isCarryingOut = false
        noteLevel()
        expireReads()
        loop.deadlineMoved(to: replica.nextDeadline)
    }

    private func carryOut(_ effect: Consensus.Effect) {
        switch effect {
        case .persist(let write): loop.write(write, of: group)
        case .send(let message): loop.outbox.send(message)
        case .apply(let entries):
            machine?.apply(entries)
            guard let last = entries.last, !isStill else { return }
            waiting += replica.applied(upTo: last.index, at: loop.instant)
        case .fetchEntries(let fetch): fetchEntries(fetch)
        case .readsReady(let ids, _): finishReads(ids, .success(()))
        case .readsFailed(let ids, let failure): finishReads(ids, .failure(NodeError(failure, leader: leader)))
        case .roleChanged(let change):
            leaderlessSince = change.leader == nil ? leaderlessSince ?? loop.instant : nil
            machine?.roleChanged(change)
        case .needsSnapshot(let peer): machine?.snapshotNeeded(by: peer)
        case .configurationChanged(let configuration): loop.configurationChanged(configuration, of: group)
        case .transferAborted(let target):
            loop.logger.notice("leadership stays here", metadata: meta(["raft.target": "\(target.text)"]))
        case .repaired: loop.logger.notice("replica is whole again", metadata: meta([:]))
        case .halted(let violation): loop.halted(group, violation)
        }
    }

    private func expireReads() {
        guard let first = expiries.first, first.at <= loop.instant else { return }
        let now = loop.instant
        while let next = expiries.first, next.at <= now {
            expiries.removeFirst()
            finishReads([next.read], .failure(.notLeader(leader)))
        }
    }

    private func finishReads(_ ids: [ReadID], _ result: Result<Void, NodeError>) {
        for id in ids {
            for completion in reads.removeValue(forKey: id) ?? [] { completion(result) }
        }
    }

    private func fetchEntries(_ fetch: EntryFetch) {
        loop.readLog(group, fetch) { [weak self] result in
            guard let self else { return }
            carryOut(replica.entriesFetched(fetch, result, at: loop.instant))
        }
    }

    private func meta(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["raft.group": "\(group)", "raft.term": "\(term)"]) { first, _ in first }
    }
}
