import Consensus
import WriteAheadLog

// Snapshots in chunks on connections of their own, carried out as the node's `SnapshotCourier`, `SnapshotReception` and
// `SnapshotInstaller` do it.
extension Life {
    // MARK: The sender

    func streamSnapshot(
        _ snapshot: (point: SnapshotPoint, state: [UInt8]), to peer: ReplicaID, _ node: SimulatedNode, _ group: Int
    ) {
        let offer = SnapshotOffer(
            group: GroupID(group), from: node.id, to: peer, snapshot: snapshot.point,
            totalBytes: UInt64(snapshot.state.count), digest: SnapshotDigest(of: snapshot.state))
        streamCount += 1
        streams[streamCount] = SnapshotStream(sender: node.position, receiver: SimulatedNode.position(of: peer))
        let sender = SnapshotSender(offer: offer, limits: plan.snapshotLimits, at: instant(node))
        node.replicas[group].sendings[peer] = SnapshotSending(stream: streamCount, sender: sender, bytes: snapshot.state)
        let actions = node.replicas[group].sendings[peer]?.sender.started() ?? []
        carryOut(actions, to: peer, node, group)
        armSender(to: peer, node, group)
    }

    private func carryOut(_ actions: [SnapshotSender.Action], to peer: ReplicaID, _ node: SimulatedNode, _ group: Int) {
        guard let stream = node.replicas[group].sendings[peer]?.stream else { return }
        for action in actions {
            switch action {
            case .send(let frame): send(frame, on: stream, toReceiver: true)
            case .read(let offset, let count):
                guard let bytes = node.replicas[group].sendings[peer]?.bytes else { return }
                let chunk = Array(bytes[Int(offset)..<min(bytes.count, Int(offset) + count)])
                let next =
                    node.replicas[group].sendings[peer]?.sender.chunkRead(offset: offset, bytes: chunk, at: instant(node))
                carryOut(next ?? [], to: peer, node, group)
            case .finished(let failure):
                guard let sending = node.replicas[group].sendings.removeValue(forKey: peer) else { return }
                let point = sending.sender.offer.snapshot.point
                snapshotEnded(node, group: group, peer: peer, delivered: failure == nil ? point : nil)
            }
        }
    }

    private func armSender(to peer: ReplicaID, _ node: SimulatedNode, _ group: Int) {
        guard let sending = node.replicas[group].sendings[peer], let deadline = sending.sender.deadline else { return }
        let time = max(now + 1, node.clock.time(of: Microseconds(deadline.nanoseconds / 1_000) + 1))
        queue.schedule(
            .snapshotStalls(node: node.position, life: node.life, group: group, peer: peer, stream: sending.stream), at: time
        )
    }

    func snapshotStalls(_ node: SimulatedNode, group: Int, peer: ReplicaID, stream: Int) {
        guard node.replicas[group].sendings[peer]?.stream == stream else { return }
        let actions = node.replicas[group].sendings[peer]?.sender.deadlinePassed(at: instant(node)) ?? []
        carryOut(actions, to: peer, node, group)
        armSender(to: peer, node, group)
    }

    // MARK: The connection

    /// Chunks may arrive with a byte that is not the one that was sent.
    private func send(_ frame: SnapshotFrame, on number: Int, toReceiver: Bool) {
        guard var stream = streams[number], !stream.isBroken else { return }
        let (from, to) = toReceiver ? (stream.sender, stream.receiver) : (stream.receiver, stream.sender)
        tally.messages += 1
        guard let arrival = network.send(from: from, to: to, at: now).first else {
            streams[number]?.isBroken = true
            return
        }
        var bytes = frame.encoded
        if case .chunk = frame, settlingSince == nil, machineRandom.chance(perMillion: plan.damagedChunksPerMillion) {
            bytes[machineRandom.number(in: 6...bytes.count - 1)] ^= UInt8(1 << machineRandom.below(8))
            tally.damagedChunks += 1
        }
        let last = toReceiver ? stream.lastArrivals.toReceiver : stream.lastArrivals.toSender
        let time = max(arrival, last)
        if toReceiver { stream.lastArrivals.toReceiver = time } else { stream.lastArrivals.toSender = time }
        streams[number] = stream
        let envelope = PacketStore.Envelope(
            from: from, to: to, packet: .snapshotFrame(bytes, stream: number, toReceiver: toReceiver))
        queue.schedule(.arrival(slot: packets.put(envelope)), at: time)
    }

    func snapshotFrameArrived(_ bytes: [UInt8], stream: Int, toReceiver: Bool, _ node: SimulatedNode) {
        let frame: SnapshotFrame
        do throws(CodecFault) {
            guard let (decoded, _) = try SnapshotFrame.decode(bytes[...]) else { return }
            frame = decoded
        } catch {
            streams[stream]?.isBroken = true
            return
        }
        if toReceiver { toldReceiver(frame, stream, node) } else { toldSender(frame, stream, node) }
        finishTurn(of: node)
    }

    private func toldSender(_ frame: SnapshotFrame, _ stream: Int, _ node: SimulatedNode) {
        for group in node.replicas.indices {
            // One of them at most, so their order does not matter.
            guard let peer = node.replicas[group].sendings.first(where: { $0.value.stream == stream })?.key else { continue }
            let actions = node.replicas[group].sendings[peer]?.sender.received(frame, at: instant(node)) ?? []
            carryOut(actions, to: peer, node, group)
            return
        }
    }

    // MARK: The receiver

