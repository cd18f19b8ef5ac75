import WriteAheadLog

@testable import Consensus

/// What clients and bad luck do.
extension SimulatedCluster {
    private var running: [ReplicaID] { ids.filter { nodes[$0]?.replica != nil } }

    /// Clients propose, read, and now and then an operator changes something.
    mutating func work() {
        guard let id = pick(running) else { return }
        if chance(40) {
            lastRead += 1
            let read = lastRead
            nodes[id]?.reads[read] = acknowledged
            step(id) { $0.readsRequested([read], at: $1) }
        }
        if let leader = running.first(where: { nodes[$0]?.replica?.isLeader == true }) {
            propose(at: chance(80) ? leader : id)
        }
        guard !isHealed else { return }
        if faults.memberChanges, chance(4) { changeMembers() }
        if chance(3), let leader = running.first(where: { nodes[$0]?.replica?.isLeader == true }) {
            let target = chance(50) ? pick(ids) : nil
            step(leader) { (try? $0.transferRequested(to: target, at: $1)) ?? [] }
        }
        if chance(10) { checkpoint(id) }
        if chance(5) { checkLogs() }
    }

    private mutating func propose(at id: ReplicaID) {
        let count = 1 + random.next() % 3
        for _ in 0..<count {
            lastPayload += 1
            let size = Int(random.next() % 60)
            let payload = lastPayload
            let instant = instant
            guard var replica = nodes[id]?.replica else { return }
            let data =
                (0..<8).map { UInt8(truncatingIfNeeded: payload >> (8 * UInt64($0))) } + [UInt8](repeating: 1, count: size)
            guard let point = try? replica.propose(data, at: instant) else { break }
            nodes[id]?.replica = replica
            nodes[id]?.proposals[point.index] = point.term
        }
        step(id) { $0.flush(at: $1) }
    }

    private mutating func changeMembers() {
        guard let leader = running.first(where: { nodes[$0]?.replica?.isLeader == true }),
            var replica = nodes[leader]?.replica
        else { return }
        var voters: [ReplicaID] = []
        var learners: [ReplicaID] = []
        for id in ids {
            switch random.next() % 10 {
            case 0..<6: voters.append(id)
            case 6..<8: learners.append(id)
            default: break
            }
        }
        // A suspect replica has no vote: two could not go on without it.
        guard voters.count >= (faults.tailLosses ? 3 : 2) else { return }
        guard (try? replica.propose(members: ConfigurationTarget(voters: voters, learners: learners), at: instant)) != nil
        else { return }
        nodes[leader]?.replica = replica
        trace?.append("\(now) \(leader) proposes voters \(voters) learners \(learners)")
        step(leader) { $0.flush(at: $1) }
    }

    /// A checkpoint of the state, and sometimes the log is trimmed below it.
    private mutating func checkpoint(_ id: ReplicaID) {
        guard let node = nodes[id], node.replica != nil, !node.pending.contains(where: { $0.restart != nil }) else { return }
        nodes[id]?.disk.checkpoint = node.state
        guard chance(60), node.state.applied.index > 0 else { return }
        let index = node.state.applied.index - min(node.state.applied.index, random.next() % 10)
        nodes[id]?.disk.compact(to: index)
        let base = nodes[id]?.disk.base.point.index ?? 0
        step(id) { $0.compacted(upTo: base, at: $1) }
    }

    mutating func mischief() {
        if faults.crashes, chance(15), let id = pick(running) { crash(id) }
        if faults.tailLosses, chance(5), let id = pick(running), mayLoseTail(id) { loseTail(id) }
        guard faults.partitions else { return }
        if chance(12) {
            let side = Set(ids.filter { _ in chance(50) })
            let isOneWay = chance(30)
            cut = []
            for from in ids {
                for to in ids where side.contains(from) != side.contains(to) && (!isOneWay || side.contains(from)) {
                    cut.insert([from, to])
                }
            }
        } else if chance(25) {
            cut = []
        }
    }

    /// The group survives as long as a quorum of every configuration about is intact.
    private func mayLoseTail(_ id: ReplicaID) -> Bool { !ids.contains { nodes[$0]?.disk.suspectAfter != nil } }

    /// A crash after which the disk lacks entries that it had confirmed. The checkpoint is never lost.
    private mutating func loseTail(_ id: ReplicaID) {
        crash(id)
        guard var disk = nodes[id]?.disk else { return }
        if chance(30) {
            // The replica was removed, all but its hard state, and is to be one again.
            var empty = SimulatedDisk(founders: nil)
            empty.hardState = disk.hardState
            empty.suspectAfter = 0
            nodes[id]?.disk = empty
            trace?.append("\(now) \(id) loses everything but its hard state")
            return
        }
        let keep = max(disk.checkpoint.applied.index, disk.last.index - min(disk.last.index, random.next() % 6))
        disk.entries.removeAll { $0.index > keep }
        disk.suspectAfter = keep
        nodes[id]?.disk = disk
        trace?.append("\(now) \(id) loses its log above \(keep)")
    }
}
