import Consensus

// What goes wrong, and when.
extension Life {
    func scheduleFault() {
        queue.schedule(.fault, after: faultRandom.duration(in: plan.faultInterval / 4...plan.faultInterval * 2))
    }

    /// Something goes wrong, unless the time for that is over.
    func fault() {
        guard settlingSince == nil else { return }
        scheduleFault()
        guard let kind = drawFault() else { return }
        tally.faults += 1
        cause(kind)
    }

    private func drawFault() -> FaultKind? {
        let total = plan.faultWeights.values.reduce(0, +)
        guard total > 0 else { return nil }
        var draw = faultRandom.below(total)
        for kind in FaultKind.allCases {
            draw -= plan.faultWeights[kind] ?? 0
            if draw < 0 { return kind }
        }
        return nil
    }

    private func cause(_ kind: FaultKind) {
        let victim = drawVictim()
        let short = faultRandom.duration(in: .milliseconds(1)...(.milliseconds(150)))
        let long = faultRandom.duration(in: .milliseconds(50)...(.milliseconds(1_500)))
        let duration = faultRandom.chance(percent: 60) ? short : long
        switch kind {
        case .crash: crash(victim, powerIsLost: false, restartAfter: duration)
        case .powerLoss: crash(victim, powerIsLost: true, restartAfter: duration)
        case .powerLossEverywhere:
            for node in nodes {
                let delay = faultRandom.duration(in: .milliseconds(1)...(.milliseconds(300)))
                crash(node, powerIsLost: true, restartAfter: delay)
            }
        case .pause: pause(victim, for: duration)
        case .oneWayCut: cutSomeLinks(for: long)
        case .clog: clogSomeLinks(for: long)
        case .partition: partition(for: long)
        case .isolateLeader: isolate(victim, for: long)
        case .diskStall:
            victim.log.stalledUntil = now + duration
            trace.note(.diskStalls, at: now, place: victim.position, UInt64(duration))
        case .diskSlow:
            victim.log.slowUntil = now + long
            victim.log.slowness = short
            trace.note(.diskSlows, at: now, place: victim.position, UInt64(long), UInt64(short))
        case .diskFull: victim.log.capacity = victim.log.bytes.count + faultRandom.below(600)
        case .syncFailure: victim.log.failsNextSync = true
        case .bitFlip: flipBits(of: victim, restartAfter: duration)
        case .wipe: wipe(victim, restartAfter: duration)
        case .clockDrift:
            let drift = faultRandom.number(in: -300_000...300_000)
            victim.clock.drift(perMillion: Int64(drift), at: now)
            trace.note(.nodeClockDrifts, at: now, place: victim.position, UInt64(bitPattern: Int64(drift)))
        case .leaderFalls: return
        case .leadershipTransfer:
            if let leader = transferLeadership(of: faultRandom.below(plan.groups)) { leaderBegins(leader) }
        case .staleLeader: makeStaleLeader()
        case .memberMoves: moveMember()
        }
    }

    /// Often a leader: that is where it hurts.
    private func drawVictim() -> SimulatedNode {
        let any = faultRandom.element(of: nodes)
        guard faultRandom.chance(percent: 45) else { return any }
        let group = faultRandom.below(plan.groups)
        return nodes.first { $0.condition == .up && $0.replicas[group].role == .leader } ?? any
    }

    /// A leader begins something: its term, a change of members, a transfer. In some lives many do not live to see the end.
    func leaderBegins(_ node: SimulatedNode) {
        guard settlingSince == nil, let weight = plan.faultWeights[.leaderFalls],
            faultRandom.chance(percent: 15 * weight)
        else { return }
        queue.schedule(
            .leaderFalls(node: node.position, life: node.life), after: faultRandom.duration(in: 0...(.milliseconds(40))))
    }

