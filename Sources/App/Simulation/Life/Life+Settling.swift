import Consensus
import WriteAheadLog

// The second phase: a majority is healed, and must come to terms.
extension Life {
    /// How long a healed majority may take to elect leaders, serve every client and agree.
    static let convergenceMax: Microseconds = .seconds(30)

    /// Heals the world, but for a minority that may stay away for good.
    func settle() {
        settlingSince = now
        network.profile = .calm
        linkFaultNumber += 1
        healLinks()
        database.heal()
        for node in nodes {
            node.log.heal()
            node.meta.heal()
        }
        chooseAbsent()
        trace.note(.settling, at: now, place: -1, absent.reduce(0) { $0 | 1 << UInt64($1) })
        for node in nodes {
            if absent.contains(node.position) {
                sendAway(node)
            } else if node.condition == .down {
                // Sooner than planned: the restart that was scheduled finds another life.
                node.life += 1
                start(node)
            } else {
                resume(node)
            }
        }
        for client in clients.indices { clients[client].last = [] }
        var turn = 0
        for group in 0..<plan.groups {
            for key in 0..<UInt64(plan.keysPerGroup) {
                clients[turn % plan.clients].last? += [(group, key, false), (group, key, true)]
                clients[(turn + 1) % plan.clients].last? += [(group, key, false)]
                turn += 1
            }
        }
        for client in clients.indices where clients[client].current == nil { wake(client, after: 0) }
    }

    private func chooseAbsent() {
        guard faultRandom.chance(percent: 50) else { return }
        for position in faultRandom.shuffled(Array(nodes.indices)).prefix(faultRandom.number(in: 1...3)) {
            absent.insert(position)
            if !isQuorumPresent { absent.remove(position) }
        }
    }

    /// Whether in every configuration that may be in force a majority is present and sound.
    private var isQuorumPresent: Bool {
        (0..<plan.groups).allSatisfy { group in
            possibleMembers(group: group).allSatisfy { configuration in
                [configuration.voters, configuration.outgoing].allSatisfy { voters in
                    let present = voters.count {
                        isSound($0, group: group) && !absent.contains(SimulatedNode.position(of: $0))
                    }
                    return voters.isEmpty || present > voters.count / 2
                }
            }
        }
    }

    /// Down, hung, cut off, or able to speak but not to hear: none of it may keep the others from converging.
    private func sendAway(_ node: SimulatedNode) {
        let position = node.position
        switch faultRandom.below(4) {
        case 0: crash(node, powerIsLost: true, restartAfter: nil)
        case 1: pause(node, for: .seconds(10_000))
        case 2:
            network.partition { $0 == position ? 1 : 0 }
        default:
            for other in 0..<plan.nodes + plan.clients where other != position {
                network.setCut(true, from: other, to: position)
            }
        }
    }

    /// Ends the life when everything is as it must be, and with a violation when that takes too long.
    func checkConvergence() {
        guard let settlingSince else { return }
        guard let missing = notConvergedYet else {
            isOver = true
            trace.note(.settled, at: now, place: -1)
            return
        }
        if now - settlingSince > Self.convergenceMax {
            ledger.report(.convergence, missing.group, now, missing.what)
        }
    }

    /// What still differs from a cluster at rest; nil: nothing.
    private var notConvergedYet: (group: Int, what: String)? {
        for client in clients where !client.isDone {
            let operation = client.current
            let what = operation.map { "\($0.request.id) has no answer after \($0.attempts) attempts" } ?? "it has not begun"
            return (operation?.group ?? -1, "client \(client.index): \(what)")
        }
        for group in 0..<plan.groups {
            guard let leader = leader(of: group) else { return (group, "there is no leader") }
            let members = leader.replicas[group].configuration.configuration
            if members.isJoint { return (group, "a change of members is not over: \(members)") }
            let wanted = placement[group].map { nodes[$0].id }.sorted()
            if placement[group].allSatisfy({ !absent.contains($0) }), members.voters != wanted {
                return (group, "the members are \(members) instead of \(wanted)")
            }
            if let shard = leader.replicas[group].shard, let what = unswept(shard, leader) { return (group, what) }
            for id in members.members {
                let node = nodes[SimulatedNode.position(of: id)]
                guard node.id == id, !absent.contains(node.position) else { continue }
                guard node.condition == .up else { return (group, "node \(node.position) is not up") }
                let (own, other) = (leader.replicas[group], node.replicas[group])
                if other.core.leader != leader.id {
                    let whom = other.core.leader.map(String.init(describing:)) ?? "nobody"
                    return (group, "node \(node.position) follows \(whom), the leader is \(leader.id)")
                }
                if other.applied != own.applied || other.applied.index != ledger.lastCommitted(group: group) {
                    return (group, "node \(node.position) applied \(other.applied.index), the leader \(own.applied.index)")
                }
                if other.stateHash != own.stateHash {
                    return (group, "node \(node.position) has another state than the leader")
                }
                if node.isSuspect[group], members.isVoter(id) { return (group, "node \(node.position) is not repaired") }
            }
            if let what = missingInDatabase(group, leader) { return (group, what) }
        }
        return nil
    }

    /// When the life is over: what the clients saw, and what became of what they were told.
    func judge() {
        ledger.finish(at: now)
        let verdict = history.check { ledger.effect(of: $0.id, group: $0.group) }
        tally.undecided += verdict.undecided
        guard let violated = verdict.violated else { return }
        relevantOperations = violated.operations
        let blocked = violated.blocked.map { violated.operations[$0].id.description }.joined(separator: ", ")
        ledger.report(
            .linearizability, violated.group, now,
            "no order of operations explains what clients saw of key \(violated.key); none of \(blocked) fits")
    }
}
