import Consensus
import WriteAheadLog

// The operator: brings every group's members to where they should be, as a controller would, one request at a time.
extension Life {
    static let operatorInterval: Microseconds = .milliseconds(60)

    func operatorLooks() {
        queue.schedule(.operatorLooks, after: Self.operatorInterval)
        for group in 0..<plan.groups { steer(group) }
        if settlingSince != nil { checkConvergence() }
    }

    /// Asks the group's leader for the next step, if one is needed.
    private func steer(_ group: Int) {
        // What is to come can wait for nodes that stay away.
        guard let leader = leader(of: group), placement[group].allSatisfy({ !absent.contains($0) }) else { return }
        let current = leader.replicas[group].configuration.configuration
        guard !current.isJoint else { return }
        let wanted = placement[group].map { nodes[$0].id }.sorted()
        guard current.voters != wanted || !current.learners.isEmpty else { return }
        let missing = wanted.filter { !current.isMember($0) }
        // New voters learn first; when they have most of the log, they vote.
        let target: ConfigurationTarget
        if missing.isEmpty {
            // A suspect does not vote: where one is needed for a quorum, nobody could lead, nor repair it.
            guard wanted.allSatisfy({ isSound($0, group: group) }),
                wanted.allSatisfy({ current.voters.contains($0) || isCaughtUp($0, leader, group) })
            else { return }
            target = ConfigurationTarget(voters: wanted)
        } else {
            target = ConfigurationTarget(voters: current.voters, learners: current.learners + missing)
        }
        do throws(ProposalRefusal) {
            _ = try leader.replicas[group].core.propose(members: target, at: instant(leader))
        } catch {
            return
        }
        run(leader.replicas[group].core.flush(at: instant(leader)), leader, group)
        finishTurn(of: leader)
        leaderBegins(leader)
    }

    /// Of those that think they lead, the one with the highest term.
    func leader(of group: Int) -> SimulatedNode? {
        nodes.filter { $0.condition == .up && $0.replicas[group].role == .leader }
            .max { $0.replicas[group].core.term < $1.replicas[group].core.term }
    }

    private func isCaughtUp(_ id: ReplicaID, _ leader: SimulatedNode, _ group: Int) -> Bool {
        let node = nodes[SimulatedNode.position(of: id)]
        guard node.id == id, node.condition != .down else { return false }
        return node.replicas[group].applied.index + 20 >= leader.replicas[group].applied.index
    }

    /// Asks a leader to hand over. Returns it where it agreed.
    func transferLeadership(of group: Int) -> SimulatedNode? {
        guard let node = leader(of: group) else { return nil }
        let target = faultRandom.element(of: nodes).id
        trace.note(.transferAsked, at: now, place: node.position, group: group, target.rawValue)
        do throws(ProposalRefusal) {
            let effects = try node.replicas[group].core.transferRequested(to: target, at: instant(node))
            run(effects, node, group)
        } catch {
            return nil
        }
        finishTurn(of: node)
        return node
    }

    /// One node more or less, or another one, is to vote in a group.
    func moveMember() {
        let group = faultRandom.below(plan.groups)
        let inside = placement[group]
        let outside = (0..<plan.nodes).filter { !inside.contains($0) }
        switch faultRandom.below(3) {
        case 0 where inside.count > 1: placement[group].remove(at: faultRandom.below(inside.count))
        case 1 where !outside.isEmpty: placement[group].append(faultRandom.element(of: outside))
        default:
            guard !outside.isEmpty else { return }
            placement[group][faultRandom.below(inside.count)] = faultRandom.element(of: outside)
        }
    }
}
