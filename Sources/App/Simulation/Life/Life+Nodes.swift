import Consensus
import WriteAheadLog

// Starting, stopping and pausing nodes, and what they write.
extension Life {
    // MARK: Life of a node

    /// Reads the disk back and starts a replica of every group.
    func start(_ node: SimulatedNode) {
        let isFirst = node.life == 0
        let founds = isFirst && node.position < plan.founders
        let recovery = NodeRecovery(log: node.log.bytes, meta: node.meta.bytes, groups: plan.groups, bugs: bugs)
        node.meta.cut(to: recovery.metaEnd)
        mendMeta(of: node, from: recovery)
        node.log.cut(to: recovery.logEnd)
        node.condition = .up
        node.life += 1
        node.batch = WriteBatch()
        node.writing = nil
        node.timerAt = .max
        node.catalog = 1
        node.sink = SimulatedSink(plan.sink, sinkBugs, at: now)
        node.heartbeats = HeartbeatGatherer(from: node.id)
        node.outbox = []
        node.log.capacity = .max
        trace.note(.nodeStarted, at: now, place: node.position, node.id.rawValue, UInt64(recovery.logEnd))
        switch recovery.ending {
        case .whole: break
        case .torn: trace.note(.logTorn, at: now, place: node.position, UInt64(recovery.logEnd))
        case .damaged:
            tally.damagedLogs += 1
            trace.note(.logDamaged, at: now, place: node.position, UInt64(recovery.logEnd))
        }
        node.replicas = recovery.groups.enumerated().map { group, found in
            makeReplica(of: group, on: node, from: found, founds: founds)
        }
        node.knownMembers = node.replicas.map(\.configuration)
        node.isSuspect = recovery.groups.map { $0.lostAfter != nil }
        for group in 0..<plan.groups where node.condition == .up {
            run(node.replicas[group].core.started(at: instant(node)), node, group)
            if bugs.contains(.cutBeforeMark), let lostAfter = recovery.groups[group].lostAfter {
                write(NodeLog.Record(kind: .suspect, group: group, index: lostAfter, term: 0), toMetaOf: node)
            }
        }
        if plan.catalogInterval != nil { tellCatalog(to: node) }
        flush(node)
        sendGathered(node)
        schedule(timerOf: node)
    }

    /// What only the log knew, and what was found out about it, is stored beside it before anything is cut off: else a crash
    /// now would hide that anything was lost, and later damage would take a hard state along.
    private func mendMeta(of node: SimulatedNode, from recovery: NodeRecovery) {
        var bytes: [UInt8] = []
        func store(_ record: NodeLog.Record) {
            NodeLog.encode(record, startsBatch: bytes.isEmpty, into: &bytes, startingAt: node.meta.bytes.count)
        }
        for (group, found) in recovery.groups.enumerated() {
            if found.hardStateNumber > found.hardStateNumberInMeta {
                store(NodeRecovery.record(of: found.hardState, number: found.hardStateNumber, group: group))
            }
            if recovery.ending == .damaged, let lostAfter = found.lostAfter, !bugs.contains(.cutBeforeMark) {
                store(NodeLog.Record(kind: .suspect, group: group, index: lostAfter, term: 0))
            }
        }
        if !bytes.isEmpty { node.meta.appendSynced(bytes) }
    }

