import WriteAheadLog

@testable import Consensus

/// What must hold in every run.
extension SimulatedCluster {
    /// Election safety: a term has one leader. Leader completeness: it has all that was ever applied.
    mutating func roleChanged(_ change: RoleChange, of id: ReplicaID) {
        trace?.append("\(now) \(id) \(change)")
        guard change.role == .leader, let replica = nodes[id]?.replica else { return }
        if let other = leaders[change.term], other != id { violate("term \(change.term) has leaders \(other) and \(id)") }
        leaders[change.term] = id
        for (index, applied) in history where index > replica.log.base.index {
            if replica.term(at: index) != applied.point.term {
                violate("\(id) leads term \(change.term) without the applied entry \(applied.point)")
                return
            }
        }
    }

    /// State machine safety: what is applied at an index is the same everywhere.
    mutating func apply(_ entries: [Entry], at id: ReplicaID) {
        guard let node = nodes[id] else { return }
        for entry in entries {
            guard entry.index == node.state.applied.index + 1 else {
                return violate("\(id) is to apply \(entry.point) after \(node.state.applied)")
            }
            guard node.disk.holds(entry.point) else {
                return violate("\(id) is to apply \(entry.point), which is not on its disk")
            }
            node.state.apply(entry)
            if let known = history[entry.index] {
                if known.point != entry.point || known.digest != node.state.digest {
                    return violate("\(id) applies \(entry.point), another replica applied \(known.point)")
                }
            } else {
                history[entry.index] = (entry.point, node.state.digest)
            }
            if node.proposals.removeValue(forKey: entry.index) == entry.term {
                acknowledged = max(acknowledged, entry.index)
            }
        }
        let index = node.state.applied.index
        step(id) { $0.applied(upTo: index, at: $1) }
    }

    /// Linearizable reads: they see all that was acknowledged before they were asked.
    mutating func readsReady(_ reads: [ReadID], index: UInt64, at id: ReplicaID) {
        guard let node = nodes[id] else { return }
        for read in reads {
            guard let needed = node.reads[read] else { continue }
            nodes[id]?.reads[read] = nil
            readsAnswered += 1
            if node.state.applied.index < needed {
                violate("\(id) reads at \(node.state.applied.index), \(needed) was acknowledged before it was asked")
            }
        }
    }

    /// Log matching: logs that agree at an index agree below it.
    mutating func checkLogs() {
        let disks = ids.compactMap { nodes[$0]?.disk }
        for (position, left) in disks.enumerated() {
            for right in disks[(position + 1)...] {
                let lowest = max(left.base.point.index, right.base.point.index) + 1
                let highest = min(left.last.index, right.last.index)
                guard lowest <= highest else { continue }
                var mustAgree = false
                for index in (lowest...highest).reversed() {
                    let one = left.entries[Int(index - left.base.point.index) - 1]
                    let other = right.entries[Int(index - right.base.point.index) - 1]
                    if one.term == other.term { mustAgree = true }
                    if mustAgree, one != other { return violate("logs differ at \(index) below an entry that they share") }
                }
            }
        }
    }
}
