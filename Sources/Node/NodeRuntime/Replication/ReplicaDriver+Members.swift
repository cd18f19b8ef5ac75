import Consensus

/// Bringing a group to the members that placement wants, one step at a time.
extension ReplicaDriver {
    /// Takes the next step, if this replica leads and no step is under way: newcomers learn first, vote once they have
    /// caught up, and only then somebody goes; at last the leadership goes where it is wanted.
    ///
    /// - Parameters:
    ///   - isAlive: whether a node answers, as far as is known. Only advice: it decides whom leadership is handed to.
    func approach(
        voters wanted: [ReplicaID], learners wantedLearners: [ReplicaID] = [], preferredLeader: ReplicaID?,
        isAlive: (ReplicaID) -> Bool
    ) {
        guard isLeader, !wanted.isEmpty, let current = settledConfiguration else { return }
        let status = status
        func hasCaughtUp(_ id: ReplicaID) -> Bool {
            id == status.id
                || status.peers.contains { $0.id == id && $0.mode == .replicating && $0.lag <= Self.lagEntriesMax }
        }
        let target = Configuration(voters: wanted, learners: wantedLearners)
        if current != target {
            let newcomers = target.members.filter { !current.isMember($0) }
            let next: ConfigurationTarget
            if !newcomers.isEmpty {
                next = ConfigurationTarget(voters: current.voters, learners: current.learners + newcomers)
            } else {
                guard target.voters.allSatisfy({ current.isVoter($0) || hasCaughtUp($0) }) else { return }
                next = ConfigurationTarget(voters: target.voters, learners: target.learners)
            }
            do throws(ProposalRefusal) { try propose(members: next) } catch {
                // Nothing happened; the next round tries again.
            }
            return
        }
        guard let preferredLeader, preferredLeader != status.id, current.voters.contains(preferredLeader),
            isAlive(preferredLeader), hasCaughtUp(preferredLeader), status.transferringTo == nil
        else { return }
        do throws(ProposalRefusal) { try transfer(to: preferredLeader) } catch {
            // As above.
        }
    }

    /// A learner that lacks no more than so many entries may vote.
    private static var lagEntriesMax: UInt64 { 1_000 }
}
