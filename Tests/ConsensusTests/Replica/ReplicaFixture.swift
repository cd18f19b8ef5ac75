import WriteAheadLog

@testable import Consensus

/// One replica under test, its id 1, in group 7; the others are whatever the test says in their name.
struct ReplicaFixture {
    static let group: GroupID = 7

    var replica: RaftReplica
    /// Moves only where a test moves it.
    var now = Instant(milliseconds: 1_000)
    /// Everything the replica asked for that no test has looked at yet.
    var effects: [Effect] = []
    var lastTicket: WriteTicket = 0

    init(
        voters: [UInt64] = [1, 2, 3], learners: [UInt64] = [], hardState: HardState = HardState(),
        terms: [UInt64] = [], applied: UInt64 = 0, durability: Durability = .intact,
        settings: ConsensusSettings = ConsensusSettings()
    ) {
        let configuration = Configuration(voters: Self.ids(voters), learners: Self.ids(learners))
        var log = RecoveredEntries(
            base: SnapshotPoint(point: .zero, configuration: configuration), windowBytesMax: settings.windowBytesMax)
        for (position, term) in terms.enumerated() { log.add(Self.entry(UInt64(position) + 1, term)) }
        replica = RaftReplica(
            group: Self.group, id: ReplicaID(1), settings: settings,
            start: ReplicaStart(hardState: hardState, log: log, applied: applied, durability: durability), seed: 42, at: now)
        step { $0.started(at: $1) }
    }

    static func ids(_ numbers: [UInt64]) -> [ReplicaID] { numbers.map { ReplicaID($0) } }

    static func entry(_ index: UInt64, _ term: UInt64, _ byte: UInt8 = 0) -> Entry {
        Entry(point: LogPoint(index: index, term: term), content: .data([byte]))
    }

    // MARK: Events

    mutating func step(_ event: (inout RaftReplica, Instant) throws -> [Effect]) rethrows {
        let new = try event(&replica, now)
        for case .persist(let write) in new { lastTicket = write.ticket }
        effects += new
    }

    mutating func receive(_ body: Message.Body, from: UInt64, term: UInt64) {
        let message = Message(group: Self.group, from: ReplicaID(from), to: ReplicaID(1), term: term, body: body)
        step { $0.received(message, at: $1) }
    }

    mutating func append(
        from: UInt64 = 2, term: UInt64, previous: (UInt64, UInt64) = (0, 0), commit: UInt64 = 0, _ entries: [Entry] = []
    ) {
        receive(
            .append(
                Message.Append(previous: LogPoint(index: previous.0, term: previous.1), commit: commit, entries: entries)),
            from: from, term: term)
    }

    /// All writes so far are on disk.
    mutating func persist() {
        let ticket = lastTicket
        step { $0.persisted(upTo: ticket, at: $1) }
    }

    mutating func applyAll() {
        let index = replica.handedOut
        step { $0.applied(upTo: index, at: $1) }
    }

    mutating func wait(_ milliseconds: UInt64) {
        now = now.advanced(byMilliseconds: milliseconds)
        step { $0.deadlinePassed(at: $1) }
    }

    /// Waits for the election time-out and wins, the votes being those of 2 and 3.
    mutating func lead() {
        wait(1_000)
        for peer in [2, 3] as [UInt64] {
            receive(.preVoteAnswer(forTerm: replica.term + 1, granted: true), from: peer, term: replica.term)
        }
        persist()
        for peer in [2, 3] as [UInt64] { receive(.voteAnswer(granted: true), from: peer, term: replica.term) }
        persist()
    }

    /// A leader of term 1 with three voters whose first entry is committed and applied.
    static func leader(learners: [UInt64] = [], settings: ConsensusSettings = ConsensusSettings()) -> ReplicaFixture {
        var fixture = ReplicaFixture(learners: learners, settings: settings)
        fixture.lead()
        for peer in [2, 3] + learners { fixture.receive(.appendAccepted(match: 1), from: peer, term: 1) }
        fixture.applyAll()
        _ = fixture.taken()
        return fixture
    }

    mutating func propose(_ byte: UInt8 = 0, bytes: Int = 1) throws -> LogPoint {
        let point = try replica.propose([UInt8](repeating: byte, count: bytes), at: now)
        step { $0.flush(at: $1) }
        return point
    }

    // MARK: What came of it

    /// The effects since the last look.
    mutating func taken() -> [Effect] {
        defer { effects = [] }
        return effects
    }

    /// The messages since the last look, which drops all other effects.
    mutating func sent(to peer: UInt64? = nil) -> [Message.Body] {
        taken().compactMap { effect in
            guard case .send(let message) = effect, peer == nil || message.to == ReplicaID(peer ?? 0) else { return nil }
            return message.body
        }
    }

    var status: ReplicaStatus { replica.status(at: now) }
}

extension [Effect] {
    var writes: [LogWrite] { compactMap { if case .persist(let write) = $0 { write } else { nil } } }
    var applied: [UInt64] {
        flatMap { effect -> [UInt64] in if case .apply(let entries) = effect { entries.map(\.index) } else { [] } }
    }
    var readsReady: [ReadID] {
        flatMap { effect -> [ReadID] in if case .readsReady(let ids, _) = effect { ids } else { [] } }
    }
    var readsFailed: [ReadID] {
        flatMap { effect -> [ReadID] in if case .readsFailed(let ids, _) = effect { ids } else { [] } }
    }
    var appends: [Message.Append] {
        compactMap { effect in
            if case .send(let message) = effect, case .append(let append) = message.body { append } else { nil }
        }
    }
}

extension [Message.Body] {
    var appends: [Message.Append] { compactMap { if case .append(let append) = $0 { append } else { nil } } }
}