    /// A leader goes on where another one is in office, with entries in flight that others have.
    private func makeStaleLeader() {
        let group = faultRandom.below(plan.groups)
        guard let leader = leader(of: group) else { return }
        switch machineRandom.below(4) {
        case 0: handOverUnheard(group: group)
        case 1:
            // Its own disk does not have them yet: it applies them in its own time.
            leader.log.stalledUntil = now + machineRandom.duration(in: .milliseconds(60)...(.milliseconds(250)))
            trace.note(.diskStalls, at: now, place: leader.position, UInt64(leader.log.stalledUntil - now))
            queue.schedule(
                .handOverUnheard(group: group), after: machineRandom.duration(in: .milliseconds(5)...(.milliseconds(40))))
        default: acknowledgeLate(leader)
        }
    }

    /// A leader hands over, and does not hear of it.
    func handOverUnheard(group: Int) {
        guard settlingSince == nil, let leader = transferLeadership(of: group) else { return }
        let delay = faultRandom.duration(in: plan.network.delayMin...plan.network.delayMin + plan.network.delayMean * 2)
        let duration = faultRandom.duration(in: .milliseconds(100)...(.milliseconds(800)))
        queue.schedule(
            .leaderIsCutOff(
                node: leader.position, life: leader.life, direction: faultRandom.chance(percent: 70) ? 0 : 2,
                duration: duration), after: delay)
        if faultRandom.chance(percent: 50) { leader.clock.drift(perMillion: -300_000, at: now) }
    }

    /// A leader is still heard for a while, then no more, and what was said to it comes late: by its slow clock it leads on, and
    /// is told that its entries are stored when another leader is in office.
    private func acknowledgeLate(_ leader: SimulatedNode) {
        let election = Microseconds.milliseconds(Int(plan.settings.electionMilliseconds))
        let delay = machineRandom.duration(in: election * 2...election * 5)
        for other in 0..<plan.nodes where other != leader.position {
            network.clog(from: other, to: leader.position, until: now + delay)
        }
        trace.note(.linkClogged, at: now, place: leader.position, UInt64(leader.position), UInt64(delay))
        leader.clock.drift(perMillion: -900_000, at: now)
        queue.schedule(
            .leaderIsCutOff(node: leader.position, life: leader.life, direction: 1, duration: delay),
            after: machineRandom.duration(in: .milliseconds(5)...(.milliseconds(60))))
    }

    /// A leader hears nobody (direction 0), is heard by nobody (1), or both (2).
    func leaderIsCutOff(_ node: SimulatedNode, direction: Int, duration: Microseconds) {
        guard settlingSince == nil else { return }
        // Some clients find the successor, the others still ask here.
        for client in clients.indices where machineRandom.chance(percent: 40) {
            for group in 0..<plan.groups { clients[client].leaders[group] = machineRandom.below(plan.nodes) }
        }
        isolate(node, for: duration, direction: direction)
    }

    func leaderFalls(_ node: SimulatedNode) {
        guard settlingSince == nil else { return }
        tally.faults += 1
        let duration = faultRandom.duration(in: .milliseconds(1)...(.milliseconds(800)))
        if faultRandom.chance(percent: 60) {
            crash(node, powerIsLost: faultRandom.chance(percent: 70), restartAfter: duration)
        } else {
            isolate(node, for: duration)
        }
    }

    // MARK: Network

    private func newLinkFault(for duration: Microseconds) {
        linkFaultNumber += 1
        queue.schedule(.healLinks(number: linkFaultNumber), after: duration)
    }

    private func cutSomeLinks(for duration: Microseconds) {
        for _ in 0..<faultRandom.number(in: 1...3) {
            let (sender, receiver) = (faultRandom.below(plan.nodes), faultRandom.below(plan.nodes))
            network.setCut(true, from: sender, to: receiver)
            trace.note(.linkCut, at: now, place: sender, UInt64(receiver))
        }
        newLinkFault(for: duration)
    }