    private func makeReplica(
        of group: Int, on node: SimulatedNode, from found: NodeRecovery.Group, founds: Bool
    ) -> SimulatedReplica {
        let founders = (0..<plan.founders).map { ReplicaID(UInt64($0 + 1)) }
        // A founder knows the founders for ever; who joins hears of the members from a leader.
        let isFounder = node.id.rawValue <= UInt64(plan.founders)
        let beginning = isFounder ? Configuration(voters: founders) : .empty
        let base = found.snapshot?.point ?? SnapshotPoint(point: .zero, configuration: beginning)
        var entries = RecoveredEntries(base: base, windowBytesMax: plan.settings.windowBytesMax)
        for entry in found.log.entries {
            guard entry.index == entries.last.index + 1, entry.term >= entries.last.term else {
                ledger.report(
                    .logMatching, group, now, "node \(node.position) has \(entry.point) on disk after \(entries.last)")
                break
            }
            entries.add(entry)
        }
        let durability: Durability = found.lostAfter.map { .suspect(lostAfter: $0) } ?? .intact
        let replicaStart = ReplicaStart(
            hardState: found.hardState, log: entries, applied: base.point.index, durability: durability)
        let core = RaftReplica(
            group: GroupID(group), id: node.id, settings: plan.settings, start: replicaStart, seed: coreRandom.next(),
            at: instant(node))
        var replica = SimulatedReplica(
            core: core, machine: RegisterMachine(),
            shard: plan.machines[group] == .shard ? makeShard(group) : nil,
            stored: found.log, applied: base.point, members: base.configuration,
            configuration: found.configuration(base: base), hardStateNumber: found.hardStateNumber,
            snapshotIndex: base.point.index, syncedIndex: found.log.last.index, syncedHardState: found.hardState)
        if let snapshot = found.snapshot, !replica.install(snapshot.state) {
            ledger.report(.stateMachineSafety, group, now, "node \(node.position) cannot read its own snapshot")
        }
        if bugs.contains(.applyTwiceAfterRestart) { replica.machine.repeatsNext = true }
        if !founds {
            ledger.restarted(node.position, group: group, term: found.hardState.term, at: now)
            ledger.restored(
                node.position, group: group, index: base.point.index, stateHash: replica.stateHash, at: now)
        }
        return replica
    }

    /// The process ends; `powerIsLost`: with what the disk had not stored.
    func crash(_ node: SimulatedNode, powerIsLost: Bool, restartAfter delay: Microseconds?) {
        guard node.condition != .down else { return }
        let lost = node.log.crashed(powerIsLost: powerIsLost) + node.meta.crashed(powerIsLost: powerIsLost)
        node.condition = .down
        node.life += 1
        node.replicas = []
        node.held = []
        trace.note(.nodeCrashed, at: now, place: node.position, powerIsLost ? 1 : 0, UInt64(lost))
        guard let delay else { return }
        tally.restarts += 1
        queue.schedule(.restart(node: node.position, life: node.life), after: delay)
    }

    func pause(_ node: SimulatedNode, for duration: Microseconds) {
        guard node.condition == .up else { return }
        node.condition = .paused
        trace.note(.nodePaused, at: now, place: node.position, UInt64(duration))
        queue.schedule(.resume(node: node.position, life: node.life), after: duration)
    }

    func resume(_ node: SimulatedNode) {
        guard node.condition == .paused else { return }
        node.condition = .up
        trace.note(.nodeResumed, at: now, place: node.position)
        for event in node.held { queue.schedule(event, at: now) }
        node.held = []
    }

    // MARK: Time

    func instant(_ node: SimulatedNode) -> Instant {
        Instant(nanoseconds: UInt64(node.clock.read(at: now)) * 1_000)
    }

    /// Asks to be woken when the first of the node's replicas wants to be.
    func schedule(timerOf node: SimulatedNode) {
        var deadline = UInt64.max
        for replica in node.replicas {
            if let wanted = replica.core.nextDeadline { deadline = min(deadline, wanted.nanoseconds) }
        }
        guard deadline < .max else { return }
        let time = max(now, node.clock.time(of: Microseconds(deadline / 1_000) + 1))
        guard time < node.timerAt else { return }
        node.timerAt = time
        queue.schedule(.timer(node: node.position, life: node.life), at: time)
    }

    func timerFired(_ node: SimulatedNode) {
        // A timer that was set before an earlier one came is void.
        guard now >= node.timerAt else { return }
        node.timerAt = .max
        let instant = instant(node)
        for group in node.replicas.indices {
            guard node.condition == .up else { return }
            if let deadline = node.replicas[group].core.nextDeadline, deadline <= instant {
                run(node.replicas[group].core.deadlinePassed(at: instant), node, group)
            }
        }
        finishTurn(of: node)
    }

    // MARK: Turns