    private func toldReceiver(_ frame: SnapshotFrame, _ stream: Int, _ node: SimulatedNode) {
        if case .offer(let offer) = frame { return offered(offer, on: stream, node) }
        for group in node.replicas.indices where node.replicas[group].receiving?.stream == stream {
            node.replicas[group].receiving?.heardAt = now
            let actions = node.replicas[group].receiving?.receiver.received(frame, at: instant(node)) ?? []
            return carryOut(actions, on: stream, node, group)
        }
        if case .chunk = frame { send(.refused(.unacceptable), on: stream, toReceiver: false) }
    }

    private func offered(_ offer: SnapshotOffer, on stream: Int, _ node: SimulatedNode) {
        let group = Int(offer.group)
        let idle = Microseconds(plan.snapshotLimits.idleMilliseconds) * 1_000
        if let other = node.replicas[group].receiving, now - other.heardAt < idle {
            return send(.refused(.busy), on: stream, toReceiver: false)
        }
        guard node.replicas[group].installing == nil else {
            return send(.refused(.busy), on: stream, toReceiver: false)
        }
        if node.replicas[group].staged?.offer.digest != offer.digest
            || node.replicas[group].staged?.offer.snapshot != offer.snapshot
        {
            node.replicas[group].staged = StagedSnapshot(offer: offer)
        }
        let staged = UInt64(node.replicas[group].staged?.bytes.count ?? 0)
        var receiver = SnapshotReceiver(offer: offer, limits: plan.snapshotLimits, at: instant(node))
        let actions = receiver.started(
            staged: staged, group: GroupID(group), id: node.id, commit: node.replicas[group].core.commitIndex)
        node.replicas[group].receiving = SnapshotReceiving(stream: stream, receiver: receiver, heardAt: now)
        carryOut(actions, on: stream, node, group)
    }

    private func carryOut(_ actions: [SnapshotReceiver.Action], on stream: Int, _ node: SimulatedNode, _ group: Int) {
        var waiting = actions
        while !waiting.isEmpty {
            let action = waiting.removeFirst()
            switch action {
            case .send(let frame): send(frame, on: stream, toReceiver: false)
            case .write(let offset, let bytes):
                stage(bytes, at: Int(offset), node, group)
                let end = offset + UInt64(bytes.count)
                waiting = (node.replicas[group].receiving?.receiver.written(upTo: end) ?? []) + waiting
            case .digest:
                waiting = digested(node, group) + waiting
            case .install(let offer): return install(offer, on: stream, then: waiting, node, group)
            case .discard: node.replicas[group].staged = nil
            case .finished(let failure):
                if failure == nil { node.replicas[group].staged = nil }
                if node.replicas[group].receiving?.stream == stream { node.replicas[group].receiving = nil }
            }
        }
    }

    /// The disk may keep another byte than it was given.
    private func stage(_ bytes: [UInt8], at offset: Int, _ node: SimulatedNode, _ group: Int) {
        var kept = bytes
        if settlingSince == nil, machineRandom.chance(perMillion: plan.damagedChunksPerMillion / 4) {
            kept[machineRandom.below(kept.count)] ^= UInt8(1 << machineRandom.below(8))
            tally.damagedChunks += 1
        }
        let count = node.replicas[group].staged?.bytes.count ?? 0
        if offset < count { node.replicas[group].staged?.bytes.removeLast(count - offset) }
        node.replicas[group].staged?.bytes += kept
    }

    private func digested(_ node: SimulatedNode, _ group: Int) -> [SnapshotReceiver.Action] {
        guard let staged = node.replicas[group].staged else { return [] }
        let digest = bugs.contains(.trustStagedBytes) ? staged.offer.digest : SnapshotDigest(of: staged.bytes)
        return node.replicas[group].receiving?.receiver.digested(digest) ?? []
    }

    // MARK: Installing

    /// It takes a while; meanwhile the replica is deaf.
    private func install(
        _ offer: SnapshotOffer, on stream: Int, then rest: [SnapshotReceiver.Action], _ node: SimulatedNode, _ group: Int
    ) {
        guard let staged = node.replicas[group].staged else { return }
        let transfer = SnapshotTransfer(
            group: group, from: offer.from, to: node.id, term: 0, point: offer.snapshot, state: staged.bytes)
        let core = node.replicas[group].core
        let isBeyond = !bugs.contains(.installOldSnapshot) && offer.snapshot.point.index <= core.commitIndex
        if isBeyond || core.term(at: offer.snapshot.point.index) == offer.snapshot.point.term {
            // Its log, or its state, has all that the snapshot has.
            take(transfer, node)
            return carryOut(rest, on: stream, node, group)
        }
        node.replicas[group].installing = SnapshotInstalling(transfer: transfer, stream: stream, rest: rest)
        let delay = machineRandom.longTailed(mean: .milliseconds(15))
        queue.schedule(.installed(node: node.position, life: node.life, group: group), after: delay)
    }

    func installed(_ node: SimulatedNode, group: Int) {
        guard let installing = node.replicas[group].installing else { return }
        node.replicas[group].installing = nil
        // The node's checkpoint and its state in memory come first, the core hears of it last.
        takeOver(installing.transfer, node, group)
        take(installing.transfer, node)
        carryOut(installing.rest, on: installing.stream, node, group)
        finishTurn(of: node)
    }

    private func take(_ transfer: SnapshotTransfer, _ node: SimulatedNode) {
        let group = transfer.group
        trace.note(
            .snapshotArrived, at: now, place: node.position, group: group,
            UInt64(SimulatedNode.position(of: transfer.from)), transfer.point.point.index, transfer.point.point.term)
        node.replicas[group].offered = transfer
        run(node.replicas[group].core.snapshotReceived(transfer.point, at: instant(node)), node, group)
        node.replicas[group].offered = nil
    }
}