    private func clogSomeLinks(for duration: Microseconds) {
        for _ in 0..<faultRandom.number(in: 1...4) {
            let (sender, receiver) = (faultRandom.below(plan.nodes), faultRandom.below(plan.nodes))
            network.clog(from: sender, to: receiver, until: now + duration)
            trace.note(.linkClogged, at: now, place: sender, UInt64(receiver), UInt64(duration))
        }
    }

    private func partition(for duration: Microseconds) {
        let sides = (0..<plan.nodes + plan.clients).map { _ in faultRandom.below(2) }
        network.heal()
        network.partition { sides[$0] }
        trace.note(
            .partitioned, at: now, place: -1, sides.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset) })
        newLinkFault(for: duration)
    }

    /// Cut off from all other nodes, in one direction (0: it hears nobody) or both (2); clients still reach it.
    func isolate(_ node: SimulatedNode, for duration: Microseconds, direction fixed: Int? = nil) {
        let direction = fixed ?? faultRandom.below(3)
        for other in 0..<plan.nodes where other != node.position {
            if direction != 0 { network.setCut(true, from: node.position, to: other) }
            if direction != 1 { network.setCut(true, from: other, to: node.position) }
        }
        trace.note(.nodeIsolated, at: now, place: node.position, UInt64(direction))
        newLinkFault(for: duration)
    }

    // MARK: Damage

    private func flipBits(of node: SimulatedNode, restartAfter delay: Microseconds) {
        guard node.condition != .down, mayLose(node), !bugs.contains(.keepIdentityAfterWipe) else { return }
        guard let position = node.log.flipBits() else { return }
        for group in node.isSuspect.indices { node.isSuspect[group] = true }
        trace.note(.diskBitsFlipped, at: now, place: node.position, UInt64(position))
        crash(node, powerIsLost: faultRandom.chance(percent: 50), restartAfter: delay)
    }

    private func wipe(_ node: SimulatedNode, restartAfter delay: Microseconds) {
        guard node.condition != .down, mayLose(node) else { return }
        crash(node, powerIsLost: true, restartAfter: delay)
        node.log.wipe()
        node.meta.wipe()
        ledger.forgets(node.position)
        node.knownMembers = []
        node.isSuspect = []
        if !bugs.contains(.keepIdentityAfterWipe) { node.id = ReplicaID(node.id.rawValue + SimulatedNode.idStride) }
        trace.note(.nodeWiped, at: now, place: node.position, node.id.rawValue)
    }

    /// Whether the cluster must survive the loss of what this node's disk holds.
    ///
    /// No protocol survives the loss of a majority: in every configuration that is, or may come to be, in force the
    /// replicas that lost something must stay a minority.
    private func mayLose(_ node: SimulatedNode) -> Bool {
        for group in 0..<plan.groups {
            for configuration in possibleMembers(group: group) {
                for voters in [configuration.voters, configuration.outgoing] where !voters.isEmpty {
                    let lost = voters.count { $0 == node.id || !isSound($0, group: group) }
                    if lost > (voters.count - 1) / 2 { return false }
                }
            }
        }
        return true
    }

    /// The newest members that somebody applied, and all newer ones that are in somebody's log.
    func possibleMembers(group: Int) -> [Configuration] {
        let founders = (0..<plan.founders).map { ReplicaID(UInt64($0 + 1)) }
        let applied =
            ledger.members(group: group)
            ?? IndexedConfiguration(index: 0, configuration: Configuration(voters: founders))
        var members = [applied.configuration]
        for node in nodes where group < node.knownMembers.count && node.knownMembers[group].index > applied.index {
            members.append(node.knownMembers[group].configuration)
        }
        return members
    }

    /// Whether this id's replica still has all that it ever confirmed.
    func isSound(_ id: ReplicaID, group: Int) -> Bool {
        let node = nodes[SimulatedNode.position(of: id)]
        return node.id == id && group < node.isSuspect.count && !node.isSuspect[group]
    }
}
