package import WriteAheadLog

/// The leader's side of replication.
extension RaftReplica {
    mutating func appendAccepted(upTo match: UInt64, by sender: ReplicaID, at now: Instant) {
        let base = log.base.index
        let last = log.last.index
        heard(sender, at: now) { peer in
            // Nobody can have more of this log than there is.
            if match <= last { peer.accepted(match, logBase: base, at: now) }
        }
        advanceCommit(at: now)
        transferIfCaughtUp()
    }

    mutating func appendRejected(_ rejection: Message.AppendRejection, by sender: ReplicaID, at now: Instant) {
        let agreement = log.highestPoint(atOrBelow: rejection.hint.index, termAtMost: rejection.hint.term)
        heard(sender, at: now) { $0.rejected(rejection.index, agreement: agreement.index) }
    }

    /// Sends every peer what it may be sent.
    mutating func sendAppends(at now: Instant) {
        guard case .leader(let leader) = role else { return }
        for position in leader.peers.indices {
            while sendAppend(toPeerAt: position, at: now) {}
        }
    }

    /// Returns whether there may be more to send.
    private mutating func sendAppend(toPeerAt position: Int, at now: Instant) -> Bool {
        guard case .leader(let leader) = role else { return false }
        let peer = leader.peers[position]
        switch peer.mode {
        case .snapshot, .probe(.some): return false
        case .probe(nil):
            // Where the entries are not at hand the question alone will do.
            return sendAppend(
                log.entries(from: peer.next, through: log.last.index, bytesMax: settings.appendBytesMax) ?? [],
                toPeerAt: position, at: now)
        case .replicate:
            guard peer.next <= log.last.index, hasRoom(peer) else { return false }
            guard
                let entries = log.entries(from: peer.next, through: log.last.index, bytesMax: settings.appendBytesMax)
            else {
                fetch(forPeerAt: position)
                return false
            }
            return sendAppend(entries, toPeerAt: position, at: now)
        }
    }

    private func hasRoom(_ peer: PeerProgress) -> Bool {
        peer.inflights.count < settings.inflightAppendsMax
            && (peer.inflights.isEmpty || peer.inflights.bytes < settings.inflightBytesMax)
    }

    private mutating func sendAppend(_ entries: [Entry], toPeerAt position: Int, at now: Instant) -> Bool {
        guard case .leader(let leader) = role else { return false }
        let peer = leader.peers[position]
        guard let previous = log.point(at: peer.next - 1) else {
            needSnapshot(forPeerAt: position)
            return false
        }
        let commit = commit
        let weight = entries.reduce(0) { $0 + $1.weight }
        role.withLeader { $0.peers[position].sent(entries: entries.count, bytes: weight, commit: commit, at: now) }
        send(.append(Message.Append(previous: previous, commit: commit, entries: entries)), to: peer.id)
        return true
    }

    /// A follower that has all entries learns at once that they are committed; one that is sent more learns with those.
    mutating func sendCommitNotices() {
        guard case .leader(let leader) = role else { return }
        for (position, peer) in leader.peers.enumerated() {
            let known = min(peer.match, commit)
            guard case .replicate = peer.mode, peer.toldCommit < known, peer.inflights.isEmpty,
                peer.next > log.last.index
            else { continue }
            role.withLeader { $0.peers[position].toldCommit = known }
            send(.heartbeat(Message.Heartbeat(commit: known, round: 0)), to: peer.id)
        }
    }

    // MARK: Entries that left memory

    private mutating func fetch(forPeerAt position: Int) {
        guard case .leader(let leader) = role, leader.peers[position].fetchingFrom == nil else { return }
        let peer = leader.peers[position]
        guard log.point(at: peer.next - 1) != nil else { return needSnapshot(forPeerAt: position) }
        role.withLeader { $0.peers[position].fetchingFrom = peer.next }
        outbox.append(
            .fetchEntries(
                EntryFetch(
                    reader: .peer(peer.id), from: peer.next, through: log.windowStart - 1,
                    bytesMax: min(settings.fetchBytesMax, settings.appendBytesMax))))
    }

    mutating func fetchedToSend(_ fetch: EntryFetch, _ result: FetchResult, to id: ReplicaID, at now: Instant) {
        guard case .leader(let leader) = role, let position = leader.position(of: id),
            leader.peers[position].fetchingFrom == fetch.from
        else { return }
        let peer = leader.peers[position]
        role.withLeader { $0.peers[position].fetchingFrom = nil }
        guard case .replicate = peer.mode, peer.next == fetch.from else { return }
        switch result {
        case .compacted: needSnapshot(forPeerAt: position)
        case .entries(let entries):
            // Else they were read for an earlier leadership, and have been replaced since. They are asked for again.
            guard areOurs(entries, from: fetch.from) else { return }
            _ = sendAppend(entries, toPeerAt: position, at: now)
        }
    }

    // MARK: Snapshots

    private mutating func needSnapshot(forPeerAt position: Int) {
        guard case .leader(let leader) = role else { return }
        let peer = leader.peers[position]
        role.withLeader { $0.peers[position].becameSnapshot() }
        outbox.append(.needsSnapshot(peer: peer.id))
    }

    /// The snapshot for `peer` is in place there as of `delivered`; nil: it failed and will be asked for again.
    package mutating func snapshotReported(
        peer id: ReplicaID, delivered: LogPoint?, at now: Instant
    ) -> [Effect] {
        guard violation == nil else { return [] }
        let retryAt = now.advanced(byNanoseconds: settings.electionNanoseconds)
        let last = log.last.index
        role.withLeader { leader in
            guard let position = leader.position(of: id), case .snapshot = leader.peers[position].mode else { return }
            if let delivered {
                leader.peers[position].becameProbe(next: min(delivered.index, last) + 1)
            } else {
                leader.peers[position].mode = .snapshot(retryAt: retryAt)
            }
        }
        return finish(at: now)
    }

    /// A snapshot has arrived and its bytes are durable. Where the log is behind it, the next write restarts the log
    /// there (`LogWrite.restart`); else nothing happens and the snapshot may be dropped.
    package mutating func snapshotReceived(_ snapshot: SnapshotPoint, at now: Instant) -> [Effect] {
        guard violation == nil, snapshot.point.isPlausible, snapshot.point.index > 0 else { return [] }
        if snapshot.point.term > hardState.term { becomeFollower(term: snapshot.point.term, at: now) }
        if let term = log.term(at: snapshot.point.index), term != snapshot.point.term, snapshot.point.index <= commit {
            halt(.snapshotContradicted(snapshot.point, committedTerm: term))
            return finish(at: now)
        }
        if snapshot.point.index <= commit, !settings.plants(.acceptOldSnapshot) { return finish(at: now) }
        if case .leader = role { return finish(at: now) }
        if log.holds(snapshot.point) {
            // A snapshot is of committed entries, and these are they.
            commit = max(commit, snapshot.point.index)
        } else {
            restartLog(at: snapshot)
        }
        return finish(at: now)
    }

    private mutating func restartLog(at snapshot: SnapshotPoint) {
        log.restart(at: snapshot)
        writes.restarted()
        pendingRestart = snapshot
        pendingTruncation = nil
        isFetchingToApply = false
        commit = snapshot.point.index
        handedOut = commit
        applied = commit
        // Every later leader has what is committed.
        let matched = commit
        role.withFollower { $0.matched = matched }
    }
}
