/// The next set of replicas on the way from one to another: one joins, one goes, or one takes another's place.
///
/// The rule that no step may break: most of the old replicas, live and caught up, go on into the new set, so that the group
/// stays as well off as it was whatever becomes of the newcomer. A set of one or two cannot keep a majority of itself
/// through an exchange; all of it must be live and caught up then, and the newcomer gets no vote before it is.
struct ReplicaStep {
    let roster: Roster
    let report: GroupReport
    let parameters: PlannerParameters
    /// How many replicas there should be at best.
    let factor: Int

    /// Nil when nothing is to be done, or nothing may be done now. `mayTake` says who can join at this moment.
    func next(
        from current: [UInt64], to wanted: [UInt64], mayTake: (UInt64) -> Bool
    ) -> [UInt64]? {
        let missing = wanted.filter { !current.contains($0) }
        let surplus = current.filter { !wanted.contains($0) }.sorted { left, right in
            (roster.standing(of: left), left) < (roster.standing(of: right), right)
        }
        if current.count < wanted.count || surplus.isEmpty {
            guard let newcomer = missing.first(where: mayTake) else { return nil }
            return safe(current + [newcomer], from: current)
        }
        guard !missing.isEmpty || isWorthShrinking(current, surplus) else { return nil }
        for leaving in surplus where mayLeave(leaving, current, wanted) {
            let rest = current.filter { $0 != leaving }
            if missing.isEmpty || current.count > factor {
                if let next = safe(rest, from: current) { return next }
            } else if let newcomer = missing.first(where: mayTake), let next = safe(rest + [newcomer], from: current) {
                return next
            }
        }
        return nil
    }

    /// Whether a replica is up and has nearly everything that the leader has.
    func isSteady(_ replica: UInt64) -> Bool {
        guard roster.isAlive(replica) else { return false }
        return replica == report.leader || (report.lag[replica] ?? .max) <= parameters.lagEntriesMax
    }

    /// A leader goes when it leads no more, unless no other can take over.
    private func mayLeave(_ replica: UInt64, _ current: [UInt64], _ wanted: [UInt64]) -> Bool {
        replica != report.leader || !current.contains { $0 != replica && wanted.contains($0) && isSteady($0) }
    }

    /// Dead replicas that nobody replaces: an odd set with one dead outlives no fewer deaths than the even one without it,
    /// and more when the dead one comes back.
    private func isWorthShrinking(_ current: [UInt64], _ surplus: [UInt64]) -> Bool {
        guard current.count <= factor, surplus.allSatisfy({ roster.standing(of: $0) == .dead }) else { return true }
        return surplus.count > 1 || !(current.count - 1).isMultiple(of: 2)
    }

    private func safe(_ next: [UInt64], from current: [UInt64]) -> [UInt64]? {
        let steady = Set(current.filter(isSteady))
        let majority = current.count / 2 + 1
        guard !next.isEmpty, steady.count >= majority else { return nil }
        let kept = next.reduce(0) { $0 + (steady.contains($1) ? 1 : 0) }
        return kept >= majority || (current.count <= 2 && steady.count == current.count) ? next : nil
    }
}
