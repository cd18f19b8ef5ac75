package import Model

/// One shard's way to the database, on the node that leads the shard: raises its term there, reads how far the database is, sends
/// what changed since, one batch at a time, and goes on from wherever the database turns out to be.
///
/// Every batch is one transaction with the progress row, conditional on incarnation, term, epoch and the progress before it. So a
/// stale leader changes nothing, and whether a batch arrived whose answer was lost is told by the row: the next one starts from
/// what is found there, and the lost one cannot arrive any more. Time is for waiting alone.
package struct ShardSink: Sendable {
    /// What to do; one thing at a time, and its end is the next event.
    package enum Action: Hashable, Sendable {
        case nothing
        /// Set the row's term to this one unless it is higher, begin an epoch, make the row where there is none, and read it.
        case raiseTerm(incarnation: UUID128, term: UInt64)
        /// Send the next of what changed after `after`, on condition that the row is that.
        case send(after: SinkProgress)
        /// Call `timePassed` after so many milliseconds.
        case wait(milliseconds: Int64)
        /// Nothing is sent. Say why, and call `timePassed` now and then: somebody may have mended it.
        case stop(SinkStop)
    }

    private enum State: Hashable, Sendable {
        /// Another replica leads, or nobody.
        case following
        case raising(Raising)
        /// The database has everything.
        case upToDate(SinkProgress)
        case sending(Sending)
        case backingOff(Office)
        /// A leader of a higher term has been at the database: this one is about to learn of it.
        case outranked(Office)
        case stopped(SinkStop, Office)
    }

    /// A time of leading the shard.
    private struct Office: Hashable, Sendable {
        let term: UInt64
        /// Failures in a row.
        var failures = 0
    }

    private struct Raising: Hashable, Sendable { var office: Office }

    private struct Sending: Hashable, Sendable {
        let office: Office
        let after: SinkProgress
    }

    package static let waitMillisecondsMin: Int64 = 50
    package static let waitMillisecondsMax: Int64 = 5_000

    private let incarnation: UUID128
    private var state = State.following
    /// What this replica has applied: the goal.
    private var local: SinkProgress
    /// Set once the database was found ahead: how far this replica was then. What it applies later does not make the rows true
    /// that the database had beyond that; only a database that is not beyond it any more is written again.
    private var lost: SinkProgress?

    package init(incarnation: UUID128) {
        self.incarnation = incarnation
        local = SinkProgress(incarnation: incarnation, term: 0)
    }

    // MARK: Events

    /// This replica leads since `term`, and has applied everything of earlier terms.
    package mutating func elected(term: UInt64) -> Action {
        precondition(term >= local.term, "term \(term) after \(local.term)")
        local.term = term
        return raise(Office(term: term))
    }

    /// What is under way is left to end; its answer counts no more.
    package mutating func deposed() { state = .following }

    /// This replica has applied entries up to `index`, and audit entries up to `auditSequence`.
    package mutating func applied(index: UInt64, auditSequence: UInt64) -> Action {
        local.appliedIndex = max(local.appliedIndex, index)
        local.auditSequence = max(local.auditSequence, auditSequence)
        guard case .upToDate(let progress) = state else { return .nothing }
        return go(on: progress, Office(term: local.term))
    }

    /// The row as it is after `raiseTerm` of that term.
    package mutating func raised(term: UInt64, _ result: Result<SinkProgress, SinkFailure>, random: Double) -> Action {
        guard case .raising(let raising) = state, raising.office.term == term else { return .nothing }
        switch result {
        case .failure: return backOff(raising.office, random: random)
        case .success(let found):
            guard found.incarnation == incarnation else {
                return stop(.belongsToOther(found.incarnation), raising.office)
            }
            guard found.term <= term else {
                var office = raising.office
                office.failures += 1
                state = .outranked(office)
                return wait(office.failures, random: random)
            }
            guard (lost ?? local).covers(found) else {
                if lost == nil { lost = local }
                return stop(.databaseIsAhead(found), raising.office)
            }
            lost = nil
            return go(on: found, Office(term: term))
        }
    }

    /// How `send` after `progress` ended; on success with the row that was written.
    package mutating func sent(
        after progress: SinkProgress, _ result: Result<SinkProgress, SinkFailure>, random: Double
    ) -> Action {
        guard case .sending(let sending) = state, sending.after == progress else { return .nothing }
        switch result {
        case .success(let written):
            precondition(
                written.covers(progress) && written != progress && local.covers(written),
                "\(written) was written after \(progress), with \(local) here")
            return go(on: written, Office(term: sending.office.term))
        case .failure(let error):
            switch error {
            // Always read again before the next try: an earlier one may have arrived after all.
            case .conflict, .outcomeUnknown, .unavailable: return backOff(sending.office, random: random)
            }
        }
    }

    /// It is time to see whether the database is still where it was left: it may have been replaced while nothing was to be sent.
    package mutating func lookDue() -> Action {
        guard case .upToDate = state else { return .nothing }
        return raise(Office(term: local.term))
    }

    package mutating func timePassed() -> Action {
        switch state {
        case .backingOff(let office), .outranked(let office), .stopped(_, let office): raise(office)
        case .following, .raising, .upToDate, .sending: .nothing
        }
    }

    // MARK: Queries

    /// Entries of the log that the database lacks, as far as is known; nil where this replica does not lead.
    package var lag: UInt64? {
        switch state {
        case .upToDate(let progress): local.appliedIndex - progress.appliedIndex
        case .sending(let sending): local.appliedIndex - sending.after.appliedIndex
        case .following, .raising, .backingOff, .outranked, .stopped: nil
        }
    }

    /// The database's progress, where it has everything that was applied here.
    package var complete: SinkProgress? { if case .upToDate(let progress) = state { progress } else { nil } }

    /// Whether a database that is there has everything that was applied here.
    package func isComplete(at progress: SinkProgress) -> Bool { progress.appliedIndex >= local.appliedIndex }

    /// Of the office that it holds, or held last.
    package var term: UInt64 { local.term }

    package var isInOffice: Bool { if case .following = state { false } else { true } }

    package var isStopped: Bool { if case .stopped = state { true } else { false } }

    /// How far the database is known to be; nil where that is to be found out.
    package var progress: SinkProgress? {
        switch state {
        case .upToDate(let progress): progress
        case .sending(let sending): sending.after
        case .following, .raising, .backingOff, .outranked, .stopped: nil
        }
    }

    // MARK: Private

    private mutating func raise(_ office: Office) -> Action {
        state = .raising(Raising(office: office))
        return .raiseTerm(incarnation: incarnation, term: office.term)
    }

    private mutating func go(on progress: SinkProgress, _ office: Office) -> Action {
        guard progress.appliedIndex < local.appliedIndex || progress.auditSequence < local.auditSequence else {
            state = .upToDate(progress)
            return .nothing
        }
        state = .sending(Sending(office: office, after: progress))
        return .send(after: progress)
    }

    private mutating func backOff(_ office: Office, random: Double) -> Action {
        var office = office
        office.failures += 1
        state = .backingOff(office)
        return wait(office.failures, random: random)
    }

    /// Twice as long after each failure, and a random part of that.
    private func wait(_ failures: Int, random: Double) -> Action {
        let bound = min(Self.waitMillisecondsMax, Self.waitMillisecondsMin << Int64(min(failures, 20)))
        return .wait(milliseconds: Self.waitMillisecondsMin + Int64(Double(bound - Self.waitMillisecondsMin) * random))
    }

    private mutating func stop(_ reason: SinkStop, _ office: Office) -> Action {
        state = .stopped(reason, office)
        return .stop(reason)
    }
}