    /// Has the core of a group asked for this read when the turn ends.
    func stage(_ waiting: SimulatedReplica.WaitingRead, _ node: SimulatedNode, _ group: Int) {
        node.replicas[group].readCount += 1
        let read = node.replicas[group].readCount
        node.replicas[group].reads[read] = waiting
        node.replicas[group].newReads.append(read)
        node.replicas[group].isStaged = true
    }

    /// Proposals and reads of a turn travel together. What comes of them may bring the next.
    private func askStaged(_ node: SimulatedNode) {
        while node.condition == .up, let group = node.replicas.firstIndex(where: \.isStaged) {
            node.replicas[group].isStaged = false
            run(node.replicas[group].core.flush(at: instant(node)), node, group)
            guard node.condition == .up, !node.replicas[group].newReads.isEmpty else { continue }
            let reads = node.replicas[group].newReads
            node.replicas[group].newReads = []
            run(node.replicas[group].core.readsRequested(reads, at: instant(node)), node, group)
        }
    }

    // MARK: Disk

    func write(_ record: NodeLog.Record, toLogOf node: SimulatedNode) {
        NodeLog.encode(
            record, startsBatch: node.batch.log.isEmpty, into: &node.batch.log, startingAt: node.log.bytes.count)
    }

    func write(_ record: NodeLog.Record, toMetaOf node: SimulatedNode) {
        NodeLog.encode(
            record, startsBatch: node.batch.meta.isEmpty, into: &node.batch.meta, startingAt: node.meta.bytes.count)
    }

    /// At the end of each turn: what it wrote goes to disk, and the next timer is set.
    func finishTurn(of node: SimulatedNode) {
        guard node.condition == .up else { return }
        askStaged(node)
        guard node.condition == .up else { return }
        for group in node.replicas.indices { compareMembers(node, group) }
        flush(node)
        sendGathered(node)
        schedule(timerOf: node)
    }

    /// One write and one sync for all groups of the node; one at a time.
    func flush(_ node: SimulatedNode) {
        guard node.condition == .up, node.writing == nil, !node.batch.isEmpty else { return }
        do throws(SimulatedDisk.WriteError) {
            try node.log.append(node.batch.log)
            try node.meta.append(node.batch.meta)
        } catch {
            // A node that cannot write stops; its operator makes room.
            trace.note(.diskFull, at: now, place: node.position)
            return crash(node, powerIsLost: false, restartAfter: faultRandom.duration(in: .milliseconds(50)...(.seconds(1))))
        }
        node.writing = node.batch
        node.batch = WriteBatch()
        queue.schedule(
            .synced(node: node.position, life: node.life), after: node.log.syncDuration(at: now))
    }

    func synced(_ node: SimulatedNode) {
        guard let written = node.writing else { return }
        if node.log.failsNextSync {
            // A failed sync is never tried again: what the disk holds is unknown, the process ends.
            node.log.failsNextSync = false
            trace.note(.diskSyncFails, at: now, place: node.position)
            return crash(node, powerIsLost: true, restartAfter: faultRandom.duration(in: .milliseconds(5)...(.seconds(1))))
        }
        node.syncCount += 1
        if !(bugs.contains(.skipSync) && node.syncCount % 2 == 0) {
            node.log.synced(upTo: node.log.bytes.count)
            node.meta.synced(upTo: node.meta.bytes.count)
            for (group, index) in written.ends {
                node.replicas[group].syncedIndex = max(node.replicas[group].syncedIndex, index)
            }
            for group in written.repaired { node.isSuspect[group] = false }
            for (group, hardState) in written.hardStates { node.replicas[group].syncedHardState = hardState }
        }
        node.writing = nil
        trace.note(.persisted, at: now, place: node.position, UInt64(node.log.bytes.count), UInt64(written.tickets.count))
        for (group, ticket) in written.tickets where node.condition == .up {
            run(node.replicas[group].core.persisted(upTo: ticket, at: instant(node)), node, group)
        }
        for (group, point) in written.snapshots where node.condition == .up { snapshotStored(node, group: group, point) }
        finishTurn(of: node)
    }
}
