package import Model

/// All shards that one node leads, on their way to one database over one session: what is to be asked of it next, and what follows
/// from its answers. Each shard goes its own way (`ShardSink`); here they share transactions, take turns and wait.
///
/// One thing is asked at a time: first the terms that are to be raised, all at once, then transactions. Time comes as milliseconds
/// of a clock that does not go back.
package struct SinkCoordinator: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Between two looks at whether somebody has mended what stopped a shard.
        package var stoppedMilliseconds: Int64 = 15_000
        /// Between two looks at where the database is with shards that have nothing to send.
        package var lookMilliseconds: Int64 = 20_000
        package var bugs: SinkBugs = []

        package init() {}
    }

    /// What came of an answer, for whoever watches.
    package enum Notice: Hashable, Sendable {
        case reached(group: Int, SinkProgress)
        case stopped(group: Int, SinkStop)
    }

    private let incarnation: UUID128
    private let settings: Settings
    private var machines: [Int: ShardSink] = [:]
    /// What each shard asked for last, as long as it is not done.
    private var raising: [Int: UInt64] = [:]
    private var sending: [Int: SinkProgress] = [:]
    private var timers: [Int: Int64] = [:]
    private var catchUps: [Int: (at: SinkProgress, rest: SinkCatchUp)] = [:]
    /// Shards whose last transaction arrived, and that nothing has interrupted since.
    private var continued: Set<Int> = []
    /// Shards of whose contents the server refused something: they go alone, so that the others go on.
    private var secluded: Set<Int> = []
    /// The shard that goes first in the next transaction.
    private var turn = 0
    private var lookAt: Int64

    package init(incarnation: UUID128, settings: Settings = Settings(), at now: Int64) {
        self.incarnation = incarnation
        self.settings = settings
        lookAt = now + settings.lookMilliseconds
    }

    // MARK: Who leads

    /// The group is led here in `term`, and has applied so much.
    package mutating func leads(
        _ group: Int, term: UInt64, appliedIndex: UInt64, auditSequence: UInt64, at now: Int64
    ) {
        var machine = machines[group] ?? ShardSink(incarnation: incarnation)
        let applied = machine.applied(index: appliedIndex, auditSequence: auditSequence)
        let action = machine.term == term && machine.isInOffice ? applied : machine.elected(term: term)
        machines[group] = machine
        _ = perform(action, for: group, at: now)
    }

    /// The group is led here no more.
    package mutating func follows(_ group: Int) {
        machines[group]?.deposed()
        forgetActions(of: group)
        timers[group] = nil
        secluded.remove(group)
    }

    // MARK: Time

    package mutating func timePassed(at now: Int64) {
        for group in timers.keys.sorted() {
            guard let due = timers[group], due <= now else { continue }
            timers[group] = nil
            change(group, at: now) { $0.timePassed() }
        }
        guard lookAt <= now else { return }
        lookAt = now + settings.lookMilliseconds
        for group in machines.keys.sorted() { change(group, at: now) { $0.lookDue() } }
    }

    /// A session was opened: what waited because the database was away waits no longer.
    package mutating func connected(at now: Int64) {
        for group in timers.keys.sorted() where machines[group]?.isStopped == false { timers[group] = now }
        timePassed(at: now)
    }

    /// When `timePassed` is to be called next.
    package var nextDeadline: Int64 { min(timers.values.min() ?? lookAt, lookAt) }

    /// How far the database is with each group of which it has everything.
    package var complete: [(shard: Int, progress: SinkProgress)] {
        machines.compactMap { group, machine in machine.complete.map { (group, $0) } }
    }

    /// Whether a database that is there has everything of the group that was applied here.
    package func isComplete(_ group: Int, at progress: SinkProgress) -> Bool {
        machines[group]?.isComplete(at: progress) == true
    }

    // MARK: What to ask

    /// Whether something is to be asked of the database now.
    package var wantsSession: Bool { !raising.isEmpty || !sending.isEmpty }

    package var isSending: Bool { !sending.isEmpty }

    /// Whether something waits for a time of its own, beside the looks.
    package var isWaiting: Bool { !timers.isEmpty }

    /// Terms to raise, by group; to be done before anything is sent.
    package var raises: [(group: Int, term: UInt64)] {
        raising.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// How far the database is with each group that has something to send, another group first each time; one of whose contents
    /// something was refused goes alone.
    package mutating func takeTurn() -> [(group: Int, after: SinkProgress)] {
        let waiting = sending.sorted { $0.key < $1.key }.map { (group: $0.key, after: $0.value) }
        let ordered = waiting.filter { $0.group >= turn } + waiting.filter { $0.group < turn }
        guard let first = ordered.first else { return [] }
        turn = first.group + 1
        return secluded.contains(first.group) ? [first] : ordered.filter { !secluded.contains($0.group) }
    }

    /// What that group has to send next; nil, and it is not asked for any more, where its replica here leads no longer. Throws
    /// what `history` throws: then call `unreadable`.
    package mutating func portion(
        of group: Int, after progress: SinkProgress, limit: Int, from history: some SinkHistory
    ) throws -> SinkFeed.Portion? {
        if let (at, rest) = catchUps[group], at == progress || settings.bugs.plants(.trustOldCatchUp) {
            var rest = rest
            if let portion = try rest.portion(after: progress, limit: limit, audit: history.audit) {
                catchUps[group] = (at, rest)
                return portion
            }
        }
        catchUps[group] = nil
        switch try history.supply(after: progress, limit: limit) {
        case .portion(let portion)?:
            if portion.appliedIndex > progress.appliedIndex || portion.auditSequence > progress.auditSequence {
                return portion
            }
        case .behind(var rest)?:
            if let portion = try rest.portion(after: progress, limit: limit, audit: history.audit) {
                catchUps[group] = (progress, rest)
                return portion
            }
        case nil: break
        }
        // It leads no more, and news of that is on the way.
        follows(group)
        return nil
    }

    /// Whether the database has what was sent of the group before the next transaction, and nothing else of it.
    package func isContinued(_ group: Int) -> Bool { continued.contains(group) }

    // MARK: What came of it

    /// `terms` were raised; on success with the rows as they are then, in the same order. `random` is from 0 to 1.
    package mutating func raised(
        _ terms: [(group: Int, term: UInt64)], _ result: Result<[SinkProgress], SinkFailure>, at now: Int64,
        random: () -> Double
    ) -> [Notice] {
        var notices: [Notice] = []
        for (position, (group, term)) in terms.enumerated() where raising[group] == term {
            raising[group] = nil
            notices += change(group, at: now) { $0.raised(term: term, result.map { $0[position] }, random: random()) }
            if case .success = result, let progress = machines[group]?.progress {
                notices.append(.reached(group: group, progress))
            }
        }
        return notices
    }

    /// A transaction of these parts ended. On success all of them are in the database, else none, or nobody knows.
    package mutating func sent(
        _ parts: [SinkPart], _ result: Result<Void, SinkFailure>, at now: Int64, random: () -> Double
    ) -> [Notice] {
        if case .failure(let failure) = result, failure != .conflict || !settings.bugs.plants(.ignoreConflict) {
            return parts.flatMap { part in
                change(part.shard, at: now) { $0.sent(after: part.before, .failure(failure), random: random()) }
            }
        }
        var notices: [Notice] = []
        // One that follows meanwhile is not asked for any more.
        for part in parts where sending[part.shard] == part.before {
            notices.append(.reached(group: part.shard, part.after))
            secluded.remove(part.shard)
            sending[part.shard] = nil
            continued.insert(part.shard)
            if let (_, rest) = catchUps[part.shard] { catchUps[part.shard] = (part.after, rest) }
            notices += change(part.shard, at: now) { machine in
                // It may have applied more by now than it was told of.
                _ = machine.applied(index: part.after.appliedIndex, auditSequence: part.after.auditSequence)
                return machine.sent(after: part.before, .success(part.after), random: 0)
            }
        }
        return notices
    }

    /// The server refused something in the contents of these groups: they are tried one by one. True where that is new.
    package mutating func contentsRefused(_ groups: [Int]) -> Bool {
        guard secluded.intersection(groups).isEmpty else { return false }
        secluded.formUnion(groups)
        return true
    }

    /// What the group has to send cannot be read now.
    package mutating func unreadable(_ group: Int, after progress: SinkProgress, at now: Int64, random: Double) {
        change(group, at: now) { $0.sent(after: progress, .failure(.unavailable), random: random) }
    }

    // MARK: Private

    @discardableResult
    private mutating func change(
        _ group: Int, at now: Int64, _ body: (inout ShardSink) -> ShardSink.Action
    ) -> [Notice] {
        guard var machine = machines[group] else { return [] }
        let action = body(&machine)
        machines[group] = machine
        return perform(action, for: group, at: now)
    }

    private mutating func perform(_ action: ShardSink.Action, for group: Int, at now: Int64) -> [Notice] {
        switch action {
        case .nothing: break
        case .raiseTerm(_, let term):
            forgetActions(of: group)
            raising[group] = term
        case .send(let progress): sending[group] = progress
        case .wait(let milliseconds):
            forgetActions(of: group)
            timers[group] = now + milliseconds
        case .stop(let reason):
            forgetActions(of: group)
            timers[group] = now + settings.stoppedMilliseconds
            return [.stopped(group: group, reason)]
        }
        return []
    }

    private mutating func forgetActions(of group: Int) {
        raising[group] = nil
        sending[group] = nil
        continued.remove(group)
        if !settings.bugs.plants(.trustOldCatchUp) { catchUps[group] = nil }
    }
}

/// What one replica of a shard has to send.
package protocol SinkHistory {
    /// What comes after `progress`; nil where the replica does not lead in that term.
    func supply(after progress: SinkProgress, limit: Int) throws -> SinkSupply?
    /// Up to `limit` audit entries after a sequence and up to another one, in order; those that were removed are left out.
    func audit(after sequence: UInt64, upTo last: UInt64, limit: Int) throws -> [AuditEntry]
}

package enum SinkSupply: Sendable {
    /// From the feed.
    case portion(SinkFeed.Portion)
    /// The feed has forgotten some of it.
    case behind(SinkCatchUp)
}

/// What a transaction does to one shard's progress.
package struct SinkPart: Hashable, Sendable {
    package let shard: Int
    package let before: SinkProgress
    package let after: SinkProgress

    package init(shard: Int, before: SinkProgress, after: SinkProgress) {
        self.shard = shard
        self.before = before
        self.after = after
    }
}
