import WriteAheadLog

/// The end of every event: what follows from the new state, in the order of the output contract.
extension RaftReplica {
    mutating func finish(at now: Instant) -> [Effect] {
        if let violation { return [.halted(violation)] }
        if case .leader = role {
            sendAppends(at: now)
            sendCommitNotices()
        }
        payOwedVote()
        answerAppends()
        noteRepair()
        let write = nextWrite()
        handOutCommitted()
        answerReads()
        reportChanges()
        log.dropOldest(upTo: min(writes.durable, handedOut))
        var effects: [Effect] = []
        swap(&effects, &outbox)
        if let write { effects.insert(.persist(write), at: 0) }
        return effects
    }

    /// Everything that changed and is in no write yet.
    private mutating func nextWrite() -> LogWrite? {
        let hardStateChanged = writes.needsWrite(of: hardState)
        guard hardStateChanged || pendingRestart != nil || pendingTruncation != nil || log.last.index > writes.written
        else { return nil }
        let from = max(writes.written, log.base.index) + 1
        guard let entries = log.entries(from: from, through: log.last.index, bytesMax: .max) else {
            preconditionFailure("entries from \(from) are neither on disk nor in memory, log \(log.base)...\(log.last)")
        }
        let ticket = writes.began(end: log.last.index, hardState: hardState)
        defer { (pendingRestart, pendingTruncation) = (nil, nil) }
        return LogWrite(
            ticket: ticket, hardState: hardStateChanged ? hardState : nil, restart: pendingRestart,
            truncateTo: pendingTruncation, entries: entries)
    }

    /// What is committed and on this disk goes to the state machine.
    private mutating func handOutCommitted() {
        let target = settings.plants(.applyBeforeCommit) ? writes.durable : min(commit, writes.durable)
        guard handedOut < target, !isFetchingToApply else { return }
        if let entries = log.entries(from: handedOut + 1, through: target, bytesMax: .max) {
            guard let last = entries.last else { return }
            handedOut = last.index
            outbox.append(.apply(entries))
        } else if applied == handedOut {
            isFetchingToApply = true
            outbox.append(
                .fetchEntries(
                    EntryFetch(
                        reader: .apply, from: handedOut + 1, through: min(target, log.windowStart - 1),
                        bytesMax: settings.fetchBytesMax)))
        }
    }

    private mutating func noteRepair() {
        guard let suspect, commit <= writes.durable, let term = log.term(at: commit),
            suspect.isRepaired(byCommittedTerm: term)
        else { return }
        self.suspect = nil
        outbox.append(.repaired)
    }

    private mutating func reportChanges() {
        let change = RoleChange(role: role.name, term: hardState.term, leader: leader)
        if change != reportedRole {
            reportedRole = change
            outbox.append(.roleChanged(change))
        }
        if log.configuration != reportedConfiguration {
            reportedConfiguration = log.configuration
            outbox.append(.configurationChanged(log.configuration))
        }
    }
}

// MARK: - Entries read back

extension RaftReplica {
    /// The log was read for `fetch`. Entries that are not this log's any more are ignored.
    package mutating func entriesFetched(_ fetch: EntryFetch, _ result: FetchResult, at now: Instant) -> [Effect] {
        guard violation == nil else { return [] }
        switch fetch.reader {
        case .apply: fetchedToApply(fetch, result)
        case .peer(let peer): fetchedToSend(fetch, result, to: peer, at: now)
        }
        return finish(at: now)
    }

    private mutating func fetchedToApply(_ fetch: EntryFetch, _ result: FetchResult) {
        guard isFetchingToApply else { return }
        isFetchingToApply = false
        // Else a snapshot has come in the meantime, and the state is beyond this.
        guard fetch.from == handedOut + 1 else { return }
        switch result {
        case .compacted:
            // What is not applied may not be compacted.
            halt(.logLost(from: fetch.from))
        case .entries(let entries):
            guard areOurs(entries, from: fetch.from) else { return halt(.logLost(from: fetch.from)) }
            let committed = entries.prefix { $0.index <= min(commit, writes.durable) }
            guard let last = committed.last else { return }
            handedOut = last.index
            outbox.append(.apply(Array(committed)))
        }
    }

    /// Whether `entries` are those of the log, from `from` on without gap.
    func areOurs(_ entries: [Entry], from: UInt64) -> Bool {
        !entries.isEmpty
            && zip(from..., entries).allSatisfy { index, entry in
                entry.index == index && index > log.base.index && log.term(at: index) == entry.term
            }
    }
}
