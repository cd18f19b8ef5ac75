import WriteAheadLog

extension RaftReplica {
    /// What this replica knows, for metrics and for people.
    package func status(at now: Instant) -> ReplicaStatus {
        ReplicaStatus(
            id: id, group: group, role: role.name, term: hardState.term, vote: hardState.vote, leader: leader,
            last: log.last, base: log.base, durable: writes.durable, commit: commit, applied: applied,
            configuration: log.configuration, configurationCommitted: log.configuration.index <= commit,
            isSuspect: suspect != nil, isHalted: violation != nil, transferringTo: leaderState?.transfer?.target,
            uncommittedBytes: leaderState?.uncommittedBytes ?? 0, readsWaiting: readsWaiting,
            windowBytes: log.windowBytes, peers: leaderState?.peers.map { status(of: $0, at: now) } ?? [])
    }

    private var leaderState: Leader? { if case .leader(let leader) = role { leader } else { nil } }

    private func status(of peer: PeerProgress, at now: Instant) -> PeerStatus {
        let mode: PeerStatus.Mode =
            switch peer.mode {
            case .probe: .probing
            case .replicate: .replicating
            case .snapshot: .snapshot
            }
        return PeerStatus(
            id: peer.id, isLearner: !log.configuration.configuration.isVoter(peer.id), mode: mode, match: peer.match,
            next: peer.next, lag: log.last.index - min(peer.match, log.last.index),
            inflightAppends: peer.inflights.count, inflightBytes: peer.inflights.bytes,
            silentNanoseconds: now.nanoseconds(since: peer.heardAt))
    }
}
